import type { FlowControl } from '../connection/flow-control.ts';
import { type Notification, scopeOf } from '../connection/notification.ts';
import type { TransportClosedError } from '../errors.ts';
import type { TurnOutcome } from '../rejoin/connection-event.ts';
import type { ResumedThread } from '../rejoin/resume-threads.ts';
import type { Approve } from './approvals.ts';
import type { QueueLimits } from './event-queue.ts';
import { RecentIds } from './recent-ids.ts';
import { type Reread, RestoredTurns } from './restored-turns.ts';
import { endOf, lost, RunningTurn, type TurnEnd } from './running-turn.ts';
import { NestedWork, type TurnWork, type WorkScope } from './turn-work.ts';

/** How long a turn's end may come after the server has called its thread idle or closed. */
const END_MS = 2_000;
/** Turns that are remembered as over. */
const MAX_OVER = 1_024;
/** How long a compaction may take to begin after the server has agreed to it. */
const BEGIN_MS = 5_000;

/**
 * The client's picture of which turn runs on which thread, whoever started it, and who gets which
 * event. A turn of this client gets what names it, and while it runs what names only its thread
 * (`thread/status/changed`); everything else goes to listeners alone.
 */
export class TurnRouter {
  readonly #flow: FlowControl;
  readonly #limits: QueueLimits;
  /** Turns that run and whose id is known. */
  readonly #turns = new Map<string, RunningTurn>();
  /** The turn that occupies a thread; a thread has one at a time. */
  readonly #threads = new Map<string, RunningTurn>();
  /** Ids of the turns that were over last: what still comes for them begins nothing. */
  readonly #over = new RecentIds(MAX_OVER);
  readonly #nested = new NestedWork();
  /** Calls and items that the server waits for an answer about, by the item's id. */
  readonly #items = new Map<string, Set<AbortController>>();
  readonly #ends = new Map<RunningTurn, NodeJS.Timeout>();
  /** Threads on which no turn can do what it was asked for, and why. */
  readonly #failed = new Map<string, Error>();
  readonly #restored = new RestoredTurns((turn, end) => this.#finish(turn, end));

  constructor(flow: FlowControl, limits: QueueLimits) {
    this.#flow = flow;
    this.#limits = limits;
  }

