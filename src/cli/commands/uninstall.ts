import { Command } from 'commander';
import { uninstallRuntime } from '../../operations/uninstall-runtime.ts';
import type { CliContext, CommandResult, CommonFlags } from '../context.ts';
import {
  addCommonFlags,
  addPrefixFlags,
  libraryOptions,
  nonEmpty,
  type PrefixFlags,
  printResult,
} from '../flags.ts';

interface UninstallFlags extends CommonFlags, PrefixFlags {
  readonly target?: string;
}

export function createCommand(context: CliContext, done: (status: CommandResult) => void): Command {
  const command = new Command('uninstall')
    .description('Remove the package from a prefix; with a version, that version from the store.')
    .argument('[version]', 'an exact version')
    .option('--target <target>', 'only this target of the version', nonEmpty);
  addPrefixFlags(command);
  return addCommonFlags(command)
    .addHelpText('after', EXAMPLES)
    .action(async (version: string | undefined, flags: UninstallFlags) => {
      const gone = await uninstallRuntime(libraryOptions(context, { version, flags }));
      const removed = [...gone.runtimes, ...(gone.package === null ? [] : [gone.package.dir])];
      printResult(context, flags, { result: gone, text: removed.join('\n') });
      done(0);
    });
}

const EXAMPLES = `
Examples:
  codex-runtime uninstall --prefix demo         the package in demo
  codex-runtime uninstall -g
  codex-runtime uninstall 0.115.0               the version in the store; prefixes keep theirs
`;
