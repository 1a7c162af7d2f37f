import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf, isErrno } from './errno.ts';

/**
 * Makes a directory and its parents where they are missing. Node's own `recursive` answers ENOENT
 * when the disk is full, a quota is reached, or the parent may not be written to; this throws the
 * native error that says so.
 */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    switch (errnoOf(error)) {
      case 'EEXIST':
        if ((await stat(path)).isDirectory()) return;
        throw error;
      case 'ENOENT':
        if (dirname(path) === path) throw error;
        await makeDirectory(dirname(path));
        await mkdir(path).catch((again: unknown) => {
          // Somebody else has made it meanwhile.
          if (!isErrno(again, 'EEXIST')) throw again;
        });
        return;
      default:
        // A directory of a file system that cannot be written to, or of somebody else's parent.
        if (await isDirectory(path)) return;
        throw error;
    }
  }
}

async function isDirectory(path: string): Promise<boolean> {
  return await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}
