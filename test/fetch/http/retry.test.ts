import { describe, expect, test } from 'vitest';
import { CodexRuntimeError } from '../../../src/errors.ts';
import { RETRY_POLICY, unavailable, withRetries } from '../../../src/fetch/http/index.ts';
import { retryAtOf } from '../../../src/fetch/http/status-failure.ts';

const QUICK = { ...RETRY_POLICY, pause: 2, longestPause: 4 };

/** How often work that always fails like this is done. */
async function attemptsFor(error: Error, policy = QUICK): Promise<number> {
  let attempts = 0;
  const work = withRetries(
    () => {
      attempts += 1;
      return Promise.reject(error);
    },
    { policy },
  );
  await expect(work).rejects.toBe(error);
  return attempts;
}

describe('work is repeated', () => {
  test('after a pause', async () => {
    const started = performance.now();
    const policy = { ...RETRY_POLICY, attempts: 2, pause: 200 };
    await attemptsFor(unavailable('away', { reason: 'unreachable' }), policy);
    // Half of it is left to chance.
    expect(performance.now() - started).toBeGreaterThan(95);
  });

  test.each([
    ['unreachable', 3],
    ['server-error', 3],
    ['rate-limited', 3],
    ['not-found', 1],
    ['unauthorized', 1],
    ['untrusted', 1],
    ['proxy', 1],
    ['refused', 1],
    ['not-an-asset', 1],
    ['missing-tool', 1],
  ] as const)('after %s, %i times in all', async (reason, times) => {
    expect(await attemptsFor(unavailable('away', { reason }))).toBe(times);
  });

  test('after a truncated body, but not after a wrong digest or a fault of ours', async () => {
    expect(await attemptsFor(new CodexRuntimeError('TRUNCATED', 'cut'))).toBe(3);
    expect(await attemptsFor(new CodexRuntimeError('DIGEST_MISMATCH', 'wrong'))).toBe(1);
    expect(await attemptsFor(new TypeError('ours'))).toBe(1);
  });

  test('only once more when a connection timed out: each costs the whole time-out', async () => {
    const late = unavailable('away', { reason: 'unreachable', errno: 'ETIMEDOUT' });
    expect(await attemptsFor(late)).toBe(2);
  });

  test('not when the server asks for more patience than the policy has', async () => {
    const policy = { ...QUICK, longestWait: 50 };
    const ask = (wait: number) =>
      unavailable('later', { reason: 'rate-limited', retryAt: Date.now() + wait });
    expect(await attemptsFor(ask(60_000), policy)).toBe(1);
    expect(await attemptsFor(ask(10), policy)).toBe(3);
  });
});

describe('the time to ask again', () => {
  const NOW = Date.parse('2026-01-01T00:00:00Z');
  test.each([
    [429, { 'retry-after': '7' }, NOW + 7_000],
    [503, { 'retry-after': 'Thu, 01 Jan 2026 00:00:09 GMT' }, NOW + 9_000],
    [403, { 'retry-after': 'Thu, 01 Jan 1970 00:00:09 GMT' }, NOW],
    [403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1767225610' }, NOW + 10_000],
    [403, { 'x-ratelimit-remaining': '5', 'x-ratelimit-reset': '1767225610' }, null],
    [429, { 'retry-after': 'soon' }, null],
    [429, { 'retry-after': '9'.repeat(40) }, null],
    [429, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': 'never' }, null],
    [404, { 'retry-after': '7' }, null],
  ])('after %i with %o is %s', (status, headers, expected) => {
    expect(retryAtOf({ status, headers, now: NOW })).toBe(expected);
  });
});
