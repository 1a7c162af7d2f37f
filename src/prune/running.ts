import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from '../disk/errno.ts';

/**
 * The executables of the processes on this machine, as absolute paths; null where the platform has
 * no way to ask without other programs. Processes of other users may be hidden from this one.
 * @param platform Node's `process.platform`
 */
export async function runningExecutables(platform: string): Promise<readonly string[] | null> {
  if (platform !== 'linux') return null;
  const ids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const paths = await Promise.all(ids.map((id) => executableOf(join('/proc', id, 'exe'))));
  return paths.filter((path) => path !== undefined);
}

async function executableOf(link: string): Promise<string | undefined> {
  try {
    return (await readlink(link)).replace(/ \(deleted\)$/, '');
  } catch (error) {
    // It has ended, is the kernel's own, or belongs to somebody else.
    if (isErrno(error, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM')) return undefined;
    throw error;
  }
}
