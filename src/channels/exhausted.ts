import { shellWord } from '../child/shell-word.ts';
import { CodexRuntimeError, type ErrorCode, isCodexRuntimeError } from '../errors.ts';
import { type Reason, reasonsIn, silentSourcesHint, sourcesExhausted } from '../fetch/index.ts';
import { isUpstream, nearVersions, newestFirst, type Version } from '../pin/index.ts';
import type { Settings } from '../request/index.ts';
import type { Target } from '../target/index.ts';
import type { Channels } from './channels.ts';
import { type ChannelFailure, placeOf } from './release-channel.ts';

interface Asked {
  readonly version: Version;
  /** The target, where one is wanted in particular. */
  readonly target?: Target;
  readonly settings: Settings;
  /** As `--source` named the channels; undefined for the default. */
  readonly source?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The one error for a version that no channel could offer. That there is no such version, or no such
 * build, is GitHub's to say, where releases appear first. Others are believed where nobody was
 * silent who might have it, or where they have newer versions: they lag, but not by as much as that.
 * The mirror alone is never believed, because it does not keep everything.
 */
export async function exhausted(
  wanted: Asked,
  channels: Channels,
  failures: readonly ChannelFailure[],
): Promise<CodexRuntimeError> {
  const reasons = failures.flatMap(({ channel, error }) => reasonsIn(error, channel));
  const silent = first(failures, 'SOURCE_UNAVAILABLE') !== undefined;
  const answered = failures.filter(({ channel }) => {
    if (failures.length === 1 || channel === 'github') return true;
    return !silent && channel !== 'mirror';
  });
  const missing = first(answered, 'ASSET_NOT_FOUND');
  if (missing !== undefined) return missing.with({ fields: { reasons } });
  if (first(answered, 'RELEASE_NOT_FOUND') !== undefined) {
    return unknownVersion(wanted, { channels, failures, reasons });
  }
  const unlocked = first(failures, 'LOCK_INCOMPLETE');
  // A channel that is locked and silent may answer later; a new lock would not change that.
  if (unlocked !== undefined && !silent) {
    return unlocked.with({ fields: { reasons } });
  }
  const { version, target } = wanted;
  const known = await listKnown(channels, failures, wanted.signal);
  if (known.length > 0 && newestFirst([version, ...known])[0] !== version) {
    return unknownVersion(wanted, { channels, failures, reasons });
  }
  const forTarget = target === undefined ? '' : ` for ${target.triple}`;
  return sourcesExhausted(`No source can deliver Codex ${version.semver}${forTarget} now.`, {
    reasons,
    hints: [
      known.length === 0 ? undefined : `Near versions: ${near(version, known).join(', ')}.`,
      ...failures.map(({ error }) =>
        error.code === 'SOURCE_UNAVAILABLE' ? error.hint : undefined,
      ),
      silentSourcesHint(wanted.settings.github.repo),
    ],
    fields: { version: version.semver, target: target?.triple },
    cause: failures[0]?.error,
  });
}

interface Unanswered {
  readonly channels: Channels;
  readonly failures: readonly ChannelFailure[];
  readonly reasons: readonly Reason[];
}

async function unknownVersion(
  { version, settings, source, signal }: Asked,
  { channels, failures, reasons }: Unanswered,
): Promise<CodexRuntimeError> {
  const answered = failures
    .filter(({ error }) => error.code === 'RELEASE_NOT_FOUND')
    .map(({ channel }) => channel);
  const reachable = channels.list.filter(({ channel }) => answered.includes(channel.name));
  const suggestions = near(version, await list(reachable, signal));
  const { repo } = settings.github;
  const command = [
    'codex-runtime list --remote',
    ...(isUpstream(repo) ? [] : [`--repo ${repo}`]),
    ...(source === undefined ? [] : [`--source ${shellWord(source)}`]),
  ].join(' ');
  return new CodexRuntimeError(
    'RELEASE_NOT_FOUND',
    `There is no Codex ${version.semver} ${placeOf(answered)}${silence(failures)}.`,
    {
      hint:
        suggestions.length === 0
          ? `See "${command}" for the versions that exist.`
          : `Near versions: ${suggestions.join(', ')}. See "${command}" for all.`,
      fields: { version: version.semver, suggestions, reasons },
      cause: failures[0]?.error,
    },
  );
}

/** Who did not answer, as the end of a sentence about those who did. */
function silence(failures: readonly ChannelFailure[]): string {
  const silent = failures.filter(({ error }) => error.code === 'SOURCE_UNAVAILABLE');
  if (silent.length === 0) return '';
  return ` (no answer from ${silent.map(({ channel }) => channel).join(', ')})`;
}

function near(version: Version, known: readonly Version[]): string[] {
  return nearVersions(version, known).map(({ semver }) => semver);
}

/** What npm has, where it answered that this version is not among it. */
async function listKnown(
  channels: Channels,
  failures: readonly ChannelFailure[],
  signal: AbortSignal | undefined,
): Promise<readonly Version[]> {
  const answered = failures.some(
    ({ channel, error }) => channel === 'npm' && error.code === 'RELEASE_NOT_FOUND',
  );
  if (!answered) return [];
  const npm = channels.list.filter(({ channel }) => channel.name === 'npm');
  return list(npm, signal);
}

/** A courtesy: a channel that cannot list its versions now gives none. */
async function list(
  reachable: Channels['list'],
  signal: AbortSignal | undefined,
): Promise<readonly Version[]> {
  for (const { channel } of reachable) {
    try {
      const known = await channel.versions(signal);
      if (known !== null) return known;
    } catch (error) {
      if (!isCodexRuntimeError(error, 'SOURCE_UNAVAILABLE')) throw error;
    }
  }
  return [];
}

function first(failures: readonly ChannelFailure[], code: ErrorCode) {
  return failures.find(({ error }) => error.code === code)?.error;
}
