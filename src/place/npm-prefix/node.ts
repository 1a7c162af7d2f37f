import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { throwIfAborted } from '../../abort.ts';
import { diskError } from '../../disk/disk-error.ts';
import { missingOf, removeEmpty } from '../../disk/made-directories.ts';
import { makeDirectory } from '../../disk/make-directory.ts';
import { syncDirectory } from '../../disk/sync-directory.ts';
import { removeFile, removeTree } from '../../disk/until-unblocked.ts';
import { CodexRuntimeError } from '../../errors.ts';
import type { PackagePlan } from '../../package/stage/index.ts';
import { type Hold, type HoldWait, tidyHeld, workOnce } from '../../store/index.ts';
import { type Leftover, removeEmptyBuilds, removeOtherBuilds, verifyBuilds } from '../builds.ts';
import { freshLink, makeLink, switchTo } from '../relink.ts';
import { binOwner, linkBin, verifyBin } from './bin-link.ts';
import { currentBuild, type InstalledPackage, isHealthy, loadPresent } from './installed.ts';
import { buildsDirs, directoriesOf, type PrefixLayout } from './layout.ts';
import { buildsDir, packageHold } from './package-hold.ts';
import { prefixError } from './prefix-error.ts';
import { describePrefix } from './prefix-json.ts';
import { writeBuild } from './write-build.ts';

export interface NodeInstallRequest extends HoldWait {
  readonly plan: PackagePlan;
  readonly layout: PrefixLayout;
  /** Replace a `codex` that is not ours to replace, as `npm install -g --force` does. */
  readonly force: boolean;
  /** Called for each build that was replaced and could not be removed. */
  readonly onLeftover?: ((leftover: Leftover) => void) | undefined;
}

/** A package that was just installed. */
export interface NodeInstallation extends InstalledPackage {
  /** The npm package whose command `codex` was until now; null where it was nobody else's. */
  readonly replaced: string | null;
}

/**
 * Installs a staged package into a prefix, where npm would put it.
 *
 * Each build of the package lies in a directory of its own, `.<name>/<version>-<id>/<name>`, and
 * `node_modules/<name>` is a link to one of them. (npm names a linked package after its directory,
 * and hides what looks like a UUID.) A build is complete and synced before the link
 * moves, and the link moves by one rename: a reader, or a kill at any point, finds the old package
 * or the new one. (A directory cannot be replaced by another in one step.) On Windows, and where
 * there are no links, it takes two renames: a reader in between waits, and after a kill the first
 * to read the prefix brings the old package back; see heal-switch.ts. npm treats the link as
 * it treats linked packages; see {@link describePrefix} for how it comes to keep it.
 *
 * @throws CodexRuntimeError `PREFIX_INVALID`, `PERMISSION_DENIED`, `DISK_FULL`, `INSTALL_FAILED`
 */
export async function installNodePackage(request: NodeInstallRequest): Promise<NodeInstallation> {
  const { layout, plan } = request;
  const made = await missingOf(directoriesOf(layout, plan.name));
  try {
    await makePrefix(layout);
    await verifyBuilds(...buildsDirs(layout, plan.name));
    await verifyBin(layout, plan, request);
    const builds = await buildsDir(layout, plan.name);
    return await workOnce({
      path: await packageHold(layout, plan.name),
      named: 'prefix',
      work: (hold) => installHeld(request, builds, hold),
      onWait: request.onWait,
      signal: request.signal,
    });
  } catch (error) {
    // What was made for nothing goes again, unless another process has begun to use it.
    await removeEmpty(made);
    throw diskError(error, `install ${plan.name} ${plan.version}`, layout.prefix, 'prefix');
  }
}

/**
 * Removes what a run left that was killed after the package had become whole. A convenience: a
 * prefix that cannot be written to, or in which another process is at work, stays as it is.
 */
export async function tidyPrefix(layout: PrefixLayout, name: string): Promise<void> {
  await tidyHeld(await packageHold(layout, name), async (hold) => {
    await describePrefix(layout, name, await currentBuild(layout, name));
    await removeOtherBuilds(layout, name, hold);
  });
}

async function installHeld(
  request: NodeInstallRequest,
  builds: string,
  hold: Hold,
): Promise<NodeInstallation> {
  const { plan, layout, signal } = request;
  const root = join(builds, `${plan.version}-${buildId()}`);
  const build = join(root, plan.name);
  // An uninstallation that was waited for may have removed them again.
  await makePrefix(layout);
  const owner = await binOwner(layout, plan);
  try {
    await writeBuild({ plan, build, within: builds, signal });
    await syncDirectory(builds);
    throwIfAborted(signal);
    const path = join(layout.modules, plan.name);
    // A scope is a directory of its own.
    await makeDirectory(dirname(path));
    // Where no link can be made, as on exFAT and some network drives, the build itself moves in.
    const link = await makeLink(build, path, root).catch(() => undefined);
    await describePrefix(layout, plan.name, link === undefined ? undefined : build);
    // A new command appears together with its package: until the package's link is there it
    // leads nowhere. One that led elsewhere goes on doing so until the package is complete.
    if (link !== undefined) await linkBin(layout, plan, { replace: false });
    // Another holder may have removed this build.
    await hold.verifyHeld();
    await switchTo(link ?? build, path, root);
  } catch (error) {
    // What cannot be removed now is a leftover for the next run; the first error says more.
    await withdraw({ layout, name: plan.name, root, build }).catch(() => undefined);
    throw error;
  }
  // From here on the link leads to the build, which stays whatever happens.
  await syncDirectory(dirname(join(layout.modules, plan.name)));
  await linkBin(layout, plan, { replace: true });
  const leftovers = await removeOtherBuilds(layout, plan.name, hold);
  for (const leftover of leftovers) request.onLeftover?.(leftover);
  await removeEmptyBuilds(layout, plan.name);
  const installed = await loadPresent(layout, plan.name);
  if (installed !== undefined && (await isHealthy(layout, installed))) {
    return { ...installed, replaced: owner.kind === 'package' ? owner.name : null };
  }
  throw new CodexRuntimeError(
    'INSTALL_FAILED',
    `${plan.name} ${plan.version} is not complete in ${layout.modules} after its installation.`,
    { hint: 'Does another program write there? Run the installation again.' },
  );
}

/** Not a UUID, which npm would hide in its lists. */
function buildId(): string {
  return randomUUID().replaceAll('-', '').slice(-16);
}

interface Build {
  readonly layout: PrefixLayout;
  readonly name: string;
  /** The directory of the build, and in it the package's. */
  readonly root: string;
  readonly build: string;
}

async function withdraw({ layout, name, root, build }: Build): Promise<void> {
  const current = await currentBuild(layout, name);
  if (current === build) return;
  await removeFile(freshLink(name, root));
  await removeTree(root);
  await describePrefix(layout, name, current);
}

async function makePrefix(layout: PrefixLayout): Promise<void> {
  try {
    await makeDirectory(layout.modules);
    await makeDirectory(layout.bin);
  } catch (error) {
    throw prefixError(error, layout);
  }
}
