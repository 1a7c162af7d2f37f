import { realpath } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { CodexRuntimeError } from '../errors.ts';
import type { ExactRequest } from '../exact-request.ts';
import { isPythonPackageWhole, type KnownPrefix, loadPythonRuntime } from '../install/index.ts';
import {
  type InstalledPython,
  installedPythonRuntime,
  type PythonEnvironment,
} from '../install/python.ts';
import { tryParseVersion } from '../pin/index.ts';
import { type RuntimeOptions, settingsOf } from '../request.ts';
import { DEFAULT_PACKAGE_NAME, parsePackageName, pythonNames } from '../stage/package-names.ts';
import type { RuntimeDescription } from '../store/index.ts';
import { isNative } from '../target/index.ts';

export interface PythonOptions extends RuntimeOptions {
  /** The interpreter whose pip installs: a path, or a name on PATH. Default `python3`. */
  readonly python?: string;
  /** Directory for `pip install --target`. Default: the interpreter's own environment. */
  readonly prefix?: string;
  /** Name of the package as npm would have it. Default `codex-cli-bin`. */
  readonly name?: string;
}

/** The interpreter and the directory that the options mean. */
export function pythonEnvironment(options: PythonOptions): PythonEnvironment {
  const { env, cwd, host } = settingsOf(options);
  const { prefix, signal } = options;
  const python = options.python ?? (host.platform === 'win32' ? 'python' : 'python3');
  return {
    python: /[/\\]/.test(python) ? resolve(cwd, python) : python,
    prefix: prefix === undefined ? null : resolve(cwd, prefix),
    names: pythonNames(parsePackageName(options.name ?? DEFAULT_PACKAGE_NAME)),
    env,
    signal,
  };
}

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
  const real = await realpath(prefix).catch(() => prefix);
  return !relative(real, await realpath(dir)).startsWith('..');
}

/** Whether this machine cannot run the wanted target. */
export function isForeign({ settings, target }: ExactRequest): boolean {
  return !isNative(settings.host, target);
}

/**
 * pip puts another platform's wheel only into a directory of its own.
 * @throws CodexRuntimeError `UNSUPPORTED_PLATFORM`
 */
export function refuseForeign(request: ExactRequest, { prefix }: PythonEnvironment): void {
  if (prefix !== null || !isForeign(request)) return;
  throw new CodexRuntimeError(
    'UNSUPPORTED_PLATFORM',
    `A Python environment of this machine cannot hold Codex for ${request.target.triple}.`,
    {
      hint: 'Name a directory for it with --prefix.',
      fields: { target: request.target.triple },
    },
  );
}
