import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { pause } from '../abort.ts';
import { errnoOf, isErrno } from '../disk/errno.ts';
import { exists } from '../disk/exists.ts';
import { makeDirectory } from '../disk/make-directory.ts';
import { putAside } from '../disk/put-aside.ts';
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
  if (occupied) await putAside(to, aside, { first: MANIFEST_NAME });
  await moveInto(from, to);
  if (occupied) await tryRemoveTree(aside);
}

/**
 * Brings back a runtime that a killed replacement had put aside, if nothing came in its place.
 * Returns whether it did.
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
    if (!isAsideOf(name, entry)) continue;
    const aside = join(staging, entry);
    const manifest = await loadManifest(aside);
    if (manifest === undefined || !(await isWhole(aside, manifest))) continue;
    const dir = runtimeDir(home, { ...name, variant: manifest.variant });
    if (await exists(dir)) continue;
    await hold.verifyHeld();
    try {
      await moveInto(aside, dir);
      await syncDirectory(dirname(dir));
    } catch (error) {
      // It saves a download where it works; overlayfs, for one, does not move what an image has.
      if (errnoOf(error) === undefined) throw error;
      continue;
    }
    restored = true;
  }
  return restored;
}

/**
 * Whether a runtime that is missing may be there in a moment: its place is empty while other files
 * are moved in, and after a kill in between.
 */
export async function mayComeBack(
  home: string,
  name: Pick<RuntimeKey, 'version' | 'target'>,
): Promise<boolean> {
  if (await exists(dirname(runtimeDir(home, { ...name, variant: 'package' })))) return true;
  const entries = await readdir(homeLayout(home).staging).catch(() => []);
  return entries.some((entry) => isAsideOf(name, entry));
}

function isAsideOf(name: Pick<RuntimeKey, 'version' | 'target'>, entry: string): boolean {
  return entry.startsWith(stagingPrefix(name)) && entry.endsWith(ASIDE);
}

/** How long a directory is made anew that others remove because it is empty. */
const REMOVALS_MS = 10_000;

/**
 * Renames, and makes the directory above as often as the removal of another runtime takes it away:
 * by time, because on a busy machine another process may win any number of times in a row.
 */
async function moveInto(from: string, to: string): Promise<void> {
  const begun = performance.now();
  for (let removals = 0; ; removals += 1) {
    try {
      await makeDirectory(dirname(to));
      return await movePath(from, to);
    } catch (error) {
      const again = performance.now() - begun < REMOVALS_MS && (await exists(from));
      if (!isErrno(error, 'ENOENT') || !again) throw error;
    }
    // Out of step with whoever removes it.
    await pause(Math.random() * Math.min(removals, 10), undefined);
  }
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
