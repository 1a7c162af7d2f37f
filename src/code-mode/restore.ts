import type { Cell } from './cell.ts';
import type { HostKeeper } from './host-keeper.ts';
import type { EngineLimits } from './protocol.ts';

/** Goes on with scripts in a new host, each from its snapshot or from its beginning. */
export async function restore(
  cells: readonly Cell[],
  keeper: HostKeeper,
  { heapBytes, outputBytes, pending }: EngineLimits,
): Promise<void> {
  try {
    const host = await keeper.ready();
    for (const cell of cells) {
      if (cell.isOver) continue;
      const limits = { heapBytes, outputBytes, pending };
      if (cell.snapshot === undefined) host.send({ op: 'start', cell: cell.id }, cell.source);
      else host.send({ op: 'restore', cell: cell.id, limits }, cell.snapshot);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    for (const cell of cells) cell.end({ kind: 'lost', reason });
  }
}
