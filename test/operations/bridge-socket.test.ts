import { writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { bridgeSocket } from '../../src/operations/bridge-socket.ts';
import { failure } from '../support/failure.ts';
import { tempDir } from '../support/temp-dir.ts';

/** A server on a Unix socket, for one connection. */
async function serve(onSocket: (socket: Socket) => void): Promise<string> {
  const path = join(await tempDir(), 's.sock');
  const sockets: Socket[] = [];
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
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
    await bridgeSocket({ path, input: Readable.from(['requ', 'est']), output: stream });
    expect(bytes().toString()).toBe('got request');
  });

  it('relays megabytes both ways without losing one', async () => {
    const size = 8 * 2 ** 20;
    const path = await serve((socket) => socket.pipe(socket));
    const { stream, bytes } = sink();
    const chunks = Array.from({ length: 128 }, (_, n) => Buffer.alloc(size / 128, n));
    await bridgeSocket({ path, input: Readable.from(chunks), output: stream });
    expect(bytes().equals(Buffer.concat(chunks))).toBe(true);
  });

  it('is done when the peer closes first, though its input goes on', async () => {
    const path = await serve((socket) => socket.end('bye'));
    const { stream, bytes } = sink();
    await bridgeSocket({ path, input: new PassThrough(), output: stream });
    expect(bytes().toString()).toBe('bye');
  });

  it('takes a peer that hangs up on what we send for one that closes', async () => {
    const path = await serve((socket) => {
      socket.write('enough');
      setTimeout(() => socket.destroy(), 50);
      socket.pause();
    });
    const { stream, bytes } = sink();
    const input = new Readable({
      read() {
        setTimeout(() => this.push(Buffer.alloc(65_536)), 1);
      },
    });
    await bridgeSocket({ path, input, output: stream });
    expect(bytes().toString()).toBe('enough');
  });

  it('says that nobody listens', async () => {
    const dir = await tempDir();
    const { stream } = sink();
    const bridge = (path: string) =>
      failure(bridgeSocket({ path, input: Readable.from([]), output: stream }));
    const missing = await bridge(join(dir, 'none.sock'));
    expect(missing).toMatchObject({ code: 'SOCKET_UNAVAILABLE', exitStatus: 8 });
    expect(missing.fields).toMatchObject({ errno: 'ENOENT' });
    const file = join(dir, 'file');
    await writeFile(file, '');
    expect((await bridge(file)).code).toBe('SOCKET_UNAVAILABLE');
    expect((await bridge(join(dir, 'x'.repeat(200)))).code).toBe('SOCKET_UNAVAILABLE');
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
