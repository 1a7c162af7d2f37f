import type { Opened } from './byte-source.ts';
import { isWebPage, webPage } from './download-failure.ts';
import { aborted } from './http/index.ts';
import { type TransferState, type TransferTuning, truncated } from './transfer-state.ts';
import { sizeMismatch } from './verifier.ts';

/** One body as it comes in: counted, checked at its start, guarded against stalls and drips. */
export interface BodyReader {
  readonly opened: Opened;
  /** Bytes so far. */
  readonly received: number;
  /** Milliseconds from the first wait to the last byte. */
  readonly elapsed: number;
  /** Milliseconds of these that were spent waiting for bytes. */
  readonly waited: number;
  /**
   * Null at the end.
   * @throws CodexRuntimeError `TRUNCATED` when it breaks, stalls or drips, `SOURCE_UNAVAILABLE` for a
   * web page, `SIZE_MISMATCH`, `ABORTED`
   */
  next(): Promise<Buffer | null>;
  /** Gives the rest up, and the connection with it. */
  destroy(): void;
}

export function readBody(opened: Opened, state: TransferState): BodyReader {
  const { stall, lowSpeedLimit, lowSpeedTime } = state.tuning;
  const chunks = opened.body[Symbol.asyncIterator]();
  const started = performance.now();
  let received = 0;
  let waited = 0;
  let last = started;
  /** The wait that is going on. */
  let wait: object | undefined;
  const speed = watchSpeed(state.tuning);
  const giveUp = (why: string, time: number) =>
    opened.body.destroy(new Error(`${why} for ${time / 1000} s`));
  // The clock runs only while somebody waits: a slow consumer is not a stalled connection.
  const timer = setTimeout(() => {
    const stalled = wait;
    // What came while this process was held up is taken first.
    setImmediate(() => {
      if (stalled !== undefined && wait === stalled) giveUp('no byte came', stall);
    });
  }, stall);

  const take = async (): Promise<Buffer | null> => {
    const before = performance.now();
    wait = {};
    timer.refresh();
    if (speed.isTooSlow) giveUp(`fewer than ${lowSpeedLimit} bytes a second came`, lowSpeedTime);
    try {
      const { value, done } = await chunks.next();
      return done === true ? null : value;
    } catch (error) {
      if (state.signal.aborted) throw aborted(state.signal);
      throw truncated(state, opened.url, error);
    } finally {
      wait = undefined;
      last = performance.now();
      waited += last - before;
    }
  };
  return {
    opened,
    get received() {
      return received;
    },
    get elapsed() {
      return last - started;
    },
    get waited() {
      return waited;
    },
    async next() {
      const before = waited;
      const chunk = await take();
      if (received === 0) verifyStart(opened, chunk, state);
      if (chunk === null) {
        clearTimeout(timer);
        return null;
      }
      received += chunk.length;
      state.fetched += chunk.length;
      speed.count(chunk.length, waited - before);
      return chunk;
    },
    destroy() {
      clearTimeout(timer);
      opened.body.destroy();
    },
  };
}

/** A web page has another size too, and says more about what went wrong: it is looked for first. */
function verifyStart(opened: Opened, chunk: Buffer | null, state: TransferState): void {
  const { asset } = state;
  if (chunk !== null && opened.offset === 0 && isWebPage(chunk)) throw webPage(opened.url);
  if (opened.total === null) return;
  if (asset.size !== null && opened.total !== asset.size) {
    throw sizeMismatch(asset, opened.total, opened.url);
  }
  state.total = opened.total;
}

/** Tells a connection that drips, and would never come to its end, from one that is slow. */
export interface SpeedWatch {
  /** Whether too little has come for too long. */
  readonly isTooSlow: boolean;
  /** Counts bytes and the milliseconds that were spent waiting for them. */
  count(bytes: number, waited: number): void;
}

export function watchSpeed({
  lowSpeedLimit,
  lowSpeedTime,
}: Pick<TransferTuning, 'lowSpeedLimit' | 'lowSpeedTime'>): SpeedWatch {
  const enough = (lowSpeedLimit * lowSpeedTime) / 1000;
  let bytes = 0;
  let waited = 0;
  return {
    get isTooSlow() {
      return waited > lowSpeedTime;
    },
    count(came, after) {
      bytes += came;
      waited += after;
      if (bytes < enough) return;
      bytes = 0;
      waited = 0;
    },
  };
}

/** Less than this is not worth another connection, in bytes. */
const SMALL = 2 * 2 ** 20;

/**
 * Whether one connection is what a download waits for: long enough watched, mostly waiting for
 * bytes (and not for the consumer or the disk), and with a good while to go at its rate.
 */
export function isSlow(
  { received, elapsed, waited }: Pick<BodyReader, 'received' | 'elapsed' | 'waited'>,
  remaining: number,
  { lanes, measure, worthwhile }: Pick<TransferTuning, 'lanes' | 'measure' | 'worthwhile'>,
): boolean {
  if (lanes < 2 || remaining < SMALL || elapsed < measure || waited < elapsed / 2) return false;
  return received === 0 || (remaining / received) * elapsed > worthwhile;
}
