import { diskError } from '../disk/disk-error.ts';
import { isErrno } from '../disk/errno.ts';
import { CodexRuntimeError } from '../errors.ts';
import type { PrefixLayout } from './layout.ts';

/** Why there can be no prefix: something else is in its place, or the disk refuses. */
export function prefixError(error: unknown, { prefix }: PrefixLayout): CodexRuntimeError {
  if (!isErrno(error, 'ENOTDIR', 'EEXIST'))
    return diskError(error, 'make the prefix', prefix, 'prefix');
  return new CodexRuntimeError('PREFIX_INVALID', `The prefix ${prefix} is not a directory.`, {
    hint: 'Name a directory with --prefix; it is made when it is missing.',
    cause: error,
    fields: { prefix },
  });
}
