/** What an experiment measured, and every violation that it saw. */
export interface Figures {
  readonly figures: Readonly<Record<string, number | string>>;
  /** Empty when all is well. */
  readonly failures: readonly string[];
}

/** Numbers in [0, 1) that a seed determines. */
export type Random = () => number;

/** A small generator (mulberry32): the same seed gives the same experiment. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Up to `count` of `items`, without repetition, in their order. */
export function sample<T>(items: readonly T[], count: number, random: Random): readonly T[] {
  if (count >= items.length) return items;
  const left = items.map((item, index) => ({ item, index, key: random() }));
  const chosen = left.sort((a, b) => a.key - b.key).slice(0, count);
  return chosen.sort((a, b) => a.index - b.index).map(({ item }) => item);
}

/** Works on `items` with `jobs` at a time. */
export async function inParallel<T>(
  jobs: number,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: jobs }, worker));
}
