import { ensureRuntime } from '../../operations/ensure-runtime.ts';
import type { CliContext } from '../context.ts';
import type { CommandDefinition, Words } from '../define-command.ts';
import {
  COMMON_FLAGS,
  PREFIX_FLAGS,
  type PrefixFlags,
  RUNTIME_FLAGS,
  type RuntimeFlags,
  SIGNATURE_FLAGS,
} from '../flags.ts';
import { libraryOptions } from '../library-options.ts';
import { printResult } from '../print-result.ts';
import { withProgress } from '../progress.ts';

const EXAMPLES = `
The version is chosen as for install. The healthy copy in the nearest project is
taken if it has that version, else the one in the store; what the store does not
have is fetched into it, and nothing is installed. With --prefix or -g the answer
is that prefix's own copy, or an error.

Examples:
  codex-runtime which 0.115.0
  codex-runtime which --prefix demo             the copy in demo, and no other
  CODEX_BIN="$(codex-runtime which 0.115.0 --quiet)"
  codex-runtime which --offline                 only if it is here already
`;

export const definition: CommandDefinition<RuntimeFlags & PrefixFlags> = {
  name: 'which',
  description: 'Print the path of the runtime, fetching it if needed.',
  operands: [['[version]', 'as for install']],
  flags: [...PREFIX_FLAGS, ...SIGNATURE_FLAGS, ...RUNTIME_FLAGS, ...COMMON_FLAGS],
  examples: EXAMPLES,
  run: which,
};

async function which(
  context: CliContext,
  { operands: [version], flags }: Words<RuntimeFlags & PrefixFlags>,
): Promise<number> {
  const runtime = await withProgress(context, flags, ({ onProgress }) =>
    ensureRuntime(libraryOptions(context, { version, flags, onProgress })),
  );
  printResult(context, flags, { result: runtime, text: runtime.executable });
  return 0;
}
