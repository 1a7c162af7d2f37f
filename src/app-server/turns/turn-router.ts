import type { FlowControl } from '../connection/flow-control.ts';
import { type Notification, scopeOf } from '../connection/notification.ts';
import type { TransportClosedError } from '../errors.ts';
import type { QueueLimits } from './event-queue.ts';
import { RunningTurn } from './running-turn.ts';

/**
 * Gives each turn its own events. A turn gets what names it, and while it runs what names only its
 * thread (`thread/status/changed`); what names another turn or nothing goes to listeners alone.
 */
export class TurnRouter {
  readonly #flow: FlowControl;
  readonly #limits: QueueLimits;
  readonly #turns = new Map<string, RunningTurn>();
  /** The turn of a thread that this client runs; a thread has one at a time. */
  readonly #threads = new Map<string, RunningTurn>();
  /** Of those, the ones whose id is not known yet. */
  readonly #opening = new Set<RunningTurn>();

  constructor(flow: FlowControl, limits: QueueLimits) {
    this.#flow = flow;
    this.#limits = limits;
  }

  /**
   * Waits for the thread's running turn, then makes room for the next one. A server that is asked
   * to start a turn while another runs would steer the running one instead, and old ones would
   * never tell how the new one ended. Events are kept from here on: the first may come before the
   * answer to `turn/start` is looked at.
   */
  async open(threadId: string): Promise<RunningTurn> {
    for (;;) {
      const running = this.#threads.get(threadId);
      if (running === undefined) break;
      await running.over;
    }
    const turn = new RunningTurn(threadId, this.#flow, this.#limits);
    this.#threads.set(threadId, turn);
    this.#opening.add(turn);
    return turn;
  }

  /** The server has named the turn. */
  bind(turn: RunningTurn, turnId: string): void {
    this.#opening.delete(turn);
    this.#turns.set(turnId, turn);
    let begun = false;
    turn.events.filter(({ params }) => {
      const named = scopeOf(params).turnId;
      begun ||= named === turnId;
      return named === undefined || named === turnId;
    });
    if (begun) turn.markBegun();
  }

  /** The server has refused to start the turn. */
  cancel(turn: RunningTurn): void {
    this.#opening.delete(turn);
    this.#threads.delete(turn.threadId);
    turn.events.leave();
    turn.markOver();
  }

  /** `size` is the length of the message's JSON text. */
  route(notification: Notification, size: number): void {
    const { threadId, turnId } = scopeOf(notification.params);
    const turn = turnId === undefined ? undefined : this.#turns.get(turnId);
    if (turn !== undefined && turnId !== undefined) {
      turn.push(notification, size);
      turn.markBegun();
      if (notification.method === 'turn/completed') this.#complete(turn, turnId);
      return;
    }
    const current = threadId === undefined ? undefined : this.#threads.get(threadId);
    if (current === undefined) return;
    if (turnId === undefined || this.#opening.has(current)) current.push(notification, size);
  }

  /** Aborts when the turn that `params` name is over; never for turns of others. */
  overSignal(params: unknown): AbortSignal {
    const controller = new AbortController();
    void this.#turns.get(scopeOf(params).turnId ?? '')?.over.then(() => controller.abort());
    return controller.signal;
  }

  /** Nothing comes any more: every turn that runs has failed with `reason`. */
  close(reason: TransportClosedError): void {
    const turns = [...this.#threads.values()];
    this.#threads.clear();
    this.#turns.clear();
    this.#opening.clear();
    for (const turn of turns) turn.markOver(reason);
  }

  #complete(turn: RunningTurn, turnId: string): void {
    this.#turns.delete(turnId);
    if (this.#threads.get(turn.threadId) === turn) this.#threads.delete(turn.threadId);
    turn.markOver();
  }
}
