import { once } from 'node:events';
import { PassThrough, Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { AppServerError, bridgeLines, Codex } from '../../src/app-server/index.ts';
import { failure } from '../support/failure.ts';
import { listen } from '../support/listener.ts';

const MIB = 2 ** 20;

/** Remembers lines. */
function sink() {
  let text = '';
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  return { stream, lines: () => text.split('\n').slice(0, -1) };
}

function echo(socket: WebSocket): void {
  socket.on('message', (data) => socket.send(data.toString()));
}

describe.runIf(process.platform !== 'win32')('bridgeLines', () => {
  it('makes a message of each line and a line of each message', async () => {
    const listener = await listen(echo);
    const { stream, lines } = sink();
    const input = new PassThrough();
    const bridged = bridgeLines({ address: listener.path, input, output: stream });
    input.write('{"a":1}\n{"b":"\u00e4\u20ac');
    input.write('"}\r\n\n{"last":true}');
    await expect.poll(() => lines().length).toBe(2);
    input.end();
    const carried = await bridged;
    // What the server says until it has answered the close still comes.
    expect(lines()).toEqual(['{"a":1}', '{"b":"\u00e4\u20ac"}', '{"last":true}']);
    expect(carried.sent).toBe(33);
  });

  it('keeps a message with line breaks in one line, and carries megabytes', async () => {
    const big = JSON.stringify({ text: 'x'.repeat(8 * MIB) });
    const listener = await listen((socket) => {
      socket.send(JSON.stringify({ a: [1, 2] }, null, 2));
      socket.send(big);
      for (let n = 0; n < 10_000; n += 1) socket.send(`{"n":${n}}`);
      socket.close(1000);
    });
    const { stream, lines } = sink();
    await bridgeLines({ address: listener.path, input: new PassThrough(), output: stream });
    expect(JSON.parse(lines()[0] ?? '')).toEqual({ a: [1, 2] });
    expect(lines()[1] === big).toBe(true);
    expect(lines()).toHaveLength(10_002);
    expect(lines().at(-1)).toBe('{"n":9999}');
  });

  it('holds the server back while its output is full', async () => {
    const listener = await listen((socket) => {
      const line = `"${'x'.repeat(MIB)}"`;
      for (let n = 0; n < 64; n += 1) socket.send(line);
    });
    let taken = 0;
    const slow = new Writable({
      highWaterMark: MIB,
      write(chunk: Buffer, _encoding, done) {
        taken += chunk.length;
        setTimeout(done, 2);
      },
    });
    const input = new PassThrough();
    const bridged = bridgeLines({ address: listener.path, input, output: slow });
    await sleep(60);
    const [socket] = listener.sockets;
    expect(socket?.bufferedAmount).toBeGreaterThan(16 * MIB);
    expect(slow.writableLength).toBeLessThan(16 * MIB);
    await expect.poll(() => taken, { timeout: 10_000 }).toBe(64 * (MIB + 3));
    input.end();
    await bridged;
  });

  it('answers a request that is too long for the listener, and goes on', async () => {
    const listener = await listen(echo, 1_000);
    const { stream, lines } = sink();
    const input = new PassThrough();
    const bridged = bridgeLines({ address: listener.path, input, output: stream });
    input.write(`${JSON.stringify({ id: 7, method: 'a', params: 'x'.repeat(1_000) })}\n{"id":8}\n`);
    await expect.poll(() => lines().length).toBe(2);
    expect(lines().map((line) => JSON.parse(line))).toEqual([
      { id: 7, error: { code: -32600, message: expect.stringContaining('less than 1000') } },
      { id: 8 },
    ]);
    input.write(`${JSON.stringify({ method: 'a', params: 'x'.repeat(1_000) })}\n`);
    expect(await failure(bridged)).toBeInstanceOf(AppServerError);
  });

  it('ends with the bytes each way when the connection is cut', async () => {
    const listener = await listen((socket) => {
      socket.send('{"half":true}', () => socket.terminate());
    });
    const { stream, lines } = sink();
    const input = new PassThrough();
    const error = await failure(bridgeLines({ address: listener.path, input, output: stream }));
    expect(error).toMatchObject({
      code: 'CONNECTION_LOST',
      exitStatus: 5,
      fields: { received: 13, sent: 0 },
    });
    expect(lines()).toEqual(['{"half":true}']);
  });

  it.each([
    [1000, undefined],
    [1001, undefined],
    [1011, 'CONNECTION_LOST'],
  ])('takes a close with %i from the server as %s', async (code, expected) => {
    const listener = await listen((socket) => socket.close(code));
    const { stream } = sink();
    const input = new PassThrough();
    const bridged = bridgeLines({ address: listener.path, input, output: stream });
    const error: unknown = await bridged.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect((error as { code?: string } | undefined)?.code).toBe(expected);
  });

  it('says that nobody listens, and ends when it is cancelled', async () => {
    const { stream } = sink();
    const missing = { address: '/nowhere/s.sock', input: Readable.from([]), output: stream };
    expect(await failure(bridgeLines(missing))).toMatchObject({
      code: 'SOCKET_UNAVAILABLE',
      exitStatus: 8,
    });
    const listener = await listen(() => undefined);
    const controller = new AbortController();
    const { signal } = controller;
    const request = { address: listener.path, input: new PassThrough(), output: stream, signal };
    const bridged = failure(bridgeLines(request));
    await once(listener.server, 'connection');
    controller.abort();
    expect((await bridged).code).toBe('ABORTED');
  });
});

describe('Codex.start with a command', () => {
  it('takes no options that only a runtime has', async () => {
    const error = await failure(Codex.start({ command: ['ssh', 'host'], provision: true }));
    expect(error).toMatchObject({ code: 'USAGE', message: expect.stringContaining('provision') });
  });

  it('says which program could not be started', async () => {
    const error = await failure(Codex.start({ command: ['no-such-program-here'] }));
    expect(error).toMatchObject({ code: 'APP_SERVER' });
    expect(error.message).toContain('no-such-program-here could not be started');
  });
});
