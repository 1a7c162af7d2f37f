import type { CodexRuntimeError } from '../../errors.ts';
import type { ResponseHeaders } from './client.ts';
import { displayUrl, unavailable } from './failure.ts';
import type { Credentials } from './hop.ts';
import { proxyRefusal } from './network-failure.ts';

/** An answer with a status of 400 or more, and how it was asked for. */
export interface HttpRefusal {
  readonly url: URL;
  readonly status: number;
  readonly headers: ResponseHeaders;
  /** The beginning of the body, as far as it was read. */
  readonly text?: string;
  readonly now: number;
  /** What was sent along. */
  readonly credentials?: Credentials | undefined;
  /** What the server refused before, so that it was asked again without. */
  readonly refused?: RefusedCredentials | undefined;
}

export interface RefusedCredentials extends Credentials {
  readonly status: number;
}

/** GitHub's own advice for a limit that says nothing about its end. */
const SECONDARY_LIMIT_MS = 60_000;

/** The failure that an HTTP status of 400 or more stands for. */
export function statusFailure(refusal: HttpRefusal): CodexRuntimeError {
  const { url, status, refused } = refusal;
  const shown = displayUrl(url);
  if (status === 404 || status === 410) {
    // To others than its owner, what is private does not exist.
    if (refused !== undefined && !refused.forPublic) return withoutAccess(refusal);
    return unavailable(`${shown} was not found (${status}).`, { reason: 'not-found', url, status });
  }
  // Of a proxy that takes plain requests: it answers in the server's place.
  if (status === 407) return proxyRefusal(null, status);
  const retryAt = retryAtOf(refusal);
  const later = retryAt === null ? {} : { retryAt };
  if (status === 429 || (status === 403 && retryAt !== null)) {
    const until = retryAt === null ? '' : ` until ${new Date(retryAt).toISOString()}`;
    return unavailable(
      `${url.host} limits requests${until} (${status}, ${shown}).${tellRefused(refused)}`,
      { reason: 'rate-limited', url, status, ...later, hint: limitHint(refusal) },
    );
  }
  if (status === 401 || status === 403) return withoutAccess(refusal);
  return unavailable(`${url.host} answered ${status} to ${shown}.`, {
    reason: status === 408 || status >= 500 ? 'server-error' : 'refused',
    url,
    status,
    ...later,
  });
}

function withoutAccess({ url, status, credentials, refused }: HttpRefusal): CodexRuntimeError {
  const wrong = (refused ?? credentials)?.name;
  return unavailable(
    `${url.host} does not allow access to ${displayUrl(url)} (${status}).${tellRefused(refused)}`,
    {
      reason: 'unauthorized',
      url,
      status,
      hint:
        wrong === undefined ? 'Check the credentials for this host.' : `Renew or remove ${wrong}.`,
    },
  );
}

function tellRefused(refused: RefusedCredentials | undefined): string {
  return refused === undefined ? '' : ` It refused ${refused.name} (${refused.status}).`;
}

function limitHint({ headers, credentials, refused }: HttpRefusal): string {
  if (refused !== undefined) return `Renew or remove ${refused.name}.`;
  const wait = 'Wait, or choose another --source; a lockfile makes most requests unnecessary.';
  return isGitHub(headers) && credentials === undefined
    ? 'A token in GH_TOKEN raises the limit of GitHub; a lockfile makes API calls unnecessary.'
    : wait;
}

function isGitHub(headers: ResponseHeaders): boolean {
  return 'x-github-request-id' in headers || 'x-ratelimit-remaining' in headers;
}

/**
 * When asking again makes sense (ms since the epoch), for an answer 403, 429 or 503; null when the
 * answer does not speak of a limit. `Retry-After` goes before GitHub's `x-ratelimit-reset`, which
 * counts only with an empty quota: GitHub sends it with every answer. Its secondary limit may be
 * told in the body alone.
 */
export function retryAtOf({
  status,
  headers,
  text = '',
  now,
}: Pick<HttpRefusal, 'status' | 'headers' | 'text' | 'now'>): number | null {
  if (status !== 403 && status !== 429 && status !== 503) return null;
  const after = headers['retry-after']?.trim() ?? '';
  const at = /^\d+$/.test(after) ? now + Number(after) * 1000 : Date.parse(after);
  if (Number.isFinite(at) && Math.abs(at) <= LAST_DATE_MS) return Math.max(at, now);
  if (headers['x-ratelimit-remaining']?.trim() === '0') {
    const reset = Number(headers['x-ratelimit-reset']) * 1000;
    if (reset > 0 && reset <= LAST_DATE_MS) return Math.max(reset, now);
  }
  return /secondary rate limit|abuse detection/i.test(text) ? now + SECONDARY_LIMIT_MS : null;
}

/** The last instant that a JavaScript Date can hold. */
const LAST_DATE_MS = 8.64e15;
