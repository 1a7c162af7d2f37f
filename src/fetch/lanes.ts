import { isCodexRuntimeError } from '../errors.ts';
import { type BodyReader, isSlow, readBody } from './body-reader.ts';
import type { ByteSource } from './byte-source.ts';
import { createLanePlan, type Lane, type LanePlan } from './lane-plan.ts';
import type { Edition } from './partial-records.ts';
import {
  deliverFromDisk,
  reportProgress,
  type TransferState,
  truncated,
} from './transfer-state.ts';

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

/** Broken connections that are replaced at once, before the source's retry policy gets a say. */
const REPLACEMENTS = 4;

/** The server sends the whole asset where a part was asked for. */
class RangeRefused extends Error {
  override readonly message = 'the server does not send parts';
}

/**
 * The connections of one download, each with one lane at a time. They write to the partial file;
 * the bytes of one that breaks are free for the others.
 */
class LaneCrew {
  readonly #source: ByteSource;
  readonly #state: TransferState;
  readonly #edition: Edition;
  readonly #plan: LanePlan;
  readonly #ending = new AbortController();
  readonly #signal: AbortSignal;
  readonly #working = new Set<Promise<void>>();
  #replacements = REPLACEMENTS;
  /** Connections up to which others may join. */
  #limit: number;
  #failure: { readonly error: unknown } | undefined;
  #tellChange: () => void = () => undefined;

  constructor(source: ByteSource, state: TransferState, edition: Edition) {
    this.#source = source;
    this.#state = state;
    this.#edition = edition;
    this.#plan = createLanePlan(state.partial.have, edition.total);
    this.#signal = AbortSignal.any([state.signal, this.#ending.signal]);
    this.#limit = state.tuning.lanes;
  }

  /** Whether anybody is still at work. */
  get isWorking(): boolean {
    return this.#working.size > 0;
  }

  /** What the others cannot make up for. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** Resolves when, after this call, bytes have come or a connection has ended. */
  nextChange(): Promise<void> {
    return new Promise((resolve) => {
      this.#tellChange = resolve;
    });
  }

  /** Puts one more to work; the first one brings its open body along. */
  add(open: BodyReader | null): void {
    if (open !== null) {
      // Opened before there was a crew, it does not know of its end.
      this.#signal.addEventListener('abort', () => open.destroy(), { once: true });
    }
    const worker = this.#work(open)
      .catch((error: unknown) => this.#lose(error))
      .finally(() => {
        this.#working.delete(worker);
        this.#tellChange();
      });
    this.#working.add(worker);
  }

  /** Puts as many to work as may be. */
  fill(): void {
    while (this.#working.size < this.#limit) this.add(null);
  }

  /** Ends every connection; resolves when none is left. */
  async end(): Promise<void> {
    this.#ending.abort();
    await Promise.all(this.#working);
  }

  /** One connection less: what it had is free for those that are left. */
  #lose(error: unknown): void {
    this.#limit = 0;
    if (!isBearable(error) || this.#working.size === 1) this.#failure ??= { error };
  }

  async #work(open: BodyReader | null): Promise<void> {
    let first = open;
    for (let lane = this.#plan.claim(); lane !== null; lane = this.#plan.claim()) {
      try {
        if (first === null) await this.#bringRange(lane);
        else await this.#bringOn(lane, first);
      } catch (error) {
        if (!isCodexRuntimeError(error, 'TRUNCATED') || this.#replacements === 0) throw error;
        this.#replacements -= 1;
      } finally {
        this.#plan.release(lane);
        first?.destroy();
        first = null;
      }
    }
  }

  /** Asks for the lane's bytes, and takes as many of them as nobody else has taken over. */
  async #bringRange(lane: Lane): Promise<void> {
    const asked = lane.end;
    const reader = await this.#open(lane);
    try {
      while (hasMore(lane)) await this.#bringChunk(reader, lane, hasMore);
      if (lane.end === asked) await readEnd(reader);
    } finally {
      reader.destroy();
    }
  }

  /** Takes from a body that goes on to the end of the asset as long as what follows is free. */
  async #bringOn(lane: Lane, reader: BodyReader): Promise<void> {
    const isWanted = (): boolean => hasMore(lane) || this.#plan.extend(lane);
    while (isWanted()) {
      await this.#bringChunk(reader, lane, isWanted);
      const missing = this.#edition.total - this.#state.verifier.position;
      if (isSlow(reader, missing, this.#state.tuning)) this.fill();
    }
  }

  async #bringChunk(
    reader: BodyReader,
    lane: Lane,
    isWanted: (lane: Lane) => boolean,
  ): Promise<void> {
    let chunk = await reader.next();
    if (chunk === null) throw truncated(this.#state, reader.opened.url);
    while (chunk.length > 0 && isWanted(lane)) {
      const part: Buffer = chunk.subarray(0, lane.end - lane.position);
      const start = lane.position;
      // Before the write: the bytes in hand must not be taken over by another lane.
      lane.position += part.length;
      await this.#state.partial.writeAt(part, start);
      chunk = chunk.subarray(part.length);
      this.#tellChange();
    }
    reportProgress(this.#state);
  }

  async #open({ position: offset, end }: Lane): Promise<BodyReader> {
    const { total, validator } = this.#edition;
    const opened = await this.#source.open({ offset, end, total, validator }, this.#signal);
    this.#state.pieced = true;
    if (opened.offset === offset) return readBody(opened, this.#state);
    opened.body.destroy();
    throw new RangeRefused();
  }
}

function hasMore({ position, end }: Lane): boolean {
  return position < end;
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
