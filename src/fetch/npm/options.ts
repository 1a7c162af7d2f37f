import { dirname, join } from 'node:path';
import { CodexRuntimeError } from '../../errors.ts';
import { asJsonObject } from '../../json.ts';
import type { Settings } from '../../request/index.ts';
import {
  loadCertificateAuthorities,
  loadProxySettings,
  type ProxySettings,
} from '../http/index.ts';

/**
 * npm's flattened options, of which this package reads these by name, and any `<scope>:registry`;
 * npm's choice of credentials reads others. Holds credentials.
 */
export interface NpmOptions {
  readonly registry?: string;
  /** npm's own settings, else the variables. */
  readonly proxies: ProxySettings;
  readonly strictSSL?: boolean;
  /** PEM; undefined for Node's own. */
  readonly ca?: string | string[] | undefined;
  /** Whether npm's configuration names the authorities: no others count then. */
  readonly ownAuthorities: boolean;
  /** PEM, of a client that has to prove who it is. */
  readonly cert?: string | null;
  readonly key?: string | null;
  readonly localAddress?: string | null;
  /** npm's default registry: the one whose host documents name where it was not replaced. */
  readonly publicRegistry: string;
  /** What npm would not ask the network for, it has in its cache, which is not used here. */
  readonly offline?: boolean;
  /** What was published later is too young, by `before` or `min-release-age`; may be an invalid date. */
  readonly before?: Date | null;
  /** npm's `min-release-age` as it was set: days, or text that is not a number; null where it is not set. */
  readonly minReleaseAge: unknown;
  /** Packages, or patterns of names, that are exempt from it. */
  readonly minReleaseAgeExclude?: readonly string[];
  /** Only what the user has set: npm's defaults of these are not used. Times in ms. */
  readonly chosen: ChosenByUser;
  /** The package that is asked for: its scope may have a registry, and credentials, of its own. */
  readonly spec?: string;
  readonly [name: string]: unknown;
}

interface ChosenByUser {
  readonly fetchTimeout?: number | undefined;
  readonly fetchRetries?: number | undefined;
  readonly fetchRetryMintimeout?: number | undefined;
  readonly fetchRetryMaxtimeout?: number | undefined;
  readonly maxSockets?: number | undefined;
  readonly userAgent?: string | undefined;
}

/**
 * npm's configuration as npm itself reads it (builtin, global, user and project `.npmrc`,
 * `npm_config_*`), flattened as npm hands it to its clients: registries and scopes, authentication,
 * certificate authorities, proxies. The value holds credentials and must not be printed.
 * @throws CodexRuntimeError `USAGE` when a configuration file cannot be understood.
 */
export async function loadNpmOptions(settings: Pick<Settings, 'env' | 'cwd'>): Promise<NpmOptions> {
  const config = await loadNpmConfig(settings);
  const { flat } = config;
  const retry = asJsonObject(flat['retry']);
  const chosen = <T>(setting: string, name: string, from = flat): T | undefined =>
    config.isDefault(setting) ? undefined : (from[name] as T);
  return {
    ...flat,
    publicRegistry: config.publicRegistry,
    minReleaseAge: config.get('min-release-age') ?? null,
    chosen: {
      fetchTimeout: chosen('fetch-timeout', 'timeout'),
      fetchRetries: chosen('fetch-retries', 'retries', retry),
      fetchRetryMintimeout: chosen('fetch-retry-mintimeout', 'minTimeout', retry),
      fetchRetryMaxtimeout: chosen('fetch-retry-maxtimeout', 'maxTimeout', retry),
      maxSockets: chosen('maxsockets', 'maxSockets'),
      userAgent: chosen('user-agent', 'userAgent'),
    },
    proxies: proxiesOf(flat, loadProxySettings(settings.env)),
    ownAuthorities: Boolean(flat['ca']),
    // npm's own setting replaces Node's authorities; the variables add to them.
    ca: (flat['ca'] as NpmOptions['ca'] | null) ?? (await loadCertificateAuthorities(settings.env)),
  };
}

/** Either of npm's settings is for all requests; the variables are each for one protocol. */
function proxiesOf(flat: Readonly<Record<string, unknown>>, variables: ProxySettings) {
  const text = flat['httpsProxy'] || flat['proxy'];
  const own = typeof text === 'string' ? { name: "npm's proxy setting", text } : undefined;
  return {
    http: own ?? variables.http,
    https: own ?? variables.https,
    // Without a setting npm has an empty one.
    noProxy: String(flat['noProxy'] || variables.noProxy),
  };
}

/** Where `npm install -g` puts packages: `prefix` in npm's configuration, else Node's own. */
export async function globalPrefix(settings: Pick<Settings, 'env' | 'cwd'>): Promise<string> {
  return (await loadNpmConfig(settings)).globalPrefix;
}

interface NpmConfig {
  readonly flat: Readonly<Record<string, unknown>>;
  readonly globalPrefix: string;
  readonly publicRegistry: string;
  isDefault(setting: string): boolean;
  get(setting: string): unknown;
}

async function loadNpmConfig(settings: Pick<Settings, 'env' | 'cwd'>): Promise<NpmConfig> {
  const { default: Config } = await import('@npmcli/config');
  const { default: npm } = await import('@npmcli/config/lib/definitions/index.js');
  const config = new Config({
    ...npm,
    npmPath: npmDirectory(),
    // A copy: the loader adds variables to what it is given.
    env: { ...settings.env },
    argv: [],
    platform: process.platform,
    execPath: process.execPath,
    cwd: settings.cwd,
    warn: false,
  });
  try {
    await config.load();
  } catch (cause) {
    throw new CodexRuntimeError('USAGE', "npm's configuration cannot be read.", {
      hint: 'Run `npm config ls` to see what npm says about it.',
      cause,
    });
  }
  return {
    flat: config.flat,
    globalPrefix: config.globalPrefix,
    publicRegistry: String(npm.definitions['registry']?.default),
    isDefault: (setting) => config.isDefault(setting),
    get: (setting) => config.get(setting),
  };
}

/** Where the npm of this Node lies, for its builtin configuration; a distribution may add one. */
function npmDirectory(): string {
  const bin = dirname(process.execPath);
  return process.platform === 'win32'
    ? join(bin, 'node_modules', 'npm')
    : join(dirname(bin), 'lib', 'node_modules', 'npm');
}
