import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import net from 'node:net';

/** A loopback server of one test; `close` also cuts the connections that are still open. */
export interface FaultServer extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`, without a trailing slash. */
  readonly url: string;
  readonly port: number;
  /** What was asked for, in order. */
  readonly requests: readonly Pick<IncomingMessage, 'method' | 'url' | 'headers'>[];
  close(): Promise<void>;
}

/** An HTTP server that answers as `answer` says. */
export async function startServer(answer: RequestListener): Promise<FaultServer> {
  const requests: FaultServer['requests'][number][] = [];
  const server = createServer((request, response) => {
    requests.push({ method: request.method, url: request.url, headers: request.headers });
    answer(request, response);
  });
  return listen(server, requests);
}

/**
 * A server that speaks bytes: `answer` gets each request's head as text and may write whatever no
 * HTTP library would.
 */
export async function startRawServer(
  answer: (socket: net.Socket, head: string) => void,
): Promise<FaultServer> {
  const requests: FaultServer['requests'][number][] = [];
  const server = net.createServer((socket) => {
    let head = '';
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      requests.push(parseHead(head));
      const complete = head;
      head = '';
      answer(socket, complete);
    });
  });
  return listen(server, requests);
}

/** Tracks the connections of `server`, so that ending it cannot hang a test. */
export async function listen(
  server: net.Server,
  requests: FaultServer['requests'],
  scheme: 'http' | 'https' = 'http',
): Promise<FaultServer> {
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  const close = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return {
    url: `${scheme}://127.0.0.1:${port}`,
    port,
    requests,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function parseHead(head: string): FaultServer['requests'][number] {
  const [first = '', ...lines] = head.split('\r\n');
  const [method, url] = first.split(' ');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { method, url, headers };
}
