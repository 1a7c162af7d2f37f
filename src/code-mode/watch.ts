import type { Cell } from './cell.ts';
import type { CellResult } from './cell-result.ts';

export interface Watch {
  /** When the call that watches began, as `performance.now()` tells it. */
  readonly since: number;
  readonly yieldMs: number;
  readonly signal: AbortSignal | undefined;
  /** What an abortion does to the script. Without it only the watching ends. */
  readonly onAbort?: () => void;
  /** Called before a script that still runs is left to itself. */
  readonly beforeYield: () => Promise<void>;
}

/** Waits until a script ends or yields, until the time is over or the signal aborts. */
export async function watch(cell: Cell, options: Watch): Promise<CellResult> {
  const { since, yieldMs, signal, onAbort, beforeYield } = options;
  cell.isWatched = true;
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    cell.changed();
  }, yieldMs);
  const aborted = () => {
    onAbort?.();
    cell.changed();
  };
  signal?.addEventListener('abort', aborted, { once: true });
  if (signal?.aborted === true) aborted();
  // A script that is being stopped is waited for: it has an end to tell.
  const mayLeave = () =>
    cell.stopping === undefined &&
    (isLate || cell.asksToYield || (onAbort === undefined && signal?.aborted === true));
  try {
    while (!cell.isOver && !mayLeave()) await cell.nextChange();
    if (!cell.isOver) await beforeYield();
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', aborted);
    cell.isWatched = false;
  }
  return cell.take(performance.now() - since);
}
