import { CodexRuntimeError, isCodexRuntimeError } from '../../errors.ts';

/** Why a source cannot deliver; `fields.reason` of a `SOURCE_UNAVAILABLE`. */
export type UnavailableReason =
  | 'not-found'
  | 'unauthorized'
  | 'rate-limited'
  | 'server-error'
  /** The host does not exist, or there is no name service here: a retry does not help. */
  | 'unknown-host'
  /** No answer: connection, time-out, or an answer that is not HTTP. */
  | 'unreachable'
  /** The server's certificate was not accepted. */
  | 'untrusted'
  /** The proxy refused. */
  | 'proxy'
  /** An answer that policy does not take: redirect, encoding, other 4xx. */
  | 'refused'
  /** Something was delivered, but not what was asked for, e.g. a login page. */
  | 'not-an-asset'
  /** A program that this source needs is not installed. */
  | 'missing-tool';

export interface UnavailableDetails {
  readonly reason: UnavailableReason;
  /** Where it was asked for; shown without user, password and query. */
  readonly url?: URL;
  readonly status?: number;
  /** The system's or the client's code of a failed connection. */
  readonly errno?: string;
  /** When asking again makes sense, in ms since the epoch. */
  readonly retryAt?: number;
  readonly hint?: string;
  readonly cause?: unknown;
}

/** A `SOURCE_UNAVAILABLE`: one source cannot deliver now, and the next one may be tried. */
export function unavailable(message: string, details: UnavailableDetails): CodexRuntimeError {
  const { reason, url, status, errno, retryAt, hint, cause } = details;
  return new CodexRuntimeError('SOURCE_UNAVAILABLE', message, {
    hint,
    cause,
    fields: {
      reason,
      ...(url === undefined ? {} : { url: displayUrl(url) }),
      ...(status === undefined ? {} : { status }),
      ...(errno === undefined || errno === '' ? {} : { errno }),
      ...(retryAt === undefined ? {} : { retryAt: new Date(retryAt).toISOString() }),
    },
  });
}

/** The reason of a `SOURCE_UNAVAILABLE`, or null for every other error. */
export function unavailableReason(error: unknown): UnavailableReason | null {
  if (!isCodexRuntimeError(error, 'SOURCE_UNAVAILABLE')) return null;
  return (error.fields['reason'] as UnavailableReason | undefined) ?? null;
}

/** A URL for people: user, password, query and fragment may hold secrets and are left out. */
export function displayUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}${url.search === '' ? '' : '?…'}`;
}
