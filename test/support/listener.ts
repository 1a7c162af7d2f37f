import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { tempDir } from './temp-dir.ts';

const LIMIT_HEADER = 'x-codex-websocket-max-unfragmented-message-bytes';

/** A WebSocket listener on a Unix socket, as an app-server has it; it ends with the test. */
export interface Listener {
  readonly path: string;
  readonly server: Server;
  readonly sockets: readonly WebSocket[];
}

export async function listen(
  onSocket: (socket: WebSocket) => void,
  maxMessageBytes?: number,
): Promise<Listener> {
  const path = join(await tempDir(), 's.sock');
  const server = createServer();
  const webSockets = new WebSocketServer({ server, maxPayload: 256 * 1024 * 1024 });
  const sockets: WebSocket[] = [];
  if (maxMessageBytes !== undefined) {
    webSockets.on('headers', (headers) => headers.push(`${LIMIT_HEADER}: ${maxMessageBytes}`));
  }
  webSockets.on('connection', (socket) => {
    sockets.push(socket.on('error', () => undefined));
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.terminate();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { path, server, sockets };
}
