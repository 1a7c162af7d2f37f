import { endsMemory, lendMemory, returnMemory } from '../fetch/index.ts';
import type { ArchiveInput } from './archive-input.ts';
import type { InflateEngine } from './engines.ts';

/** Input that goes to the engine in one piece. */
const GATHER_BYTES = 256 * 1024;
/** Input that waits for the engine, so that it never runs dry while the event loop is busy. */
const AHEAD_BYTES = 2 * GATHER_BYTES;

/** What goes to the engine at once. */
interface Given {
  readonly bytes: Buffer;
  /** Whether the engine has come to its end; only then may its memory go. */
  used?: boolean;
}

/** Moves input into the engine at the engine's pace; what follows the engine's data stays in the input. */
export class InflateFeed {
  /** What the source threw, as it threw it. */
  failure: unknown;
  readonly #input: ArchiveInput;
  readonly #engine: InflateEngine;
  /** Buffers that the engine may not have used up yet. */
  readonly #recent: Given[] = [];
  #written = 0;
  #waiting = 0;
  #ended = false;
  #stopped = false;
  #wake: () => void = () => undefined;

  constructor(input: ArchiveInput, engine: InflateEngine) {
    this.#input = input;
    this.#engine = engine;
    engine.once('end', () => {
      this.#ended = true;
      this.#wake();
    });
    engine.once('close', () => this.#wake());
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
    for (let given = await this.#gather(); given !== null; given = await this.#gather()) {
      if (this.#ended) {
        this.#input.putBack(given.bytes);
        break;
      }
      await this.#write(given);
      if (this.#stopped) return;
      if (this.#ended) break;
    }
    this.#engine.end();
    await this.#until(() => this.#ended);
    if (this.#ended) this.#putBackUnused();
  }

  /** Sockets deliver 64 KiB at most; joining them saves most trips to the thread pool. */
  async #gather(): Promise<Given | null> {
    const parts: Buffer[] = [];
    for (let size = 0; size < GATHER_BYTES; ) {
      const part = await this.#input.next();
      if (part === null || this.#stopped) break;
      size += part.length;
      parts.push(part);
    }
    const [first] = parts;
    if (first === undefined) return null;
    if (parts.length === 1) return { bytes: first };
    const bytes = Buffer.concat(parts);
    lendMemory(bytes, 1);
    for (const part of parts) if (endsMemory(part)) returnMemory(part.buffer);
    return { bytes };
  }

  async #write(given: Given): Promise<void> {
    const { bytes } = given;
    this.#recent.push(given);
    this.#written += bytes.length;
    this.#waiting += bytes.length;
    // Not by `drain`, which comes when there is nothing left to inflate.
    this.#engine.write(bytes, (error) => {
      this.#waiting -= bytes.length;
      // One that was destroyed says so while a thread may still read.
      given.used = error == null;
      this.#wake();
    });
    await this.#until(() => this.#ended || this.#waiting <= AHEAD_BYTES);
    this.#forgetUsed();
  }

  #forgetUsed(): void {
    let held = this.#recent.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const unused = this.#written - this.#engine.bytesWritten;
    for (;;) {
      const oldest = this.#recent[0];
      if (oldest?.used !== true || held - oldest.bytes.length < unused) return;
      held -= oldest.bytes.length;
      this.#recent.shift();
      if (endsMemory(oldest.bytes)) returnMemory(oldest.bytes.buffer);
    }
  }

  /** The engine stops at the end of its data; what it was given beyond that belongs to the next reader. */
  #putBackUnused(): void {
    const unused = this.#written - this.#engine.bytesWritten;
    if (unused > 0) {
      const recent = this.#recent.map(({ bytes }) => bytes);
      this.#input.putBack(Buffer.concat(recent).subarray(-unused));
    }
  }

  /** Waits until `condition` holds or the engine is gone. */
  async #until(condition: () => boolean): Promise<void> {
    while (!condition() && !this.#engine.destroyed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
