import { Command, Option } from 'commander';
import { CodexRuntimeError, escapeControls } from '../../errors.ts';
import { type Uninstalled, uninstallRuntime } from '../../operations/uninstall-runtime.ts';
import type { CliContext, CommonFlags } from '../context.ts';
import { addCommonFlags, addPrefixFlags } from '../flags.ts';
import { libraryOptions } from '../library-options.ts';
import { nonEmpty } from '../option-values.ts';
import { addPlaceFlags, type PlaceFlags, placeOptions } from '../place-flags.ts';
import { printResult } from '../print-result.ts';
import { leftoverText, withProgress } from '../progress.ts';

interface UninstallFlags extends CommonFlags, PlaceFlags {
  readonly target?: string;
  readonly everything?: true;
  readonly dryRun?: true;
}

export function createCommand(context: CliContext): Command {
  const command = new Command('uninstall')
    .description('Remove the package from a prefix; with a version, that version from the store.')
    .argument('[version]', 'an exact version')
    .option('--target <target>', 'only this target of the version', nonEmpty)
    .addOption(
      new Option(
        '--everything',
        'everything of codex-runtime on this machine: the store, known prefixes, partial files',
      ).conflicts(['target', 'prefix', 'global', 'name', 'ecosystem', 'python']),
    )
    .option('--dry-run', 'with --everything: print what would go, and remove nothing');
  return addCommonFlags(addPlaceFlags(addPrefixFlags(command)))
    .addHelpText('after', EXAMPLES)
    .action(async (version: string | undefined, flags: UninstallFlags) => {
      if (flags.everything === true) return await removeEverything(context, version, flags);
      if (flags.dryRun === true) {
        throw new CodexRuntimeError('USAGE', '--dry-run belongs to --everything.', {
          hint: 'Run "codex-runtime list" to see what is installed.',
        });
      }
      const gone = await withProgress(context, flags, ({ onProgress }) =>
        uninstallRuntime({
          ...libraryOptions(context, { version, flags, onProgress }),
          ...placeOptions(flags),
        }),
      );
      const removed = [...gone.runtimes, ...(gone.package === null ? [] : [gone.package.dir])];
      if (flags.quiet !== true) {
        for (const leftover of gone.package?.leftovers ?? []) {
          context.stderr.write(`${escapeControls(leftoverText(leftover))}\n`);
        }
        for (const kept of gone.kept) context.stderr.write(`${escapeControls(describe(kept))}\n`);
      }
      printResult(context, flags, { result: gone, text: removed.join('\n') });
    });
}

function describe({ place, dir, command }: Uninstalled['kept'][number]): string {
  const where = place === 'store' ? `The store still has it at ${dir}` : `It is still in ${dir}`;
  return `${where}: "${command}" removes it.`;
}

async function removeEverything(
  context: CliContext,
  version: string | undefined,
  flags: UninstallFlags,
): Promise<void> {
  if (version !== undefined) {
    throw new CodexRuntimeError('USAGE', '--everything takes no version.', {
      hint: 'Leave out one of the two.',
    });
  }
  const { uninstallEverything } = await import('../../operations/uninstall-everything.ts');
  const result = await withProgress(context, flags, ({ onProgress }) => {
    const options = libraryOptions(context, { flags, onProgress });
    return uninstallEverything({ ...options, dryRun: flags.dryRun === true });
  });
  const packages = result.prefixes.map(({ prefix, name }) => `${prefix} (${name})`);
  const text = [...packages, ...result.runtimes, ...result.home].join('\n');
  printResult(context, flags, { result, text });
}

const EXAMPLES = `
Examples:
  codex-runtime uninstall --prefix demo         the package in demo
  codex-runtime uninstall -g
  codex-runtime uninstall --ecosystem python --python .venv/bin/python
  codex-runtime uninstall 0.115.0               the version in the store
  codex-runtime uninstall 0.115.0 --prefix demo both, if demo has that version
  codex-runtime uninstall --everything --dry-run

What still has the version is named on stderr, with the command that removes it.
`;
