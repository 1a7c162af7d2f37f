import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  AbortedError,
  AppServerError,
  Codex,
  TransportClosedError,
} from '../../src/app-server/index.ts';
import { makeCodexHome } from '../support/codex-home.ts';
import { failure } from '../support/memory-server.ts';
import { startModelServer } from '../support/model-server.ts';
import { realExecutable } from '../support/real-codex.ts';

const posix = process.platform !== 'win32';
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

describe.runIf(posix)('a listener that is no real one', () => {
  let dir: string;
  let path: string;
  let server: Server;
  let sockets: Socket[];

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'codex-socket-'));
    path = join(dir, 's.sock');
    sockets = [];
    server = createServer((socket) => {
      sockets.push(socket);
      socket.resume();
      socket.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
  });

  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await rm(dir, { recursive: true, force: true });
  });

  /** Upgrades every connection; frames that arrive go to `onFrame`. */
  function upgrade(
    onText: (text: string, send: (text: string) => void) => void,
    headers = '',
  ): string[] {
    const heads: string[] = [];
    server.on('connection', (socket) => {
      let rest = Buffer.alloc(0);
      let open = false;
      const send = (text: string) => socket.write(frame(text));
      socket.on('data', (chunk: Buffer) => {
        rest = Buffer.concat([rest, chunk]);
        const end = rest.indexOf('\r\n\r\n');
        if (!open && end !== -1) {
          const head = rest.subarray(0, end).toString();
          heads.push(head);
          const key = /sec-websocket-key: (.+)/i.exec(head)?.[1]?.trim() ?? '';
          const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64');
          socket.write(
            `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\n${headers}\r\n`,
          );
          rest = rest.subarray(end + 4);
          open = true;
        }
        for (let text = open && unframe(rest); text; text = unframe(rest)) {
          rest = rest.subarray(text.length);
          if (text.opcode === 1) onText(text.payload, send);
        }
      });
    });
    return heads;
  }

  it('is offered no extension and given the token', async () => {
    const heads = upgrade((text, send) => {
      const { id, method } = JSON.parse(text);
      if (method === 'initialize')
        send(JSON.stringify({ id, result: { userAgent: 'x/1.2.3 (y)' } }));
    });
    const codex = await Codex.connect(path, { token: 'secret-token' });
    expect(heads[0]).not.toMatch(/sec-websocket-extensions/i);
    expect(heads[0]).toMatch(/authorization: Bearer secret-token/i);
    void codex.close();
  });

  it('and stays mute is given up in time, before and after the upgrade', async () => {
    for (const mute of [true, false]) {
      if (!mute) upgrade(() => undefined);
      const before = performance.now();
      const error = await failure(Codex.connect(path, { startTimeoutMs: 300 }));
      expect(performance.now() - before).toBeLessThan(1_500);
      expect(error).toBeInstanceOf(TransportClosedError);
      expect((error as Error).message).toContain('300 ms');
    }
    // Whatever was given up is closed.
    for (const deadline = Date.now() + 3_000; sockets.some(({ closed }) => !closed); ) {
      expect(Date.now()).toBeLessThan(deadline);
      await sleep(20);
    }
  });

  it('is left at once when its caller aborts', async () => {
    const before = performance.now();
    const error = await failure(Codex.connect(path, { signal: AbortSignal.timeout(100) }));
    expect(error).toBeInstanceOf(AbortedError);
    expect(performance.now() - before).toBeLessThan(1_000);
  });

  it('keeps no process alive by never answering the close', async () => {
    const program = fileURLToPath(new URL('../fixtures/app-server/mute-peer.ts', import.meta.url));
    const before = performance.now();
    const child = spawn(process.execPath, ['--import', 'tsx', program], {
      stdio: ['ignore', 'inherit', 'inherit'],
      timeout: 30_000,
    });
    const [status] = await once(child, 'exit');
    expect(status).toBe(0);
    expect(performance.now() - before).toBeLessThan(20_000);
  });

  it.each([
    ['', 16 * 1024 * 1024],
    ['x-codex-websocket-max-unfragmented-message-bytes: 100000\r\n', 100_000],
  ])('has its limit (%j) told before a message of that size is sent', async (header, limit) => {
    upgrade((text, send) => {
      const { id, method } = JSON.parse(text);
      if (method === 'initialize')
        send(JSON.stringify({ id, result: { userAgent: 'x/1.2.3 (y)' } }));
      else if (id !== undefined) send(JSON.stringify({ id, result: text.length }));
    }, header);
    const codex = await Codex.connect(path);
    const overhead = JSON.stringify({ method: 'echo', id: 1, params: { text: '' } }).length;
    const error = await failure(codex.request('echo', { text: 'x'.repeat(limit - overhead) }));
    expect(error).toBeInstanceOf(AppServerError);
    expect(error).toMatchObject({ fields: { bytes: limit, limit } });
    expect(
      await failure(codex.request('echo', { text: '\u20ac'.repeat(limit / 2) })),
    ).toMatchObject({
      fields: { limit },
    });
    expect(await codex.request('echo', { text: 'x'.repeat(limit - overhead - 1) })).toBe(limit - 1);
    void codex.close();
  });

  it('that is not there is told apart from one that does not answer', async () => {
    expect(await failure(Codex.connect(join(dir, 'none')))).toMatchObject({
      message: expect.stringContaining('Nothing listens'),
      fields: { errno: 'ENOENT' },
    });
    server.on('connection', (socket) => socket.destroy());
    expect(await failure(Codex.connect(path))).toMatchObject({
      message: expect.stringContaining('No app-server answers'),
    });
  });
});

