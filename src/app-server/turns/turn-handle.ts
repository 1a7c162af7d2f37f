import { anySignal } from '../../abort.ts';
import { type Schema, toJsonSchema } from '../../schema.ts';
import { abortable } from '../connection/abortable.ts';
import { parseAnswerId } from '../connection/answers.ts';
import type { Notification } from '../connection/notification.ts';
import { AbortedError, AnswerLostError, AppServerError } from '../errors.ts';
import type { ReviewStartParams, TurnStartParams } from '../generated/protocol.ts';
import type { CallOptions, Session } from '../session.ts';
import type { Approve } from './approvals.ts';
import type { EventQueue } from './event-queue.ts';
import { type Input, toWireInput } from './input.ts';
import type { RunningTurn } from './running-turn.ts';
import { collectTurn, type TurnResult } from './turn-result.ts';

/** What a turn may override, for itself and (as the server has it) for the turns after it. */
export interface TurnOptions
  extends Omit<TurnStartParams, 'threadId' | 'input' | 'outputSchema'>,
    CallOptions {
  /**
   * What the final response must follow: a schema of a library that follows Standard Schema and
   * tells its JSON Schema, or a JSON Schema. `thread.run` then gives `parsed`.
   */
  readonly outputSchema?: Schema | null | undefined;
  /** Decides for this turn; without it the client's own callback does. */
  readonly onApproval?: Approve | undefined;
}

/** A turn that runs. Its events are kept from its first moment until somebody reads them. */
export class TurnHandle {
  readonly threadId: string;
  readonly id: string;
  readonly #session: Session;
  readonly #turn: RunningTurn;

  /** Made by `thread.turn()`. */
  constructor(session: Session, id: string, turn: RunningTurn) {
    this.#session = session;
    this.threadId = turn.threadId;
    this.id = id;
    this.#turn = turn;
  }

  /** How often the connection was cut while it ran, and joined again. */
  get cuts(): number {
    return this.#turn.cuts;
  }

  /**
   * The turn's events, from the first to `turn/completed`. One reader per turn. Leaving the loop
   * lets the rest go and the turn run on; aborting ends the loop with an error and interrupts it.
   * @throws AppServerError when the turn has or had a reader; while reading also
   * TransportClosedError, EventsLostError, AbortedError
   */
  stream({ signal }: CallOptions = {}): AsyncIterableIterator<Notification> {
    return eventsOf(this.#turn).read(signal, () => {
      this.interrupt().catch(() => undefined);
    });
  }

  /**
   * As {@link stream}, up to and with the first event that has one of these methods. The turn goes
   * on, and its later events are let go.
   */
  async *streamUntil(
    methods: Notification['method'] | readonly Notification['method'][],
    options: CallOptions = {},
  ): AsyncGenerator<Notification, void> {
    const last = typeof methods === 'string' ? [methods] : methods;
    for await (const event of this.stream(options)) {
      yield event;
      if (last.includes(event.method)) return;
    }
  }

  /**
   * Reads the turn to its end. A failed turn is a result too: look at `status` and `error`.
   * Aborting interrupts the turn.
   * @throws as {@link stream} does.
   */
  run(options: CallOptions = {}): Promise<TurnResult> {
    return collectTurn(this, this.stream(options));
  }

  /** Adds input to the running turn. @throws InvalidRequestError when it does not run any more. */
  async steer(input: Input, { signal }: CallOptions = {}): Promise<void> {
    const { threadId, id: expectedTurnId } = this;
    const params = { threadId, expectedTurnId, input: toWireInput(input) };
    await abortable(this.#turn.begun, signal, 'turn/steer');
    await this.#session.connection.request('turn/steer', params, { signal });
  }

  /**
   * Ends the turn and what runs for it on other threads; its events end with `turn/completed`,
   * status `interrupted`. Does nothing when the turn is over. Servers refuse it before the turn has
   * begun (0.169) and leave it without an answer when the turn is over (0.115), so it waits for the
   * first and gives up at the second.
   */
  async interrupt({ signal }: CallOptions = {}): Promise<void> {
    const turn = this.#turn;
    await abortable(turn.begun, signal, 'turn/interrupt');
    if (turn.isOver) return;
    this.#interruptNested();
    const ended = new AbortController();
    void turn.over.then(() => ended.abort());
    const params = { threadId: this.threadId, turnId: this.id };
    try {
      await this.#session.connection.request('turn/interrupt', params, {
        signal: anySignal(ended.signal, signal),
      });
    } catch (error) {
      if (!turn.isOver) throw error;
    }
  }

  /** Interrupts a turn that nobody waits for; whether that still succeeds changes nothing. */
  abandon(): void {
    this.#turn.events?.leave();
    this.interrupt().catch(() => undefined);
  }

  /** Servers let a turn's agents go on without it. */
  #interruptNested(): void {
    const { router, connection } = this.#session;
    const { work } = this.#turn;
    if (work === undefined) return;
    for (const nested of router.turnsBelow(work)) {
      // One that has just ended refuses, and on 0.115 does not answer.
      connection
        .request('turn/interrupt', nested, { signal: NESTED_SIGNAL() })
        .catch(() => undefined);
    }
    work.end();
  }
}

