import { realpathSync } from 'node:fs';
import { isErrno } from './errno.ts';

/**
 * The path without links. Windows cannot tell it for RAM disks and some virtual drives (EISDIR);
 * there Node's own walk from link to link does. Synchronous inside, as one look costs less than the
 * thread pool and `fs/promises` take. Throws the native error.
 */
export async function realPath(path: string): Promise<string> {
  try {
    return realpathSync.native(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) throw error;
    return realpathSync(path);
  }
}
