import { Command, Option } from 'commander';
import {
  type Resolution,
  resolveAllTargets,
  resolveRuntime,
} from '../../operations/resolve-runtime.ts';
import type { CliContext } from '../context.ts';
import { addCommonFlags, addRuntimeFlags, type RuntimeFlags } from '../flags.ts';
import { formatBytes } from '../format.ts';
import { libraryOptions } from '../library-options.ts';
import { printResult } from '../print-result.ts';
import { withProgress } from '../progress.ts';
import { formatDigest, formatTable, tableWidth } from '../table.ts';

interface ResolveFlags extends RuntimeFlags {
  readonly allTargets?: true;
}

export function createCommand(context: CliContext): Command {
  const command = new Command('resolve')
    .description('Show the release, the asset that would be taken, its digest and its sources.')
    .argument('[version]', 'as for install');
  addRuntimeFlags(command).addOption(
    new Option('--all-targets', 'for each of the six targets').conflicts('target'),
  );
  return addCommonFlags(command)
    .addHelpText('after', EXAMPLES)
    .action(async (version: string | undefined, flags: ResolveFlags) => {
      const all = flags.allTargets === true;
      const targets = await withProgress(context, flags, async ({ onProgress }) => {
        const options = libraryOptions(context, { version, flags, onProgress });
        return all ? await resolveAllTargets(options) : [await resolveRuntime(options)];
      });
      const [only] = targets;
      printResult(context, flags, {
        result: all || only === undefined ? { targets } : only,
        text: tableOf(targets, tableWidth(context, flags)),
      });
    });
}

function tableOf(resolutions: readonly Resolution[], width: number | undefined): string {
  const rows = resolutions.map(({ version, target, variant, channel, asset, sources }) => [
    version,
    target,
    variant,
    channel,
    asset.size === null ? '?' : formatBytes(asset.size),
    sources.map(({ kind }) => kind).join(','),
    asset.name,
    asset.digest === null ? 'no digest' : formatDigest(asset.digest, width),
  ]);
  const head = ['version', 'target', 'variant', 'channel', 'size', 'sources', 'asset', 'digest'];
  return formatTable([head, ...rows], width);
}

const EXAMPLES = `
Examples:
  codex-runtime resolve 0.115.0
  codex-runtime resolve latest --json
  codex-runtime resolve 0.169.0 --all-targets --source npm
`;
