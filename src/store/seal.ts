import { chmod, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { throwIfAborted } from '../abort.ts';
import { errnoOf } from '../disk/errno.ts';
import { hashFile } from '../disk/hash-file.ts';
import type { RuntimeFile } from '../extract/index.ts';
import { createInspector, type Damage, SEAL_SECONDS } from './inspect-file.ts';
import type { RuntimeDescription } from './manifest.ts';

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

/**
 * What is wrong with the files, each of which is hashed; empty when every byte is what was verified
 * at download. A file that was only touched is whole, and is sealed again.
 */
export async function findDamages(
  root: string,
  files: readonly RuntimeFile[],
  signal?: AbortSignal,
): Promise<readonly Damage[]> {
  const damages: Damage[] = [];
  const inspect = createInspector(root);
  for (const file of files) {
    throwIfAborted(signal);
    const damage = await findDamage(root, file, { seen: inspect(file), signal });
    if (damage !== undefined) damages.push(damage);
  }
  return damages;
}

/** @param look what a cheap look found */
async function findDamage(
  root: string,
  file: RuntimeFile,
  { seen, signal }: { readonly seen: Damage | undefined; readonly signal: AbortSignal | undefined },
): Promise<Damage | undefined> {
  if (seen !== undefined && seen.kind !== 'touched' && seen.kind !== 'mode') return seen;
  const path = join(root, file.path);
  const read = await readDigest(path, signal);
  if ('errno' in read) return { path: file.path, kind: 'unreadable', actual: read.errno };
  if (read.sha256 !== file.sha256) {
    return { path: file.path, kind: 'digest', expected: file.sha256, actual: read.sha256 };
  }
  return seen === undefined || (await repair(path, file)) || seen.kind === 'touched'
    ? undefined
    : seen;
}

/** Gives a file of the right bytes its mode and seal back, where this process may. */
async function repair(path: string, { mode }: RuntimeFile): Promise<boolean> {
  try {
    await chmod(path, mode);
    await utimes(path, SEAL_SECONDS, SEAL_SECONDS);
    return true;
  } catch (error) {
    // Whatever the reason: the bytes are right, and are hashed again next time.
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

async function readDigest(
  path: string,
  signal: AbortSignal | undefined,
): Promise<{ sha256: string } | { errno: string }> {
  try {
    return { sha256: (await hashFile(path, ['sha256'], signal)).sha256.toString('hex') };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return { errno };
  }
}

/** Whether a runtime or package under `root` is whole: the cheap look, and hashing where that is unsure. */
export async function isWhole(
  root: string,
  description: RuntimeDescription,
  signal?: AbortSignal,
): Promise<boolean> {
  const files = describedFiles(description);
  const damages = files.map(createInspector(root)).filter((damage) => damage !== undefined);
  if (damages.length === 0) return true;
  if (damages.some(({ kind }) => kind !== 'touched' && kind !== 'mode')) return false;
  const unsure = new Set(damages.map(({ path }) => path));
  const doubted = files.filter(({ path }) => unsure.has(path));
  return (await findDamages(root, doubted, signal)).length === 0;
}