describe.runIf(posix).each(['0.142.0', '0.171.0'])('a listener of Codex %s', (version) => {
  it('is joined: whole turns, refused sizes, and a server that lives on', async () => {
    const codexPath = await realExecutable(version);
    const model = await startModelServer(() => ({ kind: 'text', text: 'over a socket' }));
    const home = await makeCodexHome(model.url);
    const socket = join(home.dir, 's.sock');
    const args = ['app-server', '--listen', `unix://${socket}`];
    const server = spawn(codexPath, args, { env: home.env, stdio: 'ignore' });
    try {
      const codex = await joined(() => Codex.connect(socket));
      expect(codex.metadata.serverVersion).toBe(version);
      const thread = await codex.startThread({ cwd: home.work });
      for (const prompt of ['one', 'two']) {
        expect((await thread.run(prompt)).finalResponse).toBe('over a socket');
      }
      const big = 'x'.repeat(17 * 1024 * 1024);
      expect(await failure(thread.run(big))).toBeInstanceOf(AppServerError);
      const long = 'x'.repeat(1_048_577);
      expect(await failure(thread.run(long))).toMatchObject({
        data: { input_error_code: 'input_too_large' },
        fields: { data: { input_error_code: 'input_too_large' } },
      });
      expect((await thread.run('three')).finalResponse).toBe('over a socket');
      await codex.close();
      expect(server.exitCode).toBe(null);
    } finally {
      server.kill('SIGKILL');
      await model.close();
      await home.remove();
    }
  });
});

describe('a listener on TCP', () => {
  it('is joined by its URL, with the token that it asks for', async () => {
    const codexPath = await realExecutable('0.171.0');
    const model = await startModelServer(() => ({ kind: 'text', text: 'over TCP' }));
    const home = await makeCodexHome(model.url);
    const token = 'a-capability-token-of-some-length';
    const tokenFile = join(home.dir, 'token');
    await writeFile(tokenFile, token, { mode: 0o600 });
    const port = await freePort();
    const url = `ws://127.0.0.1:${port}`;
    const auth = ['--ws-auth', 'capability-token', '--ws-token-file', tokenFile];
    const server = spawn(codexPath, ['app-server', '--listen', url, ...auth], {
      env: home.env,
      stdio: 'ignore',
    });
    try {
      const codex = await joined(() => Codex.connect(url, { token }));
      const { finalResponse } = await codex.startThread({ cwd: home.work }).run('hi');
      expect(finalResponse).toBe('over TCP');
      expect(await failure(Codex.connect(url))).toBeInstanceOf(TransportClosedError);
      expect(await failure(Codex.connect(url, { token: 'wrong' }))).toBeInstanceOf(
        TransportClosedError,
      );
      await codex.close();
    } finally {
      server.kill('SIGKILL');
      await model.close();
      await home.remove();
    }
  });
});

/** The client, once the server listens. */
async function joined(join_: () => Promise<Codex>): Promise<Codex> {
  for (const deadline = Date.now() + 20_000; ; await sleep(50)) {
    try {
      return await join_();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function frame(text: string): Buffer {
  const payload = Buffer.from(text);
  const head =
    payload.length < 126
      ? Buffer.from([0x81, payload.length])
      : Buffer.from([0x81, 126, payload.length >> 8, payload.length & 0xff]);
  return Buffer.concat([head, payload]);
}

/** The first whole frame of `bytes`, unmasked; undefined until it is there. */
function unframe(bytes: Buffer): { opcode: number; payload: string; length: number } | undefined {
  if (bytes.length < 6) return undefined;
  let length = (bytes[1] ?? 0) & 0x7f;
  let at = 2;
  if (length === 126) {
    length = bytes.readUInt16BE(2);
    at = 4;
  } else if (length === 127) {
    if (bytes.length < 14) return undefined;
    length = Number(bytes.readBigUInt64BE(2));
    at = 10;
  }
  if (bytes.length < at + 4 + length) return undefined;
  const mask = bytes.subarray(at, at + 4);
  const payload = Buffer.from(bytes.subarray(at + 4, at + 4 + length));
  for (let index = 0; index < payload.length; index += 1) {
    payload[index] = (payload[index] as number) ^ (mask[index % 4] as number);
  }
  return { opcode: (bytes[0] ?? 0) & 0xf, payload: payload.toString(), length: at + 4 + length };
}
