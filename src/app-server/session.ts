import type { Connection } from './connection/connection.ts';
import type { TurnRouter } from './turns/turn-router.ts';

/** What a thread and its turns need of their client. */
export interface Session {
  readonly connection: Connection;
  readonly router: TurnRouter;
  /** @throws AppServerError for a thread that a cut connection left lost */
  verifyThread(threadId: string): void;
}

/** Every call can be ended by its caller. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}
