import { abortedError } from '../../abort.ts';
import { CodexRuntimeError } from '../../errors.ts';
import { certificateFailure, isCertificateError } from './certificate-failure.ts';
import { displayUrl, unavailable } from './failure.ts';

const NETWORK_WORDS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the host name was not found',
  EAI_AGAIN: 'the host name could not be looked up',
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset',
  EHOSTUNREACH: 'there is no route to the host',
  ENETUNREACH: 'the network cannot be reached',
  ETIMEDOUT: 'the connection timed out',
  ERR_HEADERS_TIMEOUT: 'no answer came in time',
  ERR_BODY_TIMEOUT: 'the connection stalled',
};

const PROXY_HINT =
  "Check HTTPS_PROXY, HTTP_PROXY, NO_PROXY and npm's proxy settings; a proxy URL may hold user:password@.";

/** Turns what the HTTP client threw into a typed failure; an abort becomes `ABORTED`. */
export function networkFailure(url: URL, error: unknown, signal?: AbortSignal): CodexRuntimeError {
  if (error instanceof CodexRuntimeError) return error;
  if (signal?.aborted === true) return aborted(signal);
  const code = errorCode(error);
  if (isCertificateError(code)) {
    return certificateFailure(`The certificate of ${url.host}`, { code, url, cause: error });
  }
  return unavailable(`${displayUrl(url)} cannot be reached: ${wordsFor(code)}.`, {
    reason: code === 'ENOTFOUND' ? 'unknown-host' : 'unreachable',
    url,
    errno: code,
    cause: error,
    hint: 'Check the network and the proxy variables (HTTPS_PROXY, NO_PROXY).',
  });
}

/** There is no connection to the proxy, or it ended before it led anywhere. */
export function proxyUnreachable(proxy: URL, error: unknown): CodexRuntimeError {
  if (error instanceof CodexRuntimeError) return error;
  const code = errorCode(error);
  if (isCertificateError(code)) {
    const what = `The certificate of the proxy ${proxy.host}`;
    return certificateFailure(what, { code, url: new URL(`https://${proxy.host}`), cause: error });
  }
  return unavailable(`The proxy ${proxy.host} cannot be reached: ${wordsFor(code)}.`, {
    reason: code === 'ENOTFOUND' ? 'unknown-host' : 'unreachable',
    errno: code,
    cause: error,
    hint: PROXY_HINT,
  });
}

function wordsFor(code: string): string {
  if (code.startsWith('HPE_')) return `the answer is not valid HTTP (${code})`;
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) {
    return `the TLS handshake failed (${code})`;
  }
  return NETWORK_WORDS[code] ?? (code === '' ? 'the connection failed' : code);
}

/**
 * The proxy answered in place of the server.
 * @param answer its HTTP status, or what a SOCKS proxy said
 */
export function proxyRefusal(proxy: URL | null, answer: number | string): CodexRuntimeError {
  const which = proxy === null ? 'The proxy' : `The proxy ${proxy.host}`;
  const words =
    answer === 407 ? 'asks for a user and password (407)' : `refused the connection (${answer})`;
  return unavailable(`${which} ${words}.`, {
    reason: 'proxy',
    ...(typeof answer === 'number' ? { status: answer } : {}),
    hint: PROXY_HINT,
  });
}

export function aborted(signal: AbortSignal): CodexRuntimeError {
  return abortedError(signal.reason);
}

/** The system's or the client's code; of several addresses tried, the last one's. */
export function errorCode(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return errorCode(error.errors.at(-1));
  }
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}
