import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, readlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { diskError } from '../../disk/disk-error.ts';
import { ignoreMissing } from '../../disk/errno.ts';
import { exists } from '../../disk/exists.ts';
import { missingOf, removeEmpty } from '../../disk/made-directories.ts';
import { makeDirectory } from '../../disk/make-directory.ts';
import { isSamePath } from '../../disk/same-path.ts';
import { syncDirectory } from '../../disk/sync-directory.ts';
import { syncFile } from '../../disk/sync-file.ts';
import { movePath, removeTree, tryRemoveTree } from '../../disk/until-unblocked.ts';
import { verifyWritable } from '../../disk/verify-writable.ts';
import { type Hold, type HoldWait, tidyHeld, workOnce } from '../../store/index.ts';
import { verifyBuilds } from '../builds.ts';
import { relink } from '../relink.ts';
import { buildsOf, currentOf, holdOf, metadataNames, type PythonDirectory } from './layout.ts';

export interface DirectoryInstall extends PythonDirectory, HoldWait {
  /** The executable in the package, e.g. `bin/codex`. */
  readonly entrypoint: string;
  /** Fills the empty directory that it is given. */
  readonly fill: (target: string) => Promise<void>;
}

/**
 * Lets pip install into a directory beside packages of others. pip itself is trusted with an empty
 * directory only: with `--upgrade` it removes the commands of other packages
 * (https://github.com/pypa/pip/issues/8063) and leaves metadata of earlier versions, of which Python
 * then reads one or another (https://github.com/pypa/pip/issues/13763).
 *
 * Each build lies in a directory of its own in `.<import name>`, where the link `current` leads to
 * one of them. What Python and the user find are links through `current`: the package, its metadata
 * under the name that has the version, the command. So all of them change by the one rename of
 * `current`, and a kill at any point leaves the old package or the new one. Directories in their
 * place, as pip leaves them, are the exception: they go aside one by one, and a run that was killed
 * meanwhile is mended by the next.
 * @throws whatever `fill` throws; the disk's own failures
 */
export async function installIntoDirectory(request: DirectoryInstall): Promise<void> {
  const { prefix, onWait, signal } = request;
  await verifyBuilds(buildsOf(request));
  const made = await missingOf([prefix, join(prefix, 'bin'), buildsOf(request)]);
  try {
    await makeDirectory(buildsOf(request));
    await workOnce({
      path: holdOf(request),
      named: 'prefix',
      work: (hold) => installHeld(request, hold),
      onWait,
      signal,
    });
  } catch (error) {
    await removeEmpty(made);
    throw diskError(error, INSTALLING, prefix, 'prefix');
  }
}

/**
 * Refuses a directory into which the package cannot go, before anything is fetched for it; makes
 * nothing.
 * @throws CodexRuntimeError `PREFIX_INVALID`, and the disk's own failures
 */
export async function verifyDirectory(directory: PythonDirectory): Promise<void> {
  const { prefix } = directory;
  await verifyBuilds(buildsOf(directory));
  for (const dir of [buildsOf(directory), prefix, join(prefix, 'bin')]) {
    await verifyWritable(dir).catch((error: unknown) => {
      throw diskError(error, INSTALLING, prefix, 'prefix');
    });
  }
}

const INSTALLING = 'install the Python package';

/** Removes what a run left that was killed after its package had become whole; a convenience. */
export async function tidyDirectory(directory: PythonDirectory): Promise<void> {
  const builds = await readdir(buildsOf(directory)).catch(() => []);
  // The link, and the build that it leads to.
  if (builds.length <= 2 && (await metadataNames(directory)).length <= 1) return;
  await tidyHeld(holdOf(directory), (hold) => removeOthers(directory, null, hold));
}

/** One name in every build: whatever version the name outside has, it shows the present one. */
const METADATA = 'dist-info';

