import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname, sep } from 'node:path';
import { isErrno } from './errno.ts';

/**
 * Asks whether something could be put into the directory `path`, or that be made where it is
 * missing; makes nothing itself, so that whoever fails later leaves no trace. A full disk, and
 * refusals of special file systems, show only with the attempt. Throws the native error.
 */
export async function verifyWritable(path: string): Promise<void> {
  try {
    // The dot asks for a directory: a file in its place answers ENOTDIR.
    await access(`${path}${sep}.`, constants.W_OK | constants.X_OK);
  } catch (error) {
    if (!isErrno(error, 'ENOENT') || dirname(path) === path) throw error;
    await verifyWritable(dirname(path));
  }
}