/** How long the interruption of an agent's turn is waited for. */
const NESTED_MS = 5_000;
const NESTED_SIGNAL = () => AbortSignal.timeout(NESTED_MS);

function eventsOf({ events }: RunningTurn): EventQueue<Notification> {
  if (events === undefined) throw new AppServerError('This turn has no events here.');
  return events;
}

export interface TurnRequest {
  readonly threadId: string;
  readonly input: Input;
  readonly options: TurnOptions;
}

/**
 * Starts a turn, after the thread's running one. Aborted before the server has answered, the turn
 * is interrupted as soon as it can be.
 * @throws CodexRuntimeError `USAGE` for invalid input; JsonRpcError, TransportClosedError,
 * AbortedError
 */
export async function startTurn(
  session: Session,
  { threadId, input, options: { signal, onApproval, outputSchema, ...overrides } }: TurnRequest,
): Promise<TurnHandle> {
  const schema = outputSchema ? { outputSchema: toJsonSchema(outputSchema) } : {};
  const params = { ...overrides, ...schema, threadId, input: toWireInput(input) };
  return beginTurn(session, { method: 'turn/start', threadId, params, signal, onApproval });
}

/**
 * Begins a turn by the call `method`, whose answer names it, after the thread's running turn.
 * @throws as {@link startTurn} does
 */
export async function beginTurn(session: Session, opening: OpeningTurn): Promise<TurnHandle> {
  const { signal, method } = opening;
  const started = openTurn(session, opening);
  try {
    return await abortable(started, signal, method);
  } catch (error) {
    // Only an abort leaves a turn that may yet start.
    started.then(
      (turn) => turn.abandon(),
      () => undefined,
    );
    throw error;
  }
}

interface OpeningTurn {
  readonly method: 'turn/start' | 'review/start';
  readonly threadId: string;
  readonly params: TurnStartParams | ReviewStartParams;
  readonly signal: AbortSignal | undefined;
  readonly onApproval: Approve | undefined;
}

async function openTurn(
  session: Session,
  { method, threadId, params, signal, onApproval }: OpeningTurn,
): Promise<TurnHandle> {
  const { router, connection } = session;
  session.verifyThread(threadId);
  const turn = await router.open(threadId, onApproval);
  try {
    if (signal?.aborted === true) throw new AbortedError(method, signal);
    const started = connection
      .request(method, params, {
        onSent: () => {
          turn.asked = true;
        },
        parse: (answer) => {
          const id = parseAnswerId(method, 'turn', answer);
          router.bind(turn, id);
          return new TurnHandle(session, id, turn);
        },
      })
      .catch(async (error: unknown) => {
        if (!(error instanceof AnswerLostError)) throw error;
        // Joining again tells whether it has begun.
        await Promise.race([turn.begun, turn.over]);
        if (turn.id !== undefined) return new TurnHandle(session, turn.id, turn);
        throw error;
      });
    // Of a turn that is over before it was named, the answer may never come.
    const lost = turn.over.then(() => {
      if (turn.id !== undefined || turn.cuts > 0) return started;
      throw turn.failure ?? new AppServerError('The turn was given up.');
    });
    return await Promise.race([started, lost]);
  } catch (error) {
    router.cancel(turn);
    throw error;
  }
}
