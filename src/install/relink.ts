import { lstat, readlink, symlink } from 'node:fs/promises';
import { basename, dirname, relative, resolve } from 'node:path';
import { isErrno } from '../disk/errno.ts';
import { movePath } from '../disk/until-unblocked.ts';

/** Whether `path` is a link to `target`, wherever that leads. */
export async function isLinkTo(target: string, path: string): Promise<boolean> {
  const text = await readlink(path).catch(() => undefined);
  return text !== undefined && resolve(dirname(path), text) === target;
}

/** What {@link relink} calls a new link before it takes its place at `path`. */
export function freshLink(path: string, aside: string): string {
  return `${aside}.${basename(path)}.link`;
}

/**
 * Makes `path` a link to `target`, which may be missing. A link or a file is replaced by one rename;
 * a directory cannot be, and is moved aside first. Throws the native error.
 * @param aside prefix of the temporary names of the new link and of such a directory; the caller
 * removes what is left under it
 */
export async function relink(target: string, path: string, aside: string): Promise<void> {
  if (await isLinkTo(target, path)) return;
  const fresh = freshLink(path, aside);
  // A junction, which is what Windows lets everybody make, has an absolute target.
  const text = process.platform === 'win32' ? target : relative(dirname(path), target);
  await symlink(text, fresh, 'junction');
  try {
    await movePath(fresh, path);
  } catch (error) {
    if (!isErrno(error, 'EISDIR', 'EPERM', 'EACCES', 'EEXIST') || (await isFile(path))) throw error;
    await movePath(path, `${aside}.${basename(path)}.replaced`);
    await movePath(fresh, path);
  }
}

async function isFile(path: string): Promise<boolean> {
  return await lstat(path).then(
    (stats) => stats.isFile(),
    () => true,
  );
}
