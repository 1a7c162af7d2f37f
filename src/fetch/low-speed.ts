import type { TransferTuning } from './transfer-state.ts';

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
