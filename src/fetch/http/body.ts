import { ByteQueue, type Feed } from '../byte-queue.ts';

/** A response's bytes in order, to be read once: to the end, or given up by `destroy`. */
export interface Body {
  /** Fails with the client's own error when the body breaks or stalls: see `networkFailure`. */
  [Symbol.asyncIterator](): AsyncIterator<Buffer>;
  /** Closes the connection; whoever waits for bytes gets `error`. */
  destroy(error?: Error): unknown;
}

/** How a body slows down and ends what feeds it. */
interface BodyControl extends Feed {
  abort(reason: Error): void;
}

/** Bytes that may wait for the reader before the connection is paused. */
const WAITING_BYTES = 2 ** 20;
/** What has piled up is handed over in pieces of up to this: a socket's own are 64 KiB at most. */
const JOINED_BYTES = 2 ** 19;

/** A body that is fed chunk by chunk: cheaper than a stream. */
export class FedBody implements Body {
  readonly #control: BodyControl;
  readonly #queue: ByteQueue;

  constructor(control: BodyControl) {
    this.#control = control;
    this.#queue = new ByteQueue(WAITING_BYTES, control);
  }

  feed(chunk: Buffer): void {
    this.#queue.push(chunk);
  }

  end(): void {
    this.#queue.end();
  }

  fail(error: Error): void {
    this.#queue.fail(error);
  }

  destroy(error: Error = new Error('the body was not read to its end')): void {
    if (this.#queue.isOver) return;
    this.fail(error);
    this.#control.abort(error);
  }

  [Symbol.asyncIterator](): AsyncIterator<Buffer> {
    return {
      next: async () => {
        const value = await this.#queue.next(JOINED_BYTES);
        return value === null ? { value: undefined, done: true } : { value, done: false };
      },
      return: async () => {
        this.destroy();
        return { value: undefined, done: true };
      },
    };
  }
}
