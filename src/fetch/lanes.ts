import type { BodyReader } from './body-reader.ts';
import type { ByteSource } from './byte-source.ts';
import { LaneCrew, RangeRefused } from './lane-crew.ts';
import { deliverFromDisk, type TransferState, truncated } from './transfer-state.ts';

export interface LaneStart {
  /** An open body at the first missing byte, which may go on to the end of the asset. */
  readonly first: BodyReader;
  /** Whether others join at once; else they join when `first` turns out to be slow. */
  readonly crowd: boolean;
}

/**
 * The way around a slow connection: up to `tuning.lanes` of them write their ranges to the partial
 * file, and the consumer is given what is there in order. What a connection does not bring, another
 * one does; only when none is left does this fail, and what was written stays for the next attempt.
 * @throws CodexRuntimeError `SOURCE_UNAVAILABLE`, `TRUNCATED`, `ABORTED`, disk errors
 */
export async function fetchInLanes(
  source: ByteSource,
  state: TransferState,
  { first, crowd }: LaneStart,
): Promise<void> {
  const { edition, verifier } = state;
  const { url } = first.opened;
  if (edition === null) throw truncated(state, url);
  const crew = new LaneCrew(source, state, edition);
  crew.add(first);
  if (crowd) crew.fill();
  try {
    while (verifier.position < edition.total) {
      const change = crew.nextChange();
      await deliverFromDisk(state);
      if (crew.failure !== undefined) throw failureOf(crew.failure.error, url, state);
      if (verifier.position >= edition.total) break;
      if (!crew.isWorking) throw truncated(state, url);
      await change;
    }
  } finally {
    await crew.end();
  }
}

function failureOf(error: unknown, url: string, state: TransferState): unknown {
  if (!(error instanceof RangeRefused)) return error;
  // What is there cannot be continued here; the next attempt reads the asset as a whole.
  state.edition = null;
  return truncated(state, url, error);
}
