import type { OnProgress } from '../events.ts';

/** One listener that several downloads at once report to. */
export interface CombinedProgress {
  /** The listener for one more of them; undefined where nobody listens. */
  part(): OnProgress | undefined;
}

/**
 * Adds the transfers of several downloads up, so that a bar shows them as one. The total is unknown
 * while one of the downloads does not know its own.
 */
export function combineProgress(onProgress: OnProgress | undefined): CombinedProgress {
  const transfers = new Map<number, { received: number; total: number | null; resumed: number }>();
  let parts = 0;
  const sum = (value: 'received' | 'resumed') =>
    [...transfers.values()].reduce((all, transfer) => all + transfer[value], 0);
  return {
    part() {
      if (onProgress === undefined) return undefined;
      parts += 1;
      const part = parts;
      return (event) => {
        if (event.type !== 'download') return onProgress(event);
        transfers.set(part, event);
        const totals = [...transfers.values()].map(({ total }) => total);
        const total = totals.reduce<number | null>(
          (all, one) => (all === null || one === null ? null : all + one),
          0,
        );
        onProgress({
          type: 'download',
          received: sum('received'),
          total,
          resumed: sum('resumed'),
        });
      };
    },
  };
}
