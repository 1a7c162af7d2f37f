import { describe, expect, test } from 'vitest';
import { repositoryMeant } from '../../src/lockfile/index.ts';
import { parseVersion } from '../../src/pin/index.ts';

const FORK = 'owner/fork';
const LOCK = { version: '0.115.0', repo: FORK };
const NOTHING = { named: null, lock: null, installed: null, exact: undefined };
const exact = parseVersion('0.115.0');

describe('the repository that is meant', () => {
  test.each([
    ["upstream's where nothing else is said", {}, 'openai/codex'],
    ['that of what is installed', { installed: FORK }, FORK],
    ["the lockfile's before that", { lock: LOCK, installed: 'other/codex' }, FORK],
    ['what is named before all', { named: FORK, installed: 'other/codex' }, FORK],
    ['what is named, where it is the same', { named: FORK, lock: LOCK, exact }, FORK],
    ['what is named, for a range', { named: 'other/codex', lock: LOCK }, 'other/codex'],
  ])('is %s', (_what, more, repo) => {
    expect(repositoryMeant({ ...NOTHING, ...more })).toBe(repo);
  });

  test('is refused where the lockfile pins the version of another one', () => {
    expect(() => repositoryMeant({ ...NOTHING, named: 'openai/codex', lock: LOCK, exact })).toThrow(
      expect.objectContaining({
        code: 'LOCK_INCOMPLETE',
        fields: { version: '0.115.0', expected: FORK, actual: 'openai/codex' },
      }),
    );
  });
});
