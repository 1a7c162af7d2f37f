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
  const chunks: Buffer[] = [];
  let waitingBytes = 0;
  let outcome: { readonly error?: unknown } | undefined;
  let wakeConsumer: (() => void) | undefined;
  let wakeProducer: (() => void) | undefined;
  let running: Promise<void> | undefined;

  const sink: Sink = {
    push(chunk) {
      chunks.push(chunk);
      waitingBytes += chunk.length;
      wakeConsumer?.();
      if (waitingBytes < WAITING_BYTES || controller.signal.aborted) return undefined;
      return new Promise((resolve) => {
        wakeProducer = resolve;
      });
    },
  };
  const start = () => {
    running = produce(sink, controller.signal).then(
      () => {
        outcome = {};
      },
      (error: unknown) => {
        outcome = { error };
      },
    );
    running.then(() => wakeConsumer?.());
  };
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      if (running === undefined) start();
      while (chunks.length === 0 && outcome === undefined) {
        await new Promise<void>((resolve) => {
          wakeConsumer = resolve;
        });
        wakeConsumer = undefined;
      }
      const value = chunks.shift();
      if (value !== undefined) {
        waitingBytes -= value.length;
        if (waitingBytes < WAITING_BYTES) {
          wakeProducer?.();
          wakeProducer = undefined;
        }
        return { value, done: false };
      }
      const failed = outcome !== undefined && 'error' in outcome ? outcome : undefined;
      // A failure is told once; after it the iteration is over.
      outcome = {};
      if (failed !== undefined) throw failed.error;
      return { value: undefined, done: true };
    },
    async return() {
      controller.abort();
      wakeProducer?.();
      if (running === undefined) running = Promise.resolve();
      await running;
      chunks.length = 0;
      outcome = {};
      return { value: undefined, done: true };
    },
  };
}
