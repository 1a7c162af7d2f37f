import { lookup } from 'node:dns/promises';
import { request } from 'node:http';
import net, { type Socket } from 'node:net';
import tls from 'node:tls';
import { hostOf } from '../../request/index.ts';
import type { ConnectOptions } from './agent.ts';
import { proxyRefusal, proxyUnreachable } from './network-failure.ts';

export interface Dial {
  readonly proxy: URL;
  readonly connect: ConnectOptions;
  readonly target: Target;
  /** Ends the attempt and its connection. */
  readonly signal: AbortSignal | undefined;
}

interface Target {
  readonly protocol: string;
  /** Without brackets. */
  readonly host: string;
  readonly port: number | string | null | undefined;
}

/** Whether a proxy takes plain http in absolute form, as every HTTP proxy does. */
export function isForwarder({ protocol }: URL): boolean {
  return protocol === 'http:' || protocol === 'https:';
}

/**
 * A connection to `target` through a proxy: for plain http the one to the HTTP proxy itself, else a
 * tunnel, with TLS inside of it for https. One connection is made; where a step fails it is closed.
 * @throws CodexRuntimeError `SOURCE_UNAVAILABLE` for what the proxy did, and the error of the
 * connection inside of the tunnel
 */
export async function dial({ proxy, connect, target, signal }: Dial): Promise<Socket> {
  signal?.throwIfAborted();
  const socket = openTo(proxy, connect);
  const abort = () => void socket.destroy(new Error('aborted'));
  signal?.addEventListener('abort', abort, { once: true });
  try {
    await opened(socket).catch((error: unknown) => {
      throw proxyUnreachable(proxy, error);
    });
    if (target.protocol === 'http:' && isForwarder(proxy)) return socket;
    await (isForwarder(proxy) ? askForTunnel : askBySocks)(socket, proxy, target);
    return target.protocol === 'https:' ? await secured(socket, target, connect) : socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

function openTo({ protocol, hostname, port }: URL, connect: ConnectOptions): Socket {
  const host = hostOf({ hostname });
  const secure = protocol === 'https:';
  const usual = secure ? 443 : protocol === 'http:' ? 80 : 1080;
  const where = { host, port: port === '' ? usual : Number(port), autoSelectFamily: true };
  if (!secure) return net.connect({ ...where, localAddress: connect.localAddress });
  return tls.connect({ ...where, ...connect, servername: net.isIP(host) === 0 ? host : '' });
}

/** Waits until a connection stands, TLS included. */
function opened(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(socket instanceof tls.TLSSocket ? 'secureConnect' : 'connect', resolve);
    // It stays: a later error of an idle socket must not end the process.
    socket.on('error', reject);
    socket.once('close', () => reject(closedEarly()));
  });
}

async function secured(socket: Socket, { host }: Target, connect: ConnectOptions): Promise<Socket> {
  const servername = net.isIP(host) === 0 ? host : '';
  const { secureContext, rejectUnauthorized } = connect;
  const inside = tls.connect({ socket, servername, host, secureContext, rejectUnauthorized });
  await opened(inside);
  return inside;
}

/** By `CONNECT`. The request is Node's own: it bounds and checks the head of the answer. */
function askForTunnel(socket: Socket, proxy: URL, { host, port }: Target): Promise<void> {
  const path = `${net.isIPv6(host) ? `[${host}]` : host}:${port}`;
  const headers = { host: path, ...proxyAuthorization(proxy) };
  return new Promise((resolve, reject) => {
    const asked = request({ method: 'CONNECT', path, headers, createConnection: () => socket });
    asked.once('connect', ({ statusCode = 0 }, _, ahead: Buffer) => {
      if (statusCode < 200 || statusCode > 299) return reject(proxyRefusal(proxy, statusCode));
      if (ahead.length > 0) socket.unshift(ahead);
      resolve();
    });
    // An answer to `CONNECT` that changes the protocol leads nowhere.
    asked.once('upgrade', () => reject(proxyRefusal(proxy, 101)));
    asked.once('error', (error) => reject(proxyUnreachable(proxy, error)));
    asked.once('close', () => reject(proxyUnreachable(proxy, closedEarly())));
    asked.end();
  });
}

/** The header with the user and password that a proxy's URL holds. */
export function proxyAuthorization({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {};
  const plain = `${decode(username)}:${decode(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(plain).toString('base64')}` };
}

async function askBySocks(socket: Socket, proxy: URL, { host, port }: Target): Promise<void> {
  const { SocksClient } = await import('socks');
  const { protocol, username, password } = proxy;
  // As curl has it: these two leave the look-up of the name to this machine.
  const local = protocol === 'socks4:' || protocol === 'socks5:';
  const family = protocol === 'socks4:' ? 4 : 0;
  const destination = local ? (await lookup(host, { family })).address : host;
  try {
    await SocksClient.createConnection({
      command: 'connect',
      proxy: {
        host: proxy.hostname,
        port: Number(proxy.port || 1080),
        type: protocol.startsWith('socks4') ? 4 : 5,
        ...(username === '' ? {} : { userId: decode(username), password: decode(password) }),
      },
      destination: { host: destination, port: Number(port) },
      existing_socket: socket,
    });
  } catch (error) {
    const { message } = error as Error;
    if (/reject|auth/i.test(message)) throw proxyRefusal(proxy, message);
    throw proxyUnreachable(proxy, error);
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function closedEarly(): Error {
  return Object.assign(new Error('closed early'), { code: 'ECONNRESET' });
}
