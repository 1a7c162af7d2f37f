import type { SecureContext } from 'node:tls';
import type { Client, HttpTimeouts } from './client.ts';
import { createNodeClient } from './node-client.ts';

export interface DirectOptions {
  readonly timeouts: HttpTimeouts;
  /** Which authorities are trusted; undefined for Node's own. */
  readonly secureContext: SecureContext | undefined;
}

/**
 * For servers that are reached without a proxy. Several addresses of a host are tried beside each
 * other, so an IPv6 that does not answer costs a quarter of a second (autoSelectFamily).
 */
export async function openDirectClient(
  protocol: string,
  { timeouts, secureContext }: DirectOptions,
): Promise<Client> {
  const { Agent } = await (protocol === 'https:' ? import('node:https') : import('node:http'));
  const agent = new Agent({ keepAlive: true, autoSelectFamily: true, secureContext });
  return createNodeClient(agent, timeouts);
}
