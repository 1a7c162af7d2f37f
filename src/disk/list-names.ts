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
 * Refuses a directory that is there and may not be looked into, before what it holds counts as absent.
 * @throws CodexRuntimeError `PERMISSION_DENIED`
 */
export async function verifyReadable(dir: string, named: 'home' | 'prefix'): Promise<void> {
  try {
    await access(dir, constants.R_OK | constants.X_OK);
  } catch (error) {
    if (isErrno(error, 'EACCES', 'EPERM')) {
      throw diskError(error, named === 'home' ? 'read the store' : 'read the prefix', dir, named);
    }
  }
}
