import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { readlink } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { isErrno } from '../../disk/errno.ts';
import { exists } from '../../disk/exists.ts';
import { isBelow, isSamePath } from '../../disk/same-path.ts';
import {
  executablePath,
  glanceDescription,
  isWhole,
  loadDescription,
  type RuntimeDescription,
} from '../../store/index.ts';
import { healSwitch } from '../heal-switch.ts';
import { leadsToPackage } from './bin-link.ts';
import { buildsDirs, type PrefixLayout } from './layout.ts';
import { packageHold } from './package-hold.ts';

/** A runtime package that a prefix holds. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  /** `<node_modules>/<name>`: the same path after every upgrade. */
  readonly dir: string;
  /** Absolute path of the native executable, through `dir`. */
  readonly executable: string;
  readonly runtime: RuntimeDescription;
}

/**
 * The package `name` in the prefix, whole or not; undefined where there is none of ours. One that a
 * killed switch had moved aside is brought back first.
 */
export async function loadInstalled(
  layout: PrefixLayout,
  name: string,
): Promise<InstalledPackage | undefined> {
  const installed = await loadPresent(layout, name);
  if (installed !== undefined) return installed;
  const healed = await healSwitch({
    path: join(layout.modules, name),
    builds: buildsDirs(layout, name),
    hold: () => packageHold(layout, name),
  });
  return healed ? await loadPresent(layout, name) : undefined;
}

/** As {@link loadInstalled}, for the holder of the package's hold: it changes nothing. */
export async function loadPresent(
  layout: PrefixLayout,
  name: string,
): Promise<InstalledPackage | undefined> {
  const dir = join(layout.modules, name);
  return packageOf(name, dir, await loadDescription(dir));
}

/**
 * As {@link loadInstalled}, for a run that wants to know whether there is something to do: what is
 * sealed is believed, the description too.
 */
export async function glanceInstalled(
  layout: PrefixLayout,
  name: string,
): Promise<InstalledPackage | undefined> {
  const dir = join(layout.modules, name);
  return packageOf(name, dir, glanceDescription(dir)) ?? (await loadInstalled(layout, name));
}

function packageOf(
  name: string,
  dir: string,
  runtime: RuntimeDescription | undefined,
): InstalledPackage | undefined {
  if (runtime === undefined) return undefined;
  const executable = executablePath(dir, runtime);
  return { name, version: runtime.version, dir, executable, runtime };
}

/**
 * What lies beside the package's build: another build, a hold, a half-made link. Usually nothing;
 * absolute paths. Nothing too where it cannot be told which build is the package's, because what is
 * named here is removed.
 */
export async function listLeftovers(
  layout: PrefixLayout,
  name: string,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const builds of buildsDirs(layout, name)) {
    const names = namesIn(builds).filter((entry) => OURS.test(entry));
    found.push(...names.map((entry) => join(builds, entry)));
  }
  if (found.length === 0) return [];
  let current: string | undefined;
  try {
    current = await currentBuild(layout, name);
  } catch {
    return [];
  }
  return found.filter((path) => current === undefined || !isBelow(path, current));
}

function namesIn(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

/** The leftovers that take space; a hold is its holder's business. */
export async function listOtherBuilds(
  layout: PrefixLayout,
  name: string,
): Promise<readonly string[]> {
  const leftovers = await listLeftovers(layout, name);
  return leftovers.filter((path) => !basename(path).startsWith('install.lock'));
}

/** Builds begin with their version; whatever else lies there is somebody else's, and stays. */
const OURS = /^(\d+\.\d+\.\d+|package\.json|install\.lock)/;

/**
 * Absolute path of the package in the build that its link leads to; undefined where there is no
 * package, or where it is a directory of its own. Throws the native error where that cannot be told.
 */
export async function currentBuild(
  layout: PrefixLayout,
  name: string,
): Promise<string | undefined> {
  const dir = join(layout.modules, name);
  if (!isLink(dir)) return undefined;
  const target = resolve(dirname(dir), readlinkSync(dir));
  const marker = join(sep, `.${name}`, sep);
  const at = target.lastIndexOf(marker);
  if (at === -1) return undefined;
  const within = target.slice(at + marker.length);
  const possible = buildsDirs(layout, name).map((builds) => join(builds, within));
  const same = possible.find((path) => isSamePath(path, target));
  if (same !== undefined) return same;
  // The prefix was moved since, or has another name: a junction's text is absolute.
  for (const path of possible) if (await exists(path)) return path;
  return undefined;
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  } catch (error) {
    if (isErrno(error, 'ENOTDIR')) return false;
    throw error;
  }
}

/** Where the package's link leads if that is a build of ours, whether or not the build is there. */
export async function linkedBuild(layout: PrefixLayout, name: string): Promise<string | undefined> {
  const dir = join(layout.modules, name);
  const link = await readlink(dir).catch(() => undefined);
  if (link === undefined) return undefined;
  const build = resolve(dirname(dir), link);
  return buildsDirs(layout, name).some((builds) => isBelow(builds, build)) ? build : undefined;
}

/** Whether every file of the package and the command are as they were installed. */
export async function isHealthy(
  layout: PrefixLayout,
  found: InstalledPackage,
  signal?: AbortSignal,
): Promise<boolean> {
  if (!(await leadsToPackage(layout, found))) return false;
  return await isWhole(found.dir, found.runtime, signal);
}
