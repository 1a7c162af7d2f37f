import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { diskError } from '../../disk/disk-error.ts';
import { ignoreMissing, isErrno } from '../../disk/errno.ts';
import { exists } from '../../disk/exists.ts';
import { makeDirectory } from '../../disk/make-directory.ts';
import { putAside } from '../../disk/put-aside.ts';
import { realPath } from '../../disk/real-path.ts';
import { movePath, removeTree } from '../../disk/until-unblocked.ts';
import { verifyWritable } from '../../disk/verify-writable.ts';
import { CodexRuntimeError } from '../../errors.ts';
import { type Hold, type HoldWait, workOnce } from '../../store/index.ts';
import { PACK_MANIFEST, parsePackManifest } from './pack-manifest.ts';

/**
 * Lets `write` fill a directory that then takes the place of `path`, whole or not at all. `path` must be
 * missing, empty, or hold an earlier pack and nothing else. Packs into one directory go one after the
 * other, so that what lies beside it is a killed run's: it is removed, or put back where that run had
 * taken it away.
 * @param companions names that an earlier pack may have besides those in its manifest
 * @throws CodexRuntimeError `PREFIX_INVALID` when other files are there; what `write` throws; the
 * disk's own failures
 */
export async function writeOutputDirectory<T>(
  path: string,
  companions: (name: string) => boolean,
  write: (work: string) => Promise<T>,
  wait: HoldWait,
): Promise<T> {
  const out = await realOf(path);
  const work = async (hold: Hold) => {
    await clearKilledPacks(out, hold);
    await verifyReplaceable(out, companions);
    // Beside it, so that putting it in place is a rename on one file system.
    const fresh = freshName(out, 'packing');
    try {
      await makeDirectory(fresh);
      const written = await write(fresh);
      // A pack takes a while: files that were put there meanwhile stay.
      await verifyReplaceable(out, companions);
      await hold.verifyHeld();
      await replace(out, fresh);
      return written;
    } catch (error) {
      await removeTree(fresh);
      throw diskError(error, 'write the packages', out, 'out');
    }
  };
  return await workOnce({ path: hiddenName(out), named: 'out', work, ...wait });
}

async function replace(out: string, fresh: string): Promise<void> {
  const previous = freshName(out, 'previous');
  // The manifest last: as long as it is there, the directory counts as a pack of ours.
  await putAside(out, previous, { last: PACK_MANIFEST }).catch(ignoreMissing);
  try {
    await movePath(fresh, out);
  } catch (error) {
    await movePath(previous, out).catch(ignoreMissing);
    throw error;
  }
  await removeTree(previous);
}

/** Beside `out`, and hidden. */
function hiddenName(out: string): string {
  return join(dirname(out), `.${basename(out)}`);
}

function freshName(out: string, role: 'packing' | 'previous'): string {
  return `${hiddenName(out)}.${role}-${randomUUID()}`;
}

/**
 * Refuses a directory that {@link writeOutputDirectory} would refuse, before what goes into it is
 * fetched; makes and removes nothing.
 * @throws CodexRuntimeError `PREFIX_INVALID` when other files are there; the disk's own failures
 */
export async function verifyOutputDirectory(
  path: string,
  companions: (name: string) => boolean,
): Promise<void> {
  const out = await realOf(path);
  await verifyReplaceable(out, companions);
  try {
    await verifyWritable(dirname(out));
  } catch (error) {
    throw diskError(error, 'make the output directory', out, 'out');
  }
}

/** Where a link leads: a rename would take the link's own place. */
async function realOf(path: string): Promise<string> {
  return await realPath(path).catch(() => resolve(path));
}

async function clearKilledPacks(out: string, hold: Hold): Promise<void> {
  const hidden = basename(hiddenName(out));
  const parent = dirname(out);
  const names = await readdir(parent).catch(() => []);
  await hold.verifyHeld();
  for (const name of names) {
    const left = /\.(packing|previous)-([0-9a-f]{8}-\d+-)?[0-9a-f-]{36}$/.exec(name);
    if (left === null || name.slice(0, left.index) !== hidden) continue;
    const [, role] = left;
    const path = join(parent, name);
    try {
      // It was killed between taking the old release away and putting the new one in place.
      if (role === 'previous' && !(await exists(out))) await movePath(path, out);
      else await removeTree(path);
    } catch (error) {
      throw diskError(error, 'clear what a killed pack left', path);
    }
  }
}

async function verifyReplaceable(out: string, companions: (name: string) => boolean) {
  const names = await readdir(out).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return [];
    if (isErrno(error, 'ENOTDIR')) throw occupied(out, basename(out));
    throw diskError(error, 'read', out);
  });
  if (names.length === 0) return;
  const packed = await packedNames(out);
  const other = names.find((name) => !packed.has(name) && !(packed.size > 0 && companions(name)));
  if (other !== undefined) throw occupied(out, other);
}

/** What an earlier pack put there; nothing where there was none. */
async function packedNames(out: string): Promise<ReadonlySet<string>> {
  const path = join(out, PACK_MANIFEST);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return null;
    throw diskError(error, 'read', path);
  });
  if (text === null) return new Set();
  const { files } = parsePackManifest(text, path);
  return new Set([PACK_MANIFEST, ...files.map((file) => file.path)]);
}

function occupied(out: string, other: string): CodexRuntimeError {
  return new CodexRuntimeError(
    'PREFIX_INVALID',
    `The output directory ${out} contains ${other}, which "codex-runtime pack" did not write.`,
    { hint: 'Use --out to name an empty or new directory.', fields: { path: out, file: other } },
  );
}
