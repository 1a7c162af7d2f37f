import { Command, Option } from 'commander';
import { type Verification, verifyRuntimes } from '../../verify/index.ts';
import type { CliContext } from '../context.ts';
import { addCommonFlags, addLockfileFlag, addPrefixFlags, type LockfileFlags } from '../flags.ts';
import { formatBytes } from '../format.ts';
import { libraryOptions } from '../library-options.ts';
import { nonEmpty } from '../option-values.ts';
import { addPlaceFlags, type PlaceFlags, placeOptions } from '../place-flags.ts';
import { printResult } from '../print-result.ts';
import { formatTable, tableWidth } from '../table.ts';

interface VerifyFlags extends LockfileFlags, PlaceFlags {
  readonly target?: string;
  readonly handshake?: true;
}

export function createCommand(context: CliContext): Command {
  const command = new Command('verify')
    .description('Hash every file again, look for missing and unexpected ones, and run --version.')
    .argument(
      '[version]',
      'this version in the store; with a prefix, the version that it must have',
    )
    .addOption(
      new Option('--target <target>', 'only this target in the store')
        .argParser(nonEmpty)
        .conflicts(['prefix', 'global', 'name', 'ecosystem']),
    )
    .option('--handshake', 'speak to its app-server too');
  return addCommonFlags(addPlaceFlags(addLockfileFlag(addPrefixFlags(command))))
    .addHelpText('after', EXAMPLES)
    .action(async (version: string | undefined, flags: VerifyFlags) => {
      const options = { ...libraryOptions(context, { version, flags }), ...placeOptions(flags) };
      const result = await verifyRuntimes({ ...options, handshake: flags.handshake === true });
      printResult(context, flags, { result, text: describe(result, tableWidth(context, flags)) });
    });
}

const HEAD = ['version', 'target', 'variant', 'state', 'proof', 'files', 'size', 'directory'];

function describe({ runtimes }: Verification, width: number | undefined): string {
  const rows = runtimes.map(({ handshake, version, target, variant, level, files, bytes, dir }) => [
    version ?? '?',
    target ?? '?',
    variant ?? '?',
    'whole',
    level ?? 'unknown',
    String(files),
    formatBytes(bytes),
    dir,
    ...(handshake === null ? [] : [handshake.userAgent]),
  ]);
  const spoken = runtimes.some(({ handshake }) => handshake !== null);
  return formatTable([spoken ? [...HEAD, 'app-server'] : HEAD, ...rows], width);
}

const EXAMPLES = `
Without a version and a prefix it looks at everything on this machine: the store,
the known prefixes and Python environments. It ends with 9 and a list of problems
when something is wrong, and says which command repairs each.

Examples:
  codex-runtime verify
  codex-runtime verify 0.169.0 --json
  codex-runtime verify --prefix demo --handshake
  codex-runtime verify --ecosystem python --python .venv/bin/python
  codex-runtime verify 0.169.0 -g               and it has to be this version
`;
