import type { TransportClosedError } from './errors.ts';
import { EventQueue, type QueueLimits } from './event-queue.ts';
import type { FlowControl } from './flow-control.ts';
import { type Notification, scopeOf } from './notification.ts';

export type TurnEvents = EventQueue<Notification>;

/** A turn that is being started: its events are kept from before its id is known. */
export interface OpeningTurn {
  readonly events: TurnEvents;
  /** The server has named the turn. */
  bind(turnId: string): void;
  /** The server has refused, or nobody wants the turn any more. */
  cancel(): void;
}

/**
 * Gives each turn its own events. A turn gets what names it, and while it runs what names only its
 * thread (`thread/status/changed`); what names another turn or nothing goes to listeners alone.
 */
export class TurnRouter {
  readonly #flow: FlowControl;
  readonly #limits: QueueLimits;
  readonly #turns = new Map<string, Set<TurnEvents>>();
  readonly #threads = new Map<string, Set<TurnEvents>>();
  readonly #opening = new Map<string, Set<TurnEvents>>();

  constructor(flow: FlowControl, limits: QueueLimits) {
    this.#flow = flow;
    this.#limits = limits;
  }

  /** Call before `turn/start` is sent: events may come before its answer is looked at. */
  open(threadId: string): OpeningTurn {
    const events: TurnEvents = new EventQueue(this.#flow, this.#limits);
    add(this.#opening, threadId, events);
    const settle = () => remove(this.#opening, threadId, events);
    return {
      events,
      bind: (turnId) => {
        settle();
        events.filter(({ params }) => (scopeOf(params).turnId ?? turnId) === turnId);
        add(this.#turns, turnId, events);
        add(this.#threads, threadId, events);
      },
      cancel: () => {
        settle();
        events.leave();
      },
    };
  }

  /** `size` is the length of the message's JSON text. */
  route(notification: Notification, size: number): void {
    const { threadId, turnId } = scopeOf(notification.params);
    if (turnId === undefined) {
      if (threadId === undefined) return;
      push(this.#threads.get(threadId), notification, size);
      push(this.#opening.get(threadId), notification, size);
      return;
    }
    const running = this.#turns.get(turnId);
    push(running, notification, size);
    if (threadId !== undefined) push(this.#opening.get(threadId), notification, size);
    if (notification.method !== 'turn/completed' || running === undefined) return;
    this.#turns.delete(turnId);
    for (const events of running) {
      events.end();
      if (threadId !== undefined) remove(this.#threads, threadId, events);
    }
  }

  /** Nothing comes any more: every turn that runs has failed with `reason`. */
  close(reason: TransportClosedError): void {
    for (const group of [...this.#turns.values(), ...this.#opening.values()]) {
      for (const events of group) events.fail(reason);
    }
    this.#turns.clear();
    this.#threads.clear();
    this.#opening.clear();
  }
}

type Groups = Map<string, Set<TurnEvents>>;

function push(group: Set<TurnEvents> | undefined, notification: Notification, size: number): void {
  if (group === undefined) return;
  for (const events of group) events.push(notification, size);
}

function add(groups: Groups, key: string, events: TurnEvents): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, new Set([events]));
  else group.add(events);
}

function remove(groups: Groups, key: string, events: TurnEvents): void {
  const group = groups.get(key);
  if (group?.delete(events) === true && group.size === 0) groups.delete(key);
}
