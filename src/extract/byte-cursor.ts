/** Reads a stream of buffers by exact lengths, without copying what lies within one buffer. */
export class ByteCursor {
  readonly #source: AsyncIterator<Buffer>;
  #buffer: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** The next `length` bytes, fewer only where the stream ends. For headers: it may copy. */
  async read(length: number): Promise<Buffer> {
    while (this.#buffer.length < length) {
      const next = await this.#source.next();
      if (next.done === true) break;
      this.#buffer =
        this.#buffer.length === 0 ? next.value : Buffer.concat([this.#buffer, next.value]);
    }
    return this.#take(length);
  }

  /** The next `length` bytes as they come, fewer only where the stream ends. */
  async *stream(length: number): AsyncGenerator<Buffer> {
    let left = length;
    while (left > 0) {
      if (this.#buffer.length === 0 && !(await this.#refill())) return;
      const chunk = this.#take(left);
      left -= chunk.length;
      yield chunk;
    }
  }

  /** Everything that is left. */
  rest(): AsyncGenerator<Buffer> {
    return this.stream(Number.POSITIVE_INFINITY);
  }

  async #refill(): Promise<boolean> {
    const next = await this.#source.next();
    if (next.done === true) return false;
    this.#buffer = next.value;
    return true;
  }

  #take(length: number): Buffer {
    const taken = this.#buffer.subarray(0, length);
    this.#buffer = this.#buffer.subarray(taken.length);
    return taken;
  }
}
