import type { CodexRuntimeError } from '../errors.ts';
import { displayUrl, unavailable } from './failure.ts';
import type { ResponseHeaders } from './headers.ts';
import { proxyRefusal } from './network-failure.ts';
import { retryAtOf } from './rate-limit.ts';

export interface HttpRefusal {
  readonly url: URL;
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly now: number;
}

/** The failure that an HTTP status of 400 or more stands for. */
export function statusFailure({ url, status, headers, now }: HttpRefusal): CodexRuntimeError {
  const shown = displayUrl(url);
  if (status === 404 || status === 410) {
    return unavailable(`${shown} was not found (${status}).`, { reason: 'not-found', url, status });
  }
  // Of a proxy that takes plain requests: it answers in the server's place.
  if (status === 407) return proxyRefusal(null, status);
  const retryAt = retryAtOf(status, headers, now);
  if (status === 429 || (status === 403 && retryAt !== null)) {
    const until = retryAt === null ? '' : ` until ${new Date(retryAt).toISOString()}`;
    return unavailable(`${url.host} limits requests${until} (${status}, ${shown}).`, {
      reason: 'rate-limited',
      url,
      status,
      ...(retryAt === null ? {} : { retryAt }),
      hint: 'A token in GH_TOKEN raises the limit of GitHub; a lockfile makes API calls unnecessary.',
    });
  }
  if (status === 401 || status === 403) {
    return unavailable(`${url.host} does not allow access to ${shown} (${status}).`, {
      reason: 'unauthorized',
      url,
      status,
      hint: 'Check the credentials for this host.',
    });
  }
  return unavailable(`${url.host} answered ${status} to ${shown}.`, {
    reason: status === 408 || status >= 500 ? 'server-error' : 'refused',
    url,
    status,
    ...(retryAt === null ? {} : { retryAt }),
  });
}
