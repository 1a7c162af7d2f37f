import type { Channel, Release } from '../asset.ts';
import { isCodexRuntimeError } from '../errors.ts';
import type { Version } from '../pin/index.ts';
import { TARGETS } from '../target/index.ts';
import { type ChannelsRequest, openChannels } from './channels.ts';
import { exhausted } from './exhausted.ts';
import { type ChannelFailure, reportUnavailable } from './release-channel.ts';

/** A channel that contributed nothing to a lock, and why. */
export interface SilentChannel {
  readonly channel: Channel;
  /**
   * `unavailable`: it did not answer; `absent`: it is sure not to have the version; `unvouched`: it
   * has assets, and no digest of any.
   */
  readonly kind: 'unavailable' | 'absent' | 'unvouched';
  readonly reason: string;
}

/**
 * What every channel says about a version, and which of them said nothing.
 * @throws CodexRuntimeError what {@link exhausted} makes when none has it; `ABORTED`
 */
export async function releasesOf(
  request: ChannelsRequest & { readonly version: Version },
): Promise<{ releases: readonly Release[]; silent: readonly SilentChannel[] }> {
  const { version, signal, onProgress } = request;
  const channels = openChannels(request);
  const releases: Release[] = [];
  const failures: ChannelFailure[] = [];
  try {
    for (const { channel } of channels.list) {
      try {
        releases.push(await channel.release(version, TARGETS, signal));
      } catch (error) {
        if (!isCodexRuntimeError(error, 'SOURCE_UNAVAILABLE', 'RELEASE_NOT_FOUND')) throw error;
        const failure = { channel: channel.name, error };
        failures.push(failure);
        reportUnavailable(onProgress, failure);
      }
    }
    if (releases.length === 0) {
      throw await exhausted(request, channels, failures);
    }
  } finally {
    await channels.close();
  }
  return { releases, silent: [...failures.map(asSilent), ...releases.flatMap(asUnvouched)] };
}

function asSilent({ channel, error }: ChannelFailure): SilentChannel {
  const kind = error.code === 'RELEASE_NOT_FOUND' ? 'absent' : 'unavailable';
  return { channel, kind, reason: error.message };
}

function asUnvouched({ channel, assets, version }: Release): SilentChannel[] {
  if (assets.some(({ digests }) => digests.length > 0)) return [];
  const reason = `${channel} has no digest of any build of Codex ${version.semver}.`;
  return [{ channel, kind: 'unvouched', reason }];
}
