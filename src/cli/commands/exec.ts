import { withoutManager } from '../../child/environment.ts';
import { CodexRuntimeError } from '../../errors.ts';
import { ensureRuntime } from '../../operations/ensure-runtime.ts';
import { detectHost, isNative, parseTarget } from '../../target/index.ts';
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
import { withProgress } from '../progress.ts';
import { runFound } from '../run-child.ts';
import { EXEC_HINT } from '../usage-error.ts';

const EXAMPLES = `
The runtime is chosen as for which, and fetched into the store when it is not
here. Put Codex's arguments after --; exit status and signals are those of Codex. It gets this
environment, without what another installation of Codex sets for itself (CODEX_MANAGED_BY_*,
CODEX_MANAGED_PACKAGE_ROOT).

Examples:
  codex-runtime exec 0.115.0 -- --version
  codex-runtime exec -- exec "explain this repository"
  codex-runtime exec 0.169.0 -- app-server < requests.jsonl
`;

export const definition: CommandDefinition<RuntimeFlags & PrefixFlags> = {
  name: 'exec',
  description: 'Run a runtime with this terminal, its signals and its exit status.',
  usage: '[version] [options] -- ARGS...',
  operands: [
    ['[version]', 'as for install'],
    ['[args...]', 'what follows -- goes to Codex as it is'],
  ],
  flags: [...PREFIX_FLAGS, ...SIGNATURE_FLAGS, ...RUNTIME_FLAGS, ...COMMON_FLAGS],
  examples: EXAMPLES,
  run: exec,
};

async function exec(
  context: CliContext,
  { operands, flags }: Words<RuntimeFlags & PrefixFlags>,
): Promise<number> {
  const { version, args } = splitArguments(context.words, operands);
  if (flags.target !== undefined && !isNative(detectHost(), parseTarget(flags.target))) {
    throw new CodexRuntimeError(
      'UNSUPPORTED_PLATFORM',
      `This machine cannot run a Codex for ${flags.target}.`,
      {
        hint: 'Leave --target out; codex-runtime which --target fetches one for another machine.',
        fields: { target: flags.target },
      },
    );
  }
  const { releaseSignals } = context;
  const env = withoutManager(context.env);
  return await runFound(async () => {
    const { executable, pathDir } = await withProgress(context, flags, ({ onProgress }) =>
      ensureRuntime(libraryOptions(context, { version, flags, onProgress })),
    );
    return { executable, args, env, pathDir, releaseSignals };
  });
}

/** What stands before `--` may name a version; what follows belongs to Codex, word for word. */
function splitArguments(words: readonly string[], operands: readonly string[]) {
  const separator = words.indexOf('--');
  const args = separator === -1 ? [] : words.slice(separator + 1);
  const own = operands.slice(0, operands.length - args.length);
  if (own.length > 1) {
    throw new CodexRuntimeError('USAGE', `exec takes one version, and got ${own.join(' ')}.`, {
      hint: EXEC_HINT,
    });
  }
  return { version: own[0], args };
}
