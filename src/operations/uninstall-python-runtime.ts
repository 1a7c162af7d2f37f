import { join } from 'node:path';
import { tellWaiting } from '../events.ts';
import { forgetPython } from '../install/index.ts';
import {
  installedDistribution,
  noPythonPackage,
  type PythonOptions,
  pythonEnvironment,
  removeFromDirectory,
  uninstallPythonPackage,
} from '../install/python/index.ts';
import { settingsOf } from '../request/index.ts';
import type { Uninstalled } from './uninstall-runtime.ts';

/**
 * Removes the package from a directory of Python packages, or lets pip remove it from the
 * interpreter's own environment. Of a directory only what we or pip installed of it goes: a package of
 * this name that somebody made stays, as do other commands. The store keeps its runtimes.
 * @throws CodexRuntimeError `RELEASE_NOT_FOUND` when there is none; `INSTALL_FAILED` with pip's words;
 * `PREFIX_INVALID` when a link is in place of its builds
 */
export async function uninstallPythonRuntime(options: PythonOptions): Promise<Uninstalled> {
  const settings = settingsOf(options);
  const { home } = settings;
  const environment = await pythonEnvironment(options, settings);
  const { prefix, names } = environment;
  const found = await installedDistribution(environment);
  const name = names.distribution;
  if (prefix !== null) {
    const onWait = tellWaiting(options.onProgress, `another process is changing ${prefix}`);
    if (await removeFromDirectory({ ...names, prefix }, { onWait, signal: options.signal })) {
      const dir = join(prefix, names.importName);
      await forgetPython(home, dir);
      return {
        runtimes: [],
        kept: [],
        package: { name, version: found?.version ?? null, dir, leftovers: [] },
      };
    }
  } else if (found !== null) {
    await uninstallPythonPackage(environment);
    const dir = join(found.dir, names.importName);
    await forgetPython(home, dir);
    return {
      runtimes: [],
      kept: [],
      package: { name, version: found.version, dir, leftovers: [] },
    };
  }
  throw noPythonPackage(environment);
}
