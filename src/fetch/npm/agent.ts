import { createSecureContext, type SecureContext } from 'node:tls';
import { CodexRuntimeError } from '../../errors.ts';
import { getOrInsert } from '../../get-or-insert.ts';
import {
  type Client,
  createNodeClient,
  defaultAuthorities,
  type HttpTimeouts,
  openWay,
  proxyFor,
  withSystemTrust,
} from '../http/index.ts';
import type { NpmOptions } from './options.ts';

/** What a client shows to prove who it is. */
export type ClientIdentity = Pick<NpmOptions, 'cert' | 'key'>;

type Ways = Map<string, ReturnType<typeof openWay>>;
const opened = new WeakMap<NpmOptions, Ways>();

/**
 * The client for `url` with npm's certificates and proxies. One configuration has one agent for each
 * way and identity, so requests share connections.
 * @throws CodexRuntimeError `USAGE` for an identity or a proxy that cannot be used
 */
export async function registryClient(
  url: URL,
  options: NpmOptions,
  { identity, timeouts }: { readonly identity: ClientIdentity; readonly timeouts: HttpTimeouts },
): Promise<Client> {
  const proxy = proxyFor(url, options.proxies);
  const ways = getOrInsert(opened, options, (): Ways => new Map());
  const clientWith = async (system: readonly string[]): Promise<Client> => {
    const name = JSON.stringify([url.protocol, proxy, identity.cert, identity.key, system.length]);
    const way = getOrInsert(ways, name, async () => {
      const { localAddress, strictSSL, chosen } = options;
      const { maxSockets } = chosen;
      const secureContext = contextOf({ ...options, ...identity }, system);
      return openWay(url, proxy, {
        ...(secureContext === undefined ? {} : { secureContext }),
        ...(localAddress ? { localAddress } : {}),
        rejectUnauthorized: strictSSL !== false,
        ...(maxSockets === undefined ? {} : { maxSockets }),
      });
    });
    return createNodeClient(await way, timeouts);
  };
  const usual = await clientWith([]);
  return options.ownAuthorities ? usual : withSystemTrust(usual, clientWith);
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
export function unusableIdentity(cause: unknown): CodexRuntimeError {
  return new CodexRuntimeError('USAGE', "npm's configuration contains an invalid certificate.", {
    hint: 'Look at cert, key, certfile, keyfile and cafile in your .npmrc files.',
    cause,
  });
}
