import { Command } from 'commander';
import { CodexRuntimeError } from '../../errors.ts';
import { packRuntimes } from '../../operations/pack-runtimes.ts';
import type { PackedFile } from '../../pack/index.ts';
import type { Ecosystem } from '../../request/index.ts';
import type { CliContext } from '../context.ts';
import {
  addCommonFlags,
  addSourceFlags,
  addTemplateFlags,
  addVariantFlag,
  type RuntimeFlags,
  type TemplateFlags,
} from '../flags.ts';
import { formatBytes } from '../format.ts';
import { given, libraryOptions } from '../library-options.ts';
import { nonEmpty, parseList } from '../option-values.ts';
import { printResult } from '../print-result.ts';
import { withProgress } from '../progress.ts';
import { formatTable } from '../table.ts';
import { useAllCores } from '../threads.ts';

interface PackFlags extends RuntimeFlags, TemplateFlags {
  readonly out: string;
  readonly targets: readonly string[];
  readonly ecosystem: readonly string[];
  readonly downloadUrl?: string;
}

export function createCommand(context: CliContext): Command {
  const command = new Command('pack')
    .description('Make the packages of a version: npm tarballs, wheels, checksums and SBOM.')
    .argument('[version]', 'as for install')
    .option('--out <dir>', 'missing, empty, or an earlier pack', nonEmpty, 'dist')
    .option('--targets <list>', 'targets, or all', parseList, ['all'])
    .option('--ecosystem <list>', 'node, python', parseList, ['node', 'python'])
    .option(
      '--download-url <url>',
      'directory of the archives, for the DotSlash file (default: the npm registry; for wheels alone no such file)',
      nonEmpty,
    )
    .option('--frozen', 'refuse what codex-runtime.lock.json does not pin')
    .option('--offline', 'use only what the store has');
  addTemplateFlags(addVariantFlag(addSourceFlags(command)));
  return addCommonFlags(command)
    .addHelpText('after', EXAMPLES)
    .action(async (version: string | undefined, flags: PackFlags) => {
      useAllCores(process.env);
      await pack(context, version, flags);
    });
}

async function pack(
  context: CliContext,
  version: string | undefined,
  flags: PackFlags,
): Promise<void> {
  const release = await withProgress(context, flags, (progress) =>
    packRuntimes({
      ...libraryOptions(context, { version, flags, onProgress: progress.onProgress }),
      ...given({
        downloadUrl: flags.downloadUrl,
        templatesDir: flags.templates,
        repository: flags.repository,
      }),
      out: flags.out,
      targets: flags.targets,
      ecosystems: flags.ecosystem.map(parseEcosystem),
      onPacked: ({ path }) => {
        progress.end();
        if (flags.verbose === true) context.stderr.write(`Packed ${path}\n`);
      },
    }),
  );
  if (!release.reproducible && flags.quiet !== true) context.stderr.write(OTHER_ZLIB);
  printResult(context, flags, { result: release, text: table(release.files) });
}

function parseEcosystem(text: string): Ecosystem {
  if (text === 'node' || text === 'python') return text;
  throw new CodexRuntimeError('USAGE', `"${text}" is not an ecosystem.`, {
    hint: 'Use node, python, or both.',
  });
}

function table(files: readonly PackedFile[]): string {
  return formatTable(
    files.map(({ path, size, sha256 }) => [sha256.slice(0, 12), formatBytes(size), path]),
  );
}

const OTHER_ZLIB =
  'This Node was built with a zlib of its system: the packages are good, but not byte for byte what ' +
  'other machines make.\nPack with a Node from nodejs.org where that matters.\n';

const EXAMPLES = `
Examples:
  codex-runtime pack 0.169.0                                all targets, npm and Python, into dist/
  codex-runtime pack 0.115.0 --targets linux-x64 --ecosystem node --out out
  codex-runtime pack --frozen --name @example/codex         what the lockfile pins, under our name
  codex-runtime publish dist                                then

The same version gives the same bytes on every machine. docs/releasing.md tells the whole way.
`;
