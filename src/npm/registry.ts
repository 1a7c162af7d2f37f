import { Readable } from 'node:stream';
import type { Options } from 'npm-registry-fetch';
import type { OnProgress } from '../events.ts';
import {
  aborted,
  type HttpResponse,
  networkFailure,
  parseJson,
  RETRY_POLICY,
  type ResponseHeaders,
  type RetryPolicy,
  readText,
  statusFailure,
  withRetries,
} from '../http/index.ts';
import type { Settings } from '../settings.ts';
import { openTarball } from './open-tarball.ts';
import { loadNpmOptions, type NpmOptions } from './options.ts';

export interface RegistryRequest {
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** The npm registry that npm's configuration names, through npm's own client. */
export interface Registry {
  /**
   * A document of the registry, e.g. `@openai%2fcodex/0.115.0-linux-x64`; with retries.
   * @param path Relative to the registry.
   */
  getJson(path: string, request?: RegistryRequest): Promise<unknown>;
  /** One attempt at a tarball's full URL; the body is not read, and the caller retries. */
  open(url: string, request?: RegistryRequest): Promise<HttpResponse>;
}

export interface RegistryOptions {
  /** Told of `retry` and `waiting`. */
  readonly onProgress?: OnProgress;
  readonly retry?: Partial<RetryPolicy>;
}

/**
 * Opens the registry; npm's configuration is loaded with the first request.
 * All methods throw CodexRuntimeError `SOURCE_UNAVAILABLE` (with `fields.reason`), `USAGE` for a
 * configuration that cannot be read, and `ABORTED`.
 */
export function createRegistry(
  settings: Pick<Settings, 'env' | 'cwd' | 'npmPackage'>,
  options: RegistryOptions = {},
): Registry {
  const policy = { ...RETRY_POLICY, ...options.retry };
  let loading: Promise<NpmOptions> | undefined;

  const send = async (address: string, request: RegistryRequest): Promise<HttpResponse> => {
    loading ??= loadNpmOptions(settings);
    return fetchOnce(address, { ...(await loading), spec: settings.npmPackage }, request);
  };
  return {
    async open(url, request = {}) {
      if (request.signal?.aborted === true) throw aborted(request.signal);
      loading ??= loadNpmOptions(settings);
      return openTarball(url, { ...(await loading), spec: settings.npmPackage }, request);
    },
    getJson: (path, request = {}) =>
      withRetries(
        async () => {
          const answer = await send(path, request);
          return parseJson(answer.url, await readText(answer, request.signal));
        },
        { policy, onProgress: options.onProgress, signal: request.signal },
      ),
  };
}

async function fetchOnce(
  address: string,
  options: NpmOptions,
  { headers, signal }: RegistryRequest,
): Promise<HttpResponse> {
  if (signal?.aborted === true) throw aborted(signal);
  const { default: npmFetch } = await import('npm-registry-fetch');
  const registry = npmFetch.pickRegistry(String(options.spec), options as Options);
  try {
    const answer = await npmFetch(address, {
      ...options,
      headers: { 'accept-encoding': 'identity', ...headers },
      ...(signal === undefined ? {} : { signal }),
    } as Options);
    const url = new URL(answer.url);
    const received = Object.fromEntries(answer.headers.entries()) as ResponseHeaders;
    // Who reads the body gets its errors; one that breaks before it is read must not end the process.
    const body = Readable.from(answer.body.on('error', ignore) as AsyncIterable<Buffer>, {
      objectMode: false,
    }).on('error', ignore);
    return { status: answer.status, headers: received, url, body };
  } catch (error) {
    throw registryFailure(new URL(address, `${registry.replace(/\/*$/, '')}/`), error, signal);
  }
}

/** npm's client throws statuses as errors; they mean here what they mean on every source. */
function registryFailure(url: URL, error: unknown, signal: AbortSignal | undefined) {
  const { statusCode, headers } = error as {
    statusCode?: unknown;
    headers?: Readonly<Record<string, readonly string[] | string | undefined>>;
  };
  if (typeof statusCode !== 'number') return networkFailure(url, error, signal);
  const first = Object.entries(headers ?? {}).map(([name, value]) => [
    name.toLowerCase(),
    typeof value === 'string' ? value : value?.[0],
  ]);
  return statusFailure(url, statusCode, Object.fromEntries(first) as ResponseHeaders, Date.now());
}

function ignore(): void {
  // The reader of the body hears of it; here it only must not be an error without a listener.
}
