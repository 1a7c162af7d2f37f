import { isCodexRuntimeError } from '../errors.ts';
import { type BodyReader, readBody } from './body-reader.ts';
import type { ByteSource } from './byte-source.ts';
import { createLanePlan, type Lane } from './lane-plan.ts';
import { isSlow } from './slow.ts';
import {
  deliverFromDisk,
  reportProgress,
  type TransferState,
  truncated,
} from './transfer-state.ts';

/** Broken connections that are replaced at once, before the source's retry policy gets a say. */
const REPLACEMENTS = 4;

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
  const { partial, verifier, edition, tuning } = state;
  if (edition === null) throw truncated(state, first.opened.url);
  const { total, validator } = edition;
  const plan = createLanePlan(partial.have, total);
  const controller = new AbortController();
  const signal = AbortSignal.any([state.signal, controller.signal]);
  const workers = new Set<Promise<void>>();
  let failed: { readonly error: unknown } | undefined;
  let limit = tuning.lanes;
  let replacements = REPLACEMENTS;
  let wake: () => void = () => undefined;

  const bring = async (lane: Lane, reader: BodyReader, openEnded: boolean): Promise<void> => {
    while (lane.position < lane.end || (openEnded && plan.extend(lane))) {
      let chunk = await reader.next();
      if (chunk === null) throw truncated(state, reader.opened.url);
      while (chunk.length > 0 && (lane.position < lane.end || (openEnded && plan.extend(lane)))) {
        const part: Buffer = chunk.subarray(0, lane.end - lane.position);
        const start = lane.position;
        // Before the write: the bytes in hand must not be taken over by another lane.
        lane.position += part.length;
        await partial.writeAt(part, start);
        chunk = chunk.subarray(part.length);
        wake();
      }
      reportProgress(state);
      const missing = total - verifier.position;
      if (workers.size < limit && openEnded && isSlow(reader, missing, tuning)) addWorkers();
    }
  };
  const open = async ({ position: offset, end }: Lane): Promise<BodyReader> => {
    const opened = await source.open({ offset, end, total, validator }, signal);
    state.pieced = true;
    if (opened.offset === offset) return readBody(opened, state);
    opened.body.destroy();
    throw new RangeRefused();
  };
  const work = async (start: BodyReader | null): Promise<void> => {
    let reader = start;
    for (let lane = plan.claim(); lane !== null; lane = plan.claim()) {
      const openEnded = reader !== null;
      const asked = lane.end;
      try {
        reader ??= await open(lane);
        await bring(lane, reader, openEnded);
        if (!openEnded && lane.end === asked) await readEnd(reader);
      } catch (error) {
        if (!isCodexRuntimeError(error, 'TRUNCATED') || replacements === 0) throw error;
        replacements -= 1;
      } finally {
        plan.release(lane);
        reader?.destroy();
        reader = null;
      }
    }
  };
  const addWorker = (start: BodyReader | null): void => {
    const worker = work(start)
      .catch((error: unknown) => {
        // One connection less: what it had is free for those that are left.
        limit = 0;
        if (!isBearable(error) || workers.size === 1) failed ??= { error };
      })
      .finally(() => {
        workers.delete(worker);
        wake();
      });
    workers.add(worker);
  };
  const addWorkers = () => {
    while (workers.size < limit) addWorker(null);
  };

  addWorker(first);
  if (crowd) addWorkers();
  try {
    while (verifier.position < total) {
      const changed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      await deliverFromDisk(state);
      if (failed?.error instanceof RangeRefused) {
        // What is there cannot be continued here; the next attempt reads the asset as a whole.
        state.edition = null;
        throw truncated(state, first.opened.url, failed.error);
      }
      if (failed !== undefined) throw failed.error;
      if (verifier.position < total && workers.size === 0) {
        throw truncated(state, first.opened.url);
      }
      if (verifier.position < total) await changed;
    }
  } finally {
    controller.abort();
    await Promise.all(workers);
  }
}

/** The server sends the whole asset where a part was asked for. */
class RangeRefused extends Error {
  override readonly message = 'the server does not send parts';
}

/** A body that was read to its end leaves its connection to the next request. */
async function readEnd(reader: BodyReader): Promise<void> {
  await reader.next().catch(() => null);
}

/** Whether the other connections can go on when one ends like this. */
function isBearable(error: unknown): boolean {
  return (
    error instanceof RangeRefused || isCodexRuntimeError(error, 'TRUNCATED', 'SOURCE_UNAVAILABLE')
  );
}
