import type { Notification } from '../connection/notification.ts';
import type { Approve } from './approvals.ts';

/** What a turn of this client set going, on its own thread and on those of its agents. */
export class TurnWork {
  /** The turn's own thread. */
  readonly threadId: string;
  /** Decides for all of it. */
  readonly onApproval: Approve | undefined;
  /** Requests of the server for work on other threads. */
  readonly requests = new Set<AbortController>();

  constructor(threadId: string, onApproval: Approve | undefined) {
    this.threadId = threadId;
    this.onApproval = onApproval;
  }

  /** It was stopped: its open requests need no answer any more. */
  end(): void {
    for (const controller of this.requests) controller.abort();
    this.requests.clear();
  }
}

/** Threads that are remembered as somebody's work; the oldest are forgotten first. */
const MAX_THREADS = 4_096;

/**
 * Whose work a thread is. A turn starts agents on threads of their own, and these do so again; the
 * server tells it in three ways, of which each version has some: the items of the call that starts
 * or wakes an agent, `rootTurnId` of the agent's turn, and `parentThreadId` of its thread.
 */
export class NestedWork {
  readonly #owners = new Map<string, TurnWork>();

  ownerOf(threadId: string | undefined): TurnWork | undefined {
    return threadId === undefined ? undefined : this.#owners.get(threadId);
  }

  /** Threads that are known to be `work`'s, its own not included. */
  threadsOf(work: TurnWork): string[] {
    return [...this.#owners].filter(([, owner]) => owner === work).map(([threadId]) => threadId);
  }

  /** Learns from a notification; `workOf` tells whose a turn or thread is. */
  learn(notification: Notification, workOf: (scope: WorkScope) => TurnWork | undefined): void {
    const { method, params } = notification;
    if (method === 'item/started' || method === 'item/completed') {
      for (const threadId of agentsIn(params.item)) this.#own(threadId, workOf(params));
    } else if (method === 'turn/started') {
      const { rootTurnId, id } = params.turn;
      if (rootTurnId === id || typeof rootTurnId !== 'string') return;
      this.#own(params.threadId, workOf({ turnId: rootTurnId }));
    } else if (method === 'thread/started') {
      const { parentThreadId, id } = params.thread;
      if (typeof parentThreadId === 'string') this.#own(id, workOf({ threadId: parentThreadId }));
    } else if (method === 'thread/closed') this.#owners.delete(params?.threadId);
  }

  #own(threadId: string, work: TurnWork | undefined): void {
    if (work === undefined || work.threadId === threadId) return;
    this.#owners.delete(threadId);
    this.#owners.set(threadId, work);
    if (this.#owners.size <= MAX_THREADS) return;
    for (const [oldest] of this.#owners) {
      this.#owners.delete(oldest);
      break;
    }
  }
}

export interface WorkScope {
  readonly threadId?: string | undefined;
  readonly turnId?: string | undefined;
}

/** The threads of the agents that an item is about. */
function agentsIn(item: object): string[] {
  const { type, receiverThreadIds, agentThreadId } = item as Record<string, unknown>;
  if (type === 'collabAgentToolCall') return (receiverThreadIds as string[] | undefined) ?? [];
  if (type === 'subAgentActivity' && typeof agentThreadId === 'string') return [agentThreadId];
  return [];
}