  /**
   * Waits for the thread's running turn, then makes room for the next one. A server that is asked
   * to start a turn while another runs adds the input to the running one, swallows it or refuses,
   * depending on its version. Events are kept from here on: the first may come before the answer.
   */
  open(threadId: string, onApproval: Approve | undefined): Promise<RunningTurn> {
    const own = { flow: this.#flow, limits: this.#limits, onApproval };
    return this.#occupy(threadId, () => new RunningTurn(threadId, own));
  }

  /**
   * As {@link open}, for a turn that nobody here reads: the server names it by `turn/started` alone.
   */
  reserve(threadId: string): Promise<RunningTurn> {
    return this.#occupy(threadId, () => new RunningTurn(threadId));
  }

  /** The server has agreed to a reserved turn; should it never begin, the thread is free again. */
  expect(turn: RunningTurn): void {
    if (turn.id === undefined && !turn.isOver) this.#endIn(BEGIN_MS, turn);
  }

  /** A thread that was joined while a turn ran on it, which may not be named yet. */
  adopt(threadId: string, turnId: string | undefined): void {
    if (this.#threads.has(threadId)) return;
    const turn = new RunningTurn(threadId);
    this.#threads.set(threadId, turn);
    if (turnId !== undefined) this.bind(turn, turnId);
    turn.markBegun();
  }

  /** A turn of the past, as a resumed thread has them: no turn of this client. */
  markPast(turnId: string): void {
    if (!this.#turns.has(turnId)) this.#over.add(turnId);
  }

  /** Threads on which something runs. */
  get busyThreads(): string[] {
    return [...this.#threads.keys()];
  }

  /** What a thread's turn came to while the connection was cut. */
  restore(threadId: string, resumed: ResumedThread, reread?: Reread): TurnOutcome[] {
    const { active, turns } = resumed;
    const current = this.#threads.get(threadId);
    const last = turns.at(-1);
    if (current === undefined) {
      if (active) this.adopt(threadId, last?.status === 'inProgress' ? last.id : undefined);
      return [];
    }
    // A turn that waits to be asked for begins when the connection is whole again.
    if (current.id === undefined && current.events !== undefined && !current.asked) return [];
    current.cuts += 1;
    // The answer that would have named it was lost: it is the one that nobody here knows.
    if (current.id === undefined && last !== undefined && !this.#over.has(last.id)) {
      this.bind(current, last.id);
      current.markBegun();
    }
    for (const { id } of turns) if (id !== current.id) this.markPast(id);
    const turn = turns.find(({ id }) => id === current.id);
    if (turn === undefined) return this.#lose(current, lost(current));
    const { id: turnId } = turn;
    const restoredItems = this.#restored.pushMissing(current, turn);
    if (turn.status === 'inProgress') return [{ turnId, outcome: 'followed', restoredItems }];
    this.#restored.end(current, turn, reread);
    return [{ turnId, outcome: 'ended', restoredItems }];
  }

  /** The server cannot go on with a thread: neither can its turn. */
  lose(threadId: string, failure: Error): TurnOutcome[] {
    const current = this.#threads.get(threadId);
    return current === undefined ? [] : this.#lose(current, failure);
  }

  /** The server has named the turn, which may be over by now. */
  bind(turn: RunningTurn, turnId: string): void {
    turn.id = turnId;
    this.#turns.set(turnId, turn);
    let begun = false;
    turn.events?.filter(({ params }) => {
      const { turnId: named } = scopeOf(params);
      begun ||= named === turnId;
      return named === undefined || named === turnId;
    });
    const end = turn.completedEarly.get(turnId);
    turn.completedEarly.clear();
    if (begun) turn.markBegun();
    if (end !== undefined) this.#finish(turn, end);
  }

  /** The server has refused the turn, or it was given up before it was asked for. */
  cancel(turn: RunningTurn): void {
    turn.events?.leave();
    this.#finish(turn);
  }

  /** `size` is the length of the notification's JSON text. */
  route(notification: Notification, size: number): void {
    this.#nested.learn(notification, (scope) => this.#workOf(scope));
    const { method, params } = notification;
    const { threadId, turnId } = scopeOf(params);
    if (method === 'thread/closed' && threadId !== undefined) this.#failed.delete(threadId);
    if (method === 'item/completed') this.#itemOver(params.item.id);
    if (method === 'turn/started' && turnId !== undefined) this.#started(threadId, turnId);
    const named = turnId === undefined ? undefined : this.#turns.get(turnId);
    if (named !== undefined) {
      named.push(notification, size);
      named.markBegun();
      if (method === 'thread/tokenUsage/updated') this.#restored.usageCame(named);
      if (method === 'turn/completed') this.#finish(named, endOf(params.turn.status));
      else if (this.#ends.has(named)) this.#endIn(END_MS, named);
      return;
    }
    const current = threadId === undefined ? undefined : this.#threads.get(threadId);
    if (current === undefined) return;
    if (turnId === undefined || current.id === undefined) current.push(notification, size);
    if (method === 'turn/completed' && turnId !== undefined && current.id === undefined) {
      current.completedEarly.set(turnId, endOf(params.turn.status));
    } else if (method === 'thread/status/changed') this.#statusChanged(current, params.status.type);
    else if (method === 'thread/closed') this.#endIn(END_MS, current);
  }

  /** Whose work a request of the server is for; undefined when it is not this client's. */
  ownerOf(params: unknown): TurnWork | undefined {
    return this.#workOf(scopeOf(params));
  }

  /**
   * Aborts `controller` once the request that `params` are of needs no answer any more: its turn
   * or item is over, or the turn was stopped whose work it is. The returned function forgets it.
   */
  watch(params: unknown, controller: AbortController): () => void {
    const { threadId, turnId } = scopeOf(params);
    const { itemId, callId } = (params ?? {}) as { itemId?: unknown; callId?: unknown };
    const item = itemId ?? callId;
    const current = threadId === undefined ? undefined : this.#threads.get(threadId);
    const turn = (turnId === undefined ? undefined : this.#turns.get(turnId)) ?? current;
    const groups = [turn?.requests, this.#workOf({ threadId, turnId })?.requests];
    if (typeof item === 'string') {
      const known = this.#items.get(item) ?? new Set();
      this.#items.set(item, known);
      groups.push(known);
    }
    for (const group of groups) group?.add(controller);
    return () => {
      for (const group of groups) group?.delete(controller);
      if (typeof item === 'string' && this.#items.get(item)?.size === 0) this.#items.delete(item);
    };
  }

  /** The named turns that run on other threads as a part of `work`. */
  turnsBelow(work: TurnWork): { threadId: string; turnId: string }[] {
    return this.#nested.threadsOf(work).flatMap((threadId) => {
      const turnId = this.#threads.get(threadId)?.id;
      return turnId === undefined ? [] : [{ threadId, turnId }];
    });
  }

  /** The thread's running turn has failed, and so does every later one of this client. */
  fail(threadId: string, failure: Error): void {
    this.#failed.set(threadId, failure);
    const running = this.#threads.get(threadId);
    if (running !== undefined) this.#finish(running, { failure });
  }

  hasFailed(threadId: string): boolean {
    return this.#failed.has(threadId);
  }

  /** Nothing comes any more: every turn that runs has failed with `reason`. */
  close(reason: TransportClosedError): void {
    const turns = new Set([...this.#threads.values(), ...this.#turns.values()]);
    this.#threads.clear();
    this.#turns.clear();
    for (const timer of this.#ends.values()) clearTimeout(timer);
    this.#ends.clear();
    for (const turn of turns) turn.markOver({ failure: reason });
  }

  /** Nothing may happen between the look at the thread and its being taken: two wait otherwise. */
  async #occupy(threadId: string, make: () => RunningTurn): Promise<RunningTurn> {
    for (;;) {
      const failure = this.#failed.get(threadId);
      if (failure !== undefined) throw failure;
      const running = this.#threads.get(threadId);
      if (running === undefined) break;
      await running.over;
    }
    const turn = make();
    this.#threads.set(threadId, turn);
    return turn;
  }

  #started(threadId: string | undefined, turnId: string): void {
    if (threadId === undefined || this.#turns.has(turnId) || this.#over.has(turnId)) return;
    const current = this.#threads.get(threadId);
    if (current !== undefined && current.id === undefined) {
      // A turn of this client is named by its answer: another client's may begin before it.
      if (current.events === undefined) this.bind(current, turnId);
      else current.wasActive = true;
      return;
    }
    const turn = new RunningTurn(threadId);
    this.#threads.set(threadId, turn);
    this.bind(turn, turnId);
  }

  #statusChanged(turn: RunningTurn, status: string): void {
    if (status === 'active') {
      turn.wasActive = true;
      this.#stopEnding(turn);
    } else if (turn.hasBegun || turn.wasActive) this.#endIn(END_MS, turn);
  }

  #endIn(ms: number, turn: RunningTurn): void {
    this.#stopEnding(turn);
    const timer = setTimeout(() => this.#finish(turn, { failure: lost(turn) }), ms);
    this.#ends.set(turn, timer.unref());
  }

  #lose(turn: RunningTurn, failure: Error): TurnOutcome[] {
    const { id: turnId } = turn;
    this.#finish(turn, { failure });
    return turnId === undefined ? [] : [{ turnId, outcome: 'lost', restoredItems: [] }];
  }

  #stopEnding(turn: RunningTurn): void {
    clearTimeout(this.#ends.get(turn));
    this.#ends.delete(turn);
  }

  #finish(turn: RunningTurn, end?: TurnEnd): void {
    this.#stopEnding(turn);
    if (turn.id !== undefined) {
      this.#turns.delete(turn.id);
      this.#over.add(turn.id);
    }
    if (this.#threads.get(turn.threadId) === turn) this.#threads.delete(turn.threadId);
    turn.markOver(end);
  }

  #itemOver(itemId: string): void {
    for (const controller of this.#items.get(itemId) ?? []) controller.abort();
    this.#items.delete(itemId);
  }

  #workOf({ threadId, turnId }: WorkScope): TurnWork | undefined {
    const named = turnId === undefined ? undefined : this.#turns.get(turnId)?.work;
    if (named !== undefined) return named;
    const current = threadId === undefined ? undefined : this.#threads.get(threadId)?.work;
    return current ?? this.#nested.ownerOf(threadId);
  }
}
