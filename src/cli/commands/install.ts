import { Command } from 'commander';
import type { PrefixOptions } from '../../install/index.ts';
import type { PythonOptions } from '../../install/python/index.ts';
import { installRuntime } from '../../operations/install-runtime.ts';
import type { CliContext } from '../context.ts';
import {
  addCommonFlags,
  addPrefixFlags,
  addRuntimeFlags,
  addSignatureFlags,
  type RuntimeFlags,
} from '../flags.ts';
import { preparingHeap } from '../heap.ts';
import { libraryOptions } from '../library-options.ts';
import { type PrintedResult, printResult } from '../print-result.ts';
import { withProgress } from '../progress.ts';
import { addPythonFlags, isForPython, type PythonFlags, pythonOptions } from '../python-flags.ts';

interface InstallFlags extends RuntimeFlags, PythonFlags {
  readonly dryRun?: true;
}

export function createCommand(context: CliContext): Command {
  const command = new Command('install')
    .description('Provision a Codex runtime, verify it, and install it into a prefix as npm would.')
    .argument('[version]', '0.115.0, rust-v0.115.0, 0.115.0a11, a range, latest or alpha');
  addPrefixFlags(command);
  addSignatureFlags(command);
  addRuntimeFlags(command)
    .option('--force', 'download and install again, whatever is there')
    .option('--dry-run', 'say what would be done, and do nothing');
  return addCommonFlags(addPythonFlags(command))
    .addHelpText('after', EXAMPLES)
    .action(async (version: string | undefined, flags: InstallFlags) => {
      await install(context, version, flags);
    });
}

async function install(
  context: CliContext,
  version: string | undefined,
  flags: InstallFlags,
): Promise<void> {
  const forPython = isForPython(flags);
  const printed = await withProgress(context, flags, ({ onProgress }) => {
    const options = libraryOptions(context, {
      version,
      flags,
      onProgress: preparingHeap(onProgress),
    });
    return forPython
      ? installPython({ ...options, ...pythonOptions(flags) }, flags)
      : installNode(options, flags);
  });
  printResult(context, flags, printed);
}

async function installNode(options: PrefixOptions, flags: InstallFlags): Promise<PrintedResult> {
  if (flags.dryRun === true) {
    const { previewInstall } = await import('../../operations/preview-install.ts');
    const result = await previewInstall(options);
    return { result, text: result.summary };
  }
  const result = await installRuntime(options);
  return { result, text: result.executable };
}

async function installPython(options: PythonOptions, flags: InstallFlags): Promise<PrintedResult> {
  if (flags.dryRun === true) {
    const module = await import('../../operations/preview-python-install.ts');
    const result = await module.previewPythonInstall(options);
    return { result, text: result.summary };
  }
  const module = await import('../../operations/install-python-runtime.ts');
  const result = await module.installPythonRuntime(options);
  return { result, text: result.executable };
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
