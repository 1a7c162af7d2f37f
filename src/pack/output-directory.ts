import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { diskError } from '../disk/disk-error.ts';
import { ignoreMissing, isErrno } from '../disk/errno.ts';
import { CodexRuntimeError } from '../errors.ts';
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
 * nothing else. What a killed run left is removed.
 * @param companions names that an earlier pack may have besides those in its manifest
 * @throws CodexRuntimeError `PREFIX_INVALID` when other files are there; the disk's own failures
 */
export async function openOutputDirectory(
  path: string,
  companions: (name: string) => boolean,
): Promise<OutputDirectory> {
  const out = resolve(path);
  await checkReplaceable(out, companions);
  // Beside it, so that putting it in place is a rename on one file system.
  const work = join(dirname(out), `.${basename(out)}.packing`);
  const previous = join(dirname(out), `.${basename(out)}.previous`);
  try {
    await rm(work, { recursive: true, force: true });
    await mkdir(work, { recursive: true });
  } catch (error) {
    throw diskError(error, 'make the output directory', work);
  }
  return {
    work,
    async publish() {
      try {
        await rm(previous, { recursive: true, force: true });
        await rename(out, previous).catch(ignoreMissing);
        await rename(work, out);
        await rm(previous, { recursive: true, force: true });
      } catch (error) {
        throw diskError(error, 'put the packages in place', out);
      }
    },
    async discard() {
      await rm(work, { recursive: true, force: true });
    },
  };
}

async function checkReplaceable(out: string, companions: (name: string) => boolean) {
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
