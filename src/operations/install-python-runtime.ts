import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError } from '../disk/disk-error.ts';
import { makeDirectory } from '../disk/make-directory.ts';
import { removeTree } from '../disk/until-unblocked.ts';
import { CodexRuntimeError } from '../errors.ts';
import { tellWaiting } from '../events.ts';
import { rememberPrefix } from '../install/index.ts';
import {
  type PythonEnvironment,
  type PythonOptions,
  tidyDirectory,
  verifyDirectory,
} from '../install/python/index.ts';
import type { ExactRequest } from '../request/index.ts';
import { holdPath, homeLayout, type Runtime, runtimeDir } from '../store/index.ts';
import { isNative } from '../target/index.ts';
import type { InstallResult } from './install-runtime.ts';
import { planPythonInstall } from './plan-python-install.ts';
import { knownPlace, loadComplete, type PresentPython } from './present-python.ts';
import { useRuntime, waitForRuntime } from './use-runtime.ts';

export interface PythonInstallOptions extends PythonOptions {
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
  const { environment, request, present } = await planPythonInstall(options);
  const { home } = request.settings;
  if (present !== null) {
    if (environment.prefix !== null) {
      await tidyDirectory({ ...environment.names, prefix: environment.prefix });
    }
    await rememberPrefix(home, knownPlace(environment, present));
    const dir = runtimeDir(home, present.runtime);
    return resultOf({ environment, request }, present, { dir, source: 'prefix', downloaded: 0 });
  }
  const { names, prefix } = environment;
  if (prefix !== null) await verifyDirectory({ ...names, prefix });
  const { provisionRuntime } = await import('../provision.ts');
  const { provisioned } = await useRuntime({
    // The wheel, and what pip unpacks of it.
    obtain: () =>
      provisionRuntime(request, [
        homeLayout(request.settings.home).staging,
        ...(prefix === null ? [] : [prefix]),
      ]),
    use: (runtime) =>
      installWheel(environment, { request, runtime, templatesDir: options.templatesDir }),
    hold: holdPath(request.settings.home, request.version.semver, request.target.triple),
    onWait: waitForRuntime(request),
    signal: options.signal,
  });
  const { runtime, source, downloaded } = provisioned;
  const installed = await loadComplete(environment);
  if (installed === null) throw notFound(environment);
  await rememberPrefix(home, knownPlace(environment, installed));
  request.onProgress?.({
    type: 'installed',
    dir: installed.found.dir,
    removedBy: null,
    replaced: null,
    withoutLinks: false,
    executable: installed.found.executable,
  });
  return resultOf({ environment, request }, installed, { dir: runtime.dir, source, downloaded });
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
  const { installPythonPackage } = await import('../install/python/index.ts');
  const plan = await planPackage({
    runtime,
    ecosystem: 'python',
    name: environment.names.distribution,
    templatesDir,
  });
  const directory = await wheelDirectory(request.settings.home);
  try {
    const wheel = await packLocalWheel(plan, directory, request.signal);
    const foreignTarget = isNative(request.settings.host, request.target) ? null : request.target;
    await installPythonPackage({
      ...environment,
      wheel,
      version: plan.version,
      entrypoint: runtime.manifest.entrypoint,
      foreignTarget,
      onWait: tellWaiting(request.onProgress, `another process is changing ${environment.prefix}`),
    });
  } finally {
    await removeTree(directory);
  }
}

/** Beside the store: a wheel has the size of its runtime, which temporary directories may not have. */
async function wheelDirectory(home: string): Promise<string> {
  const { staging } = homeLayout(home);
  try {
    await makeDirectory(staging);
    return await mkdtemp(join(staging, 'wheel-'));
  } catch (error) {
    throw diskError(error, 'make a directory for the wheel', staging);
  }
}

function notFound({ python, names }: PythonEnvironment): CodexRuntimeError {
  return new CodexRuntimeError(
    'INSTALL_FAILED',
    `${python} does not find a complete ${names.distribution} after it was installed.`,
    { hint: 'Look at "python -m pip show -f" of the package.', fields: { python } },
  );
}

function resultOf(
  {
    environment: { names },
    request,
  }: { readonly environment: PythonEnvironment; readonly request: ExactRequest },
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
    repo: request.settings.github.repo,
    lockfile: request.lockPath,
  };
}
