import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { childEnvironment } from '../child/environment.ts';
import { type ProgramResult, runProgram } from '../child/run-program.ts';
import { CodexRuntimeError } from '../errors.ts';
import { asJsonObject } from '../json.ts';
import { tryParseVersion } from '../pin/index.ts';
import type { Environment } from '../settings.ts';
import type { PythonNames } from '../stage/index.ts';
import type { Target } from '../target/index.ts';
import { installIntoDirectory } from './python-directory.ts';

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

export interface PythonInstallRequest extends PythonEnvironment {
  /** Absolute path of the wheel. */
  readonly wheel: string;
  /** PEP 440. */
  readonly version: string;
  /** The executable in the package, e.g. `bin/codex`. */
  readonly entrypoint: string;
  /** The target when it is not this machine's, so that pip takes its wheel; it needs a prefix. */
  readonly foreignTarget: Target | null;
}

/** A runtime package as the interpreter itself sees it. */
export interface InstalledPython {
  /** As `importlib.metadata` says it. */
  readonly version: string;
  /** Absolute path of the native executable. */
  readonly executable: string;
  /** The directory of the runtime tree. */
  readonly dir: string;
  /** The environment, or the target directory. */
  readonly prefix: string;
}

/**
 * Installs a wheel with the interpreter's own pip, without network or dependencies, and reads back
 * what is there.
 * @throws CodexRuntimeError `INSTALL_FAILED` with pip's words; `VERSION_MISMATCH` when the
 * interpreter then finds another version
 */
export async function installPythonPackage(
  request: PythonInstallRequest,
): Promise<InstalledPython> {
  const { python, prefix, names, version } = request;
  if (prefix === null) await runPip(request, null);
  else {
    await installIntoDirectory({
      prefix,
      importName: names.importName,
      entrypoint: request.entrypoint,
      fill: (directory) => runPip(request, directory),
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    });
  }
  const installed = await installedPythonRuntime(request);
  if (installed !== null && samePep440(installed.version, version)) return installed;
  throw new CodexRuntimeError(
    'VERSION_MISMATCH',
    `${python} finds ${names.distribution} ${installed?.version ?? '(none)'} after ${version} was installed.`,
    {
      hint: 'Another copy comes first on its path: look at "python -m pip show -f".',
      fields: { expected: version, actual: installed?.version ?? null, python },
    },
  );
}

async function runPip(request: PythonInstallRequest, directory: string | null): Promise<void> {
  const { wheel, foreignTarget } = request;
  const result = await runPython(request, [
    ...['-m', 'pip', 'install', '--no-deps', '--no-index', '--force-reinstall'],
    ...['--disable-pip-version-check', '--no-input', '--no-warn-script-location', '--no-cache-dir'],
    ...(directory === null ? [] : [`--target=${directory}`]),
    ...(foreignTarget === null ? [] : ['--only-binary=:all:']),
    ...(foreignTarget?.wheelTags ?? []).map((tag) => `--platform=${tag}`),
    '--',
    wheel,
  ]);
  if (result.status !== 0) throw pipFailure(request, result);
}

/**
 * What the interpreter has installed, complete and importable; null where there is nothing.
 * @throws CodexRuntimeError `INSTALL_FAILED` when the interpreter does not run
 */
export async function installedPythonRuntime(
  environment: PythonEnvironment,
): Promise<InstalledPython | null> {
  const { names, prefix } = environment;
  const { status, stdout } = await runPython(environment, [
    '-c',
    READ_BACK,
    names.distribution,
    names.importName,
    prefix ?? '',
  ]);
  if (status !== 0) return null;
  const found = parseInstalled(stdout);
  if (found === null || !(await stat(found.executable).catch(() => null))) return null;
  return found;
}

/**
 * The directory of the interpreter's own environment.
 * @throws CodexRuntimeError `INSTALL_FAILED` when the interpreter does not run
 */
export async function environmentPrefix(environment: PythonEnvironment): Promise<string> {
  const { status, stdout } = await runPython(environment, ['-c', 'import sys; print(sys.prefix)']);
  const prefix = stdout.trim();
  if (status === 0 && prefix !== '') return prefix;
  throw notStarted(environment.python);
}

/** Whether two spellings are one PEP 440 version. */
export function samePep440(a: string, b: string): boolean {
  const [left, right] = [a, b].map((text) => tryParseVersion(text)?.pep440 ?? null);
  return left !== null && left === right;
}

// Values come as arguments, never inside the program. The working directory must not be imported from.
const READ_BACK = `
import sys
sys.dont_write_bytecode = True
distribution, module, prefix = sys.argv[1:4]
sys.path[:] = ([prefix] if prefix else []) + [entry for entry in sys.path if entry]
import importlib, importlib.metadata, json, pathlib
package = importlib.import_module(module)
# The package resolves links; what is shown is the path that stays the same after an upgrade.
here = pathlib.Path(package.__file__).absolute().parent
def shown(path):
    try:
        return str(here / path.relative_to(here.resolve()))
    except ValueError:
        return str(path)
print(json.dumps({
    "version": importlib.metadata.version(distribution),
    "executable": shown(package.bundled_codex_path()),
    "dir": shown(package.bundled_package_dir()),
    "prefix": prefix or sys.prefix,
}))
`;

function parseInstalled(text: string): InstalledPython | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const { version, executable, dir, prefix } = asJsonObject(value);
  const texts = [version, executable, dir, prefix];
  if (!texts.every((each) => typeof each === 'string')) return null;
  return { version, executable, dir, prefix } as InstalledPython;
}

async function runPython(
  { python, env, signal }: PythonEnvironment,
  args: readonly string[],
): Promise<ProgramResult> {
  try {
    return await runProgram({
      file: python,
      args,
      env: childEnvironment(env, isPythonVariable),
      // Python imports from its working directory first: a place that only an administrator fills.
      cwd: dirname(process.execPath),
      signal,
    });
  } catch (cause) {
    if (cause instanceof CodexRuntimeError) throw cause;
    throw notStarted(python, cause);
  }
}

function notStarted(python: string, cause?: unknown): CodexRuntimeError {
  return new CodexRuntimeError('INSTALL_FAILED', `The Python at "${python}" cannot be started.`, {
    hint: 'Name an interpreter with --python.',
    fields: { python },
    cause,
  });
}

/** What chooses an interpreter's environment and pip's; PYTHONPATH would show packages of others. */
function isPythonVariable(name: string): boolean {
  return /^(?:PIP_|PYENV_|CONDA_|VIRTUAL_ENV$|PYTHONUTF8$|PYTHONHOME$)/.test(name);
}

function pipFailure({ python, names }: PythonInstallRequest, { status, stderr }: ProgramResult) {
  const said = stderr
    .split('\n')
    .filter((line) => /^ERROR:|^error:|No module named/.test(line))
    .join(' ');
  const external = stderr.includes('externally-managed-environment');
  return new CodexRuntimeError(
    'INSTALL_FAILED',
    `pip of ${python} could not install ${names.distribution}: ${said || `exit status ${status}`}`,
    {
      hint: external
        ? 'Use a virtual environment (python -m venv), or a directory of its own with --prefix.'
        : 'Name an interpreter that has pip with --python, or a directory with --prefix.',
      fields: { python, status },
    },
  );
}
