import { accessSync, constants, lstatSync, type Stats } from 'node:fs';
import { join, sep } from 'node:path';
import { errnoOf, isErrno } from '../disk/errno.ts';
import type { RuntimeFile } from '../extract/index.ts';

/**
 * The modification time of every sealed file, in seconds. Prefixes share inodes with the store, so
 * a write through any of them moves the time: a stat tells sealed bytes from touched ones without
 * hashing 300 MB. The value is npm's own for packed files.
 */
export const SEAL_SECONDS = Date.UTC(1985, 9, 26, 8, 15) / 1000;

/** What is wrong with one file of a runtime. */
export interface Damage {
  /** Relative to the runtime's root. */
  readonly path: string;
  readonly kind: 'missing' | 'not-a-file' | 'unreadable' | 'size' | 'digest' | 'mode' | 'touched';
  readonly expected?: string;
  readonly actual?: string;
}

/**
 * A cheap look at one file after another of `root`: kind, size, mode and seal, without reading. A
 * file below a link to a directory is somebody else's, and none of `root`, whatever it holds.
 */
export function createInspector(root: string): (file: RuntimeFile) => Damage | undefined {
  const ownDirectories = new Set<string>();
  const isBelowLink = (path: string): boolean => {
    for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', end + 1)) {
      const directory = path.slice(0, end);
      if (ownDirectories.has(directory)) continue;
      const stats = statOf(`${root}${sep}${directory}`);
      if (stats !== undefined && !('errno' in stats) && stats.isSymbolicLink()) return true;
      ownDirectories.add(directory);
    }
    return false;
  };
  return (file) =>
    isBelowLink(file.path) ? { path: file.path, kind: 'not-a-file' } : inspectFile(root, file);
}

/** Synchronous: some fifty stats at the start of a run gain nothing from the thread pool. */
function inspectFile(root: string, file: RuntimeFile): Damage | undefined {
  const path = file.path;
  // Not join(), which takes longer than the look.
  const stats = statOf(`${root}${sep}${path}`);
  if (stats === undefined) return { path, kind: 'missing' };
  if ('errno' in stats) return { path, kind: 'unreadable', actual: stats.errno };
  if (!stats.isFile()) return { path, kind: 'not-a-file' };
  if (stats.size !== file.size) {
    return { path, kind: 'size', expected: String(file.size), actual: String(stats.size) };
  }
  const mode = stats.mode & 0o7777;
  // Windows has no execute bits to compare.
  if (
    process.platform !== 'win32' &&
    mode !== file.mode &&
    !isUsable(join(root, path), mode, file)
  ) {
    return { path, kind: 'mode', expected: file.mode.toString(8), actual: mode.toString(8) };
  }
  return isSealed(stats) ? undefined : { path, kind: 'touched' };
}

/** Whether nothing has written to a file since it was sealed. */
export function isSealed({ mtimeMs }: Stats): boolean {
  return Math.trunc(mtimeMs / 1000) === SEAL_SECONDS;
}

/**
 * Whether a file serves although its mode is not the one it was given: it has lost rights, as in a store
 * that was made read-only, and can still be read and run. One that others than its owner may write to
 * has gained rights, and does not serve.
 */
function isUsable(path: string, mode: number, file: RuntimeFile): boolean {
  if ((mode & ~file.mode) !== 0) return false;
  const isProgram = (file.mode & 0o111) !== 0;
  try {
    accessSync(path, isProgram ? constants.R_OK | constants.X_OK : constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/** Undefined where nothing is: `throwIfNoEntry` is not asked when a parent is a file. */
function statOf(path: string): Stats | { readonly errno: string } | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (isErrno(error, 'ENOTDIR')) return undefined;
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return { errno };
  }
}
