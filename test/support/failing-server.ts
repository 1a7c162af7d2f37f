import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { onTestFinished } from 'vitest';
import type { Certificate } from './certificate.ts';

/** A server that does as it likes with each connection, and counts them. */
export interface FailingServer {
  readonly port: number;
  /** Connections that were made to it. */
  readonly dialled: number;
  /** Resolves when none is left open. */
  allClosed(): Promise<void>;
}

export type Misbehaviour = (socket: net.Socket) => void;

/** A server of `misbehave`, for as long as the test lasts. */
export async function serveConnections(misbehave: Misbehaviour): Promise<FailingServer> {
  const open = new Set<net.Socket>();
  let dialled = 0;
  const server = net.createServer((socket) => {
    dialled += 1;
    open.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => open.delete(socket));
    misbehave(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  return {
    port: (server.address() as net.AddressInfo).port,
    get dialled() {
      return dialled;
    },
    async allClosed() {
      await Promise.all(
        [...open].map((socket) => new Promise((resolve) => socket.on('close', resolve))),
      );
    },
  };
}

/** Says `text` as soon as something has come, then does as `then` says. */
export function answering(text: string | Buffer, then: Misbehaviour = stayMute): Misbehaviour {
  return (socket) => {
    socket.once('data', () => {
      socket.write(text);
      then(socket);
    });
  };
}

/** Does as `misbehave` says inside of TLS. */
export function overTls({ key, cert }: Certificate, misbehave: Misbehaviour): Misbehaviour {
  const context = tls.createSecureContext({ key, cert });
  return (raw) => {
    const socket = new tls.TLSSocket(raw, { isServer: true, secureContext: context });
    socket.on('error', () => raw.destroy());
    misbehave(socket);
  };
}

export const stayMute: Misbehaviour = (socket) => void socket.resume();
export const hangUp: Misbehaviour = (socket) => void socket.resume().end();
export const reset: Misbehaviour = (socket) => void socket.destroy();

/** Goes on saying `text` for as long as the connection stands. */
export function repeating(text: string): Misbehaviour {
  return (socket) => {
    socket.resume();
    const timer = setInterval(() => socket.write(text), 20);
    socket.on('close', () => clearInterval(timer));
  };
}
