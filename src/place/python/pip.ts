import type { ProgramResult } from '../../child/run-program.ts';
import { CodexRuntimeError, isCodexRuntimeError } from '../../errors.ts';
import type { Target } from '../../target/index.ts';
import { installIntoDirectory } from './directory.ts';
import type { PythonEnvironment } from './environment.ts';
import { type InstalledPython, installedPythonRuntime, samePep440 } from './installed-python.ts';
import { anyPython } from './interpreter.ts';
import { runPython } from './run-python.ts';

export interface PythonInstallRequest extends PythonEnvironment {
  /** Says that another process is changing the directory. */
  readonly onWait: () => void;
  /** Absolute path of the wheel. */
  readonly wheel: string;
  /** PEP 440. */
  readonly version: string;
  /** The executable in the package, e.g. `bin/codex`. */
  readonly entrypoint: string;
  /** The target when it is not this machine's, so that pip takes its wheel; it needs a prefix. */
  readonly foreignTarget: Target | null;
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
      onWait: request.onWait,
      signal: request.signal,
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
  const result = await askPip(request, [
    ...['install', '--no-deps', '--no-index', '--force-reinstall'],
    ...['--disable-pip-version-check', '--no-input', '--no-warn-script-location', '--no-cache-dir'],
    ...(directory === null ? [] : [`--target=${directory}`]),
    ...(foreignTarget === null ? [] : ['--only-binary=:all:']),
    ...(foreignTarget?.wheelTags ?? []).map((tag) => `--platform=${tag}`),
    '--',
    wheel,
  ]);
  if (result.status !== 0) throw pipFailure('install', request, result);
}

/**
 * Lets pip remove the package from the interpreter's own environment.
 * @throws CodexRuntimeError `INSTALL_FAILED` with pip's words
 */
export async function uninstallPythonPackage(environment: PythonEnvironment): Promise<void> {
  const { distribution } = environment.names;
  const result = await askPip(environment, [
    ...['uninstall', '--yes', '--disable-pip-version-check', '--no-input'],
    ...['--', distribution],
  ]);
  if (result.status !== 0) throw pipFailure('remove', environment, result);
}

/**
 * Environments of uv have no pip; that of another Python works on them (`--python`, pip 22.3 and
 * newer).
 */
async function askPip(
  environment: PythonEnvironment,
  args: readonly string[],
): Promise<ProgramResult> {
  const result = await runPython(environment, ['-m', 'pip', ...args]);
  if (result.status === 0 || !/No module named '?pip/.test(result.stderr)) return result;
  const another = { ...environment, python: anyPython({ platform: process.platform }) };
  const lent = await runPython(another, [
    ...['-m', 'pip', `--python=${environment.python}`],
    ...args,
  ]).catch((error: unknown) => {
    if (isCodexRuntimeError(error, 'INSTALL_FAILED')) return null;
    throw error;
  });
  return lent === null || /No module named '?pip|no such option/.test(lent.stderr) ? result : lent;
}

/** What pip said, as an error. */
function pipFailure(
  doing: 'install' | 'remove',
  { python, names }: PythonEnvironment,
  { status, stderr }: ProgramResult,
): CodexRuntimeError {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  const errors = lines.filter((line) => /^ERROR:|^error:|No module named/.test(line));
  // A traceback names its exception in the last line.
  const said = errors.length > 0 ? errors.join(' ') : lines.at(-1);
  const external = stderr.includes('externally-managed-environment');
  return new CodexRuntimeError(
    'INSTALL_FAILED',
    `pip of ${python} could not ${doing} ${names.distribution}: ${said ?? `exit status ${status}`}`,
    {
      hint: external
        ? 'Use a virtual environment (python -m venv), or a directory of its own with --prefix.'
        : 'Name an interpreter that has pip with --python, or a directory with --prefix.',
      fields: { python, status },
    },
  );
}
