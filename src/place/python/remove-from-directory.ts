import { randomUUID } from 'node:crypto';
import { lstat, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { diskError } from '../../disk/disk-error.ts';
import { exists } from '../../disk/exists.ts';
import { removeEmpty } from '../../disk/made-directories.ts';
import { putAside } from '../../disk/put-aside.ts';
import { syncDirectory } from '../../disk/sync-directory.ts';
import { removeFile, removeTree, unlessInUse } from '../../disk/until-unblocked.ts';
import { type Hold, type HoldWait, workOnce } from '../../store/index.ts';
import { verifyBuilds } from '../builds.ts';
import { buildsOf, currentOf, holdOf, type PythonDirectory } from './layout.ts';
import { ownedPaths } from './ownership.ts';

/**
 * Removes the package, its metadata, its command and its builds from a directory of Python packages.
 * A kill at any point leaves the package whole or none, and the next removal or installation clears
 * the rest away. Returns whether there was anything.
 * @throws CodexRuntimeError `PREFIX_INVALID`, `ABORTED`, the disk's own failures
 */
export async function removeFromDirectory(
  directory: PythonDirectory,
  wait: HoldWait,
): Promise<boolean> {
  const builds = buildsOf(directory);
  if (!(await exists(builds)) && (await ownedPaths(directory)).length === 0) return false;
  await verifyBuilds(builds);
  try {
    const removed = await workOnce({
      path: holdOf(directory),
      work: (hold) => removeHeld(directory, hold),
      ...wait,
    });
    // Empty unless somebody has begun to install again.
    await removeEmpty([builds]);
    return removed;
  } catch (error) {
    throw diskError(error, 'remove the Python package', directory.prefix);
  }
}

async function removeHeld(directory: PythonDirectory, hold: Hold): Promise<boolean> {
  const builds = buildsOf(directory);
  const owned = await ownedPaths(directory);
  const inside = (await readdir(builds)).filter((name) => !name.startsWith('install.lock'));
  await hold.verifyHeld();
  // All that Python and the user find leads through this link, so it disappears in one step.
  await removeFile(currentOf(directory));
  const aside = join(builds, randomUUID());
  for (const path of owned) await removeAtOnce(path, `${aside}.${basename(path)}`);
  await syncDirectory(directory.prefix);
  for (const name of inside) await removeTree(join(builds, name)).catch(unlessInUse);
  // While it is held, so that nobody who installs here has just made it.
  await removeEmpty([join(directory.prefix, 'bin')]);
  return owned.length > 0 || inside.length > 0;
}

/** A directory, as pip makes them, goes aside first: half of a package is none that works. */
async function removeAtOnce(path: string, aside: string): Promise<void> {
  if (!(await lstat(path)).isDirectory()) return await removeFile(path);
  await putAside(path, aside, { first: 'runtime.json' });
  await removeTree(aside).catch(unlessInUse);
}
