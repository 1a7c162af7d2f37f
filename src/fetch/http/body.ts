/** A response's bytes in order, to be read once: to the end, or given up by `destroy`. */
export interface Body {
  /** Fails with the client's own error when the body breaks or stalls: see `networkFailure`. */
  [Symbol.asyncIterator](): AsyncIterator<Buffer>;
  /** Closes the connection; whoever waits for bytes gets `error`. */
  destroy(error?: Error): unknown;
}

/** How a body slows down and ends what feeds it. */
export interface BodyControl {
  pause(): void;
  resume(): void;
  abort(reason: Error): void;
}

/** Bytes that may wait for the reader before the connection is paused. */
const WAITING_BYTES = 2 ** 20;
/** What has piled up is handed over in pieces of up to this: a socket's own are 64 KiB at most. */
const JOINED_BYTES = 2 ** 19;

/** A body that is fed chunk by chunk. A plain queue: cheaper than a stream, and no bytes are copied. */
export class FedBody implements Body {
  readonly #control: BodyControl;
  readonly #chunks: Buffer[] = [];
  #waiting = 0;
  #paused = false;
  #ended = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(control: BodyControl) {
    this.#control = control;
  }

  feed(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#waiting += chunk.length;
    if (!this.#paused && this.#waiting > WAITING_BYTES) {
      this.#paused = true;
      this.#control.pause();
    }
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  fail(error: Error): void {
    if (!this.#ended) this.#error ??= error;
    this.#wake?.();
  }

  destroy(error: Error = new Error('the body was not read to its end')): void {
    if (this.#ended || this.#error !== undefined) return;
    this.fail(error);
    this.#control.abort(error);
  }

  [Symbol.asyncIterator](): AsyncIterator<Buffer> {
    return {
      next: () => this.#next(),
      return: async () => {
        this.destroy();
        return { value: undefined, done: true };
      },
    };
  }

  async #next(): Promise<IteratorResult<Buffer>> {
    while (this.#chunks.length === 0 && !this.#ended && this.#error === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    const value = this.#take();
    if (value === undefined) {
      if (this.#error !== undefined) throw this.#error;
      return { value: undefined, done: true };
    }
    this.#waiting -= value.length;
    if (this.#paused && this.#waiting < WAITING_BYTES / 2) {
      this.#paused = false;
      this.#control.resume();
    }
    return { value, done: false };
  }

  #take(): Buffer | undefined {
    let count = 0;
    for (let size = 0; count < this.#chunks.length; count += 1) {
      size += this.#chunks[count]?.length ?? 0;
      if (size > JOINED_BYTES) break;
    }
    if (count < 2) return this.#chunks.shift();
    return Buffer.concat(this.#chunks.splice(0, count));
  }
}
