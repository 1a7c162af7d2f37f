import type { OnProgress } from '../events.ts';
import { getOrInsert } from '../get-or-insert.ts';
import {
  createRefusals,
  displayUrl,
  type HttpRequest,
  type HttpResponse,
  type HttpTimeouts,
  parseJson,
  RETRY_POLICY,
  type RetryPolicy,
  readText,
  withRetries,
} from '../http/index.ts';
import type { Settings } from '../settings.ts';
import { openRegistryUrl } from './open-registry-url.ts';
import { loadNpmOptions, type NpmOptions } from './options.ts';

type RegistrySettings = Pick<Settings, 'env' | 'cwd' | 'npmPackage'>;

const configurations = new WeakMap<RegistrySettings, Promise<NpmOptions>>();

/** Read once for the same settings: to resolve and to download are steps of one run. */
function configurationOf(settings: RegistrySettings): Promise<NpmOptions> {
  return getOrInsert(configurations, settings, () => {
    const loading = loadNpmOptions(settings).then((npm) => ({ ...npm, spec: settings.npmPackage }));
    // After a repair it is read again.
    loading.catch(() => configurations.delete(settings));
    return loading;
  });
}

const TIMEOUTS: HttpTimeouts = { connect: 30_000, headers: 30_000, stall: 15_000 };

/** Credentials are npm's own choice. */
export type RegistryRequest = Pick<HttpRequest, 'headers' | 'signal'>;

/** The npm registry that npm's configuration names, with npm's certificates, proxies and credentials. */
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
  /** Told of `retry`, `waiting` and `refused`. */
  readonly onProgress?: OnProgress | undefined;
  readonly retry?: Partial<RetryPolicy>;
  /**
   * Milliseconds. Default: connect and headers 30 s, and 15 s without a byte of a document. Who reads
   * a tarball decides how long its silence may last.
   */
  readonly timeouts?: Partial<HttpTimeouts>;
}

/**
 * Opens the registry; npm's configuration is loaded with the first request.
 * All methods throw CodexRuntimeError `SOURCE_UNAVAILABLE` (with `fields.reason`), `USAGE` for a
 * configuration that cannot be read, and `ABORTED`.
 */
export function createRegistry(
  settings: RegistrySettings,
  options: RegistryOptions = {},
): Registry {
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  const refusals = createRefusals(options.onProgress);
  const policy = { ...RETRY_POLICY, ...options.retry };

  const send = async (path: string, request: RegistryRequest): Promise<HttpResponse> => {
    const npm = await configurationOf(settings);
    // Not by npm's client: where it is redirected to another port of a host, its token goes along.
    const { href } = new URL(path, registryOf(npm, settings.npmPackage));
    return openRegistryUrl(href, npm, { ...request, timeouts, refusals });
  };
  return {
    async open(url, request = {}) {
      const npm = await configurationOf(settings);
      return openRegistryUrl(url, npm, {
        ...request,
        timeouts: { ...timeouts, stall: 0 },
        refusals,
      });
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

/** The registry that npm's configuration names for a package; ends with a slash, may hold credentials. */
function registryOf(options: NpmOptions, name: string): string {
  const scope = /^@[^/]+(?=\/)/.exec(name)?.[0];
  const registry = String(options[`${scope}:registry`] ?? options.registry);
  return `${registry.replace(/\/*$/, '')}/`;
}

/** The registry that npm's configuration names for a package, as anybody may see it; ends with a slash. */
export function publicRegistry(options: NpmOptions, name: string): string {
  return displayUrl(new URL(registryOf(options, name)));
}
