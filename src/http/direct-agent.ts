import type { Agent } from 'node:http';
import type { AgentOptions } from 'node:https';

/**
 * How long a connection is kept without a request; shorter where the server says so. Most
 * servers close theirs after five seconds or more, and what lies between may forget one silently.
 */
const IDLE_MS = 4_000;

/**
 * For servers that are reached without a proxy. Several addresses of a host are tried beside each
 * other, so an IPv6 that does not answer costs a quarter of a second (autoSelectFamily).
 */
export async function openDirectAgent(
  { protocol }: URL,
  connect: Pick<AgentOptions, 'secureContext' | 'rejectUnauthorized' | 'localAddress'>,
): Promise<Agent> {
  const { Agent } = await (protocol === 'https:' ? import('node:https') : import('node:http'));
  return new Agent({ keepAlive: true, timeout: IDLE_MS, autoSelectFamily: true, ...connect });
}
