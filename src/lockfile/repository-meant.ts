import { CodexRuntimeError } from '../errors.ts';
import { DEFAULT_REPO, type Version } from '../pin/index.ts';
import type { Lock } from './lock.ts';

export interface Candidates {
  /** What the user names; null for nothing. */
  readonly named: string | null;
  /** The lockfile that counts, or what can be read of it; null for none. */
  readonly lock: Pick<Lock, 'version' | 'repo'> | null;
  /** Whose release is installed; null for nothing. */
  readonly installed: string | null;
  /** The one version that is meant; undefined for a range, a moving name, or any. */
  readonly exact: Version | undefined;
}

/**
 * Whose releases are meant: what the user names, else what the lockfile says, else what is installed,
 * else upstream's. Where the lockfile pins the version, a user can only name the same.
 * @throws CodexRuntimeError `LOCK_INCOMPLETE` when that is another one
 */
export function repositoryMeant({ named, lock, installed, exact }: Candidates): string {
  if (named === null) return lock?.repo ?? installed ?? DEFAULT_REPO;
  if (lock === null || lock.repo === named || exact?.semver !== lock.version) return named;
  const { version, repo } = lock;
  throw new CodexRuntimeError(
    'LOCK_INCOMPLETE',
    `The lockfile pins Codex ${version} of ${repo}, and --repo names ${named}.`,
    {
      hint: `Leave --repo out, or run "codex-runtime pin ${version} --repo ${named}" and commit the result.`,
      fields: { version, expected: repo, actual: named },
    },
  );
}
