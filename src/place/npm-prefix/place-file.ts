import { chmod, constants, copyFile, link, lutimes, stat } from 'node:fs/promises';
import { errnoOf, isErrno } from '../../disk/errno.ts';
import { syncFile } from '../../disk/sync-file.ts';
import { removeFile } from '../../disk/until-unblocked.ts';

/** How a file of the store gets into a package. */
type Means = 'reflink' | 'hardlink' | 'copy';

/**
 * Places files by the cheapest means that the file systems allow: a reflink shares blocks and
 * nothing else, a hardlink shares the inode (the store's seal shows a write through it), a copy
 * shares nothing. What does not work once is not tried again.
 */
export class FilePlacer {
  #means: readonly Means[] = ['reflink', 'hardlink', 'copy'];
  #first: Promise<void> | undefined;

  /** Puts `from` at `to`, which must not exist. Throws the native error. */
  async place(from: string, to: string, mode: number): Promise<void> {
    if (this.#first === undefined) {
      this.#first = this.#place(from, to, mode);
      return this.#first;
    }
    // Of files that are placed at once the first finds out for all what works here.
    await this.#first.catch(() => undefined);
    await this.#place(from, to, mode);
  }

  async #place(from: string, to: string, mode: number): Promise<void> {
    for (const means of this.#means) {
      try {
        await PLACE[means](from, to, mode);
        this.#means = this.#means.slice(this.#means.indexOf(means));
        return;
      } catch (error) {
        // However a cheaper means failed, a dearer one may work; only the last one's failure counts.
        if (means === 'copy' || errnoOf(error) === undefined || isErrno(error, 'EEXIST'))
          throw error;
        // The attempt may have left an empty file in the way of the next.
        await removeFile(to);
      }
    }
  }
}

const PLACE: Record<Means, (from: string, to: string, mode: number) => Promise<void>> = {
  reflink: async (from, to, mode) => {
    await copyFile(from, to, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL);
    await settle(from, to, mode);
  },
  hardlink: (from, to) => link(from, to),
  copy: async (from, to, mode) => {
    await copyFile(from, to, constants.COPYFILE_EXCL);
    await settle(from, to, mode);
    await syncFile(to);
  },
};

/** A copy gets the mode of policy and the time of its original, which is the store's seal. */
async function settle(from: string, to: string, mode: number): Promise<void> {
  await chmod(to, mode);
  const { atime, mtime } = await stat(from);
  await lutimes(to, atime, mtime);
}
