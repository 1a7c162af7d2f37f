import type { AppServerError, TransportClosedError } from '../errors.ts';

/** How a cut connection is joined again. */
export interface RejoinOptions {
  /** Attempts before the client gives up; a connection that lasted 10 s counts anew. Default 10. */
  readonly maxAttempts?: number;
  /** Milliseconds before the first attempt; doubled for each further one. Default 100. */
  readonly initialDelayMs?: number;
  /** Default 5000. */
  readonly maxDelayMs?: number;
  /** Ends the attempts: everything that waits fails. */
  readonly signal?: AbortSignal;
}

/** What became of a turn that ran when the connection was cut. */
export interface TurnOutcome {
  readonly turnId: string;
  /** It still runs, it ended meanwhile, or the server knows nothing of it. */
  readonly outcome: 'followed' | 'ended' | 'lost';
  /** Items that were completed meanwhile; the turn's reader gets them now. */
  readonly restoredItems: readonly string[];
}

export interface ThreadOutcome {
  readonly threadId: string;
  readonly outcome: 'resumed' | 'lost';
  /** Why it could not be resumed. */
  readonly error?: AppServerError;
  readonly turns: readonly TurnOutcome[];
}

/** What happens to a client's connection; notifications of the time without one do not come. */
export type ConnectionEvent =
  | { readonly kind: 'cut'; readonly reason: TransportClosedError }
  | { readonly kind: 'attempt'; readonly attempt: number; readonly delayMs: number }
  | {
      readonly kind: 'rejoined';
      readonly attempts: number;
      /** Of the time without a connection; deltas and other notifications of it are lost. */
      readonly missedMs: number;
      readonly threads: readonly ThreadOutcome[];
    }
  | { readonly kind: 'gaveUp'; readonly reason: TransportClosedError };
