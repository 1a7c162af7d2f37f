import { Command } from 'commander';
import compareVersions from 'semver/functions/compare.js';
import { CodexRuntimeError } from '../../errors.ts';
import {
  type ListedPrefix,
  type Listing,
  listEverything,
  listInstalled,
  type WholeListing,
} from '../../operations/list-installed.ts';
import type { RemoteChannel } from '../../operations/list-remote.ts';
import { isUpstream } from '../../pin/index.ts';
import type { CliContext } from '../context.ts';
import { addCommonFlags, addSourceFlags, type SourceFlags } from '../flags.ts';
import { formatBytes } from '../format.ts';
import { libraryOptions } from '../library-options.ts';
import { parseCount } from '../option-values.ts';
import { printResult } from '../print-result.ts';
import { withProgress } from '../progress.ts';
import { formatTable, tableWidth } from '../table.ts';

interface ListFlags extends SourceFlags {
  readonly remote?: true;
  readonly all?: true;
  readonly limit?: number;
}

const DEFAULT_LIMIT = 20;

export function createCommand(context: CliContext): Command {
  const command = new Command('list')
    .description(
      'Show the runtimes in the store with their size, and the prefixes and Python environments.',
    )
    .option(
      '--all',
      'also show every other Codex on this machine, what installed it, and what runs',
    )
    .option('--remote', 'show the versions that the channels have, the newest first')
    .option(
      '--limit <n>',
      `how many versions with --remote (default: ${DEFAULT_LIMIT})`,
      parseCount,
    );
  return addCommonFlags(addSourceFlags(command))
    .addHelpText('after', EXAMPLES)
    .action(async (flags: ListFlags) => {
      if (flags.remote === true && flags.all === true) {
        throw new CodexRuntimeError('USAGE', '--all and --remote exclude each other.', {
          hint: 'Leave one of them out.',
        });
      }
      if (flags.remote === true) await listRemoteVersions(context, flags);
      else await listLocal(context, flags);
    });
}

async function listLocal(context: CliContext, flags: ListFlags): Promise<void> {
  const { limit, source, repo, lockfile, minReleaseAge } = flags;
  if ([limit, source, repo, lockfile, minReleaseAge].some((flag) => flag !== undefined)) {
    throw new CodexRuntimeError(
      'USAGE',
      '--limit, --source, --repo, --lockfile and --min-release-age belong to --remote.',
      {
        hint: 'Run codex-runtime list --remote --limit 10.',
      },
    );
  }
  const options = libraryOptions(context, { flags });
  const width = tableWidth(context, flags);
  if (flags.all === true) {
    const listing = await listEverything(options);
    const text = `${describeLocal(listing, width)}\n\n${describeOthers(listing, width)}`;
    printResult(context, flags, { result: listing, text });
    return;
  }
  const listing = await listInstalled(options);
  printResult(context, flags, { result: listing, text: describeLocal(listing, width) });
}

async function listRemoteVersions(context: CliContext, flags: ListFlags): Promise<void> {
  const { listRemote } = await import('../../operations/list-remote.ts');
  const limit = flags.limit ?? DEFAULT_LIMIT;
  const channels = await withProgress(context, flags, ({ onProgress }) =>
    listRemote(libraryOptions(context, { flags, onProgress })),
  );
  const limited = channels.map(({ versions, ...channel }) => ({
    ...channel,
    versions: versions?.slice(0, limit) ?? null,
  }));
  const silent = channels.filter(({ versions }) => versions === null);
  if (flags.quiet !== true && flags.json !== true) {
    for (const { channel, reason } of silent) context.stderr.write(`${channel}: ${reason}\n`);
  }
  printResult(context, flags, {
    result: { channels: limited },
    text: describeRemote(channels, limit),
  });
}

/** One line a version, one column a channel that keeps a list. */
function describeRemote(channels: readonly RemoteChannel[], limit: number): string {
  const listing = channels.filter(({ versions }) => versions !== null);
  const versions = [...new Set(listing.flatMap((channel) => channel.versions ?? []))];
  const rows = versions
    .sort((a, b) => compareVersions(b, a))
    .slice(0, limit)
    .map((version) => [
      version,
      ...listing.map((channel) => (channel.versions?.includes(version) === true ? 'yes' : '')),
    ]);
  return formatTable([['version', ...listing.map(({ channel }) => channel)], ...rows]);
}

const RUNTIME_COLUMNS = ['version', 'target', 'variant', 'size', 'state', 'directory'];
const PREFIX_COLUMNS = ['version', 'target', 'package', 'for', 'state', 'executable'];

function describeLocal(listing: Listing, width: number | undefined): string {
  const runtimes = listing.runtimes.map((runtime) => [
    versionOf(runtime),
    runtime.target,
    runtime.variant,
    formatBytes(runtime.size),
    runtime.whole ? 'whole' : 'damaged',
    runtime.dir,
  ]);
  const prefixes = listing.prefixes.map((prefix) => [
    versionOf(prefix),
    prefix.target ?? '?',
    prefix.name,
    prefix.ecosystem,
    prefix.state,
    prefix.executable ?? prefix.prefix,
  ]);
  return [
    'Store',
    runtimes.length === 0 ? 'no runtime' : formatTable([RUNTIME_COLUMNS, ...runtimes], width),
    '',
    'Prefixes',
    prefixes.length === 0 ? 'no package' : formatTable([PREFIX_COLUMNS, ...prefixes], width),
  ].join('\n');
}

const CODEX_COLUMNS = ['owner', 'version', 'on PATH', 'update', 'remove', 'file'];
const SERVER_COLUMNS = ['process', 'version', 'role', 'file'];

function describeOthers({ codexes, servers }: WholeListing, width: number | undefined): string {
  const found = codexes.map(({ owner, version, onPath, update, remove, path }) => [
    owner,
    version ?? '?',
    onPath ? 'yes' : 'no',
    update ?? '–',
    remove ?? '–',
    path,
  ]);
  const running = servers?.map(({ pid, version, role, executable }) => [
    String(pid),
    version ?? '?',
    role,
    executable,
  ]);
  return [
    'On PATH and elsewhere',
    found.length === 0 ? 'no codex' : formatTable([CODEX_COLUMNS, ...found], width),
    '',
    'Running app-servers',
    running === undefined
      ? 'not known on this platform'
      : running.length === 0
        ? 'none'
        : formatTable([SERVER_COLUMNS, ...running], width),
  ].join('\n');
}

/** Upstream's repository goes without saying. */
function versionOf({ version, repo }: Pick<ListedPrefix, 'version' | 'repo'>): string {
  const of = repo === null || isUpstream(repo) ? '' : ` of ${repo}`;
  return `${version ?? '?'}${of}`;
}

const EXAMPLES = `
Examples:
  codex-runtime list
  codex-runtime list --json
  codex-runtime list --all                      every Codex of this machine, and what runs
  codex-runtime list --remote                   what there is to install
  codex-runtime list --remote --source npm --limit 5
  codex-runtime list --remote --min-release-age 3d   without what is younger
`;
