import { pause } from '../../abort.ts';
import { type CodexRuntimeError, isCodexRuntimeError } from '../../errors.ts';
import type { OnProgress } from '../../events.ts';
import { unavailableReason } from './failure.ts';

/** How often and how patiently a failed attempt is repeated. Times in ms. */
export interface RetryPolicy {
  /** Attempts in all. */
  readonly attempts: number;
  /** Pause before the second attempt; doubles with every further one. */
  readonly pause: number;
  /** The longest pause of our own. */
  readonly longestPause: number;
  /** The longest wait that a server may ask for; a longer one counts as unavailable. */
  readonly longestWait: number;
}

export const RETRY_POLICY: RetryPolicy = {
  attempts: 3,
  pause: 250,
  longestPause: 4_000,
  longestWait: 20_000,
};

/** What repeating work has to go by. */
export interface RetryOptions {
  readonly policy: RetryPolicy;
  /** Told of `retry` and `waiting`. */
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface FailedAttempt {
  readonly error: unknown;
  readonly next: number;
  readonly policy: RetryPolicy;
  readonly now: number;
}

interface RetryPlan {
  /** Milliseconds. */
  readonly delay: number;
  readonly limited: boolean;
  /** What the failed attempt said. */
  readonly reason: string;
}

/**
 * How long to wait before attempt number `next` (from 2), or null when `error` or the policy says
 * that there is none. Only network errors, 408, 429, 5xx and truncated bodies are worth repeating.
 */
function planRetry({ error, next, policy, now }: FailedAttempt): RetryPlan | null {
  if (!isRetryable(error) || next > attemptsFor(error, policy)) return null;
  const reason = error.message;
  const retryAt = Date.parse(String(error.fields['retryAt'] ?? ''));
  const limited = unavailableReason(error) === 'rate-limited';
  if (Number.isFinite(retryAt)) {
    const wait = Math.max(retryAt - now, 0);
    // Jitter upwards: never earlier than the server asked for.
    return wait > policy.longestWait
      ? null
      : { delay: wait + Math.random() * 250, limited, reason };
  }
  const longest = Math.min(policy.pause * 2 ** (next - 2), policy.longestPause);
  return { delay: longest * (0.5 + Math.random() / 2), limited, reason };
}

/** Runs `attempt` until it succeeds or the policy ends; says so by `retry` and `waiting` events. */
export async function withRetries<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  for (let number = 1; ; number += 1) {
    try {
      return await attempt();
    } catch (error) {
      await waitForRetry(error, number + 1, options);
    }
  }
}

/** Waits for attempt number `next`, or throws `error` when there is none. */
export async function waitForRetry(
  error: unknown,
  next: number,
  { policy, onProgress, signal }: RetryOptions,
): Promise<void> {
  const plan = planRetry({ error, next, policy, now: Date.now() });
  if (plan === null) throw error;
  const { delay, limited, reason } = plan;
  onProgress?.(
    limited
      ? { type: 'waiting', for: 'rate-limit', reason }
      : { type: 'retry', attempt: next, reason },
  );
  await pause(delay, signal);
}

/** Packets that vanish cost the whole time-out: a firewall is not asked a third time. */
function attemptsFor(error: CodexRuntimeError, { attempts }: RetryPolicy): number {
  const timedOut = error.fields['errno'] === 'ETIMEDOUT';
  return timedOut ? Math.min(attempts, 2) : attempts;
}

function isRetryable(error: unknown): error is CodexRuntimeError {
  if (isCodexRuntimeError(error, 'TRUNCATED')) return true;
  const reason = unavailableReason(error);
  return reason === 'unreachable' || reason === 'server-error' || reason === 'rate-limited';
}
