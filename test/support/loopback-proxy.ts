import { request as ask, createServer } from 'node:http';
import net from 'node:net';
import { type FaultServer, listen } from './fault-server.ts';

export interface LoopbackProxy extends FaultServer {
  /** What it was asked to reach: `host:port` of tunnels, URLs of plain requests. */
  readonly targets: readonly string[];
  /** The `Proxy-Authorization` of each of them. */
  readonly credentials: readonly (string | undefined)[];
}

/**
 * A proxy that leads every host name to this machine.
 * @param require the `Proxy-Authorization` without which it answers 407
 */
export async function startProxy(required?: string): Promise<LoopbackProxy> {
  const targets: string[] = [];
  const credentials: (string | undefined)[] = [];
  const admit = (target: string, given: string | undefined): boolean => {
    targets.push(target);
    credentials.push(given);
    return required === undefined || given === required;
  };
  const server = createServer((request, response) => {
    const url = String(request.url);
    if (!admit(url, request.headers['proxy-authorization'])) {
      response.writeHead(407, { 'proxy-authenticate': 'Basic' }).end();
      return;
    }
    const onward = ask(url, { headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    onward.end();
  });
  server.on('connect', (request, socket: net.Socket) => {
    const target = String(request.url);
    socket.on('error', () => socket.destroy());
    if (!admit(target, request.headers['proxy-authorization'])) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    const onward = net.connect(Number(target.split(':').at(-1)), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    onward.on('error', () => socket.destroy());
  });
  const listening = await listen(server, []);
  return { ...listening, targets, credentials };
}
