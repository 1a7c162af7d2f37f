import { parseAnswer } from '../connection/answers.ts';
import type { Connection } from '../connection/connection.ts';
import { AppServerError, JsonRpcError } from '../errors.ts';
import type { ThreadItem, Turn } from '../generated/protocol.ts';
import type { TurnRouter } from '../turns/turn-router.ts';
import type { ThreadOutcome } from './connection-event.ts';

/** What is read of the answer to `thread/resume`, which may be any version's. */
export interface ResumedThread {
  readonly active: boolean;
  readonly turns: readonly ResumedTurn[];
}

export type ResumedTurn = Turn & { readonly items: readonly ThreadItem[] };

/**
 * Resumes threads over a new connection. The server tells what their turns came to, and asks again
 * what it waits for; a thread that it cannot resume is lost, with its turn.
 * @throws TransportClosedError when this connection is cut, too
 */
export async function resumeThreads(
  { connection, router }: { readonly connection: Connection; readonly router: TurnRouter },
  threadIds: readonly string[],
  signal: AbortSignal,
): Promise<ThreadOutcome[]> {
  const outcomes: ThreadOutcome[] = [];
  for (const threadId of threadIds) {
    try {
      const outcome = await connection.request<ThreadOutcome>(
        'thread/resume',
        { threadId },
        {
          signal,
          rejoining: true,
          // Before the next message is looked at: the turn's events go on behind this answer.
          parse: (answer) => {
            const turns = router.restore(threadId, parseResumed(answer), async (turnId) => {
              const params = { threadId, includeTurns: true };
              const now = await connection.request('thread/read', params, { parse: parseResumed });
              return now.turns.find(({ id }) => id === turnId);
            });
            return { threadId, outcome: 'resumed', turns };
          },
        },
      );
      outcomes.push(outcome);
    } catch (error) {
      if (!(error instanceof JsonRpcError)) throw error;
      outcomes.push({ threadId, outcome: 'lost', error, turns: router.lose(threadId, error) });
    }
  }
  return outcomes;
}

/** @throws ProtocolError when the answer has no thread */
export function parseResumed(answer: unknown): ResumedThread {
  const { thread } = parseAnswer<{ thread?: unknown }>('thread/resume')(answer);
  const { status, turns } = parseAnswer<{ status?: unknown; turns?: unknown }>('thread/resume')(
    thread,
  );
  const list: readonly unknown[] = Array.isArray(turns) ? turns : [];
  return {
    active: (status as { type?: unknown } | null | undefined)?.type === 'active',
    turns: list.filter(isTurn),
  };
}

function isTurn(value: unknown): value is ResumedTurn {
  const { id, status, items } = (value ?? {}) as Record<string, unknown>;
  return typeof id === 'string' && typeof status === 'string' && Array.isArray(items);
}

/** For a turn on a thread that a cut left without its server's knowledge. */
export function threadLost(threadId: string, cause: unknown): AppServerError {
  return new AppServerError(`Thread ${threadId} could not be resumed after a cut connection.`, {
    cause,
    hint: 'A thread is stored with its first turn. Start another one.',
    fields: { threadId },
  });
}
