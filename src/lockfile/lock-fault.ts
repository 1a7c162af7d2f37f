import { CodexRuntimeError } from '../errors.ts';
import { pinCommand } from './pin-command.ts';

/** What can be read of a lockfile whose digests do not count. */
export interface Known {
  readonly version: string | undefined;
  readonly repo: string;
}

/** A lockfile whose digests do not count; its rules can be read, so writing it anew keeps them. */
export function invalid(path: string, what: string, { version, repo }: Known): CodexRuntimeError {
  const command = pinCommand({ version: version ?? '<version>', repo });
  return new CodexRuntimeError('LOCK_INVALID', `${path} ${what}.`, {
    hint: `Run "${command}" to write it again, and commit the result.`,
    fields: { path, ...(version === undefined ? {} : { version }) },
  });
}

export const RESTORE =
  'Restore it from version control; or remove it, and with it its rules (repository, signature), and pin again.';
export const MERGE =
  'Take either side of the merge, then run "codex-runtime pin" with the version that is wanted.';

/** A lockfile whose rules cannot be read: nobody may write it anew without them. */
export function lossy(
  path: string,
  what: string,
  { hint = RESTORE, cause }: { readonly hint?: string; readonly cause?: unknown } = {},
): CodexRuntimeError {
  return new CodexRuntimeError('LOCK_INVALID', `${path} ${what}.`, {
    hint,
    fields: { path },
    cause,
  });
}
