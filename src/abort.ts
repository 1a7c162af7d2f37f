import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodexRuntimeError } from './errors.ts';

/** The one error that a caller's abort becomes, wherever it was noticed. */
export function abortedError(cause: unknown): CodexRuntimeError {
  if (cause instanceof CodexRuntimeError) return cause;
  return new CodexRuntimeError('ABORTED', 'Interrupted; nothing was left half done.', { cause });
}

/** @throws CodexRuntimeError `ABORTED` once `signal` has fired */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw abortedError(signal.reason);
}

/** Whether `error` is what Node's own functions throw when their signal fires. */
export function isAbortError(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

/**
 * What `promise` comes to, unless `signal` fires first: then its outcome is of no interest any more.
 * @throws CodexRuntimeError `ABORTED`
 */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(abortedError(signal.reason));
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/**
 * Waits for `ms` milliseconds.
 * @throws CodexRuntimeError `ABORTED` as soon as `signal` fires
 */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    throwIfAborted(signal);
    throw error;
  }
}

/** A signal that fires with the first of `signals`; one that is undefined never does. */
export function anySignal(...signals: readonly (AbortSignal | undefined)[]): AbortSignal {
  return AbortSignal.any(signals.filter((signal) => signal !== undefined));
}

/** A signal that follows `signal`, and to which many requests at once may listen without a warning. */
export function forManyListeners(signal: AbortSignal | undefined): AbortSignal | undefined {
  if (signal === undefined) return undefined;
  const following = AbortSignal.any([signal]);
  setMaxListeners(0, following);
  return following;
}
