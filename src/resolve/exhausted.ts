import { CodexRuntimeError, type ErrorCode, isCodexRuntimeError, joinHints } from '../errors.ts';
import { isUpstream, nearVersions, type Version } from '../pin/index.ts';
import type { Settings } from '../settings.ts';
import { shellWord } from '../shell-word.ts';
import type { Target } from '../target/index.ts';
import type { ChannelFailure } from './channel-failure.ts';
import type { Channels } from './channels.ts';
import { placeOf } from './place.ts';
import { silentSourcesHint } from './source-selection.ts';

interface Wanted {
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
 * silent who might have it; the mirror alone never, because it lags and does not keep everything.
 */
export async function exhausted(
  wanted: Wanted,
  channels: Channels,
  failures: readonly ChannelFailure[],
): Promise<CodexRuntimeError> {
  const reasons = failures.map(({ error }) => error.message);
  const silent = first(failures, 'SOURCE_UNAVAILABLE') !== undefined;
  const answered = failures.filter(({ channel }) => {
    if (failures.length === 1 || channel === 'github') return true;
    return !silent && channel !== 'mirror';
  });
  const missing = first(answered, 'ASSET_NOT_FOUND');
  if (missing !== undefined) return withReasons(missing, reasons);
  if (first(answered, 'RELEASE_NOT_FOUND') !== undefined) {
    return unknownVersion(wanted, { channels, failures, reasons });
  }
  const unlocked = first(failures, 'LOCK_INCOMPLETE');
  // A channel that is locked and silent may answer later; a new lock would not change that.
  if (unlocked !== undefined && !silent) return withReasons(unlocked, reasons);
  const { version, target } = wanted;
  const forTarget = target === undefined ? '' : ` for ${target.triple}`;
  return new CodexRuntimeError(
    'SOURCES_EXHAUSTED',
    `No source can deliver Codex ${version.semver}${forTarget} now.`,
    {
      hint: joinHints([
        ...failures.map(({ error }) =>
          error.code === 'SOURCE_UNAVAILABLE' ? error.hint : undefined,
        ),
        silentSourcesHint(wanted.settings.github.repo),
      ]),
      fields: { version: version.semver, target: target?.triple, reasons },
      cause: failures[0]?.error,
    },
  );
}

interface Unanswered {
  readonly channels: Channels;
  readonly failures: readonly ChannelFailure[];
  readonly reasons: readonly string[];
}

async function unknownVersion(
  { version, settings, source, signal }: Wanted,
  { channels, failures, reasons }: Unanswered,
): Promise<CodexRuntimeError> {
  const answered = failures
    .filter(({ error }) => error.code === 'RELEASE_NOT_FOUND')
    .map(({ channel }) => channel);
  const reachable = channels.list.filter(({ channel }) => answered.includes(channel.name));
  const suggestions = await suggest(version, reachable, signal);
  const { repo } = settings.github;
  const list = [
    'codex-runtime list --remote',
    ...(isUpstream(repo) ? [] : [`--repo ${repo}`]),
    ...(source === undefined ? [] : [`--source ${shellWord(source)}`]),
  ].join(' ');
  return new CodexRuntimeError(
    'RELEASE_NOT_FOUND',
    `There is no Codex ${version.semver} ${placeOf(answered)}.`,
    {
      hint:
        suggestions.length === 0
          ? `See "${list}" for the versions that exist.`
          : `Near versions: ${suggestions.join(', ')}. See "${list}" for all.`,
      fields: { version: version.semver, suggestions, reasons },
      cause: failures[0]?.error,
    },
  );
}

/** Suggestions are a courtesy: a channel that cannot list now gives none. */
async function suggest(
  version: Version,
  reachable: Channels['list'],
  signal: AbortSignal | undefined,
): Promise<string[]> {
  for (const { channel } of reachable) {
    try {
      const known = await channel.versions(signal);
      if (known !== null) return nearVersions(version, known).map(({ semver }) => semver);
    } catch (error) {
      if (!isCodexRuntimeError(error, 'SOURCE_UNAVAILABLE')) throw error;
    }
  }
  return [];
}

function first(failures: readonly ChannelFailure[], code: ErrorCode) {
  return failures.find(({ error }) => error.code === code)?.error;
}

function withReasons(error: CodexRuntimeError, reasons: readonly string[]): CodexRuntimeError {
  return new CodexRuntimeError(error.code, error.message, {
    hint: error.hint,
    fields: { ...error.fields, reasons },
    cause: error,
  });
}
