import { createServer } from 'node:http';
import { connect } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';

/** A message that passed, or was the one at which the connection was cut. */
export interface Passed {
  readonly from: 'client' | 'server';
  /** Its method, or `answer to METHOD`. */
  readonly what: string;
}

/** A listener that passes messages on to another one, and cuts the connection when it is told. */
export interface CuttingProxy {
  readonly path: string;
  /** Cuts at the message of this number from now on, which is lost; `undefined`: never. */
  cutAt(number: number | undefined): void;
  /** The message at which it was cut last, since `cutAt`. */
  readonly cut: Passed | undefined;
  close(): Promise<void>;
}

export async function startCuttingProxy(path: string, target: string): Promise<CuttingProxy> {
  let at: number | undefined;
  let count = 0;
  let cut: Passed | undefined;
  const ends = new Set<WebSocket>();
  const server = createServer();
  const listener = new WebSocketServer({ server, perMessageDeflate: false });
  listener.on('connection', (client) => {
    const upstream = new WebSocket('ws://localhost/', {
      perMessageDeflate: false,
      createConnection: () => connect({ path: target }),
    });
    const methods = new Map<unknown, string>();
    const opened = new Promise((resolve) => upstream.once('open', resolve));
    const end = () => {
      client.terminate();
      upstream.terminate();
    };
    const pass = (from: Passed['from'], text: string, to: WebSocket) => {
      const { id, method } = JSON.parse(text) as { id?: unknown; method?: string };
      const key = `${method === undefined ? other(from) : from}:${String(id)}`;
      if (method !== undefined && id !== undefined) methods.set(key, method);
      count += 1;
      if (count === at) {
        at = undefined;
        cut = { from, what: method ?? `answer to ${methods.get(key)}` };
        end();
      } else if (to.readyState === WebSocket.OPEN) to.send(text);
    };
    client.on('message', async (data) => {
      await opened;
      pass('client', data.toString(), upstream);
    });
    upstream.on('message', (data) => pass('server', data.toString(), client));
    for (const socket of [client, upstream]) {
      ends.add(socket);
      socket.on('error', () => undefined).on('close', end);
    }
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    path,
    cutAt: (number) => {
      at = number;
      count = 0;
      cut = undefined;
    },
    get cut() {
      return cut;
    },
    close: async () => {
      for (const socket of ends) socket.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function other(from: Passed['from']): Passed['from'] {
  return from === 'client' ? 'server' : 'client';
}
