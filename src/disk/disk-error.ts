import { abortedError, isAbortError } from '../abort.ts';
import { CodexRuntimeError, type ErrorCode } from '../errors.ts';
import { errnoOf } from './errno.ts';

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const DENIED = new Set(['EACCES', 'EPERM', 'EROFS']);

/**
 * What a failed file system call means to the user: `DISK_FULL` (ENOSPC, EDQUOT, EFBIG),
 * `PERMISSION_DENIED` (EACCES, EPERM, EROFS), else `INSTALL_FAILED`. An error without an errno is no
 * failure of the disk but a bug: `UNEXPECTED`. One that is already ours comes back unchanged, so that
 * a catch around several steps cannot relabel an earlier verdict.
 *
 * @param error What was thrown; kept as `cause`.
 * @param doing What was going on, to follow "Could not": `write the runtime`.
 * @param path The file or directory it happened to.
 * @param named What the user can name that it lies in, where naming another one would help.
 */
export function diskError(
  error: unknown,
  doing: string,
  path: string,
  named?: NamedPlace,
): CodexRuntimeError {
  if (error instanceof CodexRuntimeError) return error;
  if (isAbortError(error)) return abortedError(error);
  const errno = errnoOf(error);
  if (errno === undefined) return bug(error, doing, path);
  const code = codeFor(errno);
  const why = REASON[code] ?? ERRNO[errno] ?? errno;
  return new CodexRuntimeError(code, `Could not ${doing} at ${path}: ${why}.`, {
    hint: hintFor(code, named),
    cause: error,
    fields: { path, errno },
  });
}

function bug(error: unknown, doing: string, path: string): CodexRuntimeError {
  const told = error instanceof Error ? error.message : String(error);
  return new CodexRuntimeError(
    'UNEXPECTED',
    `codex-runtime stopped unexpectedly (this is a bug). It could not ${doing} at ${path}: ${told}`,
    { hint: 'Run again with --verbose and report what it prints.', cause: error, fields: { path } },
  );
}

const REASON: Partial<Record<ErrorCode, string>> = {
  DISK_FULL: 'no space is left on the disk, or a quota or file-size limit is reached',
  PERMISSION_DENIED: 'permission denied',
};

/** The rest of what a person meets, in words; Node's own messages repeat the path and the call. */
const ERRNO: Readonly<Record<string, string>> = {
  EBUSY: 'it is in use (EBUSY)',
  EIO: 'the disk reported an error (EIO)',
  ELOOP: 'its symbolic links form a loop (ELOOP)',
  EMFILE: 'this process has too many files open (EMFILE)',
  ENAMETOOLONG: 'the path is too long (ENAMETOOLONG)',
  ENOENT: 'the directory does not exist (ENOENT)',
  ENOTDIR: 'a part of the path is a file, not a directory (ENOTDIR)',
  ETXTBSY: 'the program is running (ETXTBSY)',
};

/** What a user can name, and the words for it. */
const NAMED = {
  home: '--home or CODEX_RUNTIME_HOME to name a directory',
  prefix: '--prefix to name a directory',
  out: '--out to name a directory',
  lockfile: '--lockfile to name a file',
} as const;

export type NamedPlace = keyof typeof NAMED;

function hintFor(code: ErrorCode, named: NamedPlace | undefined): string {
  const use = named === undefined ? undefined : NAMED[named];
  switch (code) {
    case 'DISK_FULL':
      return use === undefined
        ? 'Free some space, then run the command again.'
        : `Free some space, or use ${use} on another disk, then run the command again.`;
    case 'PERMISSION_DENIED':
      return use === undefined
        ? 'Change its permissions, or run the command as its owner.'
        : `Use ${use} that you may write to.`;
    default:
      return 'Choose another directory, or repair this one, and run the command again.';
  }
}

function codeFor(errno: string): ErrorCode {
  if (FULL.has(errno)) return 'DISK_FULL';
  if (DENIED.has(errno)) return 'PERMISSION_DENIED';
  return 'INSTALL_FAILED';
}
