import { describe, expect, it } from 'vitest';
import {
  InvalidParamsError,
  isRetryableError,
  RetryLimitExceededError,
  ServerBusyError,
} from '../../src/app-server/errors.ts';
import { retryOnOverload } from '../../src/app-server/retry.ts';

const busy = () => new ServerBusyError('busy', { rpcCode: -32001 });
const quick = { initialDelayMs: 1, random: () => 0.5 };

describe('retrying on overload', () => {
  it('tries again until it succeeds', async () => {
    const attempts: number[] = [];
    const result = await retryOnOverload(async (attempt) => {
      attempts.push(attempt);
      if (attempt < 3) throw busy();
      return 'done';
    }, quick);
    expect(result).toBe('done');
    expect(attempts).toEqual([1, 2, 3]);
  });

  it('gives up after the last attempt with the reason, which is not tried again', async () => {
    let calls = 0;
    const error: unknown = await retryOnOverload(() => {
      calls += 1;
      throw busy();
    }, quick).catch((thrown: unknown) => thrown);
    expect(calls).toBe(3);
    expect(error).toBeInstanceOf(RetryLimitExceededError);
    expect(error).toMatchObject({ attempts: 3, rpcCode: -32001, cause: { message: 'busy' } });
    expect(isRetryableError(error)).toBe(false);
  });

  it('lets other errors pass at once', async () => {
    let calls = 0;
    const wrong = new InvalidParamsError('no', { rpcCode: -32602 });
    const failing = retryOnOverload(() => {
      calls += 1;
      throw wrong;
    }, quick);
    await expect(failing).rejects.toBe(wrong);
    expect(calls).toBe(1);
  });

  it('waits longer each time, up to the cap, with jitter', async () => {
    const started = performance.now();
    const options = { maxAttempts: 4, initialDelayMs: 20, maxDelayMs: 40, jitter: 0.5 };
    await retryOnOverload(
      (attempt) => {
        if (attempt < 4) throw busy();
      },
      { ...options, random: () => 0 },
    );
    // 20 + 40 + 40 ms, each halved by the lowest jitter.
    expect(performance.now() - started).toBeGreaterThan(45);
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('stops waiting when it is aborted', async () => {
    const controller = new AbortController();
    const waiting = retryOnOverload(
      () => {
        queueMicrotask(() => controller.abort());
        throw busy();
      },
      { initialDelayMs: 60_000, signal: controller.signal },
    );
    await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('needs at least one attempt', async () => {
    const none = retryOnOverload(() => 1, { maxAttempts: 0 });
    await expect(none).rejects.toMatchObject({ code: 'USAGE' });
  });
});
