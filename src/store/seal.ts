import { createHash } from 'node:crypto';
import { createReadStream, lstatSync, type Stats } from 'node:fs';
import { chmod, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { throwIfAborted } from '../abort.ts';
import { errnoOf, isErrno } from '../disk/errno.ts';
import type { RuntimeFile } from '../extract/index.ts';
import type { RuntimeDescription } from './manifest.ts';

/**
 * The modification time of every sealed file, in seconds. Prefixes share inodes with the store, so
 * a write through any of them moves the time: a stat tells sealed bytes from touched ones without
 * hashing 300 MB. The value is npm's own for packed files.
 */
const SEAL_SECONDS = Date.UTC(1985, 9, 26, 8, 15) / 1000;

/** What is wrong with one file of a runtime. */
export interface Damage {
  /** Relative to the runtime's root. */
  readonly path: string;
  readonly kind: 'missing' | 'not-a-file' | 'unreadable' | 'size' | 'digest' | 'mode' | 'touched';
  readonly expected?: string;
  readonly actual?: string;
}

/** Every file that a description vouches for, in the store or in a package. */
export function describedFiles({
  files,
  packageFiles = [],
}: RuntimeDescription): readonly RuntimeFile[] {
  return [...files, ...packageFiles];
}

/** Gives every file of `root` the sealed time. Throws the native error. */
export async function sealFiles(
  root: string,
  files: readonly Pick<RuntimeFile, 'path'>[],
): Promise<void> {
  for (const { path } of files) await utimes(join(root, path), SEAL_SECONDS, SEAL_SECONDS);
}

/** A cheap look: kind, size, mode and seal of every file, without reading one. Empty means whole. */
function inspectFiles(root: string, files: readonly RuntimeFile[]): readonly Damage[] {
  return files.map((file) => inspectFile(root, file)).filter((damage) => damage !== undefined);
}

/** Synchronous: some fifty stats at the start of a run gain nothing from the thread pool. */
function inspectFile(root: string, file: RuntimeFile): Damage | undefined {
  const path = file.path;
  const stats = look(join(root, path));
  if (stats === undefined) return { path, kind: 'missing' };
  if ('errno' in stats) return { path, kind: 'unreadable', actual: stats.errno };
  if (!stats.isFile()) return { path, kind: 'not-a-file' };
  if (stats.size !== file.size) {
    return { path, kind: 'size', expected: String(file.size), actual: String(stats.size) };
  }
  const mode = stats.mode & 0o7777;
  // Windows has no execute bits to compare.
  if (process.platform !== 'win32' && mode !== file.mode) {
    return { path, kind: 'mode', expected: file.mode.toString(8), actual: mode.toString(8) };
  }
  return Math.trunc(stats.mtimeMs / 1000) === SEAL_SECONDS ? undefined : { path, kind: 'touched' };
}

/** Undefined where nothing is: `throwIfNoEntry` is not asked when a parent is a file. */
function look(path: string): Stats | { readonly errno: string } | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (isErrno(error, 'ENOTDIR')) return undefined;
    return { errno: errnoOf(error) ?? 'unknown' };
  }
}

/**
 * Hashes every file. A file that is only touched is whole, and is sealed again.
 * Empty means that each byte is what was verified at download.
 */
export async function verifyFiles(
  root: string,
  files: readonly RuntimeFile[],
  signal?: AbortSignal,
): Promise<readonly Damage[]> {
  const damages: Damage[] = [];
  for (const file of files) {
    throwIfAborted(signal);
    const damage = await verifyFile(root, file);
    if (damage !== undefined) damages.push(damage);
  }
  return damages;
}

async function verifyFile(root: string, file: RuntimeFile): Promise<Damage | undefined> {
  const seen = inspectFile(root, file);
  if (seen !== undefined && seen.kind !== 'touched' && seen.kind !== 'mode') return seen;
  const path = join(root, file.path);
  const read = await readDigest(path);
  if ('errno' in read) return { path: file.path, kind: 'unreadable', actual: read.errno };
  if (read.sha256 !== file.sha256) {
    return { path: file.path, kind: 'digest', expected: file.sha256, actual: read.sha256 };
  }
  return seen === undefined || (await mend(path, file)) || seen.kind === 'touched'
    ? undefined
    : seen;
}

/** Gives a file of the right bytes its mode and seal back; a store of somebody else's stays as it is. */
async function mend(path: string, { mode }: RuntimeFile): Promise<boolean> {
  try {
    await chmod(path, mode);
    await utimes(path, SEAL_SECONDS, SEAL_SECONDS);
    return true;
  } catch (error) {
    if (isErrno(error, 'EPERM', 'EACCES', 'EROFS')) return false;
    throw error;
  }
}

async function readDigest(path: string): Promise<{ sha256: string } | { errno: string }> {
  try {
    return { sha256: await sha256File(path) };
  } catch (error) {
    return { errno: errnoOf(error) ?? 'unknown' };
  }
}

/** SHA-256 of a file in lower-case hexadecimal. Throws the native error. */
async function sha256File(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk);
  return hash.digest('hex');
}

/** Whether a runtime or package under `root` is whole: the cheap look, and hashing where that is unsure. */
export async function isWhole(root: string, description: RuntimeDescription): Promise<boolean> {
  const files = describedFiles(description);
  const damages = inspectFiles(root, files);
  if (damages.length === 0) return true;
  if (damages.some(({ kind }) => kind !== 'touched' && kind !== 'mode')) return false;
  const unsure = new Set(damages.map(({ path }) => path));
  return (
    (
      await verifyFiles(
        root,
        files.filter(({ path }) => unsure.has(path)),
      )
    ).length === 0
  );
}
