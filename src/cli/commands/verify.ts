import { Command } from 'commander';
import { type Verification, verifyRuntimes } from '../../verify/index.ts';
import type { CliContext, CommandResult, CommonFlags } from '../context.ts';
import {
  addCommonFlags,
  addPrefixFlags,
  libraryOptions,
  nonEmpty,
  type PrefixFlags,
  printResult,
} from '../flags.ts';
import { formatBytes } from '../format.ts';
import { formatTable, tableWidth } from '../table.ts';

interface VerifyFlags extends CommonFlags, PrefixFlags {
  readonly target?: string;
  readonly handshake?: true;
}

export function createCommand(context: CliContext, done: (status: CommandResult) => void): Command {
  const command = new Command('verify')
    .description(
      'Hash every file again, look for missing and foreign ones, and let the executable say its version.',
    )
    .argument('[version]', 'that version in the store; with a prefix, what it has to hold')
    .option('--target <target>', 'only this target in the store', nonEmpty)
    .option('--handshake', 'speak to its app-server too');
  return addCommonFlags(addPrefixFlags(command))
    .addHelpText('after', EXAMPLES)
    .action(async (version: string | undefined, flags: VerifyFlags) => {
      const options = libraryOptions(context, { version, flags });
      const result = await verifyRuntimes({ ...options, handshake: flags.handshake === true });
      printResult(context, flags, { result, text: describe(result, tableWidth(context, flags)) });
      done(0);
    });
}

const HEAD = ['version', 'target', 'variant', 'state', 'files', 'size', 'directory'];

function describe({ runtimes }: Verification, width: number | undefined): string {
  const rows = runtimes.map(({ handshake, version, target, variant, files, bytes, dir }) => [
    version ?? '?',
    target ?? '?',
    variant ?? '?',
    'whole',
    String(files),
    formatBytes(bytes),
    dir,
    ...(handshake === null ? [] : [handshake.userAgent]),
  ]);
  const spoken = runtimes.some(({ handshake }) => handshake !== null);
  return formatTable([spoken ? [...HEAD, 'app-server'] : HEAD, ...rows], width);
}

const EXAMPLES = `
Without a version and a prefix it looks at everything on this machine: the store, and the prefixes
that runtimes were installed into. It ends with 9 and a list of damages when something is wrong;
"codex-runtime install VERSION --force" mends it.

Examples:
  codex-runtime verify
  codex-runtime verify 0.169.0 --json
  codex-runtime verify --prefix demo --handshake
  codex-runtime verify 0.169.0 -g               and it has to be this version
`;
