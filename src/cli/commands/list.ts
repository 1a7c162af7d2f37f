import { Command } from 'commander';
import { listInstalled } from '../../list-runtimes.ts';
import type { CliContext, CommandResult, CommonFlags } from '../context.ts';
import { addCommonFlags, libraryOptions, printResult } from '../flags.ts';
import { formatBytes, formatTable } from '../format.ts';

export function createCommand(context: CliContext, done: (status: CommandResult) => void): Command {
  const command = new Command('list').description(
    'Show the runtimes in the store with their size, and the prefixes that hold one.',
  );
  return addCommonFlags(command)
    .addHelpText('after', EXAMPLES)
    .action(async (flags: CommonFlags) => {
      const listing = await listInstalled(libraryOptions(context, undefined, flags));
      const runtimes = listing.runtimes.map((runtime) => [
        runtime.version,
        runtime.target,
        runtime.variant,
        formatBytes(runtime.size),
        runtime.whole ? 'whole' : 'damaged',
        runtime.dir,
      ]);
      const prefixes = listing.prefixes.map((prefix) => [
        prefix.version,
        prefix.target,
        prefix.name,
        prefix.healthy ? 'healthy' : 'damaged',
        prefix.executable,
      ]);
      const text = [
        'Store',
        formatTable([['version', 'target', 'variant', 'size', 'state', 'directory'], ...runtimes]),
        '',
        'Prefixes',
        formatTable([['version', 'target', 'package', 'state', 'executable'], ...prefixes]),
      ];
      printResult(context, flags, listing, text.join('\n'));
      done(0);
    });
}

const EXAMPLES = `
Examples:
  codex-runtime list
  codex-runtime list --json
`;
