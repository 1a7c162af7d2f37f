import { Command, Option } from 'commander';

import { CodexRuntimeError, escapeControls } from '../../errors.ts';
import { publishPackages } from '../../operations/publish-packages.ts';
import { publishRuntimeImages } from '../../operations/publish-runtime-images.ts';
import type { ImageStep, PublishStep, WaitingPackage } from '../../package/publish/index.ts';
import type { CliContext, CommonFlags } from '../context.ts';
import { type EventLog, withEvents } from '../event-log.ts';
import { addCommonFlags } from '../flags.ts';
import { formatBytes } from '../format.ts';
import { given } from '../library-options.ts';
import { nonEmpty } from '../option-values.ts';
import { printResult } from '../print-result.ts';

interface PublishFlags extends CommonFlags {
  readonly registry?: string;
  readonly tag?: string;
  readonly access?: 'public' | 'restricted';
  readonly provenance?: true;
  readonly stage?: true;
  readonly dryRun?: true;
}

export function createCommand(context: CliContext): Command {
  const command = new Command('publish')
    .description('Publish packed packages or images so that nobody sees half a release.')
    .argument('[dir]', 'what pack wrote (default: dist)')
    .argument('[destination]', 'oci:HOST/REPOSITORY for images (default: an npm registry)')
    .option('--registry <url>', "the registry (default: what npm's configuration names)", nonEmpty)
    .option('--tag <tag>', 'the tag that moves (default: latest; alpha, beta, … for prereleases)')
    .addOption(
      new Option('--access <access>', 'who may see new scoped packages').choices([
        'public',
        'restricted',
      ]),
    )
    .option('--provenance', 'have npm sign where the packages were built, in a CI that it supports')
    .option('--stage', 'let the registry hold each package back until a maintainer approves it')
    .option('--dry-run', 'say what would be done, and do nothing');
  return addCommonFlags(command)
    .addHelpText('after', EXAMPLES)
    .action(async (first: string | undefined, second: string | undefined, flags: PublishFlags) => {
      const { dir, repository } = placesOf(first, second);
      if (repository === null) await publish(context, dir, flags);
      else await publishToRegistry(context, { dir, repository }, flags);
    });
}

/** `publish oci:HOST/REPOSITORY` leaves the directory out. */
function placesOf(first = 'dist', second?: string) {
  const [dir, destination] = first.startsWith('oci:') ? ['dist', first] : [first, second];
  if (destination === undefined) return { dir, repository: null };
  if (destination.startsWith('oci:') && (second === undefined || second === destination)) {
    return { dir, repository: destination.slice('oci:'.length) };
  }
  throw new CodexRuntimeError('USAGE', `"${second}" is not a place to publish to.`, {
    hint: 'Write it like oci:registry.example.com/tools/codex; an npm registry comes from --registry.',
  });
}

interface ImagePlaces {
  readonly dir: string;
  readonly repository: string;
}

async function publishToRegistry(
  context: CliContext,
  { dir, repository }: ImagePlaces,
  flags: PublishFlags,
): Promise<void> {
  const { registry, access, provenance, stage } = flags;
  if ([registry, access, provenance, stage].some((flag) => flag !== undefined)) {
    throw new CodexRuntimeError(
      'USAGE',
      '--registry, --access, --provenance and --stage are for an npm registry.',
      { hint: 'Leave them out for images.' },
    );
  }
  const result = await withEvents(context, flags, async (log) => {
    const onStep = (step: ImageStep) => tellStep(log, step, imageSentence(step));
    const published = await publishRuntimeImages({
      directory: dir,
      repository,
      env: context.env,
      signal: context.signal,
      dryRun: flags.dryRun === true,
      ...given({ home: flags.home, tag: flags.tag }),
      onStep,
      onProgress: log.onProgress,
    });
    if (flags.dryRun === true) published.steps.forEach(onStep);
    return published;
  });
  const names = result.tags.map(({ tag, digest }) => `${result.repository}:${tag}@${digest}`);
  printResult(context, flags, { result, text: names.join('\n') });
}

function tellStep(log: EventLog, step: ImageStep | PublishStep, words: string): void {
  log.tell(words, { type: 'step', ...step });
}

function imageSentence(step: ImageStep): string {
  switch (step.action) {
    case 'present':
      return `Already there: ${step.tag ?? step.digest}`;
    case 'upload':
      return `Upload ${step.digest} (${formatBytes(step.size)})`;
    case 'manifest':
      return `Publish ${step.digest}`;
    case 'tag':
      return `Tag ${step.digest} as ${step.tag}`;
  }
}

async function publish(context: CliContext, directory: string, flags: PublishFlags): Promise<void> {
  const result = await withEvents(context, flags, async (log) => {
    const onStep = (step: PublishStep) => tellStep(log, step, escapeControls(sentence(step)));
    const published = await publishPackages({
      directory,
      env: context.env,
      signal: context.signal,
      terminal: context.interactive,
      dryRun: flags.dryRun === true,
      provenance: flags.provenance === true,
      stage: flags.stage === true,
      ...given({
        home: flags.home,
        registry: flags.registry,
        tag: flags.tag,
        access: flags.access,
      }),
      onStep,
      onProgress: log.onProgress,
    });
    if (flags.dryRun === true) published.steps.forEach(onStep);
    return published;
  });
  if (result.wheelCommand !== null && flags.quiet !== true && flags.json !== true) {
    context.stderr.write(`The ${result.wheels.length} wheels are complete. Upload them with:\n`);
    context.stderr.write(`  ${escapeControls(result.wheelCommand)}\n`);
  }
  if (result.waiting !== null && result.waiting.length > 0) {
    printResult(context, flags, { result, text: describeWaiting(result.waiting) });
    return;
  }
  const published = result.waiting === null && flags.dryRun !== true;
  if (flags.stage === true && published && flags.quiet !== true && flags.json !== true) {
    context.stderr.write('The registry has no staging: the packages were published.\n');
  }
  const names = result.steps.flatMap((step) =>
    step.action === 'publish' || step.action === 'present'
      ? [`${step.file.package.name}@${step.file.package.version}`]
      : [],
  );
  printResult(context, flags, { result, text: names.join('\n') });
}

/** One line a package: to be run in this order, as the root package has to come last. */
function describeWaiting(waiting: readonly WaitingPackage[]): string {
  return waiting
    .map(({ name, version, tag, id }) =>
      escapeControls(`npm stage approve ${id}   # ${name}@${version}, ${tag}`),
    )
    .join('\n');
}

function sentence(step: PublishStep): string {
  switch (step.action) {
    case 'present':
      return `Already there: ${step.file.package.name}@${step.file.package.version}`;
    case 'publish':
      return `Publish ${step.file.package.name}@${step.file.package.version} (${formatBytes(step.file.size)})`;
    case 'stage':
      return `Stage ${step.file.package.name}@${step.file.package.version} (${formatBytes(step.file.size)})`;
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
With --stage the result is what waits for approval, one command a line, the root package last; run
publish again to see what is left. A registry without staging publishes at once.
Credentials come from .npmrc or the CI's identity, as npm takes them; for images from the places that
docker, podman and skopeo use.
With --json stderr has a line of JSON for each step and for the bytes sent, and stdout the one document
of the result.

Examples:
  codex-runtime publish dist --dry-run
  codex-runtime publish dist --tag next
  codex-runtime publish dist --stage
  codex-runtime publish oci:registry.example.com/tools/codex   the images in dist/oci
  codex-runtime publish dist --provenance --access public      in GitHub Actions
`;
