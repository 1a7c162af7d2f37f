import type { Cell } from './cell.ts';

/** A snapshot of a script that does not wait cannot be taken: a yield does not wait longer for it. */
const SNAPSHOT_MS = 250;

/** Asks for the snapshots that let a yielded script outlive its host, and keeps them. */
export class Snapshots {
  readonly #request: (cell: Cell) => void;
  /** Of each snapshot that was asked for: the calls whose answers it holds. */
  readonly #asked = new Map<number, ReadonlySet<number>[]>();

  constructor(request: (cell: Cell) => void) {
    this.#request = request;
  }

  /** Waits for a snapshot of a script that yields; one that computes gives none. */
  async take(cell: Cell): Promise<void> {
    this.#request(cell);
    const delivered = [...cell.calls].flatMap(([id, call]) => (call.isDelivered ? [id] : []));
    this.#asked.set(cell.id, [...(this.#asked.get(cell.id) ?? []), new Set(delivered)]);
    const before = cell.snapshot;
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      cell.changed();
    }, SNAPSHOT_MS);
    while (cell.snapshot === before && !cell.isOver && !isLate) await cell.nextChange();
    clearTimeout(timer);
  }

  came(cell: Cell, body: Uint8Array): void {
    const [upTo = new Set<number>(), ...others] = this.#asked.get(cell.id) ?? [];
    this.#asked.set(cell.id, others);
    cell.keep(Uint8Array.from(body), upTo);
  }

  forget(cell: Cell): void {
    this.#asked.delete(cell.id);
  }

  /** A host that has gone answers nothing more. */
  clear(): void {
    this.#asked.clear();
  }
}
