import type { TokenUsageBreakdown } from '../generated/protocol.ts';
import { type ExecItem, toExecItem } from './exec-items.ts';
import type { TurnHandle } from './turn-handle.ts';

/** Tokens of a turn's last model call, as `@openai/codex-sdk` names them. */
export interface ExecUsage {
  readonly input_tokens: number;
  readonly cached_input_tokens: number;
  readonly cache_write_input_tokens: number;
  readonly output_tokens: number;
  readonly reasoning_output_tokens: number;
}

/** The events of `runStreamed`: the names and shapes that users of `@openai/codex-sdk` know. */
export type ExecEvent =
  | { readonly type: 'thread.started'; readonly thread_id: string }
  | { readonly type: 'turn.started' }
  | { readonly type: 'item.started' | 'item.updated' | 'item.completed'; readonly item: ExecItem }
  | { readonly type: 'turn.completed'; readonly usage: ExecUsage }
  | { readonly type: 'turn.failed'; readonly error: { readonly message: string } }
  | { readonly type: 'error'; readonly message: string };

/** Translates a turn's notifications; leaving the loop interrupts the turn. */
export async function* toExecEvents(
  turn: TurnHandle,
  signal: AbortSignal | undefined,
): AsyncGenerator<ExecEvent> {
  let ended = false;
  let tokens: TokenUsageBreakdown | undefined;
  try {
    yield { type: 'thread.started', thread_id: turn.threadId };
    for await (const { method, params } of turn.stream({ signal })) {
      if (method === 'turn/started') yield { type: 'turn.started' };
      else if (method === 'item/started') yield* itemEvent('item.started', params.item);
      else if (method === 'item/completed') yield* itemEvent('item.completed', params.item);
      else if (method === 'turn/plan/updated') {
        const items = params.plan.map(({ step, status }) => ({
          text: step,
          completed: status === 'completed',
        }));
        yield { type: 'item.updated', item: { id: `plan-${turn.id}`, type: 'todo_list', items } };
      } else if (method === 'thread/tokenUsage/updated') tokens = params.tokenUsage.last;
      else if (method === 'error') yield { type: 'error', message: params.error.message };
      else if (method === 'turn/completed') {
        ended = true;
        if (params.turn.status === 'completed')
          yield { type: 'turn.completed', usage: usage(tokens) };
        else yield { type: 'turn.failed', error: { message: why(params.turn) } };
      }
    }
    ended = true;
  } finally {
    // The reader left, or was aborted, or the client closed: interrupting again harms nobody.
    if (!ended) turn.abandon();
  }
}

function* itemEvent(
  type: 'item.started' | 'item.completed',
  item: Parameters<typeof toExecItem>[0],
): Generator<ExecEvent> {
  const translated = toExecItem(item);
  if (translated !== undefined) yield { type, item: translated };
}

function why(turn: { status: string; error: { message: string } | null }): string {
  return turn.error?.message ?? `The turn was ${turn.status}.`;
}

function usage(tokens: TokenUsageBreakdown | undefined): ExecUsage {
  return {
    input_tokens: tokens?.inputTokens ?? 0,
    cached_input_tokens: tokens?.cachedInputTokens ?? 0,
    cache_write_input_tokens: tokens?.cacheWriteInputTokens ?? 0,
    output_tokens: tokens?.outputTokens ?? 0,
    reasoning_output_tokens: tokens?.reasoningOutputTokens ?? 0,
  };
}
