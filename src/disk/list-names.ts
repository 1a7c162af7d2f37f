import { access, constants, readdir } from 'node:fs/promises';
import { diskError } from './disk-error.ts';
import { isErrno } from './errno.ts';

/**
 * The names in a directory of the home; none where there is none. One that may not be read is not
 * taken for empty: what is in it would be forgotten, or brought again.
 * @throws CodexRuntimeError `PERMISSION_DENIED`, `INSTALL_FAILED`
 */
export async function listNames(dir: string): Promise<readonly string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return [];
    throw diskError(error, 'read the directory', dir, 'home');
  }
}

/**
 * Refuses a directory of the home that is there and may not be looked into.
 * @throws CodexRuntimeError `PERMISSION_DENIED`
 */
export async function verifyReadable(dir: string): Promise<void> {
  try {
    await access(dir, constants.R_OK | constants.X_OK);
  } catch (error) {
    if (isErrno(error, 'EACCES', 'EPERM')) throw diskError(error, 'read the store', dir, 'home');
  }
}
