import { CodexRuntimeError } from '../../errors.ts';
import type { OnProgress } from '../../events.ts';
import { readWebUrl, type Settings } from '../../request/index.ts';
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
import { loadNpmOptions, type NpmOptions } from './options.ts';
import { openRegistryUrl } from './registry-client.ts';
import { tarballUrl } from './tarball-url.ts';

type RegistrySettings = Pick<Settings, 'env' | 'cwd' | 'npmPackage'>;

const configurations = new WeakMap<RegistrySettings, Promise<NpmOptions>>();

/** Read once for the same settings: to resolve and to download are steps of one run. */
function configurationOf(settings: RegistrySettings): Promise<NpmOptions> {
  return getOrInsert(configurations, settings, () => {
    const loading = loadNpmOptions(settings).then((npm) => {
      registryOf(npm, settings.npmPackage);
      return { ...npm, spec: settings.npmPackage };
    });
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
  /** Where npm fetches a tarball whose document names this URL; see {@link tarballUrl}. */
  locate(tarball: string): Promise<string>;
  /** One attempt at a tarball's full URL; the body is not read, and the caller retries. */
  open(url: string, request?: RegistryRequest): Promise<HttpResponse>;
}

export interface RegistryOptions {
  /** Told of `retry`, `waiting`, `silent` and `refused`. */
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
  const { onProgress } = options;
  const refusals = createRefusals(onProgress);
  const patience = (npm: NpmOptions): HttpTimeouts => {
    const { fetchTimeout } = npm.chosen;
    const chosen = fetchTimeout === undefined ? {} : { headers: fetchTimeout };
    return { ...TIMEOUTS, ...chosen, ...options.timeouts };
  };
  return {
    async open(url, request = {}) {
      const npm = await configurationOf(settings);
      const timeouts = { ...patience(npm), stall: 0 };
      return openRegistryUrl(url, npm, { ...request, timeouts, refusals, onProgress });
    },
    async locate(tarball) {
      const npm = await configurationOf(settings);
      return tarballUrl(tarball, registryOf(npm, settings.npmPackage), npm);
    },
    async getJson(path, request = {}) {
      const npm = await configurationOf(settings);
      const { href } = new URL(path, registryOf(npm, settings.npmPackage));
      const work = async () => {
        const sent = { ...request, timeouts: patience(npm), refusals, onProgress };
        const answer = await openRegistryUrl(href, npm, sent);
        return parseJson(answer.url, await readText(answer, request.signal));
      };
      const policy = { ...RETRY_POLICY, ...chosenRetries(npm), ...options.retry };
      return withRetries(work, { policy, onProgress, signal: request.signal });
    },
  };
}

/** npm's `fetch-retries` and its pauses, where the user has set them. */
function chosenRetries({ chosen }: NpmOptions): Partial<RetryPolicy> {
  const { fetchRetries, fetchRetryMintimeout, fetchRetryMaxtimeout } = chosen;
  return {
    ...(fetchRetries === undefined ? {} : { attempts: Math.max(0, fetchRetries) + 1 }),
    ...(fetchRetryMintimeout === undefined ? {} : { pause: fetchRetryMintimeout }),
    ...(fetchRetryMaxtimeout === undefined ? {} : { longestPause: fetchRetryMaxtimeout }),
  };
}

/**
 * The registry that npm's configuration names for a package; ends with a slash, may hold credentials.
 * Other scopes' registries may be wrong: they are not asked.
 */
function registryOf(options: NpmOptions, name: string): string {
  const scope = /^@[^/]+(?=\/)/.exec(name)?.[0];
  const scoped = `${scope}:registry`;
  const setting = options[scoped] === undefined ? 'registry' : scoped;
  const value = options[setting];
  if (readWebUrl(value, { credentials: true }) !== null) {
    return `${String(value).replace(/\/*$/, '')}/`;
  }
  // Its text may hold a password.
  throw new CodexRuntimeError('USAGE', `The ${setting} in npm's configuration is not a URL.`, {
    hint: `Write it like https://registry.example.com/; "npm config get ${setting}" shows it, .npmrc files and npm_config_registry set it.`,
    fields: { setting },
  });
}

/** The registry that npm's configuration names for a package, as anybody may see it; ends with a slash. */
export function publicRegistry(options: NpmOptions, name: string): string {
  return displayUrl(new URL(registryOf(options, name)));
}

/** A package's path below its registry: the slash behind a scope is escaped, as registries want it. */
export function packagePath(name: string): string {
  return name.replace('/', '%2f');
}
