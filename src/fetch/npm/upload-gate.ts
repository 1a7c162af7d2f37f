import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request as ask, createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import net, { type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { hostOf } from '../../request/index.ts';
import { openWay, proxyFor } from '../http/index.ts';
import { dial, proxyAuthorization } from '../http/tunnel.ts';
import type { NpmOptions } from './options.ts';
import { connectOptions } from './registry-client.ts';

/** The only way out for an npm that publishes. */
export interface UploadGate {
  /** What npm takes for its proxy. Holds a password. */
  readonly proxy: string;
  /** The first origin that npm asked for and did not reach; null for none. */
  readonly refused: string | null;
  close(): void;
}

export interface GateOptions {
  /** URL of the registry. */
  readonly registry: string;
  /** Where a CI gives npm its identity; null where it has none. */
  readonly identity: string | null;
  /** Whether npm needs other hosts too, those of a signer. */
  readonly otherHosts: boolean;
  /** Told of bytes on their way to a server, TLS and all. */
  readonly onBytes: (count: number) => void;
}

/**
 * A proxy on this machine that leads to one registry. npm follows a redirect of an upload with its
 * token when only port or scheme differ, and with the one-time password to anywhere; here it finds no
 * way. The proxies of npm's configuration come behind this one. What goes through is counted, which
 * npm itself does not tell.
 */
export async function openUploadGate(npm: NpmOptions, options: GateOptions): Promise<UploadGate> {
  const { onBytes } = options;
  const registry = new URL(options.registry);
  const { identity } = options;
  const own = [registry.origin, ...(identity === null ? [] : [new URL(identity).origin])];
  const secret = randomBytes(16).toString('hex');
  const expected = proxyAuthorization(new URL(`http://npm:${secret}@gate`))['proxy-authorization'];
  const sockets = new Set<Duplex>();
  let refused: string | null = null;

  const admits = (url: URL, { headers }: IncomingMessage): boolean => {
    if (headers['proxy-authorization'] !== expected) return false;
    if (own.includes(url.origin)) return true;
    if (options.otherHosts && url.hostname !== registry.hostname) return true;
    refused ??= url.origin;
    return false;
  };

  const forward = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const text = incoming.url ?? '';
    if (!URL.canParse(text) || !admits(new URL(text), incoming)) {
      outgoing.writeHead(403).end();
      return;
    }
    const url = new URL(text);
    const { agent, forwarder } = await openWay(
      url,
      proxyFor(url, npm.proxies),
      connectOptions(npm),
    );
    const { 'proxy-authorization': _, 'proxy-connection': __, ...headers } = incoming.headers;
    const onward = ask({
      agent,
      method: incoming.method,
      host: hostOf(url),
      port: url.port,
      path: forwarder === null ? `${url.pathname}${url.search}` : url.href,
      headers: forwarder === null ? headers : { ...headers, ...proxyAuthorization(forwarder) },
    });
    // A request that has come whole keeps its connection: without an answer npm would wait for ever.
    const fail = () => incoming.socket.destroy();
    onward.on('error', fail);
    incoming.on('error', fail);
    outgoing.on('close', () => {
      onward.destroy();
      agent.destroy();
    });
    incoming.on('data', ({ length }: Buffer) => onBytes(length));
    onward.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on('error', fail).pipe(outgoing);
    });
    incoming.pipe(onward);
  };

  const tunnel = async (incoming: IncomingMessage, socket: Duplex): Promise<void> => {
    const text = `https://${incoming.url}`;
    if (!URL.canParse(text) || !admits(new URL(text), incoming)) {
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    const onward = await connect(new URL(text), npm);
    const end = () => {
      socket.destroy();
      onward.destroy();
    };
    socket.on('close', end);
    onward.on('error', end).on('close', end);
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    socket.on('data', ({ length }: Buffer) => onBytes(length));
    socket.pipe(onward).pipe(socket);
  };

  const server = createServer((incoming, outgoing) => {
    forward(incoming, outgoing).catch(() => incoming.socket.destroy());
  });
  server.on('connect', (incoming: IncomingMessage, socket: Duplex) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    tunnel(incoming, socket).catch(() => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    proxy: `http://npm:${secret}@127.0.0.1:${(server.address() as AddressInfo).port}`,
    get refused() {
      return refused;
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A connection without TLS of its own: that is between npm and the registry. */
async function connect(url: URL, npm: NpmOptions): Promise<Socket> {
  const host = hostOf(url);
  const port = Number(url.port || 443);
  const proxy = proxyFor(url, npm.proxies);
  const options = connectOptions(npm);
  if (proxy !== null) {
    const target = { protocol: 'tunnel:', host, port };
    return await dial({ proxy, connect: options, target, signal: undefined });
  }
  const { localAddress } = options;
  const own = localAddress === undefined ? {} : { localAddress };
  const socket = net.connect({ host, port, autoSelectFamily: true, ...own });
  await once(socket, 'connect');
  return socket;
}
