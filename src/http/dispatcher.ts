import { createSecureContext } from 'node:tls';
import type { Dispatcher } from 'undici';
import type { Environment } from '../settings.ts';
import { loadProxySettings } from './proxy.ts';
import { loadCertificateAuthorities } from './trust.ts';

/** Milliseconds. */
export interface HttpTimeouts {
  /** Until a connection stands, all addresses of a host together. */
  readonly connect: number;
  /** From the request until the answer's headers. */
  readonly headers: number;
  /** Without a byte of the body: the connection stalled. 0 for no limit. */
  readonly stall: number;
}

/** The ways to the network, each opened when it is first taken. */
export interface Dispatchers {
  to(url: URL): Promise<Dispatcher>;
  /** Ends every connection. */
  close(): Promise<void>;
}

/**
 * Proxies, certificate authorities and time-outs as the surroundings want them. Several addresses
 * of a host are tried beside each other, so an IPv6 that does not answer costs a quarter of a
 * second (autoSelectFamily).
 */
export function createDispatchers(env: Environment, timeouts: HttpTimeouts): Dispatchers {
  const opened = new Map<string, Promise<Dispatcher>>();
  return {
    to({ protocol }) {
      const known = opened.get(protocol);
      if (known !== undefined) return known;
      const opening = openDispatcher(env, timeouts, protocol);
      opened.set(protocol, opening);
      return opening;
    },
    async close() {
      // One that could not be opened has told its first user why.
      const settled = await Promise.allSettled(opened.values());
      for (const one of settled) if (one.status === 'fulfilled') await one.value.destroy();
    },
  };
}

async function openDispatcher(
  env: Environment,
  timeouts: HttpTimeouts,
  protocol: string,
): Promise<Dispatcher> {
  const proxies = loadProxySettings(env);
  const connect = { timeout: timeouts.connect, autoSelectFamily: true };
  const proxied = proxies.httpProxy !== '' || proxies.httpsProxy !== '';
  // Slow to load, and plain connections have no use for it.
  const ca = protocol === 'https:' || proxied ? await loadCertificateAuthorities(env) : undefined;
  // One context for all connections: each would parse every certificate again.
  const tls =
    ca === undefined ? connect : { ...connect, secureContext: createSecureContext({ ca }) };
  if (!proxied) {
    const { default: Agent } = await import('undici/lib/dispatcher/agent.js');
    return new Agent({ connect: tls });
  }
  // The proxy agent needs what only the whole of undici installs.
  const { EnvHttpProxyAgent } = await import('undici');
  return new EnvHttpProxyAgent({
    ...proxies,
    connect: tls,
    requestTls: tls,
    proxyTls: tls,
    // Plain http goes to a proxy in absolute form, as every proxy takes it; https is tunnelled.
    proxyTunnel: false,
  });
}
