import { randomUUID } from 'node:crypto';
import { readdir, readFile, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { diskError } from '../disk/disk-error.ts';
import { ignoreMissing, isErrno } from '../disk/errno.ts';
import { exists } from '../disk/exists.ts';
import { makeDirectory } from '../disk/make-directory.ts';
import { movePath, removeTree } from '../disk/until-unblocked.ts';
import { verifyWritable } from '../disk/verify-writable.ts';
import { CodexRuntimeError } from '../errors.ts';
import { isProcessGone, PROCESS_SPACE_ID } from '../process-space.ts';
import { workOnce } from '../store/index.ts';
import { PACK_MANIFEST, parsePackManifest } from './pack-manifest.ts';

/** Where a release appears, whole or not at all. */
export interface OutputDirectory {
  /** Where its files are written before they count. */
  readonly work: string;
  /** Puts the written files in place of what was there. */
  publish(): Promise<void>;
  /** Removes what was written, after a failure. */
  discard(): Promise<void>;
}

/**
 * Prepares the output directory of a release: it must be missing, empty, or hold an earlier pack and
 * nothing else. What a killed run left is removed, or put back where it had taken it away. Of two
 * packs into one directory the later one stays, whole.
 * @param companions names that an earlier pack may have besides those in its manifest
 * @throws CodexRuntimeError `PREFIX_INVALID` when other files are there; the disk's own failures
 */
export async function openOutputDirectory(
  path: string,
  companions: (name: string) => boolean,
): Promise<OutputDirectory> {
  const out = await realOf(path);
  await clearKilledPacks(out);
  await verifyReplaceable(out, companions);
  // Beside it, so that putting it in place is a rename on one file system.
  const work = ownedName(out, 'packing');
  const previous = ownedName(out, 'previous');
  try {
    await makeDirectory(work);
  } catch (error) {
    throw diskError(error, 'make the output directory', work);
  }
  const replace = async () => {
    // A pack takes a while: who has put other files there meanwhile keeps them.
    await verifyReplaceable(out, companions);
    await movePath(out, previous).catch(ignoreMissing);
    try {
      await movePath(work, out);
    } catch (error) {
      await movePath(previous, out).catch(ignoreMissing);
      throw error;
    }
    await removeTree(previous);
  };
  return {
    work,
    async publish() {
      try {
        await workOnce({ path: hiddenName(out), work: replace });
      } catch (error) {
        throw diskError(error, 'put the packages in place', out);
      }
    },
    async discard() {
      await removeTree(work);
    },
  };
}

/** Beside `out`, and hidden. */
function hiddenName(out: string): string {
  return join(dirname(out), `.${basename(out)}`);
}

/** A name that no other pack has, and that says who made it. */
function ownedName(out: string, role: 'packing' | 'previous'): string {
  return `${hiddenName(out)}.${role}-${PROCESS_SPACE_ID}-${process.pid}-${randomUUID()}`;
}

/**
 * Refuses a directory that {@link openOutputDirectory} would refuse, before what goes into it is
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
    throw diskError(error, 'make the output directory', out);
  }
}

/** Where a link leads: a rename would take the link's own place. */
async function realOf(path: string): Promise<string> {
  return await realpath(path).catch(() => resolve(path));
}

async function clearKilledPacks(out: string): Promise<void> {
  const hidden = basename(hiddenName(out));
  const parent = dirname(out);
  for (const name of await readdir(parent).catch(() => [])) {
    const owned = /\.(packing|previous)-([0-9a-f]{8})-(\d+)-[0-9a-f-]{36}$/.exec(name);
    if (owned === null || name.slice(0, owned.index) !== hidden) continue;
    const [, role, space, pid] = owned;
    if (space !== PROCESS_SPACE_ID || !isProcessGone(Number(pid))) continue;
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
    `The output directory ${out} holds ${other}, which no pack put there.`,
    { hint: 'Name an empty or new directory with --out.', fields: { path: out, file: other } },
  );
}
