import { readdir, readlink, realpath } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import {
  executablePath,
  isWhole,
  loadDescription,
  type RuntimeDescription,
} from '../store/index.ts';
import { binLink } from './bin-link.ts';
import { buildsDirs, type PrefixLayout } from './layout.ts';

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

/** The package `name` in the prefix, whole or not; undefined where there is none of ours. */
export async function loadInstalled(
  layout: PrefixLayout,
  name: string,
): Promise<InstalledPackage | undefined> {
  const dir = join(layout.modules, name);
  const runtime = await loadDescription(dir);
  if (runtime === undefined) return undefined;
  const executable = executablePath(dir, runtime);
  return { name, version: runtime.version, dir, executable, runtime };
}

/**
 * What lies beside the package's build: another build, a lock, a half-made link. Usually nothing;
 * absolute paths.
 */
export async function listLeftovers(
  layout: PrefixLayout,
  name: string,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const builds of buildsDirs(layout, name)) {
    const names = await readdir(builds).catch(() => []);
    found.push(...names.filter((entry) => OURS.test(entry)).map((entry) => join(builds, entry)));
  }
  if (found.length === 0) return [];
  const current = await currentBuild(layout, name);
  return found.filter((path) => current === undefined || !isBelow(path, current));
}

/** Builds begin with their version; whatever else lies there is somebody else's, and stays. */
const OURS = /^(\d+\.\d+\.\d+|package\.json|install\.lock)/;

/** Absolute path of the package in the build that its link leads to; undefined where there is none. */
export async function currentBuild(
  layout: PrefixLayout,
  name: string,
): Promise<string | undefined> {
  const real = await realpath(join(layout.modules, name)).catch(() => undefined);
  if (real === undefined) return undefined;
  for (const builds of buildsDirs(layout, name)) {
    const root = await realpath(builds).catch(() => undefined);
    if (root !== undefined && isBelow(root, real)) return join(builds, relative(root, real));
  }
  return undefined;
}

/** Where the package's link leads if that is a build of ours, whether or not the build is there. */
export async function linkedBuild(layout: PrefixLayout, name: string): Promise<string | undefined> {
  const dir = join(layout.modules, name);
  const link = await readlink(dir).catch(() => undefined);
  if (link === undefined) return undefined;
  const build = resolve(dirname(dir), link);
  return buildsDirs(layout, name).some((builds) => isBelow(builds, build)) ? build : undefined;
}

function isBelow(root: string, path: string): boolean {
  return path === root || path.startsWith(`${root}${sep}`);
}

/** Whether every file of the package and the link to its executable are as they were installed. */
export async function isHealthy(layout: PrefixLayout, found: InstalledPackage): Promise<boolean> {
  const [linked, direct] = await Promise.all(
    [
      binLink(layout, { name: found.name, executable: found.runtime.entrypoint }),
      found.executable,
    ].map((path) => realpath(path).catch(() => undefined)),
  );
  if (linked === undefined || direct === undefined) return false;
  // A Windows shim is a script that is there or not; elsewhere the link must lead to our file.
  if (!found.executable.endsWith('.exe') && linked !== direct) return false;
  return await isWhole(found.dir, found.runtime);
}
