import type { Channel } from '../asset.ts';
import type { CodexRuntimeError } from '../errors.ts';
import type { OnProgress } from '../events.ts';

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
