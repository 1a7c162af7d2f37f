import { AbortedError } from '../errors.ts';
import { onAbort } from './abort-listeners.ts';

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
    const release = onAbort(signal, () => reject(new AbortedError(what, signal)));
    promise.then(resolve, reject).finally(release);
  });
}
