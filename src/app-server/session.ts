import type { Connection } from './connection/connection.ts';
import type { Approve } from './turns/approvals.ts';
import type { TurnRouter } from './turns/turn-router.ts';

/** What a thread and its turns need of their client. */
export interface Session {
  readonly connection: Connection;
  readonly router: TurnRouter;
  /** Callbacks of single turns, by id; the client's own answers for the others. */
  readonly approvers: Map<string, Approve>;
}

/** Every call can be ended by its caller. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}
