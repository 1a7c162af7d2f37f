/** Bytes from `start` up to, not including, `end`. */
export interface Interval {
  readonly start: number;
  readonly end: number;
}

/** Sorted, without overlaps, touching ones joined. */
export type IntervalSet = readonly Interval[];

/** `set` and the bytes of `added`. */
export function addInterval(set: IntervalSet, added: Interval): IntervalSet {
  if (added.end <= added.start) return set;
  const before = set.filter(({ end }) => end < added.start);
  const after = set.filter(({ start }) => start > added.end);
  const touching = set.slice(before.length, set.length - after.length);
  const start = Math.min(added.start, touching[0]?.start ?? added.start);
  const end = Math.max(added.end, touching.at(-1)?.end ?? added.end);
  return [...before, { start, end }, ...after];
}

/** What lies in `whole` and not in `set`. */
export function gapsOf(set: IntervalSet, whole: Interval): IntervalSet {
  const gaps: Interval[] = [];
  let position = whole.start;
  for (const { start, end } of set) {
    if (start >= whole.end) break;
    if (start > position) gaps.push({ start: position, end: start });
    position = Math.max(position, end);
  }
  if (position < whole.end) gaps.push({ start: position, end: whole.end });
  return gaps;
}

/** Where the bytes that follow `position` without a gap end; `position` itself when none do. */
export function reachFrom(set: IntervalSet, position: number): number {
  const holder = set.find(({ start, end }) => start <= position && position < end);
  return holder?.end ?? position;
}

/** Bytes in all. */
export function sizeOf(set: IntervalSet): number {
  return set.reduce((sum, { start, end }) => sum + end - start, 0);
}
