import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from '../disk/errno.ts';

/** What a directory tree costs. */
export interface TreeSize {
  /** Bytes that go when it is removed: those of files that have no other name. */
  readonly own: number;
  /** Whether one of its files has another name elsewhere, as in a prefix that hardlinks it. */
  readonly linked: boolean;
}

/** Measures a tree; what disappears meanwhile costs nothing. */
export async function treeSize(path: string): Promise<TreeSize> {
  const stats = await lstat(path).catch(ifMissing);
  if (stats === undefined) return { own: 0, linked: false };
  if (!stats.isDirectory()) {
    const linked = stats.nlink > 1;
    return { own: linked ? 0 : stats.size, linked };
  }
  const names = (await readdir(path).catch(ifMissing)) ?? [];
  const sizes = await Promise.all(names.map((name) => treeSize(join(path, name))));
  return {
    own: sizes.reduce((sum, { own }) => sum + own, 0),
    linked: sizes.some(({ linked }) => linked),
  };
}

function ifMissing(error: unknown): undefined {
  if (!isErrno(error, 'ENOENT', 'ENOTDIR')) throw error;
}
