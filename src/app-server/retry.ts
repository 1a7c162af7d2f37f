import { CodexRuntimeError } from '../errors.ts';
import { abortable } from './connection/abortable.ts';
import { isRetryableError, type JsonRpcError, RetryLimitExceededError } from './errors.ts';

export interface RetryOptions {
  /** Attempts in all, the first included. Default 3. */
  readonly maxAttempts?: number;
  /** Milliseconds before the second attempt; doubled for each further one. Default 250. */
  readonly initialDelayMs?: number;
  /** Default 2000. */
  readonly maxDelayMs?: number;
  /** Part of the delay by which it varies up and down. Default 0.2. */
  readonly jitter?: number;
  readonly signal?: AbortSignal;
  /** From 0 up to 1; for tests. Default `Math.random`. */
  readonly random?: () => number;
}

/**
 * Calls `operation` again while it fails because of overload; any other error passes through.
 * @throws RetryLimitExceededError after the last attempt (its `cause` is that attempt's error),
 * AbortedError while it waits, CodexRuntimeError `USAGE` for `maxAttempts` below 1
 */
export async function retryOnOverload<T>(
  operation: (attempt: number) => PromiseLike<T> | T,
  options: RetryOptions = {},
): Promise<T> {
  const { maxAttempts = 3, maxDelayMs = 2_000, jitter = 0.2, signal } = options;
  const random = options.random ?? Math.random;
  if (!(maxAttempts >= 1)) throw new CodexRuntimeError('USAGE', 'maxAttempts must be 1 or more.');
  let delay = options.initialDelayMs ?? 250;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await operation(attempt);
    } catch (error) {
      if (!isRetryableError(error)) throw error;
      if (attempt >= maxAttempts) throw exhausted(error as JsonRpcError, attempt);
    }
    const spread = 1 + jitter * (2 * random() - 1);
    await wait(Math.min(delay, maxDelayMs) * spread, signal);
    delay *= 2;
  }
}

async function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const waited = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await abortable(waited, signal, 'Waiting to try again').finally(() => clearTimeout(timer));
}

function exhausted(cause: JsonRpcError, attempts: number): RetryLimitExceededError {
  return new RetryLimitExceededError(
    `Still overloaded after ${attempts} attempts: ${cause.message}`,
    {
      cause,
      rpcCode: cause.rpcCode,
      data: cause.data,
      attempts,
      fields: { ...cause.fields, attempts },
    },
  );
}
