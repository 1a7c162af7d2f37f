import { constants } from 'node:os';

/**
 * The name of what the operating system refused: `ENOENT`. Undefined for every other error, such as
 * Node's own `ERR_INVALID_ARG_TYPE`: that is a bug of ours, whatever call it came from.
 */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  // libuv has no name for a reached quota: Node calls it "Unknown system error -122".
  if ('errno' in error && error.errno === -constants.errno.EDQUOT) return 'EDQUOT';
  return typeof error.code === 'string' && !error.code.startsWith('ERR_') ? error.code : undefined;
}

/** Whether `error` carries one of these names. */
export function isErrno(error: unknown, ...names: readonly string[]): boolean {
  const errno = errnoOf(error);
  return errno !== undefined && names.includes(errno);
}

/** For `catch`: what is not there needs no work; everything else is thrown again. */
export function ignoreMissing(error: unknown): undefined {
  if (!isErrno(error, 'ENOENT')) throw error;
}
