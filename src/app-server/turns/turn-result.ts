import { overloadOf } from '../compat/overload.ts';
import type { Notification } from '../connection/notification.ts';
import {
  AppServerError,
  RetryLimitExceededError,
  ServerBusyError,
  TransportClosedError,
} from '../errors.ts';
import type { ThreadItem, ThreadTokenUsage, TurnError, TurnStatus } from '../generated/protocol.ts';

/** What a turn came to. */
export interface TurnResult {
  readonly threadId: string;
  readonly turnId: string;
  /** `completed`, `failed` or `interrupted`. */
  readonly status: TurnStatus;
  /** Why it failed; null otherwise. */
  readonly error: TurnError | null;
  /**
   * The text of the last completed assistant message that is the final answer, or has no phase;
   * null when there was none.
   */
  readonly finalResponse: string | null;
  /** Everything that was completed, in order: messages, reasoning, commands, file changes, … */
  readonly items: readonly ThreadItem[];
  /** Tokens, of the last model call and of the thread; null when the server told none. */
  readonly usage: ThreadTokenUsage | null;
  /**
   * How often the connection was cut while it ran and joined again: deltas of these moments are
   * missing, items are not.
   */
  readonly cuts: number;
}

/** The turn failed, and trying again would not help. */
export class TurnFailedError extends AppServerError {
  override readonly name: string = 'TurnFailedError';
  readonly result: TurnResult;

  constructor(message: string, result: TurnResult) {
    super(message, { fields: fieldsOf(result) });
    this.result = result;
  }
}

/** Reads a turn's events to their end. */
export async function collectTurn(
  turn: { readonly threadId: string; readonly id: string; readonly cuts: number },
  events: AsyncIterable<Notification>,
): Promise<TurnResult> {
  const { threadId, id: turnId } = turn;
  const items: ThreadItem[] = [];
  let usage: ThreadTokenUsage | null = null;
  for await (const { method, params } of events) {
    if (method === 'item/completed') items.push(params.item);
    else if (method === 'thread/tokenUsage/updated') usage = params.tokenUsage;
    else if (method === 'turn/completed') {
      const { status, error } = params.turn;
      return {
        threadId,
        turnId,
        status,
        error: error ?? null,
        finalResponse: finalOf(items),
        items,
        usage,
        cuts: turn.cuts,
      };
    }
  }
  throw new TransportClosedError(`Turn ${turnId} ended without a result.`);
}

/** @throws ServerBusyError, RetryLimitExceededError or TurnFailedError for a failed turn. */
export function verifyTurn(result: TurnResult): void {
  if (result.status !== 'failed') return;
  const message = `The turn failed: ${result.error?.message ?? 'the server gave no reason'}`;
  const details = { rpcCode: null, data: result.error, fields: fieldsOf(result) };
  const overload = overloadOf(result.error?.codexErrorInfo);
  if (overload === 'busy') throw new ServerBusyError(message, details);
  if (overload === 'exhausted') throw new RetryLimitExceededError(message, details);
  throw new TurnFailedError(message, result);
}

function finalOf(items: readonly ThreadItem[]): string | null {
  const messages = items.filter((item) => item.type === 'agentMessage');
  const final =
    messages.findLast(({ phase }) => phase === 'final_answer') ??
    messages.findLast(({ phase }) => (phase ?? undefined) === undefined);
  return final?.text ?? null;
}

function fieldsOf({ threadId, turnId, error }: TurnResult): Record<string, unknown> {
  return { threadId, turnId, codexErrorInfo: error?.codexErrorInfo ?? null };
}
