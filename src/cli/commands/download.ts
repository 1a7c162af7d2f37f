import { Command } from 'commander';
import { shellWord } from '../../child/shell-word.ts';
import { CodexRuntimeError, escapeControls } from '../../errors.ts';
import { type DownloadResult, downloadAssets } from '../../operations/download-assets.ts';
import type { CliContext } from '../context.ts';
import { addCommonFlags, addSourceFlags, addVariantFlag, type RuntimeFlags } from '../flags.ts';
import { formatBytes } from '../format.ts';
import { given, libraryOptions } from '../library-options.ts';
import { nonEmpty, parseList } from '../option-values.ts';
import { printResult } from '../print-result.ts';
import { withProgress } from '../progress.ts';

interface DownloadFlags extends Omit<RuntimeFlags, 'target'> {
  readonly out: string;
  readonly target?: readonly string[];
  readonly allTargets?: true;
}

export function createCommand(context: CliContext): Command {
  const command = new Command('download')
    .description('Fill a directory from which machines without a network can install.')
    .argument('[version]', 'as for install')
    .requiredOption('--out <dir>', 'the directory; archives go to DIR/VERSION', nonEmpty)
    .option('--all-targets', 'for each of the six targets, or those that the lockfile pins')
    .option('--target <list>', 'for these targets (default: this machine)', parseList);
  addSourceFlags(addVariantFlag(command))
    .option('--frozen', 'refuse what codex-runtime.lock.json does not pin')
    .option('--force', 'download again, whatever is there');
  return addCommonFlags(command)
    .addHelpText('after', EXAMPLES)
    .action(async (version: string | undefined, flags: DownloadFlags) => {
      await download(context, version, flags);
    });
}

async function download(context: CliContext, version: string | undefined, flags: DownloadFlags) {
  const { target: targets, out, allTargets, ...rest } = flags;
  if (allTargets === true && targets !== undefined) {
    throw new CodexRuntimeError('USAGE', '--all-targets and --target exclude each other.', {
      hint: 'Give one of them.',
    });
  }
  const result = await withProgress(context, flags, ({ onProgress }) =>
    downloadAssets({
      ...libraryOptions(context, { version, flags: rest, onProgress }),
      ...given({ targets: allTargets === true ? ('all' as const) : targets }),
      out,
    }),
  );
  if (flags.quiet !== true) context.stderr.write(summary(result));
  printResult(context, flags, { result, text: result.assets.map(({ path }) => path).join('\n') });
}

function summary({ assets, out, version, unpinned }: DownloadResult): string {
  const bytes = assets.reduce((sum, { downloaded }) => sum + downloaded, 0);
  const files = `${assets.length} ${assets.length === 1 ? 'archive' : 'archives'}`;
  const left = unpinned.map((triple) => `Left out: the lockfile pins nothing for ${triple}.\n`);
  const unsigned = assets.flatMap(({ target, unsigned: lacking }) =>
    lacking === null
      ? []
      : [
          `Without a signature for ${target} (${lacking.bundles.join(' or ')}): ${lacking.reason} There, --verify-signature will refuse ${version} until download finds one.\n`,
        ],
  );
  return `${left.join('')}${escapeControls(unsigned.join(''))}${files}, ${formatBytes(bytes)} downloaded. Install with: codex-runtime install ${version} --source ${shellWord(`dir:${out}`)}\n`;
}

const EXAMPLES = `
It prints the paths of the archives. They are verified, and listed in a SHA256SUMS beside them that
"sha256sum --check" reads too. Run it again to continue after an interruption.

Examples:
  codex-runtime download 0.169.0 --all-targets --out mirror
  codex-runtime download 0.169.0 --target linux-x64,linux-arm64 --out mirror
  codex-runtime install 0.169.0 --source dir:mirror      on the machine without a network
`;
