import { readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from './errno.ts';
import { movePath, removeTree, untilUnblocked } from './until-unblocked.ts';

/**
 * Takes a directory out of its place by a rename to `aside`, which the caller removes. overlayfs
 * answers EXDEV to the rename of a directory that an image layer brought: then it is taken apart where
 * it lies, and nothing comes to `aside`. That loses the one step, so no other failure leads to it.
 * Throws the native error.
 * @param order the name that goes first, so that what is half gone counts as absent, or last
 */
export async function putAside(
  path: string,
  aside: string,
  order: { readonly first: string } | { readonly last: string },
): Promise<void> {
  try {
    await movePath(path, aside);
  } catch (error) {
    if (!isErrno(error, 'EXDEV')) throw error;
    if ('first' in order) await removeTree(join(path, order.first));
    const names = await readdir(path);
    const last = 'last' in order ? order.last : undefined;
    for (const name of names) {
      if (name !== last) await removeTree(join(path, name));
    }
    if (last !== undefined) await removeTree(join(path, last));
    await untilUnblocked(() => rmdir(path));
  }
}
