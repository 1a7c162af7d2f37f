import { lstat, readlink, symlink } from 'node:fs/promises';
import { basename, dirname, relative, resolve } from 'node:path';
import { isErrno } from '../disk/errno.ts';
import { putAside } from '../disk/put-aside.ts';
import { isSamePath } from '../disk/same-path.ts';
import { movePath } from '../disk/until-unblocked.ts';

/** Whether `path` is a link to `target`, wherever that leads. */
async function isLinkTo(target: string, path: string): Promise<boolean> {
  const text = await readlink(path).catch(() => undefined);
  return text !== undefined && isSamePath(resolve(dirname(path), text), target);
}

/** What {@link makeLink} calls a new link before it takes its place at `path`. */
export function freshLink(path: string, aside: string): string {
  return `${aside}.${basename(path)}.link`;
}

/** Ends the name of what {@link switchTo} has moved out of the way. */
export const MOVED_ASIDE = '.replaced';

/** How the name ends of what was at `path`. */
export function movedAside(path: string): string {
  return `.${basename(path)}${MOVED_ASIDE}`;
}

/**
 * Makes the link that will take its place at `path` and lead to `target`, which may be missing.
 * Throws the native error.
 * @returns its path for now
 */
export async function makeLink(target: string, path: string, aside: string): Promise<string> {
  const fresh = freshLink(path, aside);
  // A junction, which is what Windows lets everybody make, has an absolute target.
  const text = process.platform === 'win32' ? target : relative(dirname(path), target);
  await symlink(text, fresh, 'junction');
  return fresh;
}

/**
 * Puts the link or directory `fresh` in the place of what is at `path`. A link replaces a link or a
 * file by one rename, except on Windows. Everything else takes two: what is there is moved aside
 * first, and until the second rename nothing is at `path`. Throws the native error.
 * @param aside prefix of the name of what is moved aside; the caller removes what is left under it
 */
export async function switchTo(fresh: string, path: string, aside: string): Promise<void> {
  const there = await lstat(path).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (there === undefined || (await isReplacedAtOnce(fresh, there.isDirectory()))) {
    return await movePath(fresh, path);
  }
  const old = `${aside}${movedAside(path)}`;
  await putAside(path, old, { first: 'runtime.json' });
  try {
    await movePath(fresh, path);
  } catch (error) {
    await movePath(old, path).catch(() => undefined);
    throw error;
  }
}

async function isReplacedAtOnce(fresh: string, isDirectory: boolean): Promise<boolean> {
  if (isDirectory || process.platform === 'win32') return false;
  return (await lstat(fresh)).isSymbolicLink();
}

/** Makes `path` a link to `target`; see {@link makeLink} and {@link switchTo}. */
export async function relink(target: string, path: string, aside: string): Promise<void> {
  if (await isLinkTo(target, path)) return;
  await switchTo(await makeLink(target, path, aside), path, aside);
}
