import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  Codex,
  EventsLostError,
  MethodNotFoundError,
  type Notification,
  ProtocolError,
  ServerBusyError,
  TransportClosedError,
} from '../../src/app-server/index.ts';
import { fakeTransport, startFakeCodex } from '../support/fake-codex.ts';

const failure = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error) => error);
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('a child that misbehaves', () => {
  it.each(['garbage', 'array'])(
    'by writing %s ends the client with a typed error',
    async (mode) => {
      await using codex = await startFakeCodex(mode);
      const other = failure(codex.request('other'));
      const error = await failure(codex.request('any'));
      expect(error).toBeInstanceOf(ProtocolError);
      expect(error).toMatchObject({ code: 'APP_SERVER' });
      expect((error as Error).message).not.toContain('\u001b');
      expect(await other).toBe(error);
    },
  );

  it('by leaving in the middle of a line rejects what is pending', async () => {
    await using codex = await startFakeCodex('half');
    const error = await failure(codex.request('any'));
    expect(error).toBeInstanceOf(TransportClosedError);
    expect(error).toMatchObject({ fields: { exitCode: 0, signal: null } });
  });

  it('by dying tells its status and the end of its stderr', async () => {
    await using codex = await startFakeCodex('die');
    const running = failure(codex.startThread().run('hi', {}));
    const error = (await failure(codex.request('any'))) as TransportClosedError;
    expect(error).toBeInstanceOf(TransportClosedError);
    expect(error.fields).toMatchObject({ exitCode: 3, signal: null });
    const stderr = error.fields['stderr'] as string;
    expect(stderr.endsWith('fatal: out of cheese')).toBe(true);
    expect(stderr.length).toBeLessThanOrEqual(8 * 1024);
    expect(error.message).toContain('out of cheese');
    await running;
    await expect(codex.request('later')).rejects.toBe(error);
  });

  it('by being killed tells the signal', async () => {
    await using codex = await startFakeCodex('killed');
    const error = await failure(codex.request('any'));
    expect(error).toMatchObject({ fields: { exitCode: null, signal: 'SIGKILL' } });
  });

  it('by sending a line without end is ended at the cap', async () => {
    const transport = fakeTransport('endless', 300_000);
    await using codex = await Codex.over(transport);
    const error = await failure(codex.request('any'));
    expect(error).toBeInstanceOf(ProtocolError);
    expect(error).toMatchObject({ fields: { maxLineBytes: 300_000 } });
    expect(isAlive(transport.pid as number)).toBe(false);
  });

  it('by closing its output is ended', async () => {
    const transport = fakeTransport('mute');
    await using codex = await Codex.over(transport);
    expect(await failure(codex.request('any'))).toBeInstanceOf(TransportClosedError);
    expect(isAlive(transport.pid as number)).toBe(false);
  });

  it('by staying silent fails the start in time and is gone', async () => {
    const transport = fakeTransport('silent');
    const error = await failure(Codex.over(transport, { startTimeoutMs: 300 }));
    expect(error).toBeInstanceOf(TransportClosedError);
    expect(isAlive(transport.pid as number)).toBe(false);
  });

  it('by ignoring the end of its stdin and SIGTERM is killed', async () => {
    const transport = fakeTransport('deaf');
    const codex = await Codex.over(transport);
    const before = performance.now();
    await codex.close();
    expect(performance.now() - before).toBeLessThan(8_000);
    expect(isAlive(transport.pid as number)).toBe(false);
  });
});

describe('a child that is merely unusual', () => {
  it('may use 0 and texts as ids of its own requests', async () => {
    const answers: unknown[] = [];
    const asked: string[] = [];
    await using codex = await startFakeCodex('zero', {
      onApproval: async () => 'accept',
      onServerRequest: ({ method }) => {
        asked.push(method);
        if (method === 'item/tool/call') return { success: true };
        throw new Error('cannot');
      },
    });
    const all = new Promise<void>((resolve) => {
      codex.onNotification((notification) => {
        const { method, params } = notification as { method: string; params: unknown };
        if (method === 'test/answered' && answers.push(params) === 3) resolve();
      });
    });
    const never = failure(codex.request('any'));
    await all;
    expect(answers).toEqual(
      expect.arrayContaining([
        { id: 0, result: { decision: 'accept' } },
        { id: 'text', result: { success: true } },
        { id: 1, error: { code: -32603, message: 'cannot' } },
      ]),
    );
    expect(asked).toEqual(['item/tool/call', 'no/such/request']);
    await codex.close();
    expect(await never).toBeInstanceOf(TransportClosedError);
  });

  it('is told of requests that nobody answers here', async () => {
    await using codex = await startFakeCodex('zero');
    const answer = new Promise((resolve) => {
      codex.onNotification((notification) => {
        const { params } = notification as { params: { id?: unknown } };
        if (params?.id === 'text') resolve(params);
      });
    });
    failure(codex.request('any'));
    expect(await answer).toMatchObject({ error: { code: -32601 } });
  });

  it('has its unknown notifications and fields passed on', async () => {
    await using codex = await startFakeCodex('strange');
    const seen: Notification[] = [];
    codex.onNotification((notification) => seen.push(notification));
    expect(await codex.request('any')).toEqual({ ok: true, novelty: 2 });
    expect(seen).toEqual([
      { method: 'brand/new', params: { threadId: 'thread', novelty: [1] }, extra: true },
      { method: 'bare' },
    ]);
  });

  it('may be overloaded', async () => {
    await using codex = await startFakeCodex('busy');
    const error = await failure(codex.request('any'));
    expect(error).toBeInstanceOf(ServerBusyError);
    expect(error).toMatchObject({ rpcCode: -32001 });
    expect(error).not.toBeInstanceOf(MethodNotFoundError);
  });
});

