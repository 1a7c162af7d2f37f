import type { SeededRandom } from './seeded-random.ts';

/** What an experiment measured, and every violation that it saw. */
export interface Figures {
  readonly figures: Readonly<Record<string, number | string>>;
  /** Empty when all is well. */
  readonly failures: readonly string[];
  /** Lines to be read with the figures. */
  readonly notes?: readonly string[];
}

/** Up to `count` of `items`, without repetition, in their order. */
export function sample<T>(items: readonly T[], count: number, random: SeededRandom): readonly T[] {
  if (count >= items.length) return items;
  const left = items.map((item, index) => ({ item, index, key: random.below(2 ** 32) }));
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
