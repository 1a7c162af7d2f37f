import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { MEANINGS, overloadIn, overloadOf } from '../../src/app-server/compat/overload.ts';

const PROTOCOL = new URL('../../src/app-server/generated/protocol.ts', import.meta.url);

describe('what an error means for whoever made the call', () => {
  it('is known of every value of the pinned protocol', async () => {
    const text = await readFile(PROTOCOL, 'utf8');
    const declared = /export type CodexErrorInfo = (.*);/.exec(text)?.[1] ?? '';
    const names = [...declared.matchAll(/"(\w+)"/g)].map(([, name]) => name as string);
    expect(names.length).toBeGreaterThan(20);
    expect(Object.keys(MEANINGS).sort()).toEqual(names.sort());
  });

  it.each([
    ['serverOverloaded', 'busy'],
    ['rateLimitExceeded', 'busy'],
    ['rate_limit_exceeded', 'busy'],
    [{ httpConnectionFailed: { httpStatusCode: 503 } }, 'busy'],
    [{ httpConnectionFailed: { httpStatusCode: 404 } }, 'no'],
    [{ responseStreamDisconnected: { httpStatusCode: null } }, 'no'],
    [{ responseTooManyFailedAttempts: { httpStatusCode: 429 } }, 'exhausted'],
    ['usageLimitExceeded', 'no'],
    // Names that no version has yet.
    ['modelCapacityExceeded', 'busy'],
    [{ regionUnavailable: {} }, 'busy'],
    [{ brandNew: { httpStatusCode: 429 } }, 'busy'],
    ['brandNew', 'no'],
    ['toString', 'no'],
    [null, 'no'],
    [undefined, 'no'],
    [7, 'no'],
    [[], 'no'],
  ])('%j: %s', (info, meaning) => {
    expect(overloadOf(info)).toBe(meaning);
    expect(overloadIn({ codexErrorInfo: info })).toBe(meaning);
  });
});
