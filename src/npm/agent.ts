import type { Agent } from 'node:http';
import { createSecureContext, type SecureContext } from 'node:tls';
import { CodexRuntimeError } from '../errors.ts';
import { getOrInsert } from '../get-or-insert.ts';
import { openDirectAgent } from '../http/index.ts';
import type { NpmOptions } from './options.ts';

/** What a client shows to prove who it is. */
export type ClientIdentity = Pick<NpmOptions, 'cert' | 'key'>;

const opened = new WeakMap<NpmOptions, Map<string, Promise<Agent>>>();

/**
 * npm's agent, which knows the ways through proxies, and Node's where there is none: npm's takes long
 * to load. One configuration has one agent for each protocol and identity, so requests share
 * connections.
 * @throws CodexRuntimeError `USAGE` for an identity that is none.
 */
export async function agentFor(
  url: URL,
  options: NpmOptions,
  identity: ClientIdentity,
): Promise<Agent> {
  const proxy = url.protocol === 'https:' ? options.httpsProxy : options.proxy;
  // npm's agent takes the star for a host.
  const proxied = proxy && options.noProxy?.trim() !== '*';
  if (proxied) return proxyAgent(url, { ...options, ...identity }, proxy);
  const agents = getOrInsert(opened, options, () => new Map<string, Promise<Agent>>());
  const name = JSON.stringify([url.protocol, identity.cert, identity.key]);
  return getOrInsert(agents, name, () => directAgent(url, { ...options, ...identity }));
}

async function proxyAgent(url: URL, options: NpmOptions, proxy: string): Promise<Agent> {
  const { getAgent } = await import('@npmcli/agent');
  const { ca, cert, key, localAddress, maxSockets, noProxy, strictSSL } = options;
  return getAgent(url.href, {
    ...{ ca, cert, key, localAddress, maxSockets, noProxy, proxy },
    rejectUnauthorized: strictSSL !== false,
  });
}

function directAgent(url: URL, options: NpmOptions): Promise<Agent> {
  const { localAddress, strictSSL } = options;
  const secureContext = contextOf(options);
  return openDirectAgent(url, {
    ...(secureContext === undefined ? {} : { secureContext }),
    ...(localAddress ? { localAddress } : {}),
    rejectUnauthorized: strictSSL !== false,
  });
}

function contextOf(options: NpmOptions): SecureContext | undefined {
  const { ca } = options;
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
  return new CodexRuntimeError('USAGE', "npm's configuration has a certificate that is none.", {
    hint: 'Look at cert, key, certfile, keyfile and cafile in your .npmrc files.',
    cause,
  });
}
