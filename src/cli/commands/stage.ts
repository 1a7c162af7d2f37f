import { Command, Option } from 'commander';
import { stageRuntime } from '../../operations/stage-runtime.ts';
import type { Ecosystem } from '../../request/index.ts';
import type { CliContext } from '../context.ts';
import {
  addCommonFlags,
  addRuntimeFlags,
  addTemplateFlags,
  type RuntimeFlags,
  type TemplateFlags,
} from '../flags.ts';
import { given, libraryOptions } from '../library-options.ts';
import { nonEmpty } from '../option-values.ts';
import { printResult } from '../print-result.ts';
import { withProgress } from '../progress.ts';

interface StageFlags extends RuntimeFlags, TemplateFlags {
  readonly out: string;
  readonly ecosystem: Ecosystem;
  readonly root?: true;
}

export function createCommand(context: CliContext): Command {
  const command = new Command('stage')
    .description('Put a runtime into a package directory made from templates.')
    .argument('[version]', 'as for install')
    .requiredOption('--out <dir>', 'the package directory; missing or empty', nonEmpty)
    .addOption(
      new Option('--ecosystem <name>', 'the kind of package')
        .choices(['node', 'python'])
        .default('node'),
    )
    .addOption(
      new Option('--root', "npm's root package, which depends on the platform packages").conflicts([
        'target',
        'variant',
      ]),
    );
  addRuntimeFlags(addTemplateFlags(command));
  return addCommonFlags(command)
    .addHelpText('after', EXAMPLES)
    .action(async (version: string | undefined, flags: StageFlags) => {
      const result = await withProgress(context, flags, ({ onProgress }) =>
        stageRuntime({
          ...libraryOptions(context, { version, flags, onProgress }),
          ...given({ templatesDir: flags.templates, repository: flags.repository }),
          ecosystem: flags.ecosystem,
          out: flags.out,
          root: flags.root === true,
        }),
      );
      printResult(context, flags, { result, text: result.dir });
    });
}

const EXAMPLES = `
Examples:
  codex-runtime stage 0.115.0 --out package
  codex-runtime stage 0.115.0 --target win32-x64 --out p --templates templates
  codex-runtime stage 0.115.0 --ecosystem python --out wheel-tree

It prints the absolute path of the package directory. docs/releasing.md
describes templates.
`;
