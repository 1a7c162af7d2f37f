import type { Channel, Release } from '../asset.ts';
import type { Version } from '../pin/index.ts';
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
  /** The newest stable version. */
  latest(signal?: AbortSignal): Promise<Version>;
  /** Every version, newest first, or null where the channel keeps no list. */
  versions(signal?: AbortSignal): Promise<readonly Version[] | null>;
}
