import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { readText } from '../../../src/fetch/http/index.ts';
import { failure } from '../../support/failure.ts';
import { listen } from '../../support/fault-server.ts';
import { closing, openHttp, type RawAnswer, serveRaw } from '../../support/loopback-http.ts';

/** Sends `size` bytes of `length`. */
function answerWith(length: number, size = length): RawAnswer {
  return (socket) => {
    const head = Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`);
    socket.write(Buffer.concat([head, Buffer.alloc(size)]));
  };
}

describe('a body whose reader took its time', () => {
  test('and whose server then falls silent has stalled', async () => {
    const size = 8 * 2 ** 20;
    const { url } = await serveRaw(answerWith(size + 1, size));
    const { body } = await openHttp({ timeouts: { stall: 100 } }).open(url);
    await sleep(400);
    let read = 0;
    const reading = (async () => {
      for await (const chunk of body) read += chunk.length;
    })();
    await expect(reading).rejects.toMatchObject({ code: 'ERR_BODY_TIMEOUT' });
    expect(read).toBe(size);
  });

  // What is left when the connection is paused may fit into the client's own buffer, or not.
  test.each([70_000, 80_000, 90_000, 110_000, 200_000])(
    'is never taken for whole after an abort: %i bytes more than may wait',
    async (more) => {
      const { url } = await serveRaw(answerWith(2 ** 20 + more));
      const controller = new AbortController();
      const { signal } = controller;
      const response = await openHttp().open(url, { signal });
      await sleep(100);
      controller.abort();
      expect((await failure(readText(response, signal))).code).toBe('ABORTED');
    },
  );
});

describe('a connection', () => {
  test('is used for one document after the other', async () => {
    const { url, connections } = await counting(answerWith(4));
    const one = openHttp();
    const { signal } = new AbortController();
    for (let document = 0; document < 100; document += 1) await one.getText(url, { signal });
    expect(connections()).toBe(1);
  });

  test('that stands already leaves its answer the time for answers', async () => {
    const { url, connections } = await counting((socket, head) => {
      setTimeout(() => answerWith(4)(socket, head), head.startsWith('GET /late') ? 400 : 0);
    });
    const one = openHttp({ timeouts: { connect: 200 } });
    await one.getText(url);
    expect(await one.getText(`${url}/late`)).toHaveLength(4);
    expect(connections()).toBe(1);
  });

  test('that a server closes when it is used again is replaced', async () => {
    let requests = 0;
    const { url, connections } = await counting((socket, head) => {
      requests += 1;
      if (requests === 2) socket.destroy();
      else answerWith(4)(socket, head);
    });
    const one = openHttp({ retry: { attempts: 2, pause: 1 } });
    await one.getText(url);
    expect(await one.getText(url)).toHaveLength(4);
    expect(connections()).toBe(2);
  });

  test('is given up before the server closes it', async () => {
    const { url, sockets } = await counting((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nKeep-Alive: timeout=2\r\nContent-Length: 0\r\n\r\n');
    });
    await openHttp().getText(url);
    expect(sockets.size).toBe(1);
    await sleep(1_500);
    expect(sockets.size).toBe(0);
  });

  test('that is in use may be silent for longer than an idle one is kept', async () => {
    const { url } = await counting(async (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfi');
      await sleep(4_500);
      socket.write('ne');
    });
    expect(await openHttp().getText(url)).toBe('fine');
  });

  test('does not carry over what a server sends unasked', async () => {
    const whole = (text: string) =>
      `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
    const { url } = await serveRaw((socket, head) => {
      const own = head.startsWith('GET /second') ? 'second' : 'first';
      socket.write(whole(own));
      setImmediate(() => socket.write(whole('forged')));
    });
    const one = openHttp({ retry: { attempts: 2, pause: 1 } });
    expect(await one.getText(`${url}/first`)).toBe('first');
    await sleep(50);
    expect(await one.getText(`${url}/second`)).toBe('second');
  });

  test('is not made for a request that was aborted', async () => {
    const { url, connections } = await counting(answerWith(4));
    const work = openHttp().getText(url, { signal: AbortSignal.abort() });
    expect((await failure(work)).code).toBe('ABORTED');
    await sleep(50);
    expect(connections()).toBe(0);
  });

  test('whose TLS handshake hangs costs the time-out for connections', async () => {
    const silent = closing(await listen(net.createServer(), []));
    const one = openHttp({ timeouts: { connect: 100 } });
    const error = await failure(one.getText(`https://127.0.0.1:${silent.port}/`));
    expect(error.fields).toMatchObject({ reason: 'unreachable', errno: 'ETIMEDOUT' });
  });
});

/** A server that counts its connections; `sockets` are those that are open. */
async function counting(answer: RawAnswer) {
  const sockets = new Set<net.Socket>();
  let connections = 0;
  const listener = net.createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket
      .on('error', () => socket.destroy())
      .on('close', () => sockets.delete(socket))
      .on('data', (head) => answer(socket, head.toString('latin1')));
  });
  const { url } = closing(await listen(listener, []));
  return { url, sockets, connections: () => connections };
}
