import { writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { bridgeSocket, controlSocketPath } from '../../src/operations/bridge-socket.ts';
import { failure } from '../support/failure.ts';
import { tempDir } from '../support/temp-dir.ts';

const MIB = 2 ** 20;

/** A server on a Unix socket, for one connection. */
async function serve(onSocket: (socket: Socket) => void, pauseOnConnect = false): Promise<string> {
  const path = join(await tempDir(), 's.sock');
  const sockets: Socket[] = [];
  const server: Server = createServer({ allowHalfOpen: true, pauseOnConnect }, (socket) => {
    sockets.push(socket.on('error', () => socket.destroy()));
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return path;
}

/** Remembers what it gets. */
function sink() {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { stream, bytes: () => Buffer.concat(chunks) };
}

describe('bridgeSocket', () => {
  it('closes the writing half at the end of its input, and brings the answer', async () => {
    const path = await serve((socket) => {
      const received: Buffer[] = [];
      socket.on('data', (chunk) => received.push(chunk));
      // Answers only after the whole request.
      socket.on('end', () => socket.end(`got ${Buffer.concat(received).toString()}`));
    });
    const { stream, bytes } = sink();
    const carried = await bridgeSocket({
      path,
      input: Readable.from([Buffer.from('requ'), Buffer.from('est')]),
      output: stream,
    });
    expect(bytes().toString()).toBe('got request');
    expect(carried).toEqual({ received: 11, sent: 7 });
  });

  it('brings the answer of a peer that knows the length of its request and waits for no end', async () => {
    const request = Buffer.from('a request of an exact length');
    const path = await serve((socket) => {
      let received = 0;
      socket.on('data', (chunk) => {
        received += chunk.length;
        // It closes at once: our own end may come too late for it.
        if (received === request.length) socket.end('the answer', () => socket.destroy());
      });
    });
    for (const input of [Readable.from([request]), new PassThrough()]) {
      const { stream, bytes } = sink();
      if (input instanceof PassThrough) input.write(request);
      const carried = await bridgeSocket({ path, input, output: stream });
      expect(bytes().toString()).toBe('the answer');
      expect(carried).toEqual({ received: 10, sent: request.length });
    }
  });

  it('relays megabytes both ways without losing one', async () => {
    const size = 8 * MIB;
    const path = await serve((socket) => socket.pipe(socket));
    const { stream, bytes } = sink();
    const chunks = Array.from({ length: 128 }, (_, n) => Buffer.alloc(size / 128, n));
    await bridgeSocket({ path, input: Readable.from(chunks), output: stream });
    expect(bytes().equals(Buffer.concat(chunks))).toBe(true);
  });

  it('is done when the peer closes first, though its input stays open', async () => {
    const path = await serve((socket) => socket.end('bye'));
    const { stream, bytes } = sink();
    await bridgeSocket({ path, input: new PassThrough(), output: stream });
    expect(bytes().toString()).toBe('bye');
  });

  it('goes on sending to a peer that has said everything and still reads', async () => {
    let received = 0;
    const path = await serve((socket) => {
      socket.end('bye');
      socket.on('data', (chunk) => {
        received += chunk.length;
      });
    });
    const { stream } = sink();
    const chunks = Array.from({ length: 64 }, () => Buffer.alloc(65_536));
    const carried = await bridgeSocket({ path, input: Readable.from(chunks), output: stream });
    expect(carried.sent).toBe(4 * MIB);
    await expect.poll(() => received).toBe(4 * MIB);
  });
});

describe('an exchange that ends early', () => {
  it('is an error when the peer leaves most of what we send, with the bytes each way', async () => {
    const path = await serve((socket) => {
      socket.write('enough');
      setTimeout(() => socket.destroy(), 50);
      socket.pause();
    });
    const { stream, bytes } = sink();
    const chunks = Array.from({ length: 64 }, () => Buffer.alloc(MIB));
    const error = await failure(
      bridgeSocket({ path, input: Readable.from(chunks), output: stream }),
    );
    expect(error).toMatchObject({ code: 'CONNECTION_LOST', exitStatus: 5 });
    const { received, sent, unsent } = error.fields as Record<string, number>;
    expect(received).toBe(6);
    expect(unsent).toBeGreaterThan(0);
    expect(sent).toBeLessThan(64 * MIB);
    expect(error.message).toContain('6 bytes were received');
    expect(bytes().toString()).toBe('enough');
  });

  it('is an error when the peer resets in the middle of its answer', async () => {
    const path = await serve((socket) => {
      // A socket that is closed with something unread resets the connection.
      socket.write('half an ans', () => setTimeout(() => socket.destroy(), 50));
    }, true);
    const input = new PassThrough();
    input.write('never read');
    const { stream } = sink();
    const error = await failure(bridgeSocket({ path, input, output: stream }));
    expect(error).toMatchObject({
      code: 'CONNECTION_LOST',
      fields: { errno: 'ECONNRESET', received: 11, sent: 10, unsent: 0 },
    });
  });

  it('is an error when the peer leaves while the input still speaks', async () => {
    const path = await serve((socket) => {
      socket.once('data', () => socket.end('bye', () => socket.destroy()));
    });
    const input = new Readable({
      read() {
        setTimeout(() => this.push(Buffer.alloc(1_000)), 20);
      },
    });
    const { stream } = sink();
    const error = await failure(bridgeSocket({ path, input, output: stream }));
    expect(error.code).toBe('CONNECTION_LOST');
    input.destroy();
  });

  it('is an error when the reader of the output leaves', async () => {
    const path = await serve((socket) => socket.write('for nobody'));
    const output = new Writable({
      write(_chunk, _encoding, done) {
        done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
      },
    });
    const error = await failure(bridgeSocket({ path, input: new PassThrough(), output }));
    expect(error).toMatchObject({ code: 'CONNECTION_LOST', fields: { errno: 'EPIPE' } });
  });

  it('ends when it is cancelled', async () => {
    const path = await serve(() => undefined);
    const controller = new AbortController();
    const { stream } = sink();
    const input = new PassThrough();
    const bridged = failure(
      bridgeSocket({ path, input, output: stream, signal: controller.signal }),
    );
    setTimeout(() => controller.abort(), 30);
    expect((await bridged).code).toBe('ABORTED');
  });
});

describe('a path without a server', () => {
  it('is an error that says why', async () => {
    const dir = await tempDir();
    const { stream } = sink();
    const bridge = (path: string) =>
      failure(bridgeSocket({ path, input: Readable.from([]), output: stream }));
    const missing = await bridge(join(dir, 'none.sock'));
    expect(missing).toMatchObject({ code: 'SOCKET_UNAVAILABLE', exitStatus: 8 });
    expect(missing.fields).toMatchObject({ errno: 'ENOENT' });
    const file = join(dir, 'file');
    await writeFile(file, '');
    expect(await bridge(file)).toMatchObject({
      code: 'SOCKET_UNAVAILABLE',
      message: expect.stringContaining('not a socket'),
      fields: { errno: 'ENOTSOCK' },
    });
    expect((await bridge(join(dir, 'x'.repeat(200)))).code).toBe('SOCKET_UNAVAILABLE');
  });
});

describe('controlSocketPath', () => {
  it('is where Codex has its socket', () => {
    const tail = join('app-server-control', 'app-server-control.sock');
    expect(controlSocketPath({ CODEX_HOME: '/c', HOME: '/h' })).toBe(join('/c', tail));
    expect(controlSocketPath({ CODEX_HOME: '', HOME: '/h' })).toBe(join('/h', '.codex', tail));
  });
});
