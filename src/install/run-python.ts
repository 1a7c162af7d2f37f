import { dirname } from 'node:path';
import { childEnvironment } from '../child/environment.ts';
import { type ProgramResult, runProgram } from '../child/run-program.ts';
import { CodexRuntimeError } from '../errors.ts';
import type { Environment } from '../settings.ts';
import type { PythonNames } from '../stage/index.ts';

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
 * Runs the interpreter, with what chooses its environment and nothing else of ours.
 * @throws CodexRuntimeError `INSTALL_FAILED` when it cannot be started; `ABORTED`
 */
export async function runPython(
  { python, env, signal }: PythonEnvironment,
  args: readonly string[],
): Promise<ProgramResult> {
  return await runProgram({
    file: python,
    args,
    env: childEnvironment(env, isPythonVariable),
    // Python imports from its working directory first: a place that only an administrator fills.
    cwd: dirname(process.execPath),
    signal,
    notStarted: (cause) => notStarted(python, cause),
  });
}

export function notStarted(python: string, cause?: unknown): CodexRuntimeError {
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

/** What pip said, as an error. */
export function pipFailure(
  doing: 'install' | 'remove',
  { python, names }: PythonEnvironment,
  { status, stderr }: ProgramResult,
): CodexRuntimeError {
  const said = stderr
    .split('\n')
    .filter((line) => /^ERROR:|^error:|No module named/.test(line))
    .join(' ');
  const external = stderr.includes('externally-managed-environment');
  return new CodexRuntimeError(
    'INSTALL_FAILED',
    `pip of ${python} could not ${doing} ${names.distribution}: ${said || `exit status ${status}`}`,
    {
      hint: external
        ? 'Use a virtual environment (python -m venv), or a directory of its own with --prefix.'
        : 'Name an interpreter that has pip with --python, or a directory with --prefix.',
      fields: { python, status },
    },
  );
}
