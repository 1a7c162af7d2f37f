import type { Channel, Release } from '../asset.ts';
import { CodexRuntimeError } from '../errors.ts';
import type { OnProgress } from '../events.ts';
import type { DatedVersion, Version } from '../pin/index.ts';
import type { Target } from '../target/index.ts';

/**
 * A place where releases are published. Every method fails with `SOURCE_UNAVAILABLE` when the
 * channel cannot answer now, and with `ABORTED` when `signal` fires.
 */
export interface ReleaseChannel {
  readonly name: Channel;
  /**
   * The release of one version, reduced to the runtime assets of `targets`.
   * @throws CodexRuntimeError `RELEASE_NOT_FOUND` when the channel is sure not to have it,
   * `ASSET_NOT_FOUND` when it has the release but nothing for `targets` and knows what else.
   */
  release(version: Version, targets: readonly Target[], signal?: AbortSignal): Promise<Release>;
  /** The newest stable version; its date where the same answer has it. */
  latest(signal?: AbortSignal): Promise<DatedVersion>;
  /**
   * Every version, newest first, or null where the channel keeps no list.
   * @param dated Whether the dates are wanted: they may cost a larger answer. Default false.
   */
  versions(signal?: AbortSignal, dated?: boolean): Promise<readonly DatedVersion[] | null>;
}

/** A `RELEASE_NOT_FOUND`: the channel answered, and is sure not to have the version. */
export function releaseNotFound(channel: Channel, version: Version): CodexRuntimeError {
  return new CodexRuntimeError(
    'RELEASE_NOT_FOUND',
    `Codex ${version.semver} is not ${placeOf([channel])}.`,
    { fields: { version: version.semver, channel } },
  );
}

/** Where something is or is not, in words: `on github, npm`, `in the --source directory`. */
export function placeOf(channels: readonly Channel[]): string {
  const servers = channels.filter((channel) => channel !== 'dir');
  const places = [
    ...(servers.length === 0 ? [] : [`on ${servers.join(', ')}`]),
    ...(servers.length === channels.length ? [] : ['in the --source directory']),
  ];
  return places.join(' or ');
}

/** A channel that has nothing to offer now, and why. */
export interface ChannelFailure {
  readonly channel: Channel;
  readonly error: CodexRuntimeError;
}

/** Tells a listener that a channel is passed over. */
export function reportUnavailable(
  onProgress: OnProgress | undefined,
  { channel, error }: ChannelFailure,
): void {
  onProgress?.({ type: 'unavailable', channel, source: null, reason: error.message });
}
