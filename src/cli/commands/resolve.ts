import { Command } from 'commander';
import {
  type Resolution,
  resolveAllTargets,
  resolveRuntime,
} from '../../operations/resolve-runtime.ts';
import type { CliContext, CommandResult } from '../context.ts';
import {
  addCommonFlags,
  addRuntimeFlags,
  libraryOptions,
  printResult,
  type RuntimeFlags,
} from '../flags.ts';
import { formatBytes, formatTable } from '../format.ts';
import { createProgress } from '../progress.ts';

interface ResolveFlags extends RuntimeFlags {
  readonly allTargets?: true;
}

export function createCommand(context: CliContext, done: (status: CommandResult) => void): Command {
  const command = new Command('resolve')
    .description('Show the release, the asset that would be taken, its digest and its sources.')
    .argument('[version]', 'as for install');
  addRuntimeFlags(command).option('--all-targets', 'for each of the six targets');
  return addCommonFlags(command)
    .addHelpText('after', EXAMPLES)
    .action(async (version: string | undefined, flags: ResolveFlags) => {
      const progress = await createProgress(context, flags);
      const options = libraryOptions(context, version, flags, progress.onProgress);
      if (flags.allTargets === true) {
        const resolutions = await resolveAllTargets(options);
        printResult(context, flags, { targets: resolutions }, tableOf(resolutions));
      } else {
        const resolution = await resolveRuntime(options);
        printResult(context, flags, resolution, tableOf([resolution]));
      }
      done(0);
    });
}

function tableOf(resolutions: readonly Resolution[]): string {
  const rows = resolutions.map(({ version, target, variant, channel, asset, sources }) => [
    version,
    target,
    variant,
    channel,
    asset.name,
    asset.size === null ? '?' : formatBytes(asset.size),
    asset.digest ?? 'no digest',
    sources.map(({ kind }) => kind).join(','),
  ]);
  const head = ['version', 'target', 'variant', 'channel', 'asset', 'size', 'digest', 'sources'];
  return formatTable([head, ...rows]);
}

const EXAMPLES = `
Examples:
  codex-runtime resolve 0.115.0
  codex-runtime resolve latest --json
  codex-runtime resolve 0.169.0 --all-targets --source npm
`;
