import type { InflateEngine } from './engines.ts';

/** Inflated bytes that may wait for their consumer; the engine works ahead up to here. */
const AHEAD_BYTES = 4 * 1024 * 1024;

/** The engine's output as a bounded queue; reading the stream itself would join buffers by copying. */
export class InflateOutlet {
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
