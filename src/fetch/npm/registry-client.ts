import { createSecureContext, type SecureContext } from 'node:tls';
import { CodexRuntimeError } from '../../errors.ts';
import type { OnProgress } from '../../events.ts';
import { getOrInsert } from '../get-or-insert.ts';
import {
  type Client,
  type ConnectOptions,
  createNodeClient,
  defaultAuthorities,
  exchange,
  type HttpRequest,
  type HttpResponse,
  type HttpTimeouts,
  openWay,
  parseHop,
  proxyFor,
  type Refusals,
  unavailable,
  withSystemTrust,
} from '../http/index.ts';
import type { NpmOptions } from './options.ts';

interface RegistryRequest extends HttpRequest {
  readonly timeouts: HttpTimeouts;
  readonly refusals: Refusals;
  readonly onProgress: OnProgress | undefined;
}

/**
 * Opens a document or a tarball the way that npm's configuration names (proxies, certificates) and
 * with npm's choice of credentials, but not with npm's client: that reads a body as fast as the network
 * delivers, so a slower reader would have to hold all 170 MB in memory.
 *
 * @throws CodexRuntimeError `SOURCE_UNAVAILABLE`, `ABORTED`, `USAGE` for certificate files that
 * cannot be read
 */
export async function openRegistryUrl(
  address: string,
  options: NpmOptions,
  { timeouts, refusals, onProgress, ...request }: RegistryRequest,
): Promise<HttpResponse> {
  const { origin } = parseHop(address);
  const { offline, chosen } = options;
  if (offline === true) {
    throw unavailable("npm's configuration says offline.", {
      reason: 'refused',
      hint: 'Remove offline=true from your .npmrc files and npm_config_offline, or choose another --source.',
    });
  }
  const { token, auth, cert, key } = await credentialsFor(address, options);
  const authorization = token ? `Bearer ${token}` : auth ? `Basic ${auth}` : undefined;
  const identity = cert === null ? options : { cert, key };
  const npm = {
    timeouts,
    refusals,
    onProgress,
    // A registry may redirect to its storage, which has no business with its credentials.
    to: (url: URL) =>
      registryClient(url, options, {
        identity: url.origin === origin ? identity : options,
        timeouts,
      }),
  };
  const name = `npm's credentials for ${new URL(origin).host}`;
  const credentials =
    authorization === undefined ? undefined : { origin, authorization, name, forPublic: false };
  const headers = {
    ...(chosen.userAgent === undefined ? {} : { 'user-agent': chosen.userAgent }),
    ...request.headers,
  };
  return exchange(npm, address, { ...request, headers, credentials });
}

async function credentialsFor(address: string, options: NpmOptions) {
  const { default: getAuth } = await import('npm-registry-fetch/lib/auth.js');
  try {
    return getAuth(address, options);
  } catch (cause) {
    // It reads the files of `certfile` and `keyfile`.
    throw unusableIdentity(cause);
  }
}

/** What a client shows to prove who it is. */
type ClientIdentity = Pick<NpmOptions, 'cert' | 'key'>;

type Ways = Map<string, ReturnType<typeof openWay>>;
const opened = new WeakMap<NpmOptions, Ways>();

/**
 * The client for `url` with npm's certificates and proxies. One configuration has one agent for each
 * way and identity, so requests share connections.
 * @throws CodexRuntimeError `USAGE` for an identity or a proxy that cannot be used
 */
async function registryClient(
  url: URL,
  options: NpmOptions,
  { identity, timeouts }: { readonly identity: ClientIdentity; readonly timeouts: HttpTimeouts },
): Promise<Client> {
  const proxy = proxyFor(url, options.proxies);
  const ways = getOrInsert(opened, options, (): Ways => new Map());
  const clientWith = async (system: readonly string[]): Promise<Client> => {
    const name = JSON.stringify([url.protocol, proxy, identity.cert, identity.key, system.length]);
    const way = getOrInsert(ways, name, async () =>
      openWay(url, proxy, connectOptions({ ...options, ...identity }, system)),
    );
    return createNodeClient(await way, timeouts);
  };
  const usual = await clientWith([]);
  return options.ownAuthorities ? usual : withSystemTrust(usual, clientWith);
}

/**
 * How npm's configuration has servers and proxies reached.
 * @throws CodexRuntimeError `USAGE` for certificates that cannot be used
 */
export function connectOptions(
  options: NpmOptions,
  system: readonly string[] = [],
): ConnectOptions {
  const { localAddress, strictSSL, chosen } = options;
  const { maxSockets } = chosen;
  const secureContext = contextOf(options, system);
  return {
    ...(secureContext === undefined ? {} : { secureContext }),
    ...(localAddress ? { localAddress } : {}),
    rejectUnauthorized: strictSSL !== false,
    ...(maxSockets === undefined ? {} : { maxSockets }),
  };
}

function contextOf(options: NpmOptions, system: readonly string[]): SecureContext | undefined {
  const ca =
    system.length === 0 ? options.ca : [...(options.ca ?? defaultAuthorities()), ...system];
  // npm says null where nothing is set.
  const cert = options.cert ?? undefined;
  const key = options.key ?? undefined;
  if (ca === undefined && cert === undefined) return undefined;
  try {
    return createSecureContext({ ca, cert, key });
  } catch (cause) {
    throw unusableIdentity(cause);
  }
}

/** For a certificate and key that npm's configuration holds or names. */
function unusableIdentity(cause: unknown): CodexRuntimeError {
  return new CodexRuntimeError('USAGE', "npm's configuration contains an invalid certificate.", {
    hint: 'Check cert, key, certfile, keyfile and cafile in your .npmrc files.',
    cause,
  });
}
