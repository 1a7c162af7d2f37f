import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from '../disk/errno.ts';

/** A running process, as Linux tells of it. */
export interface RunningProcess {
  readonly pid: number;
  /** Its directory below `/proc`. */
  readonly dir: string;
  /** Absolute path of its executable; the file itself may be gone. */
  readonly executable: string;
}

/**
 * What `look` makes of each process on this machine. Left out are those of which it makes nothing, and
 * those that have ended, are the kernel's own, or are hidden from this user.
 */
export async function lookAtProcesses<T>(
  look: (running: RunningProcess) => T | undefined | Promise<T | undefined>,
): Promise<readonly T[]> {
  const ids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    ids.map(async (id) => {
      const dir = join('/proc', id);
      try {
        const executable = (await readlink(join(dir, 'exe'))).replace(/ \(deleted\)$/, '');
        return await look({ pid: Number(id), dir, executable });
      } catch (error) {
        if (isErrno(error, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM')) return undefined;
        throw error;
      }
    }),
  );
  return found.filter((each) => each !== undefined);
}

/**
 * The executables of the processes on this machine, as absolute paths; null where the platform has
 * no way to ask without other programs. Processes of other users may be hidden from this one.
 * @param platform Node's `process.platform`
 */
export async function runningExecutables(platform: string): Promise<readonly string[] | null> {
  return platform === 'linux' ? await lookAtProcesses(({ executable }) => executable) : null;
}
