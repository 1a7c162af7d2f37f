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
  /** Without a byte of the body: the connection stalled. */
  readonly stall: number;
}

/**
 * The one way to the network: proxies, certificate authorities and time-outs of the surroundings.
 * Several addresses of a host are tried beside each other, so an IPv6 that does not answer costs
 * a quarter of a second (autoSelectFamily).
 */
export async function openDispatcher(
  env: Environment,
  timeouts: HttpTimeouts,
): Promise<Dispatcher> {
  const proxies = loadProxySettings(env);
  const ca = await loadCertificateAuthorities(env);
  const connect = {
    timeout: timeouts.connect,
    autoSelectFamily: true,
    ...(ca === undefined ? {} : { ca }),
  };
  if (proxies.httpProxy === '' && proxies.httpsProxy === '') {
    const { default: Agent } = await import('undici/lib/dispatcher/agent.js');
    return new Agent({ connect });
  }
  const { default: EnvHttpProxyAgent } = await import(
    'undici/lib/dispatcher/env-http-proxy-agent.js'
  );
  return new EnvHttpProxyAgent({
    ...proxies,
    connect,
    requestTls: connect,
    proxyTls: connect,
    // Plain http goes to a proxy in absolute form, as every proxy takes it; https is tunnelled.
    proxyTunnel: false,
  });
}
