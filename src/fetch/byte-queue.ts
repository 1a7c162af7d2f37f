/** What feeds a queue, and can be told to hold back. */
export interface Feed {
  pause(): void;
  resume(): void;
}

/**
 * Bytes on their way from one producer to one consumer, in order and uncopied. From `limit` bytes on
 * the producer is told to pause; when half of them are left, to resume.
 */
export class ByteQueue {
  readonly #limit: number;
  readonly #feed: Feed;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #paused = false;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(limit: number, feed: Feed) {
    this.#limit = limit;
    this.#feed = feed;
  }

  /** Whether the producer has been told to pause. */
  get isFull(): boolean {
    return this.#paused;
  }

  /** Whether nothing follows what is here. */
  get isOver(): boolean {
    return this.#ended || this.#failure !== undefined;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (!this.#paused && this.#bytes >= this.#limit) {
      this.#paused = true;
      this.#feed.pause();
    }
    this.#wake?.();
  }

  /** The consumer gets what is here, then the end. */
  end(): void {
    if (!this.isOver) this.#ended = true;
    this.#wake?.();
  }

  /** The consumer gets what is here, then `error`, again and again. */
  fail(error: unknown): void {
    if (!this.isOver) this.#failure = { error };
    this.#wake?.();
  }

  /** Forgets what is here. */
  clear(): void {
    this.#chunks.length = 0;
    this.#bytes = 0;
  }

  /**
   * The next chunk, or null at the end.
   * @param joined Chunks that wait together are handed over as one of up to so many bytes.
   */
  async next(joined = 0): Promise<Buffer | null> {
    while (this.#chunks.length === 0 && !this.isOver) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    const chunk = this.#take(joined);
    if (chunk === undefined) {
      if (this.#failure !== undefined) throw this.#failure.error;
      return null;
    }
    this.#bytes -= chunk.length;
    if (this.#paused && this.#bytes < this.#limit / 2) {
      this.#paused = false;
      this.#feed.resume();
    }
    return chunk;
  }

  #take(joined: number): Buffer | undefined {
    let count = 0;
    for (let size = 0; count < this.#chunks.length; count += 1) {
      size += this.#chunks[count]?.length ?? 0;
      if (size > joined) break;
    }
    if (count < 2) return this.#chunks.shift();
    return Buffer.concat(this.#chunks.splice(0, count));
  }
}
