import { stripVTControlCharacters } from 'node:util';

/** Bytes of a child's stderr that are kept for its obituary. */
const KEPT_BYTES = 8 * 1024;

/** The end of a stream of bytes, however long the stream is. */
export class OutputTail {
  #tail = Buffer.alloc(0);

  push(chunk: Buffer): void {
    const whole = Buffer.concat([this.#tail, chunk.subarray(-KEPT_BYTES)]);
    this.#tail = Buffer.from(whole.subarray(-KEPT_BYTES));
  }

  /** Trimmed, and without the colours that Codex writes even into a pipe. */
  text(): string {
    return stripVTControlCharacters(this.#tail.toString('utf8')).trim();
  }
}
