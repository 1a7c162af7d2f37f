import { addInterval, gapsOf, type IntervalSet } from './intervals.ts';

/** What one connection is to bring: the bytes from `position`, which moves, up to `end`. */
export interface Lane {
  position: number;
  /** Shrinks when another lane takes over the rest. */
  end: number;
}

/** Who brings which of the missing bytes. */
export interface LanePlan {
  /** The next block nobody has; then half of what the slowest has left; null when it is too little. */
  claim(): Lane | null;
  /** Lets a lane whose connection goes on take the block that follows; false when it is taken. */
  extend(lane: Lane): boolean;
  /** The lane has brought all, or gives its rest back. */
  release(lane: Lane): void;
}

const MIN_BLOCK = 2 ** 20;
const MAX_BLOCK = 16 * 2 ** 20;
/** Half of less than this is not worth a new request. */
const MIN_STEAL = 2 ** 19;

/**
 * Blocks are given out in order, so that the consumer is never far behind, and are small enough
 * that all lanes end together.
 */
export function createLanePlan(have: IntervalSet, total: number): LanePlan {
  let gaps = gapsOf(have, { start: 0, end: total });
  const missing = gaps.reduce((sum, { start, end }) => sum + end - start, 0);
  const block = Math.min(Math.max(Math.ceil(missing / 16), MIN_BLOCK), MAX_BLOCK);
  const lanes = new Set<Lane>();

  const takeFrom = (start: number): number | null => {
    const gap = gaps.find((candidate) => candidate.start === start);
    if (gap === undefined) return null;
    // A crumb at the end would cost a request of its own.
    const end = gap.end - start < 1.5 * block ? gap.end : start + block;
    gaps = gaps.flatMap((one) => (one !== gap ? [one] : gapsOf([{ start, end }], one)));
    return end;
  };
  const steal = (): Lane | null => {
    let victim: Lane | undefined;
    for (const lane of lanes) {
      if (victim === undefined || lane.end - lane.position > victim.end - victim.position) {
        victim = lane;
      }
    }
    if (victim === undefined || victim.end - victim.position < 2 * MIN_STEAL) return null;
    const middle = Math.ceil((victim.position + victim.end) / 2);
    const stolen = { position: middle, end: victim.end };
    victim.end = middle;
    return stolen;
  };
  return {
    claim() {
      const start = gaps[0]?.start;
      const end = start === undefined ? null : takeFrom(start);
      const lane = start === undefined || end === null ? steal() : { position: start, end };
      if (lane !== null) lanes.add(lane);
      return lane;
    },
    extend(lane) {
      const end = takeFrom(lane.end);
      if (end !== null) lane.end = end;
      return end !== null;
    },
    release(lane) {
      lanes.delete(lane);
      gaps = addInterval(gaps, { start: lane.position, end: lane.end });
    },
  };
}
