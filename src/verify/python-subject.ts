import { join } from 'node:path';
import { DEFAULT_PACKAGE_NAME, parsePackageName, pythonNames } from '../package/stage/index.ts';
import {
  environmentPrefix,
  installedDistribution,
  loadPythonRuntime,
  noPythonPackage,
  type PrefixLayout,
  type PythonOptions,
  type PythonPlace,
  prefixLayout,
  pythonEnvironment,
} from '../place/index.ts';
import type { Settings } from '../request/index.ts';
import type { Subject } from './subject.ts';

/** The package beside others in a directory, as `pip install --target` or we put it there. */
export async function directorySubject(
  layout: PrefixLayout,
  name: string,
): Promise<Subject | undefined> {
  if (layout.global) return undefined;
  const dir = join(layout.prefix, pythonNames(parsePackageName(name)).importName);
  return await pythonSubject(layout, name, { dir, interpreter: null });
}

/** The package that was noted when it was installed; undefined when it is gone. */
export async function pythonSubject(
  layout: PrefixLayout,
  name: string,
  { dir, interpreter }: PythonPlace,
): Promise<Subject | undefined> {
  const runtime = await loadPythonRuntime(dir);
  if (runtime === undefined) return undefined;
  const installed = { layout, name, ecosystem: 'python', python: interpreter } as const;
  return { dir, package: installed, key: null, runtime, lost: null };
}

/**
 * The package that an interpreter finds, in its own environment or in a directory, whether or not
 * it can still be imported.
 * @throws CodexRuntimeError `RELEASE_NOT_FOUND` when there is none; `INSTALL_FAILED` when the
 * interpreter does not run
 */
export async function interpreterSubject(
  options: PythonOptions,
  settings: Settings,
): Promise<Subject> {
  const environment = await pythonEnvironment(options, settings);
  const { python, names } = environment;
  const found = await installedDistribution(environment);
  if (found === null) throw noPythonPackage(environment);
  const prefix = environment.prefix ?? (await environmentPrefix(environment));
  const { platform } = settings.host;
  const dir = join(found.dir, names.importName);
  return {
    dir,
    runtime: (await loadPythonRuntime(dir)) ?? null,
    package: {
      layout: prefixLayout({ prefix, global: false, platform }),
      name: options.name ?? DEFAULT_PACKAGE_NAME,
      ecosystem: 'python',
      python: environment.prefix === null ? python : null,
    },
    lost: null,
    key: null,
  };
}
