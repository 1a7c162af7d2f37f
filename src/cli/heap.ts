import type { OnProgress } from '../events.ts';

/**
 * V8 counts buffers with its heap, and next to the 10 MB of this program the few that are in use at
 * a time look like growth: it would search all of the heap for garbage every 12 MB that pass through,
 * a sixth of an installation's CPU time. So the heap may grow eight times before that, and buffers
 * that are dead go with the young generation, which costs a third of a millisecond each 32 MB. Node
 * 24 would let more of them wait, and needs 40 MB more.
 *
 * Newer versions keep their defaults until somebody has looked at what their V8 does.
 */
const FLAGS: Readonly<Record<string, readonly string[]>> = {
  20: ['--heap-growing-percent=700'],
  22: ['--heap-growing-percent=700'],
  24: ['--heap-growing-percent=700', '--scavenger-max-new-space-capacity-mb=4'],
};

/**
 * Prepares V8 when it is told that an asset comes. For commands that bring one at a time: what waits
 * for its collection adds up where several pass through side by side.
 */
export function preparingHeap(onProgress: OnProgress): OnProgress {
  return (event) => {
    if (event.type === 'asset') {
      const { setFlagsFromString } = process.getBuiltinModule('node:v8');
      for (const flag of bufferFlags(process.versions.node)) setFlagsFromString(flag);
    }
    onProgress(event);
  };
}

/** @param node A version of Node, e.g. `24.1.0`. */
export function bufferFlags(node: string): readonly string[] {
  return FLAGS[node.split('.')[0] ?? ''] ?? [];
}
