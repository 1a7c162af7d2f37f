import { abortedError } from '../abort.ts';
import { CodexRuntimeError } from '../errors.ts';
import { displayUrl, unavailable } from './failure.ts';

const NETWORK_WORDS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its host name is not known',
  EAI_AGAIN: 'its host name could not be looked up',
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset',
  EHOSTUNREACH: 'there is no route to the host',
  ENETUNREACH: 'the network cannot be reached',
  ETIMEDOUT: 'the connection timed out',
  UND_ERR_CONNECT_TIMEOUT: 'the connection timed out',
  ERR_HEADERS_TIMEOUT: 'no answer came in time',
  UND_ERR_HEADERS_TIMEOUT: 'no answer came in time',
  ERR_BODY_TIMEOUT: 'the connection stalled',
  UND_ERR_BODY_TIMEOUT: 'the connection stalled',
  UND_ERR_SOCKET: 'the connection was closed early',
};

/** Turns what the HTTP client threw into a typed failure; an abort becomes `ABORTED`. */
export function networkFailure(url: URL, error: unknown, signal?: AbortSignal): CodexRuntimeError {
  if (error instanceof CodexRuntimeError) return error;
  if (signal?.aborted === true) return aborted(signal);
  const code = errorCode(error);
  const text = error instanceof Error ? error.message : String(error);
  const proxyStatus = /Proxy response \((\d{3})\)|\((407)\)/.exec(text);
  if (proxyStatus !== null) {
    return proxyFailure(url, Number(proxyStatus[1] ?? proxyStatus[2]), error);
  }
  if (isCertificateError(code)) {
    return unavailable(`The certificate of ${url.host} was not accepted (${code}).`, {
      reason: 'untrusted',
      url,
      errno: code,
      cause: error,
      hint: 'Name the file with your own certificate authority in NODE_EXTRA_CA_CERTS or SSL_CERT_FILE.',
    });
  }
  return unavailable(`${displayUrl(url)} cannot be reached: ${wordsFor(code)}.`, {
    reason: code === 'ENOTFOUND' ? 'unknown-host' : 'unreachable',
    url,
    errno: code,
    cause: error,
    hint: 'Check the network and the proxy variables (HTTPS_PROXY, NO_PROXY).',
  });
}

function wordsFor(code: string): string {
  if (code.startsWith('HPE_')) return `its answer is no valid HTTP (${code})`;
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) {
    return `no TLS connection came about (${code})`;
  }
  return NETWORK_WORDS[code] ?? (code === '' ? 'the connection failed' : code);
}

/** The proxy answered in place of the server. */
export function proxyFailure(url: URL, status: number, cause?: unknown): CodexRuntimeError {
  const words =
    status === 407 ? 'asks for a user and password (407)' : `refused the connection (${status})`;
  return unavailable(`The proxy on the way to ${url.host} ${words}.`, {
    reason: 'proxy',
    url,
    status,
    cause,
    hint: 'Check HTTPS_PROXY, HTTP_PROXY and NO_PROXY; a proxy URL may hold user:password@.',
  });
}

export function aborted(signal: AbortSignal): CodexRuntimeError {
  return abortedError(signal.reason);
}

/** The system's or the client's code; of several addresses tried, the last one's. */
function errorCode(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return errorCode(error.errors.at(-1));
  }
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

function isCertificateError(code: string): boolean {
  return (
    code.startsWith('CERT_') ||
    code.startsWith('ERR_TLS_CERT') ||
    code.includes('SELF_SIGNED') ||
    code.startsWith('UNABLE_TO_')
  );
}
