import type { OnProgress } from '../../events.ts';
import type { Settings } from '../../request/index.ts';
import type { HttpTimeouts } from './client.ts';
import { createClients } from './clients.ts';
import { parseJson, readText } from './document.ts';
import { exchange, type HttpRequest, type HttpResponse } from './exchange.ts';
import { RETRY_POLICY, type RetryPolicy, withRetries } from './retry.ts';

export interface HttpOptions {
  /** Told of `retry`, `waiting`, `silent` and `refused`. */
  readonly onProgress?: OnProgress | undefined;
  /** Milliseconds. Default: connect 5 s, headers 30 s, stall 15 s. */
  readonly timeouts?: Partial<HttpTimeouts>;
  /** Default: 3 attempts, pauses of 0.25 s and 0.5 s, server's waits up to 20 s. */
  readonly retry?: Partial<RetryPolicy>;
}

/** HTTP as the world is: see docs/security.md for where credentials go and what is refused. */
export interface Http {
  /** One attempt; the body is not read. The caller retries where that makes sense. */
  open(url: string, request?: HttpRequest): Promise<HttpResponse>;
  /** A small UTF-8 document of at most 8 MiB, with retries. */
  getText(url: string, request?: HttpRequest): Promise<string>;
  /** A small JSON document, with retries; its shape is the caller's to check. */
  getJson(url: string, request?: HttpRequest): Promise<unknown>;
  /** Ends every connection. Not calling it does not keep a process alive. */
  close(): Promise<void>;
}

const TIMEOUTS: HttpTimeouts = { connect: 5_000, headers: 30_000, stall: 15_000 };

/**
 * Opens the HTTP layer. Nothing is loaded or connected before the first request.
 * All its methods throw CodexRuntimeError `SOURCE_UNAVAILABLE` (with `fields.reason`, see
 * `UnavailableReason`), `USAGE` for proxy variables that cannot be read, and `ABORTED`.
 */
export function createHttp(settings: Pick<Settings, 'env'>, options: HttpOptions = {}): Http {
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  const policy = { ...RETRY_POLICY, ...options.retry };
  const clients = createClients(settings.env, timeouts, options.onProgress);

  const open = (url: string, request: HttpRequest = {}): Promise<HttpResponse> =>
    exchange(clients, url, request);
  const getText = (url: string, request: HttpRequest = {}): Promise<string> =>
    withRetries(async () => readText(await open(url, request), request.signal), {
      policy,
      onProgress: options.onProgress,
      signal: request.signal,
    });

  return {
    open,
    getText,
    async getJson(url, request = {}) {
      const headers = { accept: 'application/json', ...request.headers };
      return parseJson(new URL(url), await getText(url, { ...request, headers }));
    },
    close: () => clients.close(),
  };
}
