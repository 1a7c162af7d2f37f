import { describe, expect, test } from 'vitest';
import { type Lock, lockRepository } from '../../src/pin/index.ts';

const LOCK: Lock = { version: '0.115.0', repo: 'owner/fork', targets: {} };

describe('lockRepository', () => {
  test.each([null, 'owner/fork'])('is that of the lock when %s is named', (named) => {
    expect(lockRepository(LOCK, named)).toBe('owner/fork');
  });

  test('refuses another one', () => {
    expect(() => lockRepository(LOCK, 'openai/codex')).toThrow(
      expect.objectContaining({
        code: 'LOCK_INCOMPLETE',
        fields: { version: '0.115.0', expected: 'owner/fork', actual: 'openai/codex' },
      }),
    );
  });
});
