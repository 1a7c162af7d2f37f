import { relative } from 'node:path';
import { realPath } from '../disk/real-path.ts';
import { isPythonPackageWhole, type KnownPrefix, loadPythonRuntime } from '../install/index.ts';
import {
  type InstalledPython,
  installedPythonRuntime,
  type PythonEnvironment,
} from '../install/python/index.ts';
import { tryParseVersion } from '../pin/index.ts';
import type { RuntimeDescription } from '../store/index.ts';

/** A package that is complete, and the runtime in it. */
export interface PresentPython {
  readonly found: InstalledPython;
  readonly runtime: RuntimeDescription;
}

/** What Python finds, if every file that its `runtime.json` lists is there and its own are whole. */
export async function loadComplete(environment: PythonEnvironment): Promise<PresentPython | null> {
  const found = await installedPythonRuntime(environment);
  // Python looks beyond the prefix; a copy that the interpreter has elsewhere is not there.
  if (found === null || !(await isBelow(environment.prefix, found.dir))) return null;
  const runtime = await loadPythonRuntime(found.dir);
  if (runtime === undefined || runtime === null) return null;
  // Python and the package must mean one version, whichever way each spells it.
  if (tryParseVersion(found.version)?.semver !== runtime.version) return null;
  return (await isPythonPackageWhole(found.dir, runtime)) ? { found, runtime } : null;
}

/** The place as the home notes it. */
export function knownPlace(
  { names, prefix }: PythonEnvironment,
  { found }: PresentPython,
): KnownPrefix {
  const python = { dir: found.dir, interpreter: prefix === null ? found.interpreter : null };
  return { prefix: found.prefix, global: false, name: names.distribution, python };
}

async function isBelow(prefix: string | null, dir: string): Promise<boolean> {
  if (prefix === null) return true;
  const real = await realPath(prefix).catch(() => prefix);
  return !relative(real, await realPath(dir)).startsWith('..');
}
