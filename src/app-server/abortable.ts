import { AbortedError } from './errors.ts';

/**
 * `promise`, unless `signal` aborts first: then the caller is let go and the promise's own outcome
 * concerns nobody. `what` names the call in the error.
 * @throws AbortedError
 */
export function abortable<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  what: string,
): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(new AbortedError(what, signal));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
