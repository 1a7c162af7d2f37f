import type { OnProgress } from '../events.ts';

/**
 * V8 counts buffers with its heap, and next to the 10 MB of this program the few that are in use at
 * a time look like growth: it would search all of the heap for garbage every 12 MB that pass through,
 * a sixth of an installation's CPU time. So the heap may grow eight times before that, and buffers
 * that are dead go with the young generation, which costs a third of a millisecond each 32 MB. Node
 * 24 would let more of them wait, and needs 40 MB more; it searches at so little cost that its heap
 * may grow less, which keeps an archive of 420 MB 30 MB lower.
 *
 * What has grown old dies only with that search. Where one archive follows another it adds up until
 * the limit is reached, which is 75 MB over the six of `pin --deep`: there the heap grows less.
 *
 * Newer versions keep their defaults until somebody has looked at what their V8 does.
 */
const GROWING_PERCENT: Readonly<Record<Passing, Readonly<Record<string, number>>>> = {
  one: { 20: 700, 22: 700, 24: 300 },
  several: { 20: 400, 22: 400, 24: 200 },
};
const NEW_SPACE: Readonly<Record<string, readonly string[]>> = {
  24: ['--scavenger-max-new-space-capacity-mb=4'],
};

/** How many archives a command unpacks, one after another. */
type Passing = 'one' | 'several';

/**
 * Prepares V8 when it is told that an asset comes. For commands that bring one at a time: what waits
 * for its collection adds up where several pass through side by side.
 */
export function preparingHeap(onProgress: OnProgress, passing: Passing = 'one'): OnProgress {
  return (event) => {
    if (event.type === 'asset') {
      const { setFlagsFromString } = process.getBuiltinModule('node:v8');
      for (const flag of bufferFlags(process.versions.node, passing)) setFlagsFromString(flag);
    }
    onProgress(event);
  };
}

/** @param node A version of Node, e.g. `24.1.0`. */
export function bufferFlags(node: string, passing: Passing): readonly string[] {
  const major = node.split('.')[0] ?? '';
  const percent = GROWING_PERCENT[passing][major];
  if (percent === undefined) return [];
  return [`--heap-growing-percent=${percent}`, ...(NEW_SPACE[major] ?? [])];
}