describe('a flood of events', () => {
  /** Characters of one event of the fixture, newline excluded. */
  const SIZE = JSON.stringify({
    method: 'item/agentMessage/delta',
    params: { threadId: 'thread', turnId: 'turn', itemId: 'item', delta: 'word ' },
  }).length;
  /** Characters of unread events from which a reader is behind; the library's own. */
  const SOFT_LIMIT = 1024 * 1024;

  it('waits in the child while its only reader is slow, and none is lost', async () => {
    await using codex = await startFakeCodex('flood');
    const thread = await codex.startThread();
    let arrived = 0;
    codex.onNotification(() => {
      arrived += 1;
    });
    const count = 60_000;
    const turn = await thread.turn('hi', { count } as object);
    const stream = turn.stream();
    await stream.next();
    while (arrived * SIZE <= SOFT_LIMIT) await sleep(20);
    await sleep(100);
    const held = arrived;
    expect(held * SIZE).toBeLessThan(2 * SOFT_LIMIT);
    await sleep(300);
    expect(arrived).toBe(held);
    let read = 1;
    for await (const _ of stream) read += 1;
    expect(read).toBe(count + 1);
  });

  it('is let go beyond the limit when others need the connection, and its reader is told', async () => {
    await using codex = await startFakeCodex('flood', { maxUnread: 500_000 });
    const turn = await (await codex.startThread()).turn('hi', { count: 60_000 } as object);
    const stream = turn.stream();
    await stream.next();
    const completed = new Promise((resolve) => {
      codex.onNotification(({ method }) => method === 'turn/completed' && resolve(method));
    });
    // A call that waits keeps the reading going.
    await Promise.all([codex.request('ping'), sleep(100)]);
    let pinging = true;
    const pings = (async () => {
      while (pinging) await codex.request('ping');
    })();
    await completed;
    pinging = false;
    await pings;
    let read = 1;
    const error = await failure(
      (async () => {
        for await (const _ of stream) read += 1;
      })(),
    );
    expect(error).toBeInstanceOf(EventsLostError);
    expect(read * SIZE).toBeLessThan(600_000);
    expect(read).toBeGreaterThan(1_000);
  });
});

describe('an executable', () => {
  let dir: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'codex-executable-'));
  });

  afterAll(async () => {
    await rm(dir, { recursive: true, force: true });
  });

  it('that is missing, a directory or not executable is refused by name', async () => {
    const plain = join(dir, 'plain');
    await writeFile(plain, 'text');
    for (const codexPath of [join(dir, 'none'), dir, plain]) {
      const error = await failure(Codex.start({ codexPath }));
      expect(error).toBeInstanceOf(TransportClosedError);
      expect(error).toMatchObject({ fields: { executable: codexPath } });
    }
  });

  it('that is not Codex ends with a typed error', async () => {
    const noise = join(dir, 'noise');
    await writeFile(noise, '#!/bin/sh\necho welcome\ncat >/dev/null\n');
    await chmod(noise, 0o755);
    await expect(Codex.start({ codexPath: noise })).rejects.toBeInstanceOf(ProtocolError);
    const polite = join(dir, 'polite');
    await writeFile(
      polite,
      '#!/bin/sh\nread line\necho \'{"id":0,"result":{}}\'\ncat >/dev/null\n',
    );
    await chmod(polite, 0o755);
    await expect(Codex.start({ codexPath: polite })).rejects.toBeInstanceOf(ProtocolError);
    const broken = join(dir, 'broken');
    await writeFile(broken, 'no interpreter');
    await chmod(broken, 0o755);
    await expect(Codex.start({ codexPath: broken })).rejects.toBeInstanceOf(TransportClosedError);
  });

  it('cannot be started in a directory that is missing, or with what no process can have', async () => {
    const codexPath = process.execPath;
    const gone = join(dir, 'gone');
    const error = await failure(Codex.start({ codexPath, cwd: gone }));
    expect(error).toBeInstanceOf(TransportClosedError);
    expect(error).toMatchObject({ fields: { cwd: gone } });
    const env = { PATH: 'a\0b' };
    expect(await failure(Codex.start({ codexPath, env }))).toBeInstanceOf(TransportClosedError);
  });

  it('of another version than expected is refused', async () => {
    const error = await failure(startFakeCodex('flood', { expectedVersion: '1.2.4' }));
    expect(error).toMatchObject({
      code: 'VERSION_MISMATCH',
      fields: { expected: '1.2.4', actual: '1.2.3' },
    });
  });

  it('that nobody named and nobody installed is asked for', async () => {
    // The temporary directory will not do: other tests install above and below it.
    const cwd = fileURLToPath(new URL('../..', import.meta.url));
    const error = await failure(Codex.start({ cwd }));
    expect(error).toMatchObject({ code: 'APP_SERVER', fields: { cwd: resolve(cwd) } });
  });
});
