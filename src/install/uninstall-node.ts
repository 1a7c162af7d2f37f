import { join } from 'node:path';
import { diskError } from '../disk/disk-error.ts';
import { removeTree } from '../disk/until-unblocked.ts';
import { type Hold, type HoldWait, workOnce } from '../store/index.ts';
import { unlinkBin } from './bin-link.ts';
import { packageHold, removeEmptyBuilds, removeOtherBuilds, verifyBuilds } from './builds.ts';
import { linkedBuild, loadInstalled } from './installed.ts';
import { buildsDirs, type PrefixLayout } from './layout.ts';
import { loadOurEntry, undescribePrefix } from './prefix-json.ts';
import { returnBin } from './return-bin.ts';

/**
 * Removes the package, its builds, its command and its entry, or what npm left of them. Returns
 * whether there was anything.
 */
export async function uninstallNodePackage(
  layout: PrefixLayout,
  name: string,
  wait: HoldWait,
): Promise<boolean> {
  if (!(await isAnythingLeft(layout, name))) return false;
  await verifyBuilds(...buildsDirs(layout, name));
  try {
    const removed = await workOnce({
      path: await packageHold(layout, name),
      work: (hold) => uninstallHeld(layout, name, hold),
      ...wait,
    });
    await removeEmptyBuilds(layout, name);
    return removed;
  } catch (error) {
    throw diskError(error, `uninstall ${name}`, layout.prefix);
  }
}

async function uninstallHeld(layout: PrefixLayout, name: string, hold: Hold): Promise<boolean> {
  const found = await loadInstalled(layout, name);
  if (found === undefined && !(await isAnythingLeft(layout, name))) return false;
  const entrypoints = found === undefined ? ENTRYPOINTS : [found.runtime.entrypoint];
  for (const executable of entrypoints) await unlinkBin(layout, { name, executable });
  const dir = join(layout.modules, name);
  if (found !== undefined || (await linkedBuild(layout, name)) !== undefined) {
    await removeTree(dir);
  }
  await returnBin(layout, { name, executable: entrypoints[0] ?? null });
  await undescribePrefix(layout, name);
  await removeOtherBuilds(layout, name, hold);
  return true;
}

/** What the executable is called, for a package that does not say it any more. */
const ENTRYPOINTS = ['bin/codex', 'bin/codex.exe'];

async function isAnythingLeft(layout: PrefixLayout, name: string): Promise<boolean> {
  if ((await loadInstalled(layout, name)) !== undefined) return true;
  if ((await linkedBuild(layout, name)) !== undefined) return true;
  return (await loadOurEntry(layout, name)) !== undefined;
}
