import { describe, expect, test } from 'vitest';
import { type Lock, lockRepository } from '../../src/pin/index.ts';

const LOCK: Lock = { version: '0.115.0', repo: 'Owner/Fork', targets: {} };

describe('lockRepository', () => {
  test.each([null, 'Owner/Fork', 'owner/fork'])('is that of the lock when %s is named', (named) => {
    expect(lockRepository(LOCK, named)).toBe('Owner/Fork');
  });

  test('refuses another one', () => {
    expect(() => lockRepository(LOCK, 'openai/codex')).toThrow(
      expect.objectContaining({
        code: 'LOCK_INCOMPLETE',
        fields: { version: '0.115.0', expected: 'Owner/Fork', actual: 'openai/codex' },
      }),
    );
  });
});
