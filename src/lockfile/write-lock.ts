import { realpath } from 'node:fs/promises';
import { diskError } from '../disk/disk-error.ts';
import { replaceFile } from '../disk/replace-file.ts';
import { formatLock } from './format.ts';
import type { Lock } from './lock.ts';

/**
 * Replaces a lockfile in one step; one that says the same already is left alone.
 * @returns whether it changed
 * @throws CodexRuntimeError `PERMISSION_DENIED`, `DISK_FULL`, `INSTALL_FAILED`
 */
export async function writeLock(path: string, lock: Lock): Promise<boolean> {
  const text = formatLock(lock);
  // A link keeps leading to the file that it names.
  const file = await realpath(path).catch(() => path);
  try {
    return await replaceFile(file, text);
  } catch (error) {
    throw diskError(error, 'write the lockfile', path, 'lockfile');
  }
}
