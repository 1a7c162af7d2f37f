import { dirname } from 'node:path';
import { childEnvironment } from '../../child/environment.ts';
import { type ProgramResult, runProgram } from '../../child/run-program.ts';
import { CodexRuntimeError } from '../../errors.ts';
import type { PythonEnvironment } from './environment.ts';

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
