import type { ResponseHeaders } from './headers.ts';

/**
 * When asking again makes sense (ms since the epoch), for an answer 403, 429 or 503; null when the
 * answer does not speak of a limit. `Retry-After` goes before GitHub's `x-ratelimit-reset`, which
 * counts only with an empty quota: GitHub sends it with every answer.
 */
export function retryAtOf(status: number, headers: ResponseHeaders, now: number): number | null {
  if (status !== 403 && status !== 429 && status !== 503) return null;
  const after = headers['retry-after']?.trim() ?? '';
  const at = /^\d+$/.test(after) ? now + Number(after) * 1000 : Date.parse(after);
  if (Number.isFinite(at) && Math.abs(at) <= LAST_DATE_MS) return Math.max(at, now);
  if (headers['x-ratelimit-remaining']?.trim() !== '0') return null;
  const reset = Number(headers['x-ratelimit-reset']) * 1000;
  return Number.isFinite(reset) && reset > 0 && reset <= LAST_DATE_MS ? Math.max(reset, now) : null;
}

/** The last instant that a JavaScript Date can hold. */
const LAST_DATE_MS = 8.64e15;
