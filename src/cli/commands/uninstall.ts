import { Command } from 'commander';
import { CodexRuntimeError } from '../../errors.ts';
import type { OnProgress } from '../../events.ts';
import { type Uninstalled, uninstallRuntime } from '../../operations/uninstall-runtime.ts';
import type { CliContext, CommonFlags } from '../context.ts';
import { addCommonFlags, addPrefixFlags } from '../flags.ts';
import { libraryOptions } from '../library-options.ts';
import { nonEmpty } from '../option-values.ts';
import { printResult } from '../print-result.ts';
import { withProgress } from '../progress.ts';
import { addPythonFlags, isForPython, type PythonFlags, pythonOptions } from '../python-flags.ts';

interface UninstallFlags extends CommonFlags, PythonFlags {
  readonly target?: string;
}

export function createCommand(context: CliContext): Command {
  const command = new Command('uninstall')
    .description('Remove the package from a prefix; with a version, that version from the store.')
    .argument('[version]', 'an exact version')
    .option('--target <target>', 'only this target of the version', nonEmpty);
  return addCommonFlags(addPythonFlags(addPrefixFlags(command)))
    .addHelpText('after', EXAMPLES)
    .action(async (version: string | undefined, flags: UninstallFlags) => {
      const gone = await withProgress(context, flags, ({ onProgress }) =>
        uninstall(context, version, { flags, onProgress }),
      );
      const removed = [...gone.runtimes, ...(gone.package === null ? [] : [gone.package.dir])];
      printResult(context, flags, { result: gone, text: removed.join('\n') });
    });
}

async function uninstall(
  context: CliContext,
  version: string | undefined,
  { flags, onProgress }: { readonly flags: UninstallFlags; readonly onProgress: OnProgress },
): Promise<Uninstalled> {
  const options = libraryOptions(context, { version, flags, onProgress });
  if (!isForPython(flags)) return await uninstallRuntime(options);
  const forPython = { ...options, ...pythonOptions(flags) };
  if (version !== undefined || flags.target !== undefined) {
    throw new CodexRuntimeError('USAGE', '--ecosystem python takes no version and no target.', {
      hint: 'Name an interpreter with --python, or a directory with --prefix.',
    });
  }
  const module = await import('../../operations/uninstall-python-runtime.ts');
  return await module.uninstallPythonRuntime(forPython);
}

const EXAMPLES = `
Examples:
  codex-runtime uninstall --prefix demo         the package in demo
  codex-runtime uninstall -g
  codex-runtime uninstall --ecosystem python --python .venv/bin/python
  codex-runtime uninstall 0.115.0               the version in the store; prefixes keep theirs
  codex-runtime uninstall 0.115.0 --prefix demo  both, if demo has that version
`;
