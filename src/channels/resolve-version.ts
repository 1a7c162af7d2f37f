import type { Channel } from '../asset.ts';
import { CodexRuntimeError, isCodexRuntimeError, joinHints } from '../errors.ts';
import { silentSourcesHint } from '../fetch/index.ts';
import { formatSpec, matches, type Version, type VersionSpec } from '../pin/index.ts';
import { reportUnavailable } from './channel-failure.ts';
import { type ChannelsRequest, openChannels } from './channels.ts';
import { placeOf } from './place.ts';
import type { ReleaseChannel } from './release-channel.ts';

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
    const missing = `No version ${placeOf([channel])} satisfies "${formatSpec(spec)}".`;
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
  /** Why the channels before it did not answer. */
  readonly failures: readonly CodexRuntimeError[];
}

async function askFirst<T>(
  request: ChannelsRequest,
  ask: (channel: ReleaseChannel) => Promise<T | null>,
): Promise<Answer<T>> {
  const channels = openChannels(request);
  const failures: CodexRuntimeError[] = [];
  try {
    for (const { channel } of channels.list) {
      try {
        const answer = await ask(channel);
        if (answer !== null) return { channel: channel.name, answer, failures };
      } catch (error) {
        if (!isCodexRuntimeError(error, 'SOURCE_UNAVAILABLE')) throw error;
        failures.push(error);
        reportUnavailable(request.onProgress, { channel: channel.name, error });
      }
    }
  } finally {
    await channels.close();
  }
  throw nobodyCanSay(request, failures);
}

function nobodyCanSay(
  { settings }: ChannelsRequest,
  failures: readonly CodexRuntimeError[],
  answers: readonly string[] = [],
): CodexRuntimeError {
  const reasons = [...failures.map(({ message }) => message), ...answers];
  return new CodexRuntimeError(
    'SOURCES_EXHAUSTED',
    reasons.length === 0
      ? 'No source keeps a list of the Codex versions that there are.'
      : 'No source can say which Codex versions there are.',
    {
      hint: joinHints([
        ...failures.map(({ hint }) => hint),
        `Name an exact version. ${silentSourcesHint(settings.github.repo)}`,
      ]),
      fields: { reasons },
      cause: failures[0],
    },
  );
}
