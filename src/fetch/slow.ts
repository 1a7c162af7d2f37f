import type { BodyReader } from './body-reader.ts';
import type { TransferTuning } from './transfer-state.ts';

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