async function installHeld(request: DirectoryInstall, hold: Hold): Promise<void> {
  const { prefix, importName, entrypoint, fill } = request;
  const current = currentOf(request);
  const build = join(buildsOf(request), randomUUID());
  let metadata: string | null = null;
  try {
    await mkdir(build);
    await fill(build);
    [metadata = null] = await metadataNames({ prefix: build, importName });
    if (metadata !== null) await movePath(join(build, metadata), join(build, METADATA));
    await syncTree(build);
    const links = new Map([
      [join(prefix, importName), join(current, importName)],
      ...(metadata === null ? [] : [[join(prefix, metadata), join(current, METADATA)] as const]),
      ...(await commandLinks(request, build, join(current, importName, entrypoint))),
    ]);
    // What is new leads nowhere, or to the present build, until the next is complete.
    for (const [path, target] of links) {
      await makeDirectory(dirname(path));
      if (!(await exists(path))) await relink(target, path, build);
    }
    await syncDirectory(buildsOf(request));
    // Another holder may have removed this build.
    await hold.verifyHeld();
    await relink(build, current, build);
    for (const [path, target] of links) await relink(target, path, build);
    for (const dir of new Set([...links.keys()].map(dirname))) await syncDirectory(dir);
  } catch (error) {
    // What cannot be removed now is a leftover for the next run; the first error says more.
    await withdraw(build, current).catch(() => null);
    throw error;
  }
  await syncDirectory(buildsOf(request));
  await removeOthers(request, metadata, hold);
  await syncDirectory(prefix);
}

/** Removes a build, unless it is the present one or it cannot be told which one is. */
async function withdraw(build: string, current: string): Promise<void> {
  const text = await readlink(current).catch(ignoreMissing);
  if (text !== undefined && isSamePath(resolve(dirname(current), text), build)) return;
  await removeTree(build);
}

/**
 * The command is the executable itself: pip's own script finds the package only with PYTHONPATH.
 * Windows links no files without a privilege, so there pip's launcher is moved in.
 */
async function commandLinks(
  { prefix, entrypoint }: DirectoryInstall,
  build: string,
  executable: string,
): Promise<readonly (readonly [string, string])[]> {
  const made = join(build, 'bin');
  if (process.platform !== 'win32') {
    await removeTree(made);
    return [[join(prefix, 'bin', basename(entrypoint)), executable]];
  }
  await makeDirectory(join(prefix, 'bin'));
  for (const name of await readdir(made).catch(() => [])) {
    await movePath(join(made, name), join(prefix, 'bin', name));
  }
  return [];
}

/** Other builds, and names with other versions, were replaced or left by a run that was killed. */
async function removeOthers(
  directory: PythonDirectory,
  metadata: string | null,
  hold: Hold,
): Promise<void> {
  const builds = buildsOf(directory);
  // Nothing is removed while it cannot be told which build is the present one.
  const current = await readlink(currentOf(directory));
  const others = await readdir(builds);
  const keep = metadata ?? (await presentMetadata(directory));
  const stale = (await metadataNames(directory)).filter((name) => name !== keep);
  await hold.verifyHeld();
  for (const name of stale) await removeTree(join(directory.prefix, name));
  for (const name of others) {
    if (name === 'current' || name.endsWith('.lock') || name === basename(current)) continue;
    // What runs on Windows cannot be removed yet: the next run does.
    await tryRemoveTree(join(builds, name));
  }
}

/** The name that the present build's own metadata has outside. */
async function presentMetadata(directory: PythonDirectory): Promise<string | undefined> {
  const text = await readFile(join(currentOf(directory), METADATA, 'METADATA'), 'utf8').catch(
    () => '',
  );
  const version = /^Version: (\S+)$/m.exec(text)?.[1];
  return version === undefined ? undefined : `${directory.importName}-${version}.dist-info`;
}

/** pip leaves what it wrote to the system's own time. */
async function syncTree(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await syncTree(path);
    else if (entry.isFile()) await syncFile(path);
  }
  await syncDirectory(directory);
}
