import type { Transform } from 'node:stream';
import type { ArchiveInput } from './archive-input.ts';
import type { ExtractLimits } from './extract.ts';
import type { Refuse } from './refusal.ts';
import { isZero } from './tar-header.ts';

/** Inflated bytes that may wait for their consumer; the engine works ahead up to here. */
const AHEAD_BYTES = 4 * 1024 * 1024;
/** Input that goes to the engine in one piece. */
const GATHER_BYTES = 256 * 1024;
/** Real releases expand 2.5 to 4 times; deflate's limit is 1032. */
const EXPANSION_RATIO = 200;
const EXPANSION_FREE_BYTES = 32 * 1024 * 1024;
/** What headers and padding may add to the members' own bytes. */
const OVERHEAD_BYTES = 64 * 1024 * 1024;

/** A stream of node:zlib: `bytesWritten` counts the input that it has really used. */
export type InflateEngine = Transform & { readonly bytesWritten: number };

export interface InflateRequest {
  readonly input: ArchiveInput;
  /** Called when the first byte is wanted. */
  readonly open: () => InflateEngine;
  readonly limits: Pick<ExtractLimits, 'totalBytes'>;
  readonly refuse: Refuse;
}

/**
 * Inflates `input` in libuv's thread pool while the consumer works on earlier buffers. It ends only
 * after the input has ended too: the source's verdict on the whole (length, digest) comes from there.
 */
export async function* inflate(request: InflateRequest): AsyncGenerator<Buffer> {
  const { input, limits, refuse } = request;
  const engine = request.open();
  const outlet = new Outlet(engine);
  const feed = new Feed(input, engine, refuse);
  const fed = feed.run();
  // Its failure also ends the outlet; this keeps the promise from being reported as unhandled.
  fed.catch(() => undefined);
  let produced = 0;
  try {
    for (let chunk = await outlet.next(); chunk !== null; chunk = await outlet.next()) {
      produced += chunk.length;
      if (produced > limits.totalBytes + OVERHEAD_BYTES) throw refuse('too-many-bytes', null);
      const free = Math.max(EXPANSION_FREE_BYTES, engine.bytesWritten * EXPANSION_RATIO);
      if (produced > free) throw refuse('expansion-ratio', null);
      yield chunk;
    }
    await fed;
  } catch (error) {
    throw feed.failure ?? engineFault(error, refuse);
  } finally {
    feed.stop();
    engine.destroy();
  }
}

/** Moves input into the engine at the engine's pace, and past its end checks that only padding comes. */
class Feed {
  /** What the source threw, as it threw it. */
  failure: unknown;
  readonly #input: ArchiveInput;
  readonly #engine: InflateEngine;
  readonly #refuse: Refuse;
  /** Buffers that the engine may not have used up yet. */
  #recent: Buffer[] = [];
  #written = 0;
  #ended = false;
  #stopped = false;

  constructor(input: ArchiveInput, engine: InflateEngine, refuse: Refuse) {
    this.#input = input;
    this.#engine = engine;
    this.#refuse = refuse;
    engine.once('end', () => {
      this.#ended = true;
    });
  }

  stop(): void {
    this.#stopped = true;
  }

  async run(): Promise<void> {
    try {
      await this.#pump();
    } catch (error) {
      this.failure = error;
      this.#engine.destroy(error instanceof Error ? error : new Error(String(error)));
      throw error;
    }
  }

  async #pump(): Promise<void> {
    for (let chunk = await this.#gather(); chunk !== null; chunk = await this.#gather()) {
      if (this.#ended) this.#expectPadding(chunk);
      else await this.#write(chunk);
      if (this.#stopped) return;
    }
    this.#engine.end();
    if (!this.#ended) await settled(this.#engine, ['end', 'close']);
    this.#checkTail();
  }

  /** Sockets deliver 64 KiB at most; joining them saves three of four trips to the thread pool. */
  async #gather(): Promise<Buffer | null> {
    const parts: Buffer[] = [];
    for (let size = 0; size < GATHER_BYTES; ) {
      const part = await this.#input.next();
      if (part === null || this.#stopped) break;
      size += part.length;
      parts.push(part);
    }
    if (parts.length === 0) return null;
    return parts.length === 1 ? (parts[0] ?? null) : Buffer.concat(parts);
  }

  async #write(chunk: Buffer): Promise<void> {
    this.#recent.push(chunk);
    this.#written += chunk.length;
    if (!this.#engine.write(chunk)) await settled(this.#engine, ['drain', 'end', 'close']);
    this.#forgetUsed();
    if (this.#ended) this.#checkTail();
  }

  #forgetUsed(): void {
    let held = this.#recent.reduce((sum, { length }) => sum + length, 0);
    const unused = this.#written - this.#engine.bytesWritten;
    for (;;) {
      const oldest = this.#recent[0]?.length ?? 0;
      if (oldest === 0 || held - oldest < unused) return;
      held -= oldest;
      this.#recent.shift();
    }
  }

  /** The engine stops at the end of the compressed data; what it was given beyond that is the tail. */
  #checkTail(): void {
    if (!this.#ended) return;
    const unused = this.#written - this.#engine.bytesWritten;
    if (unused > 0) this.#expectPadding(Buffer.concat(this.#recent).subarray(-unused));
    this.#recent = [];
    this.#written = this.#engine.bytesWritten;
  }

  #expectPadding(bytes: Buffer): void {
    if (!isZero(bytes)) throw this.#refuse('trailing-data', null);
  }
}

/** The engine's output as a bounded queue; reading the stream itself would join buffers by copying. */
class Outlet {
  readonly #engine: InflateEngine;
  readonly #queue: Buffer[] = [];
  #queued = 0;
  #finished = false;
  #error: unknown;
  #wake: () => void = () => undefined;

  constructor(engine: InflateEngine) {
    this.#engine = engine;
    engine.on('data', (chunk: Buffer) => {
      this.#queue.push(chunk);
      this.#queued += chunk.length;
      if (this.#queued >= AHEAD_BYTES) engine.pause();
      this.#wake();
    });
    engine.once('end', () => this.#finish(undefined));
    engine.once('error', (error) => this.#finish(error));
    engine.once('close', () => this.#finish(new Error('closed before its end')));
  }

  async next(): Promise<Buffer | null> {
    while (this.#queue.length === 0 && !this.#finished) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const chunk = this.#queue.shift();
    if (chunk === undefined) {
      if (this.#error !== undefined) throw this.#error;
      return null;
    }
    this.#queued -= chunk.length;
    if (this.#queued < AHEAD_BYTES / 2 && this.#engine.isPaused()) this.#engine.resume();
    return chunk;
  }

  #finish(error: unknown): void {
    if (!this.#finished) this.#error = error;
    this.#finished = true;
    this.#wake();
  }
}

function settled(engine: InflateEngine, events: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    if (engine.destroyed) return resolve();
    const done = () => {
      for (const event of events) engine.off(event, done);
      resolve();
    };
    for (const event of events) engine.on(event, done);
  });
}

/** zlib's and zstd's error codes in the words of the policy; errors of other origin pass unchanged. */
function engineFault(error: unknown, refuse: Refuse): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'Z_BUF_ERROR') return refuse('truncated', null, error);
  if (code === 'ZSTD_error_frameParameter_windowTooLarge') {
    return refuse('unsupported-feature', null, error);
  }
  if (code.startsWith('Z_') || code.startsWith('ZSTD_')) return refuse('corrupt', null, error);
  return error;
}
