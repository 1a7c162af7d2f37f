import { realPath } from '../../disk/real-path.ts';
import { isBelow } from '../../disk/same-path.ts';
import { tryParseVersion } from '../../pin/index.ts';
import type { PlacedPackage } from '../place.ts';
import type { PythonEnvironment } from './environment.ts';
import { installedPythonRuntime } from './installed-python.ts';
import { isPythonPackageWhole, loadPythonRuntime } from './package.ts';

/** What Python finds, if every file that its `runtime.json` lists is there and its own are whole. */
export async function loadWhole(
  environment: PythonEnvironment,
): Promise<PlacedPackage | undefined> {
  const found = await installedPythonRuntime(environment);
  // Python looks beyond the prefix; a copy that the interpreter has elsewhere is not there.
  if (found === null || !(await isIn(environment.prefix, found.dir))) return undefined;
  const runtime = await loadPythonRuntime(found.dir);
  if (runtime === undefined || runtime === null) return undefined;
  // Python and the package must mean one version, whichever way each spells it.
  if (tryParseVersion(found.version)?.semver !== runtime.version) return undefined;
  if (!(await isPythonPackageWhole(found.dir, runtime))) return undefined;
  return { ...found, name: environment.names.distribution, runtime };
}

async function isIn(prefix: string | null, dir: string): Promise<boolean> {
  if (prefix === null) return true;
  const real = await realPath(prefix).catch(() => prefix);
  return isBelow(real, await realPath(dir));
}
