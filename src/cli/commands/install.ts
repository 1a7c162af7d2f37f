import { isOnSearchPath } from '../../child/search-path.ts';
import { escapeControls } from '../../errors.ts';
import { installRuntime } from '../../operations/install-runtime.ts';
import { prefixLayout } from '../../place/index.ts';
import { detectHost } from '../../target/index.ts';
import type { CliContext } from '../context.ts';
import type { CommandDefinition, Words } from '../define-command.ts';
import {
  COMMON_FLAGS,
  PREFIX_FLAGS,
  RUNTIME_FLAGS,
  type RuntimeFlags,
  SIGNATURE_FLAGS,
} from '../flags.ts';
import { libraryOptions } from '../library-options.ts';
import { PLACE_FLAGS, type PlaceFlags, placeOptions } from '../place-flags.ts';
import { printResult } from '../print-result.ts';
import { withProgress } from '../progress.ts';

interface InstallFlags extends RuntimeFlags, PlaceFlags {
  readonly dryRun?: true;
}

const EXAMPLES = `
Without a version: CODEX_NODE_RUNTIME_VERSION, CODEX_RUNTIME_VERSION, codex-runtime.lock.json
found upward, then what the prefix already has. With --ecosystem python the first is
CODEX_PYTHON_RUNTIME_VERSION.

Examples:
  codex-runtime install 0.115.0 --prefix demo
  codex-runtime install -g 0.169.0
  codex-runtime install --frozen                         in CI, with a lockfile
  codex-runtime install 0.115.0 --target win32-x64 --prefix out
  codex-runtime install 0.115.0 --source mirror,npm
  codex-runtime install 0.115.0 --ecosystem python --python .venv/bin/python
  "$(codex-runtime install 0.115.0 --quiet)" --version

It prints the absolute path of the executable alone on stdout.
`;

export const definition: CommandDefinition<InstallFlags> = {
  name: 'install',
  description: 'Provision a Codex runtime, verify it, and install it into a prefix as npm would.',
  operands: [['[version]', '0.115.0, rust-v0.115.0, 0.115.0a11, a range, latest or alpha']],
  flags: [
    ...PREFIX_FLAGS,
    ...SIGNATURE_FLAGS,
    ...RUNTIME_FLAGS,
    { flags: '--force', description: 'download and install again, whatever is there' },
    { flags: '--dry-run', description: 'say what would be done, and do nothing' },
    ...PLACE_FLAGS,
    ...COMMON_FLAGS,
  ],
  examples: EXAMPLES,
  run: install,
};

async function install(
  context: CliContext,
  { operands: [version], flags }: Words<InstallFlags>,
): Promise<number> {
  const printed = await withProgress(context, flags, async ({ onProgress, tell }) => {
    const options = {
      ...libraryOptions(context, { version, flags, onProgress }),
      ...placeOptions(flags),
    };
    if (flags.dryRun === true) {
      const plan = await installRuntime({ ...options, dryRun: true });
      return { result: plan, text: plan.summary };
    }
    const result = await installRuntime(options);
    tell(result);
    if (flags.global === true && flags.quiet !== true) tellPath(context, result.prefix);
    return { result, text: result.executable };
  });
  printResult(context, flags, printed);
  return 0;
}

/** npm's global commands are of no use to a shell that does not look where they lie. */
function tellPath({ env, say }: CliContext, prefix: string): void {
  const { bin } = prefixLayout({ prefix, global: true, platform: detectHost().platform });
  if (isOnSearchPath(env, bin)) return;
  say(`${escapeControls(bin)} is not on PATH: add it there to run codex by its name.\n`);
}
