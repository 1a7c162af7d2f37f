import type { Channel } from '../asset.ts';
import { CodexRuntimeError, isCodexRuntimeError, joinHints } from '../errors.ts';
import { formatSpec, matches, type Version, type VersionSpec } from '../pin/index.ts';
import { type ChannelsRequest, openChannels } from './channels.ts';
import { placeOf } from './place.ts';
import type { ReleaseChannel } from './release-channel.ts';
import { silentSourcesHint } from './source-selection.ts';

/** Every version that a channel lists, the newest first. */
export interface RemoteVersions {
  readonly channel: Channel;
  readonly versions: readonly Version[];
}

/**
 * The exact version that `spec` means now: an exact one is itself; `latest`, `alpha` and ranges
 * are asked of the first channel that answers. A range takes prereleases only where it names one.
 * @throws CodexRuntimeError `RELEASE_NOT_FOUND` when no version satisfies it, `SOURCES_EXHAUSTED`,
 * `ABORTED`
 */
export async function resolveVersion(
  request: ChannelsRequest & { readonly spec: VersionSpec },
): Promise<Version> {
  const { spec, signal } = request;
  if (spec.kind === 'exact') return spec.version;
  if (spec.kind === 'channel' && spec.name === 'latest') {
    return (await askFirst(request, (channel) => channel.latest(signal))).answer;
  }
  const { channel, versions } = await listRemoteVersions(request);
  const version = versions.find((one) => matches(spec, one));
  if (version !== undefined) return version;
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
  const { channel, answer } = await askFirst(request, (asked) => asked.versions(request.signal));
  return { channel, versions: answer };
}

async function askFirst<T>(
  request: ChannelsRequest,
  ask: (channel: ReleaseChannel) => Promise<T | null>,
): Promise<{ channel: Channel; answer: T }> {
  const channels = openChannels(request);
  const failures: CodexRuntimeError[] = [];
  try {
    for (const { channel } of channels.list) {
      try {
        const answer = await ask(channel);
        if (answer !== null) return { channel: channel.name, answer };
      } catch (error) {
        if (!isCodexRuntimeError(error, 'SOURCE_UNAVAILABLE')) throw error;
        failures.push(error);
        const reason = error.message;
        request.onProgress?.({ type: 'unavailable', channel: channel.name, source: null, reason });
      }
    }
  } finally {
    await channels.close();
  }
  const reasons = failures.map(({ message }) => message);
  throw new CodexRuntimeError(
    'SOURCES_EXHAUSTED',
    reasons.length === 0
      ? 'No source keeps a list of the Codex versions that there are.'
      : 'No source can say which Codex versions there are.',
    {
      hint: joinHints([
        ...failures.map(({ hint }) => hint),
        `Name an exact version. ${silentSourcesHint(request.settings.github.repo)}`,
      ]),
      fields: { reasons },
      cause: failures[0],
    },
  );
}
