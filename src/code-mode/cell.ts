import type { ToolContext } from '../app-server/index.ts';
import type { CellError, CellResult } from './cell-result.ts';
import type { OutputItem } from './output.ts';
import type { CellOutcome } from './protocol.ts';

/** An AbortController that is made when its signal is asked for: most tools never do. */
export class LateController {
  #controller: AbortController | undefined;
  #isAborted = false;

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#isAborted) this.#controller.abort();
    return this.#controller.signal;
  }

  abort(): void {
    this.#isAborted = true;
    this.#controller?.abort();
  }
}

/** A tool call of a script, kept until no restoration can repeat it. */
export interface ToolCall {
  readonly tool: string;
  /** JSON; a restored script that makes the same call again gets the same answer. */
  readonly input: string;
  readonly controller: LateController;
  /** A GuestMessage as JSON, once the tool has answered. */
  answer: string | undefined;
  /** Whether the engine has been given the answer. */
  isDelivered: boolean;
}

/** Where a script comes from: as the client tells its tools. */
export type Caller = Omit<ToolContext, 'signal'>;

type Ending =
  | { readonly status: 'completed' }
  | { readonly status: 'failed'; readonly error: CellError }
  | { readonly status: 'terminated' };

/** How often a cell is restored before its own script counts as what ends the host. */
const MAX_RESTORATIONS = 2;

/** One script as the program sees it: what it wrote, what it waits for, and how it ended. */
export class Cell {
  readonly id: number;
  readonly calls = new Map<number, ToolCall>();
  /** The engine's memory at the last yield: another host goes on from it. */
  snapshot: Uint8Array | undefined;
  /** A StartBody. A script that has done nothing that can be seen may begin once more. */
  readonly source: string;
  readonly caller: Caller | undefined;
  /** The program heard of a call, a stored value, output or a yield. */
  hasActed = false;
  /** A `wait` or `exec` is under way. */
  isWatched = false;
  /** Why the cell is being stopped; undefined while nobody stops it. */
  stopping: 'terminate' | CellError | undefined;
  deadline: NodeJS.Timeout | undefined;
  #items: OutputItem[] = [];
  #nextItem = 0;
  #ending: Ending | undefined;
  #restorations = 0;
  #asksToYield = false;
  #changed: (() => void)[] = [];

  constructor(id: number, source: string, caller: Caller | undefined) {
    this.id = id;
    this.source = source;
    this.caller = caller;
  }

  get isOver(): boolean {
    return this.#ending !== undefined;
  }

  /** Whether the script called `yield_control` since the last result. */
  get asksToYield(): boolean {
    return this.#asksToYield;
  }

  /** Output that a restored script writes once more is known by its number. */
  write(event: { readonly n: number }, item: OutputItem): void {
    if (this.count(event)) this.#items.push(item);
  }

  /** Counts an item that goes elsewhere; false for one that a restored script repeats. */
  count({ n }: { readonly n: number }): boolean {
    if (n < this.#nextItem || this.isOver) return false;
    this.#nextItem = n + 1;
    return true;
  }

  yield(): void {
    this.#asksToYield = true;
    this.changed();
  }

  /** Keeps the answers that a restoration from `snapshot` could ask for again. */
  keep(snapshot: Uint8Array, upTo: ReadonlySet<number>): void {
    this.snapshot = snapshot;
    this.#restorations = 0;
    for (const id of upTo) this.calls.delete(id);
    this.changed();
  }

  /** Whether another host can go on with it, from its snapshot or from its beginning. */
  mayBeRestored(): boolean {
    if (this.isOver || this.stopping !== undefined) return false;
    if (this.snapshot === undefined && this.hasActed) return false;
    this.#restorations += 1;
    return this.#restorations <= MAX_RESTORATIONS;
  }

  end(outcome: CellOutcome): void {
    if (this.isOver) return;
    this.#ending = this.#endingOf(outcome);
    clearTimeout(this.deadline);
    for (const call of this.calls.values()) call.controller.abort();
    this.calls.clear();
    this.snapshot = undefined;
    this.changed();
  }

  #endingOf(outcome: CellOutcome): Ending {
    if (typeof this.stopping === 'object') return { status: 'failed', error: this.stopping };
    if (outcome.kind === 'completed') return { status: 'completed' };
    if (outcome.kind === 'failed') {
      return { status: 'failed', error: { ...outcome.error, reason: 'script' } };
    }
    if (outcome.kind === 'stopped' || this.stopping === 'terminate')
      return { status: 'terminated' };
    const message = `The script was lost with its host (${outcome.reason}). Stored values are kept; run the script again.`;
    const error: CellError = { name: 'HostError', message, stack: '', reason: 'host' };
    return { status: 'failed', error };
  }

  /** Where the cell stands, with the output that no result has had yet. */
  take(wallMs: number): CellResult {
    const items = this.#items;
    this.#items = [];
    this.#asksToYield = false;
    const common = { cellId: String(this.id), items, wallMs };
    return this.#ending === undefined
      ? { ...common, status: 'running' }
      : { ...common, ...this.#ending };
  }

  changed(): void {
    const waiting = this.#changed;
    this.#changed = [];
    for (const tell of waiting) tell();
  }

  /** Resolves when something about the cell has changed. */
  nextChange(): Promise<void> {
    return new Promise((resolve) => this.#changed.push(resolve));
  }
}
