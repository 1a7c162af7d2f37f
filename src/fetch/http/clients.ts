import { createSecureContext } from 'node:tls';
import type { OnProgress } from '../../events.ts';
import type { Environment } from '../../request/index.ts';
import { getOrInsert } from '../get-or-insert.ts';
import { type ConnectOptions, openWay } from './agent.ts';
import type { Client, HttpTimeouts } from './client.ts';
import type { Credentials } from './hop.ts';
import { createNodeClient } from './node-client.ts';
import { loadProxySettings, proxyFor } from './proxy.ts';
import type { RefusedCredentials } from './status-failure.ts';
import { defaultAuthorities, loadCertificateAuthorities, withSystemTrust } from './trust.ts';

/** The ways to the network. */
export interface Clients {
  /** The client that knows the way to the server of `url`. */
  to(url: URL): Promise<Client>;
  readonly timeouts: HttpTimeouts;
  readonly refusals: Refusals;
  /** Told of `silent`. */
  readonly onProgress: OnProgress | undefined;
}

/** Clients that are opened when they are first needed, and kept for further requests. */
export interface OpenClients extends Clients {
  /** Ends every connection. */
  close(): Promise<void>;
}

/** The credentials that a server has refused in this run: they are not sent to it again. */
export interface Refusals {
  find(credentials: Credentials): RefusedCredentials | undefined;
  add(credentials: Credentials, status: number): void;
}

/** @param onProgress Told of each once, by `refused`. */
export function createRefusals(onProgress: OnProgress | undefined): Refusals {
  const refused = new Map<string, RefusedCredentials>();
  return {
    find: ({ authorization }) => refused.get(authorization),
    add(credentials, status) {
      if (refused.has(credentials.authorization)) return;
      refused.set(credentials.authorization, { ...credentials, status });
      const { name, origin } = credentials;
      onProgress?.({ type: 'refused', credentials: name, host: new URL(origin).host, status });
    },
  };
}

/** Proxies, certificate authorities and time-outs as the surroundings want them. */
export function createClients(
  env: Environment,
  timeouts: HttpTimeouts,
  onProgress?: OnProgress | undefined,
): OpenClients {
  const opened = new Map<string, Promise<Client>>();
  const proxies = loadProxySettings(env);
  let trusted: Promise<ConnectOptions> | undefined;
  const open = async (url: URL, proxy: URL | null): Promise<Client> => {
    // Slow to load, and plain connections have no use for it.
    const secure = url.protocol === 'https:' || proxy?.protocol === 'https:';
    if (!secure) return createNodeClient(await openWay(url, proxy, {}), timeouts);
    trusted ??= loadTrust(env);
    const usual = createNodeClient(await openWay(url, proxy, await trusted), timeouts);
    return withSystemTrust(usual, async (system) => {
      const ca = [...((await loadCertificateAuthorities(env)) ?? defaultAuthorities()), ...system];
      const connect = { secureContext: createSecureContext({ ca }) };
      return createNodeClient(await openWay(url, proxy, connect), timeouts);
    });
  };
  return {
    timeouts,
    onProgress,
    refusals: createRefusals(onProgress),
    async to(url) {
      const proxy = proxyFor(url, proxies);
      return getOrInsert(opened, `${url.protocol} ${proxy}`, () => open(url, proxy));
    },
    async close() {
      // One that could not be opened has told its first user why.
      const settled = await Promise.allSettled(opened.values());
      for (const one of settled) if (one.status === 'fulfilled') await one.value.close();
    },
  };
}

/** One context for all connections: each would parse every certificate again. */
async function loadTrust(env: Environment): Promise<ConnectOptions> {
  const ca = await loadCertificateAuthorities(env);
  return ca === undefined ? {} : { secureContext: createSecureContext({ ca }) };
}
