import { randomUUID } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { diskError } from '../../disk/disk-error.ts';
import { removeEmpty } from '../../disk/made-directories.ts';
import { putAside } from '../../disk/put-aside.ts';
import { removeFile } from '../../disk/until-unblocked.ts';
import { type Hold, type HoldWait, MANIFEST_NAME, workOnce } from '../../store/index.ts';
import { type Leftover, removeEmptyBuilds, removeOtherBuilds, verifyBuilds } from '../builds.ts';
import { unlinkBin } from './bin-link.ts';
import { linkedBuild, listOtherBuilds, loadInstalled, loadPresent } from './installed.ts';
import { buildsDirs, type PrefixLayout } from './layout.ts';
import { buildsDir, packageHold } from './package-hold.ts';
import { loadOurEntry, ownsPrefixJson, undescribePrefix } from './prefix-json.ts';
import { returnBin } from './return-bin.ts';

/** What an uninstallation did. */
interface NodeRemoval {
  /** Whether there was anything to remove. */
  readonly removed: boolean;
  /** What could not be removed, out of sight already. */
  readonly leftovers: readonly Leftover[];
}

/** Removes the package, its builds, its command and its entry, or what npm left of them. */
export async function uninstallNodePackage(
  layout: PrefixLayout,
  name: string,
  wait: HoldWait,
): Promise<NodeRemoval> {
  if (!(await isAnythingLeft(layout, name))) return NOTHING;
  await verifyBuilds(...buildsDirs(layout, name));
  const ownsPrefix = await ownsPrefixJson(layout, name).catch(() => false);
  try {
    const removal = await workOnce({
      path: await packageHold(layout, name),
      work: async (hold) => {
        const done = await uninstallHeld(layout, name, hold);
        // While it is held, so that nobody who installs here has just made one of them.
        if (!layout.global) await removeEmpty(emptiedBy(layout, name, ownsPrefix));
        return done;
      },
      ...wait,
    });
    await removeEmptyBuilds(layout, name);
    return removal;
  } catch (error) {
    throw diskError(error, `uninstall ${name}`, layout.prefix);
  }
}

/** What has nothing of the package any more; `node_modules` itself only where its prefix was ours. */
function emptiedBy({ modules, bin }: PrefixLayout, name: string, ownsPrefix: boolean) {
  const scope = dirname(join(modules, name));
  return [bin, ...(scope === modules ? [] : [scope]), ...(ownsPrefix ? [modules] : [])];
}

const NOTHING: NodeRemoval = { removed: false, leftovers: [] };

async function uninstallHeld(layout: PrefixLayout, name: string, hold: Hold): Promise<NodeRemoval> {
  const found = await loadPresent(layout, name);
  if (found === undefined && !(await isAnythingPresent(layout, name))) return NOTHING;
  const entrypoints = found === undefined ? ENTRYPOINTS : [found.runtime.entrypoint];
  for (const executable of entrypoints) await unlinkBin(layout, { name, executable });
  if (found !== undefined || (await linkedBuild(layout, name)) !== undefined) {
    const gone = `${found?.version ?? '0.0.0'}-${randomUUID()}`;
    await removeAtOnce(join(layout.modules, name), join(await buildsDir(layout, name), gone));
  }
  await returnBin(layout, { name, executable: entrypoints[0] ?? null });
  await undescribePrefix(layout, name);
  return { removed: true, leftovers: await removeOtherBuilds(layout, name, hold) };
}

/** A link goes by one call; a directory goes among the builds first, which are removed file by file. */
async function removeAtOnce(dir: string, gone: string): Promise<void> {
  if ((await lstat(dir)).isSymbolicLink()) return await removeFile(dir);
  await putAside(dir, gone, { first: MANIFEST_NAME });
}

/** What the executable is called, for a package that does not say it any more. */
const ENTRYPOINTS = ['bin/codex', 'bin/codex.exe'];

/** Also an old build that could not be removed while it ran. */
async function isAnythingLeft(layout: PrefixLayout, name: string): Promise<boolean> {
  if ((await loadInstalled(layout, name)) !== undefined) return true;
  return await isAnythingPresent(layout, name);
}

async function isAnythingPresent(layout: PrefixLayout, name: string): Promise<boolean> {
  if ((await linkedBuild(layout, name)) !== undefined) return true;
  if ((await listOtherBuilds(layout, name)).length > 0) return true;
  return (await loadOurEntry(layout, name)) !== undefined;
}
