import {
  exchange,
  type HttpRequest,
  type HttpResponse,
  type HttpTimeouts,
  parseHop,
  type Refusals,
  unavailable,
} from '../http/index.ts';
import { registryClient, unusableIdentity } from './agent.ts';
import type { NpmOptions } from './options.ts';

interface RegistryRequest extends HttpRequest {
  readonly timeouts: HttpTimeouts;
  readonly refusals: Refusals;
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
  { timeouts, refusals, ...request }: RegistryRequest,
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
