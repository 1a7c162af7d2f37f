import { randomUUID } from 'node:crypto';
import { chmod, mkdir, readdir, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { diskError } from '../disk/disk-error.ts';
import { ignoreMissing } from '../disk/errno.ts';
import { verifyReadable } from '../disk/list-names.ts';
import { makeDirectory } from '../disk/make-directory.ts';
import { putAside } from '../disk/put-aside.ts';
import { syncDirectory } from '../disk/sync-directory.ts';
import { tryRemoveTree } from '../disk/until-unblocked.ts';
import { writeSynced } from '../disk/write-synced.ts';
import type { Hold } from './hold.ts';
import { homeLayout, type RuntimeKey, runtimeDir, stagingPrefix } from './layout.ts';
import { loadManifest, MANIFEST_NAME } from './load-manifest.ts';
import type { Runtime, RuntimeManifest } from './manifest.ts';
import { formatManifest } from './parse-manifest.ts';
import { replaceRuntime } from './replace-runtime.ts';
import { isWhole, sealFiles } from './seal.ts';

/**
 * The runtime of exactly this key, if the store has it and it is whole.
 * Damaged, half-written or unknown content is as good as absent: the next commit replaces it.
 */
export async function findRuntime(
  home: string,
  key: RuntimeKey,
  signal?: AbortSignal,
): Promise<Runtime | undefined> {
  const dir = runtimeDir(home, key);
  const manifest = await loadManifest(dir);
  if (manifest === undefined || !describes(manifest, key)) return undefined;
  return (await isWhole(dir, manifest, signal)) ? { dir, manifest } : undefined;
}

/** Every runtime in the store that has a manifest, whole or not, sorted by its directory. */
export async function listRuntimes(home: string): Promise<readonly Runtime[]> {
  const runtimes: Runtime[] = [];
  for (const dir of await listRuntimeDirs(home)) {
    const manifest = await loadManifest(dir);
    if (manifest !== undefined) runtimes.push({ dir, manifest });
  }
  return runtimes;
}

/**
 * Where the store keeps a runtime, whether or not its manifest can be read; sorted.
 * @throws CodexRuntimeError `PERMISSION_DENIED` where the store may not be looked into
 */
export async function listRuntimeDirs(home: string): Promise<readonly string[]> {
  const { store } = homeLayout(home);
  await verifyReadable(store, 'home');
  const dirs = await directoriesAtDepth(store, 3);
  return [...dirs].sort();
}

type Name = Pick<RuntimeKey, 'version' | 'target'>;

/**
 * An empty directory for one runtime under construction. Whoever has the hold of `version` and
 * `target` is alone: other directories of the same name are what a killed process left, and go.
 */
export async function openStaging(home: string, name: Name, hold: Hold): Promise<string> {
  const { staging } = homeLayout(home);
  const dir = join(staging, `${stagingPrefix(name)}${randomUUID()}`);
  try {
    await makeDirectory(staging);
    await clearStaging(home, name, hold);
    await mkdir(dir, { mode: 0o700 });
  } catch (error) {
    throw diskError(error, 'make a staging directory', dir, 'home');
  }
  return dir;
}

/**
 * Removes what killed processes left under construction of one runtime, as far as it can be
 * removed now: it has names of its own, and is in nobody's way. Throws the native error.
 * @param hold Its holder is alone, so nobody works there.
 */
export async function clearStaging(home: string, name: Name, hold: Hold): Promise<void> {
  const { staging } = homeLayout(home);
  const prefix = stagingPrefix(name);
  const left = (await readdir(staging)).filter((entry) => entry.startsWith(prefix));
  await hold.verifyHeld();
  for (const entry of left) await tryRemoveTree(join(staging, entry));
}

export interface Commit {
  /** The directory of {@link openStaging} that holds the tree. */
  readonly staging: string;
  readonly manifest: RuntimeManifest;
  /** Whether a whole runtime that is already there gives way. Default false. */
  readonly replace?: boolean | undefined;
}

/**
 * Makes a verified tree visible in the store: writes its manifest, seals it, and renames it into
 * place. The files are already on disk (extraction syncs them); the manifest and the directories
 * are synced here, so that after a power cut the runtime is there whole or not at all.
 */
export async function commitRuntime(
  home: string,
  { staging, manifest, replace = false }: Commit,
): Promise<Runtime> {
  const dir = runtimeDir(home, manifest);
  try {
    await writeSynced(join(staging, MANIFEST_NAME), formatManifest(manifest));
    await sealFiles(staging, manifest.files);
    // Until now only its owner could look in; from here on everybody may run it, under any umask.
    await chmod(staging, 0o755);
    await syncDirectory(staging);
    if (!replace) {
      const present = await findRuntime(home, manifest);
      if (present !== undefined) return present;
    }
    await replaceRuntime(staging, dir, manifest);
    await syncDirectory(dirname(dir));
  } catch (error) {
    throw diskError(error, `put Codex ${manifest.version} into the store`, dir, 'home');
  }
  return { dir, manifest };
}

/** Removes a runtime: out of sight by one rename where that is possible, then file by file. */
export async function removeRuntime(home: string, runtime: Runtime): Promise<void> {
  const { staging } = homeLayout(home);
  const gone = join(staging, `${stagingPrefix(runtime.manifest)}${randomUUID()}`);
  try {
    await makeDirectory(staging);
    // Whatever is gone already is gone.
    await putAside(runtime.dir, gone, { first: MANIFEST_NAME }).catch(ignoreMissing);
    // Out of sight already; what runs on Windows goes with a later run.
    await tryRemoveTree(gone);
    await removeEmptyParents(runtime.dir, homeLayout(home).store);
  } catch (error) {
    throw diskError(error, `remove Codex ${runtime.manifest.version}`, runtime.dir);
  }
}

/** Other targets' runtimes lie there under holds of their own, so only `rmdir` may say "empty". */
async function removeEmptyParents(dir: string, stop: string): Promise<void> {
  for (let parent = dirname(dir); parent !== stop; parent = dirname(parent)) {
    const removed = await rmdir(parent).then(
      () => true,
      () => false,
    );
    if (!removed) return;
  }
}

async function directoriesAtDepth(root: string, depth: number): Promise<readonly string[]> {
  if (depth === 0) return [root];
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  const directories = entries.filter((entry) => entry.isDirectory());
  const nested = await Promise.all(
    directories.map(({ name }) => directoriesAtDepth(join(root, name), depth - 1)),
  );
  return nested.flat();
}

function describes(manifest: RuntimeManifest, key: RuntimeKey): boolean {
  return (
    manifest.version === key.version &&
    manifest.target === key.target &&
    manifest.variant === key.variant
  );
}
