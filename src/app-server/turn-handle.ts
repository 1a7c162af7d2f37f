import type { Approve } from './approvals.ts';
import type { TurnStartParams, TurnStartResponse } from './generated/protocol.ts';
import { type Input, toWireInput } from './input.ts';
import type { Notification } from './notification.ts';
import type { CallOptions, Session } from './session.ts';
import { collectTurn, type TurnResult } from './turn-result.ts';
import type { TurnEvents } from './turn-router.ts';

/** What a turn may override, for itself and (as the server has it) for the turns after it. */
export interface TurnOptions extends Omit<TurnStartParams, 'threadId' | 'input'>, CallOptions {
  /** Decides for this turn; without it the client's own callback does. */
  readonly onApproval?: Approve | undefined;
}

/** A turn that runs. Its events are kept from its first moment until somebody reads them. */
export class TurnHandle {
  readonly threadId: string;
  readonly id: string;
  readonly #session: Session;
  readonly #events: TurnEvents;

  /** Made by `thread.turn()`. */
  constructor(session: Session, threadId: string, id: string, events: TurnEvents) {
    this.#session = session;
    this.threadId = threadId;
    this.id = id;
    this.#events = events;
  }

  /**
   * The turn's events, from the first to `turn/completed`. One reader per turn. Leaving the loop
   * lets the rest go and the turn run on; aborting ends the loop with an error and interrupts it.
   * @throws AppServerError when the turn has or had a reader; while reading also
   * TransportClosedError, EventsLostError, AbortedError
   */
  stream({ signal }: CallOptions = {}): AsyncIterableIterator<Notification> {
    return this.#events.read(signal, () => this.#giveUp());
  }

  /**
   * Reads the turn to its end. A failed turn is a result too: look at `status` and `error`.
   * Aborting interrupts the turn.
   * @throws as {@link stream} does.
   */
  run(options: CallOptions = {}): Promise<TurnResult> {
    return collectTurn(this.threadId, this.id, this.stream(options));
  }

  /** Adds input to the running turn. @throws JsonRpcError when it does not run any more. */
  async steer(input: Input, { signal }: CallOptions = {}): Promise<void> {
    const { threadId, id: expectedTurnId } = this;
    const params = { threadId, expectedTurnId, input: toWireInput(input) };
    await this.#session.connection.request('turn/steer', params, { signal });
  }

  /** Ends the turn; its events end with `turn/completed`, status `interrupted`. */
  async interrupt({ signal }: CallOptions = {}): Promise<void> {
    const params = { threadId: this.threadId, turnId: this.id };
    await this.#session.connection.request('turn/interrupt', params, { signal });
  }

  #giveUp(): void {
    interruptQuietly(this.#session, this.threadId, this.id);
  }
}

/**
 * Starts a turn. Aborted before the server has answered, it is interrupted as soon as it has.
 * @throws CodexRuntimeError `USAGE` for invalid input; JsonRpcError, TransportClosedError,
 * AbortedError
 */
export async function startTurn(
  session: Session,
  threadId: string,
  input: Input,
  { signal, onApproval, ...overrides }: TurnOptions,
): Promise<TurnHandle> {
  const params = { ...overrides, threadId, input: toWireInput(input) };
  const opening = session.router.open(threadId);
  try {
    const { turn } = await session.connection.request<TurnStartResponse>('turn/start', params, {
      signal,
      onResult: (result) => {
        const { id } = (result as TurnStartResponse).turn;
        opening.bind(id);
        if (onApproval !== undefined) session.approvers.set(id, onApproval);
      },
      onLateResult: (result) =>
        interruptQuietly(session, threadId, (result as TurnStartResponse).turn.id),
    });
    return new TurnHandle(session, threadId, turn.id, opening.events);
  } catch (error) {
    opening.cancel();
    throw error;
  }
}

/** Nobody waits for the turn: whether it could still be interrupted changes nothing. */
function interruptQuietly({ connection }: Session, threadId: string, turnId: string): void {
  connection.request('turn/interrupt', { threadId, turnId }).catch(() => undefined);
}
