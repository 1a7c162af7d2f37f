import { CodexRuntimeError } from '../errors.ts';
import type { Lock } from './lockfile.ts';

/**
 * The repository whose releases a lock is about; what its user names may only say the same.
 * @param named what the user names; null for nothing
 * @throws CodexRuntimeError `LOCK_INCOMPLETE` when that is another one
 */
export function lockRepository({ version, repo }: Lock, named: string | null): string {
  if (named === null || named === repo) return repo;
  throw new CodexRuntimeError(
    'LOCK_INCOMPLETE',
    `The lockfile pins Codex ${version} of ${repo}, and --repo names ${named}.`,
    {
      hint: `Leave --repo out, or run "codex-runtime pin ${version} --repo ${named}" and commit the result.`,
      fields: { version, expected: repo, actual: named },
    },
  );
}
