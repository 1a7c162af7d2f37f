import { Command, Option } from 'commander';
import { CodexRuntimeError } from '../../errors.ts';
import { packRuntimes } from '../../operations/pack-runtimes.ts';
import type { LayerCompression, PackEcosystem, PackedRelease } from '../../package/pack/index.ts';
import type { CliContext } from '../context.ts';
import { withEvents } from '../event-log.ts';
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
import { formatTable } from '../table.ts';

interface PackFlags extends RuntimeFlags, TemplateFlags {
  readonly out: string;
  readonly targets: readonly string[];
  readonly ecosystem: readonly string[];
  readonly downloadUrl?: string;
  readonly packslipSigner?: string;
  readonly compression: LayerCompression;
  readonly base?: string;
  readonly certificates?: string;
}

export function createCommand(context: CliContext): Command {
  const command = new Command('pack')
    .description(
      'Make the packages of a version: npm tarballs, wheels, images, checksums and SBOM.',
    )
    .argument('[version]', 'as for install')
    .option('--out <dir>', 'missing, empty, or an earlier pack', nonEmpty, 'dist')
    .option('--targets <list>', 'targets, or all', parseList, ['all'])
    .option('--ecosystem <list>', 'node, python, oci', parseList, ['node', 'python'])
    .option(
      '--download-url <url>',
      'directory of the archives, for the DotSlash file (default: the npm registry; for wheels alone no such file)',
      nonEmpty,
    )
    .option(
      '--packslip-signer <identity>',
      'who signs packslip.statement.json (default: this CI job; elsewhere no such file)',
      nonEmpty,
    )
    .addOption(
      new Option(
        '--compression <kind>',
        "of an image's layer; zstd is smaller and needs Node 22.15",
      )
        .choices(['gzip', 'zstd'])
        .default('gzip'),
    )
    .option('--base <layout>', 'OCI image layout to put the runtime on, DIR or DIR:TAG', nonEmpty)
    .option('--certificates <file>', 'PEM file of authorities that the image trusts', nonEmpty)
    .option('--frozen', 'refuse what codex-runtime.lock.json does not pin')
    .option('--offline', 'use only what the store has');
  addTemplateFlags(addVariantFlag(addSourceFlags(command)));
  return addCommonFlags(command)
    .addHelpText('after', EXAMPLES)
    .action(async (version: string | undefined, flags: PackFlags) => {
      await pack(context, version, flags);
    });
}

async function pack(
  context: CliContext,
  version: string | undefined,
  flags: PackFlags,
): Promise<void> {
  const release = await withEvents(context, flags, (log) =>
    packRuntimes({
      ...libraryOptions(context, { version, flags, onProgress: log.onProgress }),
      ...given({
        downloadUrl: flags.downloadUrl,
        packslipSigner: flags.packslipSigner,
        templatesDir: flags.templates,
        repository: flags.repository,
        base: flags.base,
        certificates: flags.certificates,
      }),
      compression: flags.compression,
      out: flags.out,
      targets: flags.targets,
      ecosystems: flags.ecosystem.map(parseEcosystem),
      onPacked: ({ path }) => {
        log.tell(flags.verbose === true ? `Packed ${path}` : null, { type: 'packed', path });
      },
    }),
  );
  if (!release.reproducible && flags.quiet !== true && flags.json !== true)
    context.stderr.write(OTHER_ZLIB);
  printResult(context, flags, { result: release, text: table(release) });
}

function parseEcosystem(text: string): PackEcosystem {
  if (text === 'node' || text === 'python' || text === 'oci') return text;
  throw new CodexRuntimeError('USAGE', `"${text}" is not an ecosystem.`, {
    hint: 'Use node, python, oci, or several of them.',
  });
}

function table({ files, images = [] }: PackedRelease): string {
  const named = images.filter(({ targets }) => targets.length > 0);
  return formatTable([
    ...files.map(({ path, size, sha256 }) => [sha256.slice(0, 12), formatBytes(size), path]),
    ...named.map(({ tag, digest }) => [digest.slice(7, 19), 'image', tag]),
  ]);
}

const OTHER_ZLIB =
  'This Node was built with a zlib of its system: the packages are good, but not byte for byte what ' +
  'other machines make.\nPack with a Node from nodejs.org where that matters.\n';

const EXAMPLES = `
Examples:
  codex-runtime pack 0.169.0                                all targets, npm and Python, into dist/
  codex-runtime pack 0.115.0 --targets linux-x64 --ecosystem node --out out
  codex-runtime pack --frozen --name @example/codex         what the lockfile pins, under our name
  codex-runtime pack 0.171.0 --ecosystem oci                container images, as dist/oci/
  codex-runtime pack --frozen --repository me/codex --packslip-signer me@b.com
  codex-runtime publish dist                                then; images: publish oci:HOST/REPOSITORY

With --json stderr has a line of JSON for each event, and stdout the one document of the result.
The same version gives the same bytes on every machine. docs/releasing.md describes the whole process.
`;
