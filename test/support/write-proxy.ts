import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What may happen to a request that changes a registry. */
export type WriteFault =
  /** The connection is cut before the registry hears of it, in the middle of the body. */
  | 'lose-request'
  /** It is carried out, and the connection is cut before the answer. */
  | 'lose-answer'
  /** It is answered with 500. */
  | 'refuse'
  /** It is answered so, and not carried out. */
  | { readonly status: number; readonly error: string };

export interface WriteProxy {
  readonly url: string;
  /** Every request that changes something, as `PUT /name`. */
  readonly writes: readonly string[];
  /** The Authorization header of each of them. */
  readonly credentials: readonly (string | undefined)[];
  /** Decides about each write; called with its number from 0. */
  onWrite: (index: number) => WriteFault | undefined;
  /** Whether who installs does not see a package yet, as behind a cache. */
  isHidden: (path: string) => boolean;
  /** The status with which a read is answered in place of the registry's own answer. */
  onRead: (path: string) => number | undefined;
  /** Called once a fault has happened. */
  onFault: () => void;
  close(): Promise<void>;
}

/** Stands in front of a registry and spoils chosen writes. */
export async function startWriteProxy(upstream: string): Promise<WriteProxy> {
  const writes: string[] = [];
  const credentials: (string | undefined)[] = [];
  const server = createServer((incoming, outgoing) => {
    if (incoming.method === 'GET') {
      const status = proxy.onRead(incoming.url ?? '');
      if (status !== undefined) {
        outgoing.writeHead(status, { 'content-type': 'application/json' }).end('{}');
        return;
      }
      if (!proxy.isHidden(incoming.url ?? '')) return forward(incoming, outgoing);
      outgoing.writeHead(404, { 'content-type': 'application/json' }).end('{}');
      return;
    }
    const index = writes.push(`${incoming.method} ${incoming.url}`) - 1;
    credentials.push(incoming.headers.authorization);
    const fault = proxy.onWrite(index);
    if (fault === undefined) return forward(incoming, outgoing);
    if (fault === 'lose-answer') return forward(incoming, undefined);
    if (fault === 'refuse' || typeof fault === 'object') {
      const { status, error } = fault === 'refuse' ? { status: 500, error: 'no' } : fault;
      incoming.resume();
      outgoing
        .writeHead(status, { 'content-type': 'application/json' })
        .end(JSON.stringify({ error }));
      return proxy.onFault();
    }
    // With the first bytes of the body, or at once where there is none.
    incoming.once(incoming.method === 'DELETE' ? 'resume' : 'data', () => {
      proxy.onFault();
      incoming.destroy();
    });
    incoming.resume();
  });

  const forward = (incoming: IncomingMessage, outgoing: ServerResponse | undefined) => {
    const { method, headers, url = '/' } = incoming;
    const target = new URL(url, upstream);
    // The registry writes tarball addresses after the host that it was asked by.
    const onward = request(target, { method, headers });
    incoming.pipe(onward);
    onward.on('error', () => outgoing?.destroy());
    onward.on('response', (answer) => {
      if (outgoing !== undefined) {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
        return;
      }
      answer.resume().on('end', () => {
        proxy.onFault();
        incoming.socket.destroy();
      });
    });
  };

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const proxy: WriteProxy = {
    url: `http://127.0.0.1:${port}/`,
    writes,
    credentials,
    onWrite: () => undefined,
    isHidden: () => false,
    onRead: () => undefined,
    onFault: () => undefined,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}
