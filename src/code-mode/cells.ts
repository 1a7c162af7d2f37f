import type { Cell } from './cell.ts';
import { CodeModeError } from './errors.ts';

/** Results that nobody took; the oldest is let go for one more. */
const MAX_FINISHED = 64;

/** The scripts that run, and those whose result was not taken. */
export class Cells {
  readonly #byId = new Map<number, Cell>();

  add(cell: Cell): void {
    this.#byId.set(cell.id, cell);
    const finished = this.all().filter(({ isOver, isWatched }) => isOver && !isWatched);
    for (const old of finished.slice(0, -MAX_FINISHED)) this.forget(old);
  }

  forget(cell: Cell): void {
    this.#byId.delete(cell.id);
  }

  find(id: number): Cell | undefined {
    return this.#byId.get(id);
  }

  all(): Cell[] {
    return [...this.#byId.values()];
  }

  running(): Cell[] {
    return this.all().filter(({ isOver }) => !isOver);
  }

  /** @throws CodeModeError `UNKNOWN_CELL`, `CELL_BUSY` */
  toWait(id: string): Cell {
    const cell = /^[0-9]+$/.test(id) ? this.find(Number(id)) : undefined;
    if (cell === undefined) {
      throw new CodeModeError(
        'UNKNOWN_CELL',
        `No script has the cell ID ${JSON.stringify(id)}: it never ran, or its result has been taken.`,
      );
    }
    if (cell.isWatched) {
      throw new CodeModeError(
        'CELL_BUSY',
        `Another call is waiting for the script with the cell ID ${id}.`,
      );
    }
    return cell;
  }
}
