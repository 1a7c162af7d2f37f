import { realpath as walk } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { promisify } from 'node:util';
import { isErrno } from './errno.ts';

/**
 * The path without links. Windows cannot tell it for RAM disks and some virtual drives (EISDIR);
 * there Node's own walk from link to link does. Throws the native error.
 */
export async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) throw error;
    return await promisify(walk)(path);
  }
}
