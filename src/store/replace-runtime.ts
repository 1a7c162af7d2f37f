import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { diskError } from '../disk/disk-error.ts';
import { exists } from '../disk/exists.ts';
import { makeDirectory } from '../disk/make-directory.ts';
import { syncDirectory } from '../disk/sync-directory.ts';
import { movePath, removeTree, tryRemoveTree } from '../disk/until-unblocked.ts';
import type { Hold } from './hold.ts';
import { homeLayout, type RuntimeKey, runtimeDir, stagingPrefix } from './layout.ts';
import { loadManifest, MANIFEST_NAME } from './load-manifest.ts';
import type { RuntimeManifest } from './manifest.ts';
import { isWhole } from './seal.ts';

/** Ends the name of what a replacement has put aside. */
const ASIDE = '.replaced';

/**
 * Puts the runtime at `from` in the place of what is at `to`. A directory cannot be replaced by
 * another in one step. Where both hold the same files, as of one release they do, each is renamed
 * over its counterpart: a reader finds the runtime whole at any moment, also after a kill. Otherwise
 * the old one is moved aside before the new one is moved in: a reader in between waits for the lock,
 * and after a kill {@link restoreReplaced} brings the old one back. Throws the native error.
 * @param manifest describes `from`
 */
export async function replaceRuntime(
  from: string,
  to: string,
  manifest: RuntimeManifest,
): Promise<void> {
  if (await holdsSameFiles(to, manifest)) return await renameFiles(from, to, manifest);
  const aside = `${from}${ASIDE}`;
  const occupied = await exists(to);
  if (occupied) await movePath(to, aside);
  await movePath(from, to);
  if (occupied) await tryRemoveTree(aside);
}

/**
 * Brings back a runtime that a killed replacement had put aside, if nothing came in its place.
 * Returns whether it did.
 * @throws CodexRuntimeError the disk's own failures
 */
export async function restoreReplaced(
  home: string,
  name: Pick<RuntimeKey, 'version' | 'target'>,
  hold: Hold,
): Promise<boolean> {
  const { staging } = homeLayout(home);
  const entries = await readdir(staging).catch(() => []);
  let restored = false;
  for (const entry of entries) {
    if (!entry.startsWith(stagingPrefix(name)) || !entry.endsWith(ASIDE)) continue;
    const aside = join(staging, entry);
    const manifest = await loadManifest(aside);
    if (manifest === undefined || !(await isWhole(aside, manifest))) continue;
    const dir = runtimeDir(home, { ...name, variant: manifest.variant });
    if (await exists(dir)) continue;
    await hold.verifyHeld();
    try {
      await makeDirectory(dirname(dir));
      await movePath(aside, dir);
      await syncDirectory(dirname(dir));
    } catch (error) {
      throw diskError(error, `bring Codex ${name.version} back`, dir);
    }
    restored = true;
  }
  return restored;
}

/** Whether `dir` is a whole runtime of the same files, and holds nothing else. */
async function holdsSameFiles(dir: string, manifest: RuntimeManifest): Promise<boolean> {
  const present = await loadManifest(dir);
  if (present === undefined || !isDeepStrictEqual(present.files, manifest.files)) return false;
  if (!(await isWhole(dir, present))) return false;
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory());
  return files.length === manifest.files.length + 1;
}

async function renameFiles(from: string, to: string, { files }: RuntimeManifest): Promise<void> {
  // The manifest last: whatever it says of the origin, its files are there by then.
  const paths = [...files.map(({ path }) => path), MANIFEST_NAME];
  for (const path of paths) await movePath(join(from, path), join(to, path));
  const directories = new Set(paths.map((path) => dirname(join(to, path))));
  for (const directory of directories) await syncDirectory(directory);
  await removeTree(from);
}
