import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/**
 * What a proxy does at one request: cut it off before it has arrived, or after, without the answer, or
 * in the middle of that.
 */
export type Cut = 'before' | 'after' | 'midway';

export interface CuttingProxy {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** `METHOD path` of each request. */
  readonly requests: string[];
}

/** Stands before a registry, for as long as the test lasts, and asks at each request what to do. */
export async function startCuttingProxy(
  to: string,
  decide: (number: number, request: IncomingMessage) => Cut | undefined,
): Promise<CuttingProxy> {
  const requests: string[] = [];
  const server = createServer((incoming, outgoing) => {
    requests.push(`${incoming.method} ${incoming.url}`);
    const cut = decide(requests.length, incoming);
    if (cut === 'before') return void incoming.socket.destroy();
    const { method = 'GET', url: path = '/', headers } = incoming;
    const forwarded = request({ host: '127.0.0.1', port: to.split(':')[1], method, path, headers });
    forwarded.on('error', () => incoming.socket.destroy());
    forwarded.on('response', (answer) => {
      if (cut === 'after') {
        answer.resume();
        incoming.socket.destroy();
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      if (cut === 'midway') {
        answer.once('data', (chunk: Buffer) => {
          outgoing.write(chunk, () => setTimeout(() => incoming.socket.destroy(), 50));
        });
        return;
      }
      answer.pipe(outgoing);
    });
    incoming.on('error', () => forwarded.destroy());
    incoming.pipe(forwarded);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}
