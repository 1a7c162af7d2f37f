import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Body, HttpOptions } from '../../../src/fetch/http/index.ts';
import { failure } from '../../support/failure.ts';
import { openHttp, serveRaw } from '../../support/loopback-http.ts';

const MIB = 2 ** 20;
/** A server of raw answers; `sockets` are those that have asked. */
async function server(answer: (socket: Socket) => void) {
  const sockets: Socket[] = [];
  const { url } = await serveRaw((socket) => {
    if (!sockets.includes(socket)) sockets.push(socket);
    answer(socket);
  });
  return { url, sockets };
}

function head(length: number): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`;
}

/** Whether all of them close long before a time-out would do it. */
async function closed(sockets: readonly Socket[]): Promise<boolean> {
  const open = sockets.filter((socket) => !socket.closed);
  await Promise.race([Promise.all(open.map((socket) => once(socket, 'close'))), sleep(2_500)]);
  return sockets.length > 0 && sockets.every((socket) => socket.closed);
}

describe.each([
  ["Node's client", {}],
  ['the client that knows proxies', { HTTP_PROXY: 'http://127.0.0.1:9', NO_PROXY: '127.0.0.1' }],
])('of %s', (_, env) => {
  const http = (options?: HttpOptions) => openHttp(options, env);

  test('a body is read up to where it broke, however late its reader comes', async () => {
    const { url } = await server((socket) => {
      socket.write(head(400_000));
      socket.end(Buffer.alloc(300_000));
    });
    const { body } = await http().open(url);
    await sleep(100);
    let read = 0;
    const reading = (async () => {
      for await (const chunk of body) read += chunk.length;
    })();
    await expect(reading).rejects.toMatchObject({ code: expect.stringMatching(/ECONN|UND_ERR/) });
    expect(read).toBe(300_000);
  });

  test('a body that nobody reads stays with its server, and is whole when it is read', async () => {
    const size = 64 * MIB;
    let sent = 0;
    const { url } = await server((socket) => {
      const more = () => {
        if (sent === size) return;
        sent += MIB;
        socket.write(Buffer.alloc(MIB), more);
      };
      socket.write(head(size), more);
    });
    const { body } = await http().open(url);
    for (let before = -1; before !== sent; await sleep(300)) before = sent;
    // What the system holds of a connection comes on top of what waits in the body.
    expect(sent).toBeLessThan(size / 2);
    let read = 0;
    for await (const chunk of body) read += chunk.length;
    expect(read).toBe(size);
  });

  test.each<[string, (body: Body) => Promise<void>]>([
    [
      'left in its middle',
      async (body) => {
        for await (const _chunk of body) break;
      },
    ],
    ['not read at all', async (body) => void body.destroy()],
  ])('a body that is %s closes its connection', async (_what, leave) => {
    const { url, sockets } = await server((socket) => socket.write(`${head(9)}half`));
    const { body } = await http().open(url);
    await leave(body);
    expect(await closed(sockets)).toBe(true);
  });

  test('a reader that waits is told when the body is given up', async () => {
    const { url } = await server((socket) => socket.write(head(9)));
    const { body } = await http().open(url);
    const waiting = body[Symbol.asyncIterator]().next();
    const reason = new Error('enough');
    body.destroy(reason);
    await expect(waiting).rejects.toThrow();
  });

  test('a body that was read to its end closes nothing when it is given up', async () => {
    const { url } = await server((socket) => socket.write(`${head(4)}fine`));
    const one = http();
    const { body } = await one.open(url);
    for await (const chunk of body) expect(chunk.toString()).toBe('fine');
    body.destroy();
    expect(await one.getText(url)).toBe('fine');
  });

  test('of a header that comes twice the first counts', async () => {
    const { url } = await server((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nETag: "a"\r\nETAG: "b"\r\nContent-Length: 0\r\n\r\n');
    });
    expect((await http().open(url)).headers['etag']).toBe('"a"');
  });

  test('an answer that only says that one will come is not taken for it', async () => {
    const { url } = await server((socket) => {
      socket.write(`HTTP/1.1 103 Early Hints\r\n\r\n${head(4)}fine`);
    });
    expect(await http().getText(url)).toBe('fine');
  });

  test('an abort ends the wait for an answer, and the one for its bytes', async () => {
    for (const answer of ['', head(9)]) {
      const { url, sockets } = await server((socket) => socket.write(answer));
      const controller = new AbortController();
      const work = http().getText(url, { signal: controller.signal });
      setTimeout(() => controller.abort(), 100);
      expect((await failure(work)).code).toBe('ABORTED');
      expect(await closed(sockets)).toBe(true);
    }
  });

  test('an abort before the request ends it', async () => {
    const { url } = await server((socket) => socket.write(`${head(4)}fine`));
    const work = http().open(url, { signal: AbortSignal.abort() });
    expect((await failure(work)).code).toBe('ABORTED');
  });

  test('its connections end with it', async () => {
    const { url, sockets } = await server((socket) => socket.write(`${head(4)}fine`));
    const one = http();
    await one.getText(url);
    const [socket] = sockets;
    expect(socket?.closed).toBe(false);
    await one.close();
    expect(await closed(sockets)).toBe(true);
  });
});
