import { join, resolve } from 'node:path';
import { exists } from '../../disk/exists.ts';
import { trustedOwners, writtenByOthers } from '../../disk/others.ts';
import { CodexRuntimeError } from '../../errors.ts';
import type { Settings } from '../../request/index.ts';

/** What decides which interpreter is meant. */
export interface InterpreterRequest extends Pick<Settings, 'env' | 'cwd' | 'host'> {
  /** A path, or a name on PATH. */
  readonly python: string | undefined;
  /** Whether the package goes into a directory, so that the interpreter only runs pip. */
  readonly intoDirectory: boolean;
}

type Resolver = (request: InterpreterRequest) => Promise<string | undefined>;

/**
 * The first that answers wins. A global interpreter is taken only when it is named: what is installed
 * there is every project's, and on many systems the package manager's.
 */
const PRECEDENCE: readonly Resolver[] = [
  async ({ python, cwd }) =>
    python !== undefined && /[/\\]/.test(python) ? resolve(cwd, python) : python,
  async ({ intoDirectory, host }) => (intoDirectory ? anyPython(host) : undefined),
  activeEnvironment,
  activeConda,
  environmentHere,
];

/**
 * The interpreter that is meant: an absolute path, or a name on PATH.
 * @throws CodexRuntimeError `USAGE` where none is named and no environment is active or lies here,
 * or where the environment cannot be used
 */
export async function resolveInterpreter(request: InterpreterRequest): Promise<string> {
  for (const resolver of PRECEDENCE) {
    const found = await resolver(request);
    if (found !== undefined) return found;
  }
  throw new CodexRuntimeError(
    'USAGE',
    `No Python environment is active, and ${request.cwd} has no .venv.`,
    {
      hint: `Activate one, make one with "${anyPython(request.host)} -m venv .venv", or name an interpreter with --python or a directory with --prefix.`,
      fields: { cwd: request.cwd },
    },
  );
}

/** The name on PATH under which a system has Python 3. */
export function anyPython({ platform }: Pick<Settings['host'], 'platform'>): string {
  return platform === 'win32' ? 'python' : 'python3';
}

async function activeEnvironment({ env, cwd, host }: InterpreterRequest) {
  const named = env['VIRTUAL_ENV'];
  if (named === undefined || named === '') return undefined;
  const directory = resolve(cwd, named);
  const python = interpreterIn(directory, host);
  if (await exists(python)) return python;
  throw new CodexRuntimeError('USAGE', `VIRTUAL_ENV is ${directory}, which has no ${python}.`, {
    hint: 'Activate another environment, unset VIRTUAL_ENV, or name an interpreter with --python.',
    fields: { python },
  });
}

/** Conda's base environment is its global one. */
async function activeConda({ env, host }: InterpreterRequest) {
  const directory = env['CONDA_PREFIX'];
  if (directory === undefined || directory === '' || env['CONDA_DEFAULT_ENV'] === 'base') {
    return undefined;
  }
  const python = join(directory, host.platform === 'win32' ? 'python.exe' : 'bin/python');
  return (await exists(python)) ? python : undefined;
}

async function environmentHere({ cwd, host }: InterpreterRequest) {
  const directory = join(cwd, '.venv');
  const python = interpreterIn(directory, host);
  if (!(await exists(join(directory, 'pyvenv.cfg'))) || !(await exists(python))) return undefined;
  const others = writtenByOthers(directory, trustedOwners(cwd));
  if (host.platform === 'win32' || others === undefined) return python;
  throw new CodexRuntimeError('USAGE', `${directory} is not used: it ${others}.`, {
    hint: `If you trust it, name it with --python ${python}.`,
    fields: { python },
  });
}

function interpreterIn(directory: string, { platform }: Settings['host']): string {
  return platform === 'win32'
    ? join(directory, 'Scripts', 'python.exe')
    : join(directory, 'bin', 'python');
}
