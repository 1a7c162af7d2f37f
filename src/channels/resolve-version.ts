import type { Channel } from '../asset.ts';
import { CodexRuntimeError, isCodexRuntimeError } from '../errors.ts';
import { type Reason, reasonsIn, silentSourcesHint, sourcesExhausted } from '../fetch/index.ts';
import { formatSpec, matches, type Version, type VersionSpec } from '../pin/index.ts';
import { type ChannelsRequest, openChannels } from './channels.ts';
import {
  type ChannelFailure,
  placeOf,
  type ReleaseChannel,
  reportUnavailable,
} from './release-channel.ts';

/** Every version that a channel lists, the newest first. */
export interface RemoteVersions {
  readonly channel: Channel;
  readonly versions: readonly Version[];
}

/**
 * The exact version that `spec` means now: an exact one is itself; `latest`, `alpha` and ranges
 * are asked of the first channel that answers. A range takes prereleases only where it names one.
 * @throws CodexRuntimeError `RELEASE_NOT_FOUND` when no version satisfies it, `SOURCES_EXHAUSTED`
 * when nobody can say (with `fields.reasons`), `ABORTED`
 */
export async function resolveVersion(
  request: ChannelsRequest & { readonly spec: VersionSpec },
): Promise<Version> {
  const { spec, signal } = request;
  if (spec.kind === 'exact') return spec.version;
  if (spec.kind === 'channel' && spec.name === 'latest') {
    return (await askFirst(request, (channel) => channel.latest(signal))).answer;
  }
  const { channel, answer: versions, failures } = await askFirst(request, listed(signal));
  const version = versions.find((one) => matches(spec, one));
  if (version !== undefined) return version;
  // Who was silent may have one: only GitHub, where releases appear first, knows of all.
  if (channel !== 'github' && failures.length > 0) {
    const message = `No version ${placeOf([channel])} satisfies "${formatSpec(spec)}".`;
    const missing = { channel, source: null, code: 'RELEASE_NOT_FOUND', message } as const;
    throw nobodyCanSay(request, failures, [missing]);
  }
  const suggestions = versions.slice(0, 5).map(({ semver }) => semver);
  throw new CodexRuntimeError(
    'RELEASE_NOT_FOUND',
    `No Codex version ${placeOf([channel])} satisfies "${formatSpec(spec)}".`,
    {
      hint: `The newest are ${suggestions.join(', ')}.`,
      fields: { spec: formatSpec(spec), channel, suggestions },
    },
  );
}

/**
 * What the first channel that keeps a list has, prereleases included.
 * @throws CodexRuntimeError `SOURCES_EXHAUSTED`, `ABORTED`
 */
export async function listRemoteVersions(request: ChannelsRequest): Promise<RemoteVersions> {
  const { channel, answer } = await askFirst(request, listed(request.signal));
  return { channel, versions: answer };
}

function listed(signal: AbortSignal | undefined) {
  return (channel: ReleaseChannel) => channel.versions(signal);
}

interface Answer<T> {
  readonly channel: Channel;
  readonly answer: T;
  /** The channels before it that did not answer. */
  readonly failures: readonly ChannelFailure[];
}

async function askFirst<T>(
  request: ChannelsRequest,
  ask: (channel: ReleaseChannel) => Promise<T | null>,
): Promise<Answer<T>> {
  const channels = openChannels(request);
  const failures: ChannelFailure[] = [];
  const listless: Reason[] = [];
  try {
    for (const { channel } of channels.list) {
      try {
        const answer = await ask(channel);
        if (answer !== null) return { channel: channel.name, answer, failures };
        listless.push(noList(channel.name));
      } catch (error) {
        if (!isCodexRuntimeError(error, 'SOURCE_UNAVAILABLE')) throw error;
        const failure = { channel: channel.name, error };
        failures.push(failure);
        reportUnavailable(request.onProgress, failure);
      }
    }
  } finally {
    await channels.close();
  }
  throw nobodyCanSay(request, failures, listless);
}

function noList(channel: Channel): Reason {
  const message = `Channel ${channel} does not list its versions.`;
  return { channel, source: null, code: 'SOURCE_UNAVAILABLE', message };
}

function nobodyCanSay(
  { settings }: ChannelsRequest,
  failures: readonly ChannelFailure[],
  others: readonly Reason[],
): CodexRuntimeError {
  return sourcesExhausted(
    failures.length === 0
      ? 'None of the selected sources can list versions.'
      : 'No source can say which Codex versions there are.',
    {
      reasons: [...failures.flatMap(({ channel, error }) => reasonsIn(error, channel)), ...others],
      hints: [
        ...failures.map(({ error }) => error.hint),
        `Name an exact version. ${silentSourcesHint(settings.github.repo)}`,
      ],
      cause: failures[0]?.error,
    },
  );
}
