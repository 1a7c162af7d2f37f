import { randomUUID } from 'node:crypto';
import { lstat, rename, rm, rmdir, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { throwIfAborted } from '../abort.ts';
import { diskError } from '../disk/disk-error.ts';
import { isErrno } from '../disk/errno.ts';
import { makeDirectory } from '../disk/make-directory.ts';
import { syncDirectory } from '../disk/sync-directory.ts';
import { CodexRuntimeError } from '../errors.ts';
import type { PackagePlan } from '../stage/index.ts';
import { type HeldLock, workOnce } from '../store/index.ts';
import { linkBin, unlinkBin, verifyBin } from './bin-link.ts';
import {
  currentBuild,
  type InstalledPackage,
  isHealthy,
  linkedBuild,
  listLeftovers,
  loadInstalled,
} from './installed.ts';
import { buildsDir, type PrefixLayout } from './layout.ts';
import { describePrefix, loadOurEntry, undescribePrefix } from './prefix-json.ts';
import { writeBuild } from './write-build.ts';

/** Whoever has nothing to do does not wait for those who have. */
const TIDY_PATIENCE_MS = 200;

export interface NodeInstallRequest {
  readonly plan: PackagePlan;
  readonly layout: PrefixLayout;
  /** Replace a `codex` in a global prefix that is not ours, as `npm install -g --force` does. */
  readonly force: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Installs a staged package into a prefix, where npm would put it.
 *
 * Each build of the package lies in a directory of its own, `node_modules/.<name>/<id>`, and
 * `node_modules/<name>` is a link to one of them. A build is complete and synced before the link
 * moves, and the link moves by one rename: a reader, or a kill at any point, finds the old package
 * or the new one. (A directory cannot be replaced by another in one step.) npm treats the link as
 * it treats linked packages; see {@link describePrefix} for how it comes to keep it.
 *
 * @throws CodexRuntimeError `PREFIX_INVALID`, `PERMISSION_DENIED`, `DISK_FULL`, `INSTALL_FAILED`
 */
export async function installNodePackage(request: NodeInstallRequest): Promise<InstalledPackage> {
  const { layout, plan } = request;
  await verifyPrefix(layout);
  await verifyBuilds(layout, plan.name);
  await verifyBin(layout, plan, request);
  try {
    return await workOnce({
      path: lockPath(layout, plan.name),
      ready: async () => undefined,
      work: (lock) => installLocked(request, lock),
      signal: request.signal,
    });
  } catch (error) {
    throw diskError(error, `install ${plan.name} ${plan.version}`, layout.prefix);
  }
}

/**
 * Removes the package, its builds, its command and its entry, or what npm left of them. Returns
 * whether there was anything.
 */
export async function uninstallNodePackage(layout: PrefixLayout, name: string): Promise<boolean> {
  if (!(await isAnythingLeft(layout, name))) return false;
  await verifyBuilds(layout, name);
  try {
    const removed = await workOnce({
      path: lockPath(layout, name),
      ready: async () => undefined,
      work: (lock) => uninstallLocked(layout, name, lock),
    });
    // Empty unless somebody has begun to install again.
    await rmdir(buildsDir(layout, name)).catch(() => undefined);
    return removed;
  } catch (error) {
    throw diskError(error, `uninstall ${name}`, layout.prefix);
  }
}

async function uninstallLocked(
  layout: PrefixLayout,
  name: string,
  lock: HeldLock,
): Promise<boolean> {
  const found = await loadInstalled(layout, name);
  if (found === undefined && !(await isAnythingLeft(layout, name))) return false;
  const entrypoints = found === undefined ? ENTRYPOINTS : [found.runtime.entrypoint];
  for (const executable of entrypoints) await unlinkBin(layout, { name, executable });
  const dir = join(layout.modules, name);
  if (found !== undefined || (await linkedBuild(layout, name)) !== undefined) {
    await rm(dir, { recursive: true, force: true });
  }
  await undescribePrefix(layout, name);
  await removeOtherBuilds(layout, name, lock);
  return true;
}

/** What the executable is called, for a package that does not say it any more. */
const ENTRYPOINTS = ['bin/codex', 'bin/codex.exe'];

async function isAnythingLeft(layout: PrefixLayout, name: string): Promise<boolean> {
  if ((await loadInstalled(layout, name)) !== undefined) return true;
  if ((await linkedBuild(layout, name)) !== undefined) return true;
  return (await loadOurEntry(layout, name)) !== undefined;
}

/**
 * Removes what a run left that was killed after the package had become whole. A convenience: a
 * prefix that cannot be written to, or in which another process is at work, stays as it is.
 */
export async function tidyPrefix(layout: PrefixLayout, name: string): Promise<void> {
  await workOnce({
    path: lockPath(layout, name),
    ready: async () => undefined,
    work: async (lock) => {
      await describePrefix(layout, name, await currentBuild(layout, name));
      await removeOtherBuilds(layout, name, lock);
      return true;
    },
    timeoutMs: TIDY_PATIENCE_MS,
  }).catch(() => undefined);
}

async function installLocked(
  request: NodeInstallRequest,
  lock: HeldLock,
): Promise<InstalledPackage> {
  const { plan, layout, signal } = request;
  const builds = buildsDir(layout, plan.name);
  const build = join(builds, `${plan.version}-${randomUUID()}`);
  try {
    await writeBuild(plan, build, signal);
    await syncDirectory(builds);
    throwIfAborted(signal);
    await describePrefix(layout, plan.name, build);
    // A new command appears together with its package: until the package's link is there it
    // leads nowhere. One that led elsewhere goes on doing so until the package is complete.
    await linkBin(layout, plan, { replace: false });
    // Another holder may have removed this build.
    await lock.verifyHeld();
    await pointTo(build, join(layout.modules, plan.name));
  } catch (error) {
    // What cannot be removed now is a leftover for the next run; the first error says more.
    await withdraw(layout, plan.name, build).catch(() => undefined);
    throw error;
  }
  // From here on the link leads to the build, which stays whatever happens.
  await syncDirectory(dirname(join(layout.modules, plan.name)));
  await linkBin(layout, plan, { replace: true });
  await removeOtherBuilds(layout, plan.name, lock);
  const installed = await loadInstalled(layout, plan.name);
  if (installed !== undefined && (await isHealthy(layout, installed))) return installed;
  throw new CodexRuntimeError(
    'INSTALL_FAILED',
    `${plan.name} ${plan.version} is not whole in ${layout.modules} after its installation.`,
    { hint: 'Does another program write there? Run the installation again.' },
  );
}

function lockPath(layout: PrefixLayout, name: string): string {
  return join(buildsDir(layout, name), 'install');
}

async function withdraw(layout: PrefixLayout, name: string, build: string): Promise<void> {
  const current = await currentBuild(layout, name);
  if (current === build) return;
  await rm(`${build}.link`, { force: true });
  await rm(build, { recursive: true, force: true });
  await describePrefix(layout, name, current);
}

/** Makes `path` a link to `build` in one step. */
async function pointTo(build: string, path: string): Promise<void> {
  const fresh = `${build}.link`;
  // A scope is a directory of its own.
  await makeDirectory(dirname(path));
  await symlink(relative(dirname(path), build), fresh, 'junction');
  try {
    await rename(fresh, path);
  } catch (error) {
    // A real directory: npm put the package here. It goes aside, and away with the old builds.
    if (!(await isDirectory(path))) throw error;
    await rename(path, `${build}.replaced`);
    await rename(fresh, path);
  }
}

/** What other builds are here was replaced, or left by a process that was killed. */
async function removeOtherBuilds(layout: PrefixLayout, name: string, lock: HeldLock) {
  const builds = buildsDir(layout, name);
  const others = await listLeftovers(layout, name);
  await lock.verifyHeld();
  for (const other of others) {
    if (other.endsWith('.lock')) continue;
    await rm(join(builds, other), { recursive: true, force: true });
  }
}

async function verifyPrefix(layout: PrefixLayout): Promise<void> {
  try {
    await makeDirectory(layout.modules);
    await makeDirectory(layout.bin);
  } catch (error) {
    if (!isErrno(error, 'ENOTDIR', 'EEXIST'))
      throw diskError(error, 'make the prefix', layout.prefix);
    throw new CodexRuntimeError(
      'PREFIX_INVALID',
      `The prefix ${layout.prefix} is not a directory.`,
      {
        hint: 'Name a directory with --prefix; it is made when it is missing.',
        cause: error,
        fields: { prefix: layout.prefix },
      },
    );
  }
}

/** A link in place of the builds, which a checkout may bring, would have us write and remove elsewhere. */
async function verifyBuilds(layout: PrefixLayout, name: string): Promise<void> {
  const path = buildsDir(layout, name);
  const stats = await lstat(path).catch(() => undefined);
  if (stats?.isSymbolicLink() !== true) return;
  throw new CodexRuntimeError('PREFIX_INVALID', `${path} is a link to somewhere else.`, {
    hint: 'Remove it, and run the installation again.',
    fields: { path },
  });
}

async function isDirectory(path: string): Promise<boolean> {
  return await lstat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}
