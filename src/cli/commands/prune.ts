import { Command } from 'commander';
import { type KeepReason, type PruneResult, pruneStore } from '../../prune/index.ts';
import type { CliContext, CommonFlags } from '../context.ts';
import { addCommonFlags } from '../flags.ts';
import { formatBytes } from '../format.ts';
import { given } from '../library-options.ts';
import { parseCount, parseDuration } from '../option-values.ts';
import { printResult } from '../print-result.ts';
import { formatTable, tableWidth } from '../table.ts';

interface PruneFlags extends CommonFlags {
  readonly keep?: number;
  readonly unusedFor?: number;
  readonly dryRun?: true;
}

export function createCommand(context: CliContext): Command {
  const command = new Command('prune')
    .description('Remove runtimes that nobody needs, stale downloads, and what killed runs left.')
    .option('--keep <n>', 'keep the N versions that were used last', parseCount)
    .option(
      '--unused-for <duration>',
      'remove what was not used for 30d, 12h, … (default: 30d, or 0 with --keep)',
      parseDuration,
    )
    .option('--dry-run', 'say what would go, and remove nothing');
  return addCommonFlags(command)
    .addHelpText('after', EXAMPLES)
    .action(async (flags: PruneFlags) => {
      const result = await pruneStore({
        env: context.env,
        signal: context.signal,
        dryRun: flags.dryRun === true,
        ...given({ home: flags.home, keep: flags.keep, unusedForMs: flags.unusedFor }),
      });
      if (flags.quiet !== true) context.stderr.write(summary(result));
      printResult(context, flags, { result, text: describe(result, tableWidth(context, flags)) });
    });
}

const STAYS: Readonly<Record<KeepReason, string>> = {
  linked: 'a prefix shares its files',
  installed: 'a prefix has this version',
  running: 'a process runs it',
  recent: 'used recently',
  kept: 'among those to keep',
  busy: 'another process works on it',
};

const HEAD = ['outcome', 'version', 'target', 'variant', 'frees', 'last used', 'stays because'];

function describe({ removed, kept, dryRun }: PruneResult, width: number | undefined): string {
  const rows = [...removed, ...kept].map(
    ({ version, target, variant, bytes, lastUsed, reasons }) => [
      reasons.length > 0 ? 'stays' : dryRun ? 'would go' : 'gone',
      version,
      target,
      variant,
      formatBytes(bytes),
      lastUsed.slice(0, 10),
      reasons.map((reason) => STAYS[reason]).join(', '),
    ],
  );
  return rows.length === 0 ? '' : formatTable([HEAD, ...rows], width);
}

function summary({ dryRun, freed, removed, staging, processesChecked }: PruneResult): string {
  const nothing = freed === 0 && removed.length === 0 && staging.length === 0;
  const lines = [
    ...staging.map(
      (path) => `${dryRun ? 'Would remove' : 'Removed'} ${path}, left by a killed run.`,
    ),
    ...(processesChecked ? [] : ['Not checked on this system: which processes run a runtime.']),
    nothing ? 'Nothing to remove.' : `${dryRun ? 'Would free' : 'Freed'} ${formatBytes(freed)}.`,
  ];
  return `${lines.join('\n')}\n`;
}

const EXAMPLES = `
Whatever the options say, a runtime stays while a prefix shares its files or has its version, or a
process runs it. With both options a runtime goes only when both let it.

Examples:
  codex-runtime prune --dry-run
  codex-runtime prune --keep 2
  codex-runtime prune --unused-for 14d
`;
