import { Command, Option } from 'commander';
import { escapeControls } from '../../errors.ts';
import { publishPackages } from '../../operations/publish-packages.ts';
import type { PublishStep } from '../../publish/index.ts';
import type { CliContext, CommonFlags } from '../context.ts';
import { addCommonFlags } from '../flags.ts';
import { formatBytes } from '../format.ts';
import { given } from '../library-options.ts';
import { nonEmpty } from '../option-values.ts';
import { printResult } from '../print-result.ts';
import { type Progress, withProgress } from '../progress.ts';

interface PublishFlags extends CommonFlags {
  readonly registry?: string;
  readonly tag?: string;
  readonly access?: 'public' | 'restricted';
  readonly provenance?: true;
  readonly dryRun?: true;
}

export function createCommand(context: CliContext): Command {
  const command = new Command('publish')
    .description('Publish packed packages so that nobody meets half a release.')
    .argument('[dir]', 'what pack wrote', 'dist')
    .option('--registry <url>', "the registry (default: what npm's configuration names)", nonEmpty)
    .option('--tag <tag>', 'the dist-tag (default: latest; alpha, beta, … for prereleases)')
    .addOption(
      new Option('--access <access>', 'who sees scoped packages that are new').choices([
        'public',
        'restricted',
      ]),
    )
    .option('--provenance', 'let npm sign where the packages were made, in a CI that can')
    .option('--dry-run', 'say what would be done, and do nothing');
  return addCommonFlags(command)
    .addHelpText('after', EXAMPLES)
    .action(async (dir: string, flags: PublishFlags) => {
      await publish(context, dir, flags);
    });
}

async function publish(context: CliContext, directory: string, flags: PublishFlags): Promise<void> {
  const say = (step: PublishStep, progress?: Progress) => {
    progress?.end();
    if (flags.quiet !== true) context.stderr.write(`${escapeControls(sentence(step))}\n`);
  };
  const result = await withProgress(context, flags, (progress) =>
    publishPackages({
      directory,
      env: context.env,
      signal: context.signal,
      terminal: context.interactive,
      dryRun: flags.dryRun === true,
      provenance: flags.provenance === true,
      ...given({
        home: flags.home,
        registry: flags.registry,
        tag: flags.tag,
        access: flags.access,
      }),
      onStep: (step) => say(step, progress),
      onProgress: progress.onProgress,
    }),
  );
  if (flags.dryRun === true) for (const step of result.steps) say(step);
  if (result.wheelCommand !== null && flags.quiet !== true) {
    context.stderr.write(`The ${result.wheels.length} wheels are whole. Upload them with:\n`);
    context.stderr.write(`  ${escapeControls(result.wheelCommand)}\n`);
  }
  const names = result.steps.flatMap((step) =>
    step.action === 'publish' || step.action === 'present'
      ? [`${step.file.package.name}@${step.file.package.version}`]
      : [],
  );
  printResult(context, flags, { result, text: names.join('\n') });
}

function sentence(step: PublishStep): string {
  switch (step.action) {
    case 'present':
      return `Already there: ${step.file.package.name}@${step.file.package.version}`;
    case 'publish':
      return `Publish ${step.file.package.name}@${step.file.package.version} (${formatBytes(step.file.size)})`;
    case 'await':
      return `Wait until everybody sees ${step.files.map((file) => file.package.name).join(', ')}`;
    case 'tag':
      return `Move ${step.name}'s dist-tag ${step.tag} to ${step.version}`;
    case 'untag':
      return `Remove ${step.name}'s dist-tag ${step.tag}`;
  }
}

const EXAMPLES = `
Platform packages come first, then the root package, and its dist-tag moves last. What is there with
the same bytes is skipped, so run the same command again after any failure.
Credentials come from .npmrc or the CI's identity, as npm takes them.

Examples:
  codex-runtime publish dist --dry-run
  codex-runtime publish dist --tag next
  codex-runtime publish dist --provenance --access public      in GitHub Actions
`;
