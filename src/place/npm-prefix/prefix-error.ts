import { diskError } from '../../disk/disk-error.ts';
import { isErrno } from '../../disk/errno.ts';
import { statOf } from '../../disk/others.ts';
import { CodexRuntimeError } from '../../errors.ts';
import type { PrefixLayout } from './layout.ts';

/** Why there can be no prefix: something else is in its place, or the disk refuses. */
export function prefixError(
  error: unknown,
  { prefix, modules, bin }: PrefixLayout,
): CodexRuntimeError {
  if (!isErrno(error, 'ENOTDIR', 'EEXIST'))
    return diskError(error, 'make the prefix', prefix, 'prefix');
  const inTheWay = [prefix, modules, bin].find((path) => statOf(path)?.isDirectory() === false);
  const isPrefix = inTheWay === undefined || inTheWay === prefix;
  return new CodexRuntimeError(
    'PREFIX_INVALID',
    isPrefix
      ? `The prefix ${prefix} is not a directory.`
      : `${inTheWay} is not a directory, and the package needs one.`,
    {
      hint: isPrefix
        ? 'Name a directory with --prefix; it is made when it is missing.'
        : 'Move it away, or name another directory with --prefix.',
      cause: error,
      fields: { prefix },
    },
  );
}
