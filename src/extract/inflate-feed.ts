import type { ArchiveInput } from './archive-input.ts';
import type { InflateEngine } from './engines.ts';

/** Input that goes to the engine in one piece. */
const GATHER_BYTES = 512 * 1024;
/** Input that waits for the engine, so that it never runs dry while the event loop is busy. */
const AHEAD_BYTES = 2 * GATHER_BYTES;

/** Moves input into the engine at the engine's pace; what follows the engine's data stays in the input. */
export class InflateFeed {
  /** What the source threw, as it threw it. */
  failure: unknown;
  readonly #input: ArchiveInput;
  readonly #engine: InflateEngine;
  /** Buffers that the engine may not have used up yet. */
  readonly #recent: Buffer[] = [];
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
    for (let chunk = await this.#gather(); chunk !== null; chunk = await this.#gather()) {
      if (this.#ended) {
        this.#input.putBack(chunk);
        break;
      }
      await this.#write(chunk);
      if (this.#stopped) return;
      if (this.#ended) break;
    }
    this.#engine.end();
    await this.#until(() => this.#ended);
    if (this.#ended) this.#putBackUnused();
  }

  /** Sockets deliver 64 KiB at most; joining them saves most trips to the thread pool. */
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
    this.#waiting += chunk.length;
    // Not by `drain`, which comes when there is nothing left to inflate.
    this.#engine.write(chunk, () => {
      this.#waiting -= chunk.length;
      this.#wake();
    });
    await this.#until(() => this.#ended || this.#waiting <= AHEAD_BYTES);
    this.#forgetUsed();
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

  /** The engine stops at the end of its data; what it was given beyond that belongs to the next reader. */
  #putBackUnused(): void {
    const unused = this.#written - this.#engine.bytesWritten;
    if (unused > 0) this.#input.putBack(Buffer.concat(this.#recent).subarray(-unused));
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
