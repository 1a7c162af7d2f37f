import { type Command, Option } from 'commander';
import { CodexRuntimeError } from '../errors.ts';
import type { Ecosystem } from '../request/index.ts';
import type { PrefixFlags } from './flags.ts';
import { nonEmpty } from './option-values.ts';

/** Flags of the commands that know Python environments beside npm's prefixes. */
export interface PythonFlags extends PrefixFlags {
  readonly ecosystem?: Ecosystem;
  readonly python?: string;
}

export function addPythonFlags(command: Command): Command {
  return command
    .addOption(
      new Option('--ecosystem <name>', 'an npm prefix, or a Python environment through its pip')
        .choices(['node', 'python'])
        .default('node'),
    )
    .option(
      '--python <exe>',
      'the interpreter of --ecosystem python (default: the active environment, or .venv here)',
      nonEmpty,
    );
}

/**
 * Whether a Python environment is meant.
 * @throws CodexRuntimeError `USAGE` for an interpreter that nobody would ask
 */
export function isForPython({ ecosystem, python }: PythonFlags): boolean {
  if (ecosystem === 'python') return true;
  if (python === undefined) return false;
  throw new CodexRuntimeError('USAGE', '--python belongs to --ecosystem python.', {
    hint: 'Add --ecosystem python, or leave out --python.',
  });
}

/**
 * What the flags add to the library's options for Python.
 * @throws CodexRuntimeError `USAGE` with `--global`, which is npm's
 */
export function pythonOptions({ python, global }: PythonFlags): { readonly python?: string } {
  if (global !== true) return python === undefined ? {} : { python };
  throw new CodexRuntimeError('USAGE', '--global does not go with --ecosystem python.', {
    hint: 'Name an interpreter with --python, or a directory with --prefix.',
  });
}
