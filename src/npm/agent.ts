import type { Agent } from 'node:http';
import { createSecureContext } from 'node:tls';
import { openDirectAgent } from '../http/index.ts';
import type { NpmOptions } from './options.ts';

const opened = new WeakMap<NpmOptions, Map<string, Promise<Agent>>>();

/**
 * npm's agent, which knows the ways through proxies, and Node's where there is none: npm's takes long
 * to load. One configuration has one agent for each protocol, so requests share connections.
 */
export async function agentFor(url: URL, options: NpmOptions): Promise<Agent> {
  const proxy = options.httpsProxy ?? options.proxy ?? '';
  if (proxy !== '') return proxyAgent(url, options, proxy);
  const agents = opened.get(options) ?? new Map<string, Promise<Agent>>();
  opened.set(options, agents);
  const known = agents.get(url.protocol);
  if (known !== undefined) return known;
  const agent = directAgent(url, options);
  agents.set(url.protocol, agent);
  return agent;
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
  const { ca, localAddress, strictSSL } = options;
  // npm says null where nothing is set.
  const cert = options.cert ?? undefined;
  const key = options.key ?? undefined;
  const own = ca !== undefined || cert !== undefined;
  return openDirectAgent(url, {
    ...(own ? { secureContext: createSecureContext({ ca, cert, key }) } : {}),
    ...(localAddress ? { localAddress } : {}),
    rejectUnauthorized: strictSSL !== false,
  });
}
