import { resolve } from 'node:path';
import { shellWord } from '../../child/shell-word.ts';
import { CodexRuntimeError } from '../../errors.ts';
import {
  DEFAULT_PACKAGE_NAME,
  type PythonNames,
  parsePackageName,
  pythonNames,
} from '../../package/stage/index.ts';
import type { Environment, RuntimeOptions, Settings } from '../../request/index.ts';
import { resolveInterpreter } from './interpreter.ts';

export interface PythonOptions extends RuntimeOptions {
  /**
   * The interpreter whose pip installs: a path, or a name on PATH. Default: that of the active
   * environment (`VIRTUAL_ENV`, `CONDA_PREFIX`), else of `.venv` in the working directory; with
   * `prefix` it is `python3`, because there it only runs pip.
   */
  readonly python?: string;
  /** Directory for `pip install --target`. Default: the interpreter's own environment. */
  readonly prefix?: string;
  /** Name of the package as npm would have it. Default `codex-cli-bin`. */
  readonly name?: string;
}

/** A Python environment, or a directory beside one. */
export interface PythonEnvironment {
  /** The interpreter: an absolute path, or a name on PATH. */
  readonly python: string;
  /** Directory for `pip install --target`; null for the interpreter's own environment. */
  readonly prefix: string | null;
  readonly names: PythonNames;
  readonly env: Environment;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The interpreter and the directory that the options mean.
 * @throws CodexRuntimeError `USAGE` where no interpreter is named and no environment is found
 */
export async function pythonEnvironment(
  options: PythonOptions,
  { env, cwd, host }: Settings,
): Promise<PythonEnvironment> {
  const { prefix, signal } = options;
  return {
    python: await resolveInterpreter({
      ...{ env, cwd, host },
      python: options.python,
      intoDirectory: prefix !== undefined,
    }),
    prefix: prefix === undefined ? null : resolve(cwd, prefix),
    names: pythonNames(parsePackageName(options.name ?? DEFAULT_PACKAGE_NAME)),
    env,
    signal,
  };
}

/** The flags with which the command means this environment. */
export function environmentFlags({ python, prefix, names }: PythonEnvironment): readonly string[] {
  const { distribution } = names;
  return [
    '--ecosystem python',
    prefix === null ? `--python ${shellWord(python)}` : `--prefix ${shellWord(prefix)}`,
    ...(distribution === DEFAULT_PACKAGE_NAME ? [] : [`--name ${distribution}`]),
  ];
}

/** A `RELEASE_NOT_FOUND`: the environment or directory does not have the package. */
export function noPythonPackage({ python, prefix, names }: PythonEnvironment): CodexRuntimeError {
  const where = prefix ?? python;
  return new CodexRuntimeError('RELEASE_NOT_FOUND', `${where} has no ${names.distribution}.`, {
    hint: 'Name the interpreter with --python, or the directory with --prefix.',
    fields: { python, prefix },
  });
}
