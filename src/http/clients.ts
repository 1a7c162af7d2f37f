import { createSecureContext } from 'node:tls';
import { getOrInsert } from '../get-or-insert.ts';
import type { Environment } from '../settings.ts';
import type { Client, HttpTimeouts } from './client.ts';
import { openDirectAgent } from './direct-agent.ts';
import { createNodeClient } from './node-client.ts';
import { loadProxySettings } from './proxy.ts';
import { loadCertificateAuthorities } from './trust.ts';

/** The ways to the network, each opened when it is first taken. */
export interface Clients {
  to(url: URL): Promise<Client>;
  /** Ends every connection. */
  close(): Promise<void>;
}

/** Proxies, certificate authorities and time-outs as the surroundings want them. */
export function createClients(env: Environment, timeouts: HttpTimeouts): Clients {
  const opened = new Map<string, Promise<Client>>();
  return {
    to: (url) => getOrInsert(opened, url.protocol, () => openClient(url, env, timeouts)),
    async close() {
      // One that could not be opened has told its first user why.
      const settled = await Promise.allSettled(opened.values());
      for (const one of settled) if (one.status === 'fulfilled') await one.value.close();
    },
  };
}

async function openClient(url: URL, env: Environment, timeouts: HttpTimeouts): Promise<Client> {
  const proxies = loadProxySettings(env);
  const proxied = proxies.httpProxy !== '' || proxies.httpsProxy !== '';
  // Slow to load, and plain connections have no use for it.
  const secure = url.protocol === 'https:' || proxied;
  const ca = secure ? await loadCertificateAuthorities(env) : undefined;
  // One context for all connections: each would parse every certificate again.
  const connect = ca === undefined ? {} : { secureContext: createSecureContext({ ca }) };
  if (!proxied) return createNodeClient(await openDirectAgent(url, connect), timeouts);
  const { openProxiedClient } = await import('./proxied-client.ts');
  return openProxiedClient({ timeouts, proxies, connect });
}
