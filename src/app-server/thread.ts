import type { Schema, ValueOf } from '../schema.ts';
import { abortable } from './connection/abortable.ts';
import { parseAnswer } from './connection/answers.ts';
import type { ReviewTarget, ThreadReadResponse } from './generated/protocol.ts';
import type { CallOptions, Session } from './session.ts';
import { parseOutput, type TypedTurnResult } from './tools/output.ts';
import { type ExecEvent, toExecEvents } from './turns/exec-events.ts';
import type { Input } from './turns/input.ts';
import { beginTurn, startTurn, type TurnHandle, type TurnOptions } from './turns/turn-handle.ts';
import { type TurnResult, verifyTurn } from './turns/turn-result.ts';

/** A conversation. Its turns run one after the other; those of other threads at the same time. */
export class Thread {
  readonly id: string;
  readonly #session: Session;

  /** Made by `codex.startThread()` and its siblings. */
  constructor(session: Session, id: string) {
    this.#session = session;
    this.id = id;
  }

  /**
   * Says something and waits for the answer; with `outputSchema` the result has it as `parsed`.
   * Aborting interrupts the turn.
   * @throws OutputInvalidError when the answer does not follow `outputSchema`;
   * ServerBusyError or RetryLimitExceededError when the model was overloaded,
   * TurnFailedError when the turn failed otherwise, and as {@link turn} does.
   */
  run<S extends Schema>(
    input: Input,
    options: TurnOptions & { readonly outputSchema: S },
  ): Promise<TypedTurnResult<ValueOf<S>>>;
  run(input: Input, options?: TurnOptions): Promise<TurnResult>;
  async run(input: Input, options: TurnOptions = {}): Promise<TurnResult> {
    const turn = await this.turn(input, options);
    const result = await turn.run({ signal: options.signal });
    verifyTurn(result);
    return options.outputSchema ? parseOutput(options.outputSchema, result) : result;
  }

  /**
   * As {@link run}, but with the events that `@openai/codex-sdk` has, as they happen. Leaving the
   * loop interrupts the turn, as there.
   */
  async runStreamed(
    input: Input,
    options: TurnOptions = {},
  ): Promise<{ events: AsyncGenerator<ExecEvent> }> {
    const turn = await this.turn(input, options);
    return { events: toExecEvents(turn, options.signal) };
  }

  /**
   * Starts a turn and returns at once: for its raw events, steering, interrupting and its id.
   * @throws CodexRuntimeError `USAGE` for invalid input; JsonRpcError, TransportClosedError,
   * AbortedError
   */
  turn(input: Input, options: TurnOptions = {}): Promise<TurnHandle> {
    return startTurn(this.#session, { threadId: this.id, input, options });
  }

  /**
   * Has Codex review code, as a turn of this thread: what is not committed, the changes against a
   * branch, a commit, or what words of yours say. The review's text is an item of type
   * `exitedReviewMode`. Aborting interrupts it.
   * @throws as {@link turn} does
   */
  review(
    target: ReviewTarget = { type: 'uncommittedChanges' },
    { signal, onApproval }: Pick<TurnOptions, 'signal' | 'onApproval'> = {},
  ): Promise<TurnHandle> {
    const params = { threadId: this.id, target };
    const call = { method: 'review/start', threadId: this.id, params, signal, onApproval } as const;
    return beginTurn(this.#session, call);
  }

  /** The thread as the server has stored it. */
  read(
    options: CallOptions & { readonly includeTurns?: boolean } = {},
  ): Promise<ThreadReadResponse> {
    const params = { threadId: this.id, includeTurns: options.includeTurns ?? false };
    const { signal } = options;
    const parse = parseAnswer<ThreadReadResponse>('thread/read');
    return this.#session.connection.request('thread/read', params, { signal, parse });
  }

  async setName(name: string, options: CallOptions = {}): Promise<void> {
    await this.#call('thread/name/set', { threadId: this.id, name }, options);
  }

  /**
   * Has the server shorten the thread's history, after the thread's running turn; returns when it
   * has begun. It is a turn of its own: the thread's next turn waits for its end.
   */
  async compact(options: CallOptions = {}): Promise<void> {
    const { router } = this.#session;
    const reserving = router.reserve(this.id);
    try {
      const turn = await abortable(reserving, options.signal, 'thread/compact/start');
      await this.#call('thread/compact/start', { threadId: this.id }, options);
      router.expect(turn);
    } catch (error) {
      // Aborted, it may begin all the same: then `turn/started` tells.
      void reserving.then((turn) => router.cancel(turn));
      throw error;
    }
  }

  #call(method: string, params: unknown, { signal }: CallOptions): Promise<unknown> {
    return this.#session.connection.request(method, params, { signal });
  }
}

/**
 * A thread on its way. `@openai/codex-sdk` returns a thread at once, so `run` and `runStreamed`
 * are here too: `codex.startThread().run('…')` works with and without `await` before the dot.
 */
export class ThreadPromise extends Promise<Thread> {
  /** What `then` and `catch` make are ordinary promises. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  static of(thread: Promise<Thread>): ThreadPromise {
    return new ThreadPromise((resolve) => resolve(thread));
  }

  run<S extends Schema>(
    input: Input,
    options: TurnOptions & { readonly outputSchema: S },
  ): Promise<TypedTurnResult<ValueOf<S>>>;
  run(input: Input, options?: TurnOptions): Promise<TurnResult>;
  async run(input: Input, options: TurnOptions = {}): Promise<TurnResult> {
    return (await this).run(input, options);
  }

  async runStreamed(
    input: Input,
    options: TurnOptions = {},
  ): Promise<{ events: AsyncGenerator<ExecEvent> }> {
    return (await this).runStreamed(input, options);
  }
}
