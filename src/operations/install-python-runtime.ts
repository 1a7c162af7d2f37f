import { mkdir, mkdtemp, readFile, realpath, rm, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { diskError } from '../disk/disk-error.ts';
import { CodexRuntimeError } from '../errors.ts';
import {
  type InstalledPython,
  installedPythonRuntime,
  type PythonEnvironment,
} from '../install/python.ts';
import { tryParseVersion } from '../pin/index.ts';
import {
  completeRequest,
  type ExactRequest,
  exactRequest,
  type RuntimeOptions,
  settingsOf,
} from '../request.ts';
import { DEFAULT_PACKAGE_NAME, parsePackageName, pythonNames } from '../stage/package-names.ts';
import {
  homeLayout,
  isWantedOutside,
  lockPath,
  MANIFEST_NAME,
  parseDescription,
  type Runtime,
  type RuntimeDescription,
  runtimeDir,
  verifyFiles,
} from '../store/index.ts';
import { hostTarget } from '../target/index.ts';
import type { InstallResult } from './install-runtime.ts';
import { useRuntime } from './use-runtime.ts';

export interface PythonInstallOptions extends RuntimeOptions {
  /** The interpreter whose pip installs: a path, or a name on PATH. Default `python3`. */
  readonly python?: string;
  /** Directory for `pip install --target`. Default: the interpreter's own environment. */
  readonly prefix?: string;
  /** Name of the package as npm would have it. Default `codex-cli-bin`. */
  readonly name?: string;
  /** Directory of templates in place of the bundled ones. */
  readonly templatesDir?: string;
}

/**
 * As `installRuntime`, into a Python environment: the runtime becomes a wheel, the interpreter's pip
 * installs it, and the version that Python then finds is compared. Without a version, what is
 * installed and complete is accepted. `package.version` is in PEP 440 form.
 *
 * @throws CodexRuntimeError what provisioning throws; `PIN_INVALID` for a version without a PEP 440
 * form; `INSTALL_FAILED` with pip's words; `VERSION_MISMATCH`
 */
export async function installPythonRuntime(
  options: PythonInstallOptions = {},
): Promise<InstallResult> {
  const environment = pythonEnvironment(options);
  const present = await loadComplete(environment);
  const request = await exactRequest(
    await completeRequest(
      { ...options, ecosystem: 'python' },
      async () => present?.runtime.version ?? null,
    ),
  );
  const { home } = request.settings;
  if (
    present !== null &&
    !request.force &&
    (await isWantedOutside(home, present.runtime, request))
  ) {
    const dir = runtimeDir(home, present.runtime);
    return resultOf(environment, present, { dir, source: 'prefix', downloaded: 0 });
  }
  refuseForeign(request, environment);
  const { provisionRuntime } = await import('../provision.ts');
  const { provisioned } = await useRuntime({
    obtain: () => provisionRuntime(request),
    use: (runtime) =>
      installWheel(environment, { request, runtime, templatesDir: options.templatesDir }),
    lock: lockPath(request.settings.home, request.version.semver, request.target.triple),
    signal: options.signal,
  });
  const { runtime, source, downloaded } = provisioned;
  const installed = await loadComplete(environment);
  if (installed === null) throw notFound(environment);
  request.onProgress?.({
    type: 'installed',
    dir: installed.found.dir,
    unknownToNpm: false,
    executable: installed.found.executable,
  });
  return resultOf(environment, installed, { dir: runtime.dir, source, downloaded });
}

function pythonEnvironment(options: PythonInstallOptions): PythonEnvironment {
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

interface PresentPython {
  readonly found: InstalledPython;
  readonly runtime: RuntimeDescription;
}

/** What Python finds, if every file that its `runtime.json` lists is there and its own are whole. */
async function loadComplete(environment: PythonEnvironment): Promise<PresentPython | null> {
  const found = await installedPythonRuntime(environment);
  // Python looks beyond the prefix; a copy that the interpreter has elsewhere is not there.
  if (found === null || !(await isBelow(environment.prefix, found.dir))) return null;
  const text = await readFile(join(found.dir, MANIFEST_NAME), 'utf8').catch(() => null);
  const runtime = text === null ? undefined : parseDescription(text);
  if (runtime === undefined) return null;
  // Python and the package must mean one version, whichever way each spells it.
  if (tryParseVersion(found.version)?.semver !== runtime.version) return null;
  for (const { path, size } of runtime.files) {
    const stats = await stat(join(found.dir, path)).catch(() => null);
    if (stats?.size !== size) return null;
  }
  // Python runs these; pip gives them modes of its own.
  const damages = await verifyFiles(found.dir, runtime.packageFiles ?? []);
  if (damages.some(({ kind }) => kind !== 'mode')) return null;
  return { found, runtime };
}

async function isBelow(prefix: string | null, dir: string): Promise<boolean> {
  if (prefix === null) return true;
  const real = await realpath(prefix).catch(() => prefix);
  return !relative(real, await realpath(dir)).startsWith('..');
}

interface WheelInstallation {
  readonly request: ExactRequest;
  readonly runtime: Runtime;
  readonly templatesDir: string | undefined;
}

async function installWheel(
  environment: PythonEnvironment,
  { request, runtime, templatesDir }: WheelInstallation,
): Promise<void> {
  const { planPackage } = await import('../stage/index.ts');
  const { packLocalWheel } = await import('../pack/index.ts');
  const { installPythonPackage } = await import('../install/python.ts');
  const plan = await planPackage({
    runtime,
    ecosystem: 'python',
    name: environment.names.distribution,
    templatesDir,
  });
  const directory = await wheelDirectory(request.settings.home);
  try {
    const wheel = await packLocalWheel(plan, directory, request.signal);
    const foreignTarget = isForeign(request) ? request.target : null;
    await installPythonPackage({ ...environment, wheel, version: plan.version, foreignTarget });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Beside the store: a wheel has the size of its runtime, which temporary directories may not have. */
async function wheelDirectory(home: string): Promise<string> {
  const { staging } = homeLayout(home);
  await makeDirectory(staging);
  return await mkdtemp(join(staging, 'wheel-'));
}

async function makeDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch((error: unknown) => {
    throw diskError(error, 'make the directory', path);
  });
}

function isForeign({ settings, target }: ExactRequest): boolean {
  return hostTarget(settings.host).triple !== target.triple;
}

/** pip puts another platform's wheel only into a directory of its own. */
function refuseForeign(request: ExactRequest, { prefix }: PythonEnvironment): void {
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

function notFound({ python, names }: PythonEnvironment): CodexRuntimeError {
  return new CodexRuntimeError(
    'INSTALL_FAILED',
    `${python} does not find a complete ${names.distribution} after it was installed.`,
    { hint: 'Look at "python -m pip show -f" of the package.', fields: { python } },
  );
}

function resultOf(
  { names }: PythonEnvironment,
  { found, runtime }: PresentPython,
  from: { readonly dir: string; readonly source: string; readonly downloaded: number },
): InstallResult {
  return {
    version: runtime.version,
    target: runtime.target,
    variant: runtime.variant,
    executable: found.executable,
    prefix: found.prefix,
    package: { name: names.distribution, version: found.version, dir: found.dir },
    runtime: { dir: from.dir },
    source: from.source,
    downloaded: from.downloaded,
  };
}
