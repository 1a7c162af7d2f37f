import type { Agent, AgentOptions, ClientRequestArgs } from 'node:http';
import type { AgentOptions as TlsAgentOptions } from 'node:https';
import type { Duplex } from 'node:stream';

/**
 * How long a connection is kept without a request; shorter where the server says so. Most
 * servers close theirs after five seconds or more, and what lies between may forget one silently.
 */
const IDLE_MS = 4_000;

/** How the other end of a connection is known, and from where it is reached. */
export type ConnectOptions = Pick<
  TlsAgentOptions,
  'secureContext' | 'rejectUnauthorized' | 'localAddress' | 'maxSockets'
>;

/** What a request tells the agent that connects for it. */
export interface Dialling {
  /** Fires when the request is given up: a tunnel that is still being made ends with it. */
  readonly dialling: AbortSignal;
}

/** The way to a server. */
export interface Way {
  readonly agent: Agent;
  /** A proxy that takes requests for plain http as they are, with the whole URL. */
  readonly forwarder: URL | null;
}

/**
 * Opens the way to the servers of `url`'s protocol. Several addresses of a host are tried beside
 * each other, so an IPv6 that does not answer costs a quarter of a second (autoSelectFamily).
 * @param proxy Through which they are reached; null for none. A way belongs to one proxy.
 */
export async function openWay(
  { protocol }: URL,
  proxy: URL | null,
  connect: ConnectOptions,
): Promise<Way> {
  const { Agent } = await (protocol === 'https:' ? import('node:https') : import('node:http'));
  const options: AgentOptions = { keepAlive: true, timeout: IDLE_MS, autoSelectFamily: true };
  const agent = new Agent({ ...options, ...connect });
  if (proxy === null) return { agent, forwarder: null };
  const { dial, isForwarder } = await import('./tunnel.ts');
  agent.createConnection = (
    target: ClientRequestArgs & Partial<Dialling>,
    done?: (error: Error | null, socket: Duplex) => void,
  ): undefined => {
    const { dialling, host, port } = target;
    dial({ proxy, connect, signal: dialling, target: { protocol, host: String(host), port } }).then(
      (socket) => done?.(null, socket),
      // Node's types want a socket beside the error; there is none.
      (error: Error) => (done as (error: Error) => void)(error),
    );
  };
  return { agent, forwarder: protocol === 'http:' && isForwarder(proxy) ? proxy : null };
}
