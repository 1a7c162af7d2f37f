import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError } from '../disk/disk-error.ts';
import { makeDirectory } from '../disk/make-directory.ts';
import { removeTree } from '../disk/until-unblocked.ts';
import { installPythonPackage, type PythonEnvironment } from '../install/python/index.ts';
import { packLocalWheel } from '../pack/index.ts';
import { planPackage } from '../stage/index.ts';
import { homeLayout } from '../store/index.ts';
import { isNative } from '../target/index.ts';
import type { PlaceRequest } from './place.ts';

/**
 * Makes a wheel of a runtime and lets pip install it.
 * @throws CodexRuntimeError `PIN_INVALID` for a version without a PEP 440 form; `INSTALL_FAILED`
 * with pip's words; `VERSION_MISMATCH`
 */
export async function installWheel(
  environment: PythonEnvironment,
  { request, runtime, templatesDir, onWait }: PlaceRequest,
): Promise<void> {
  const { settings, target, signal } = request;
  const name = environment.names.distribution;
  const plan = await planPackage({ runtime, ecosystem: 'python', name, templatesDir });
  const directory = await wheelDirectory(settings.home);
  try {
    await installPythonPackage({
      ...environment,
      wheel: await packLocalWheel(plan, directory, signal),
      version: plan.version,
      entrypoint: runtime.manifest.entrypoint,
      foreignTarget: isNative(settings.host, target) ? null : target,
      onWait,
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
