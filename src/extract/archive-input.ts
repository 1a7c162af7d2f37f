import { unlessAborted } from '../abort.ts';

/**
 * The archive's bytes on their way in: read once, in order, and given back (`return()`) when they
 * are no longer wanted. Every wait ends when `signal` aborts, even if the source never answers.
 */
export class ArchiveInput {
  /** Milliseconds in which its reader waited for bytes, the running wait not counted. */
  waitedMs = 0;
  readonly #iterator: AsyncIterator<Buffer>;
  readonly #signal: AbortSignal | undefined;
  /** Read and put back. */
  #ahead: Buffer = Buffer.alloc(0);
  #exhausted = false;

  constructor(bytes: AsyncIterable<Buffer>, signal: AbortSignal | undefined) {
    this.#iterator = bytes[Symbol.asyncIterator]();
    this.#signal = signal;
  }

  /** The next buffer, or null at the end. What the source throws is thrown on as it is. */
  async next(): Promise<Buffer | null> {
    if (this.#ahead.length > 0) return this.#takeAhead();
    if (this.#exhausted) return null;
    const asked = performance.now();
    try {
      const step = await unlessAborted(this.#iterator.next(), this.#signal);
      this.waitedMs += performance.now() - asked;
      if (step.done !== true) return step.value;
    } catch (error) {
      this.#exhausted = true;
      throw error;
    }
    this.#exhausted = true;
    return null;
  }

  /** The next `length` bytes, fewer only where the input ends. For headers: it may copy. */
  async read(length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let missing = length; missing > 0; ) {
      const part = await this.next();
      if (part === null) break;
      if (part.length > missing) this.putBack(part.subarray(missing));
      parts.push(part.subarray(0, missing));
      missing -= part.length;
    }
    return Buffer.concat(parts);
  }

  /** What was read last and not used; it comes next. */
  putBack(bytes: Buffer): void {
    this.#ahead = this.#ahead.length === 0 ? bytes : Buffer.concat([bytes, this.#ahead]);
  }

  /** Reads what is left, so that the source can give its verdict on the whole. */
  async drain(): Promise<void> {
    while ((await this.next()) !== null);
  }

  /** Tells the source that no more is wanted; does nothing when it has ended by itself. */
  async close(): Promise<void> {
    this.#ahead = Buffer.alloc(0);
    if (this.#exhausted && this.#signal?.aborted !== true) return;
    this.#exhausted = true;
    // Whatever stopped the extraction is the error to report, not how its source takes that.
    const returned = Promise.resolve(this.#iterator.return?.()).then(ignore, ignore);
    if (this.#signal?.aborted !== true) await returned;
  }

  #takeAhead(): Buffer {
    const ahead = this.#ahead;
    this.#ahead = Buffer.alloc(0);
    return ahead;
  }
}

function ignore(): undefined {
  return undefined;
}
