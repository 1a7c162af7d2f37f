import { join } from 'node:path';
import { realPath } from '../../disk/real-path.ts';
import { isBelow } from '../../disk/same-path.ts';
import { CodexRuntimeError } from '../../errors.ts';
import { DEFAULT_REPO, tryParseVersion } from '../../pin/index.ts';
import { executablePath, homeLayout } from '../../store/index.ts';
import { isNative } from '../../target/index.ts';
import { forgetPython, type PythonPlace as NotedPlace } from '../known-prefixes.ts';
import type { Inspected, Place, PlacedPackage, Removed, Survey } from '../place.ts';
import { tidyDirectory, verifyDirectory } from './directory.ts';
import { environmentFlags, type PythonEnvironment } from './environment.ts';
import {
  environmentPrefix,
  installedDistribution,
  installedPythonRuntime,
} from './installed-python.ts';
import { isPythonPackageWhole, loadPythonRuntime } from './package.ts';
import { uninstallPythonPackage } from './pip.ts';
import { removeFromDirectory } from './remove-from-directory.ts';

/**
 * A package in a Python environment, or in a directory of packages: the interpreter says what is
 * there, and its pip installs.
 * @param noted where the home's note has the package; without one the interpreter is asked
 */
export function pythonPlace(
  home: string,
  environment: PythonEnvironment,
  noted?: NotedPlace,
): Place {
  const { names, prefix } = environment;
  const directory = prefix === null ? null : { ...names, prefix };
  const packageDir = async () => {
    if (noted !== undefined) return noted.dir;
    if (prefix !== null) return join(prefix, names.importName);
    const found = await installedDistribution(environment);
    return found === null ? undefined : join(found.dir, names.importName);
  };
  return {
    ecosystem: 'python',
    name: names.distribution,
    flags: environmentFlags(environment),
    prefix: async () => prefix ?? (await environmentPrefix(environment)),
    survey: () => survey(environment),
    // The wheel, and what pip unpacks of it.
    copies: async () => [homeLayout(home).staging, ...(prefix === null ? [] : [prefix])],
    async accept({ settings: { host }, target }) {
      if (directory !== null) return await verifyDirectory(directory);
      if (isNative(host, target)) return;
      // pip puts another platform's wheel only into a directory of its own.
      throw new CodexRuntimeError(
        'UNSUPPORTED_PLATFORM',
        `A Python environment of this machine cannot hold Codex for ${target.triple}.`,
        {
          hint: 'Name a directory for it with --prefix.',
          fields: { target: target.triple },
        },
      );
    },
    async install(placement) {
      const { installWheel } = await import('./install-wheel.ts');
      await installWheel(environment, placement);
      const installed = await loadWhole(environment);
      if (installed !== undefined)
        return { ...installed, replaced: null, removedBy: null, withoutLinks: false };
      throw new CodexRuntimeError(
        'INSTALL_FAILED',
        `${environment.python} does not find a complete ${names.distribution} after it was installed.`,
        {
          hint: 'Run "python -m pip show -f" for the package.',
          fields: { python: environment.python },
        },
      );
    },
    async settle() {
      if (directory !== null) await tidyDirectory(directory);
    },
    async remove(wait): Promise<Removed | undefined> {
      const found = await installedDistribution(environment).catch((error: unknown) => {
        // Of a directory only files are removed, with or without an interpreter.
        if (directory === null) throw error;
        return null;
      });
      const base = prefix ?? found?.dir;
      if (base === undefined) return undefined;
      const dir = join(base, names.importName);
      if (directory === null) await uninstallPythonPackage(environment);
      else if (!(await removeFromDirectory(directory, wait))) return undefined;
      await forgetPython(home, dir);
      const version = found?.version ?? null;
      return { name: names.distribution, version, dir, leftovers: [] };
    },
    async inspect() {
      const dir = await packageDir();
      return dir === undefined ? undefined : await inspect(dir);
    },
    known: ({ dir, prefix: at, interpreter }) => {
      const python = { dir, interpreter: prefix === null ? (interpreter ?? null) : null };
      return { prefix: at, global: false, name: names.distribution, python };
    },
  };
}

async function survey(environment: PythonEnvironment): Promise<Survey> {
  const whole: PlacedPackage | undefined = await loadWhole(environment);
  return {
    runtime: whole?.runtime,
    healthy: async () => whole,
    damaged: async () => (await installedDistribution(environment)) ?? undefined,
  };
}

async function inspect(dir: string): Promise<Inspected | undefined> {
  const runtime = await loadPythonRuntime(dir);
  if (runtime === undefined) return undefined;
  if (runtime === null) {
    const unknown = { version: null, repo: null, target: null, executable: null };
    return { state: 'damaged', dir, ...unknown };
  }
  const { version, target, repo = DEFAULT_REPO } = runtime;
  const executable = executablePath(dir, runtime);
  const state = (await isPythonPackageWhole(dir, runtime)) ? 'healthy' : 'damaged';
  return { state, dir, version, repo, target, executable };
}

/** What Python finds, if every file that its `runtime.json` lists is there and its own are whole. */
async function loadWhole(environment: PythonEnvironment): Promise<PlacedPackage | undefined> {
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
