import { ByteQueue } from './byte-queue.ts';

/** Where a producer puts bytes. */
export interface Sink {
  /** Hands over a chunk; when a promise comes back, wait for it before the next one. */
  push(chunk: Buffer): Promise<void> | undefined;
}

/** Bytes that may wait for the consumer before the producer waits. */
const WAITING_BYTES = 2 ** 20;

/**
 * An async iterable that is fed by a running function. It starts with the first `next`; the
 * iteration ends when `produce` has returned, and fails as it fails. A consumer that stops early
 * aborts `signal` and waits until `produce` has cleaned up.
 *
 * One object instead of a chain of async generators: a chunk passes in a microtask or two.
 */
export function streamFrom(
  produce: (sink: Sink, signal: AbortSignal) => Promise<void>,
): AsyncIterableIterator<Buffer> {
  const controller = new AbortController();
  let wakeProducer: (() => void) | undefined;
  const queue = new ByteQueue(WAITING_BYTES, {
    pause: () => undefined,
    resume: () => wakeProducer?.(),
  });
  let running: Promise<void> | undefined;
  let over = false;

  const sink: Sink = {
    push(chunk) {
      queue.push(chunk);
      if (!queue.isFull || controller.signal.aborted) return undefined;
      return new Promise((resolve) => {
        wakeProducer = resolve;
      });
    },
  };
  const finished = { value: undefined, done: true } as const;
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      if (over) return finished;
      running ??= produce(sink, controller.signal).then(
        () => queue.end(),
        (error: unknown) => queue.fail(error),
      );
      try {
        const value = await queue.next();
        if (value !== null) return { value, done: false };
        over = true;
        return finished;
      } catch (error) {
        // A failure is told once; after it the iteration is over.
        over = true;
        throw error;
      }
    },
    async return() {
      over = true;
      controller.abort();
      wakeProducer?.();
      await running;
      queue.clear();
      return finished;
    },
  };
}
