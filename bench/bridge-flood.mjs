// Floods whoever comes with notifications: as WebSocket messages on argv[2], the same bytes without
// a handshake on argv[2].plain.

import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { WebSocketServer } from 'ws';

const [path, megabytes] = [process.argv[2], Number(process.argv[3])];
const notification = Buffer.from(
  JSON.stringify({
    method: 'item/agentMessage/delta',
    params: {
      threadId: '01a22d1e-4d44-76a1-bc0f-4dc6f143fd80',
      turnId: '01a22d1e-4d72-7ee1-8708-36330028298e',
      itemId: 'message-r1',
      delta: 'some words of it, as a model writes them, and a few more of them',
    },
    emittedAtMs: 1_796_053_291_571,
  }),
);
const head = Buffer.from([0x81, 126, notification.length >> 8, notification.length & 0xff]);
const frame = Buffer.concat([head, notification]);
const count = Math.ceil((megabytes * 1_000_000) / notification.length);
const AT_ONCE = 256;
const block = Buffer.concat(Array.from({ length: AT_ONCE }, () => frame));

async function flood(socket) {
  for (let sent = 0; sent < count; sent += AT_ONCE) {
    if (!socket.write(block)) await new Promise((resolve) => socket.once('drain', resolve));
  }
}

createServer({ allowHalfOpen: true }, async (socket) => {
  socket.on('error', () => undefined);
  await flood(socket);
  socket.end();
}).listen(`${path}.plain`);
const server = createHttpServer();
const webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
server.on('upgrade', (request, socket, first) => {
  webSockets.handleUpgrade(request, socket, first, async (webSocket) => {
    webSocket.on('error', () => undefined);
    await flood(socket);
    webSocket.close(1000);
  });
});
server.listen(path, () => process.stdout.write('ready\n'));
