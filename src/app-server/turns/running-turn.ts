import type { FlowControl } from '../connection/flow-control.ts';
import type { Notification } from '../connection/notification.ts';
import { TurnLostError } from '../errors.ts';
import type { ThreadItem } from '../generated/protocol.ts';
import type { Approve } from './approvals.ts';
import { EventQueue, type QueueLimits } from './event-queue.ts';
import { TurnWork } from './turn-work.ts';

/** What makes a turn one of this client's. */
interface OwnTurn {
  readonly flow: FlowControl;
  readonly limits: QueueLimits;
  readonly onApproval: Approve | undefined;
}

/** A turn that runs on a thread, whoever started it, from just before it is asked for to its end. */
export class RunningTurn {
  readonly threadId: string;
  /** For its reader; undefined for a turn of others, which has none. */
  readonly events: EventQueue<Notification> | undefined;
  /** The same: for a turn of this client, what belongs to it on any thread. */
  readonly work: TurnWork | undefined;
  /** The server has told something about the turn: only now can it be steered or interrupted. */
  readonly begun: Promise<void>;
  /** Nothing more will come of it: it was completed or refused, or the server is gone. */
  readonly over: Promise<void>;
  /** Known once the server has named it. */
  id: string | undefined;
  /** The server has called the thread active since the turn was asked for. */
  wasActive = false;
  /** The server was asked for it, or it is the server's. */
  asked = false;
  /** How often the connection was cut while it ran. */
  cuts = 0;
  /** Items that were completed, as far as they came. */
  readonly #items = new Set<string>();
  #saidByUser = 0;
  /** How turns ended that were completed before this one was named: one of them may be this one. */
  readonly completedEarly = new Map<string, TurnEnd>();
  /** Requests of the server that need no answer any more when it is over. */
  readonly requests = new Set<AbortController>();
  #begin: () => void = never;
  #finish: () => void = never;
  #hasBegun = false;
  #isOver = false;
  #failure: Error | undefined;

  constructor(threadId: string, own?: OwnTurn) {
    this.threadId = threadId;
    this.events = own && new EventQueue(own.flow, own.limits);
    this.work = own && new TurnWork(threadId, own.onApproval);
    this.begun = new Promise((resolve) => {
      this.#begin = resolve;
    });
    this.over = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Why it has ended without an end of its own. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** An event for its reader; `size` is the length of its JSON text. */
  push(notification: Notification, size: number): void {
    if (this.events === undefined) return;
    if (notification.method === 'item/completed') {
      const { item } = notification.params;
      this.#items.add(item.id);
      if (item.type === 'userMessage') this.#saidByUser += 1;
    }
    this.events.push(notification, size);
  }

  /** Those of the turn's items that its reader has not got: while it runs, the server's ids differ. */
  missing(items: readonly ThreadItem[]): ThreadItem[] {
    let said = 0;
    return items.filter((item) => {
      if (item.type === 'userMessage') {
        said += 1;
        return said > this.#saidByUser;
      }
      const runs = 'status' in item && item.status === 'inProgress';
      return !runs && !this.#items.has(item.id);
    });
  }

  markBegun(): void {
    // Asked with every event, and resolving a promise once more is a call out of the engine.
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#begin();
  }

  /** With a failure, the reader gets it after what is here. */
  markOver({ failure, interrupted = failure !== undefined }: TurnEnd = {}): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#failure = failure;
    if (failure === undefined) this.events?.end();
    else this.events?.fail(failure);
    this.#begin();
    this.#finish();
    for (const controller of this.requests) controller.abort();
    this.requests.clear();
    if (interrupted) this.work?.end();
  }
}

export interface TurnEnd {
  readonly failure?: Error;
  /** It was stopped, and so is its work on other threads. */
  readonly interrupted?: boolean;
}

function never(): void {
  // Replaced before the constructor returns: a promise's executor runs at once.
}

export function endOf(status: string): TurnEnd {
  return { interrupted: status === 'interrupted' };
}

/** The failure of a turn whose end was never told. */
export function lost({ id, threadId }: RunningTurn): TurnLostError {
  return new TurnLostError(
    `Turn ${id ?? ''} is over, but the server never said how it ended.`.replace('  ', ' '),
    {
      hint: 'Read the thread to see what became of it: thread.read({ includeTurns: true }).',
      fields: { threadId, turnId: id ?? null },
    },
  );
}
