import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { WebSocket } from 'ws';
import {
  AbortedError,
  AnswerLostError,
  AppServerError,
  Codex,
  type ConnectionEvent,
  type ConnectOptions,
  TransportClosedError,
} from '../../src/app-server/index.ts';
import { makeCodexHome } from '../support/codex-home.ts';
import { startCuttingProxy } from '../support/cutting-proxy.ts';
import { listen } from '../support/listener.ts';
import { failure, settles, type Wire } from '../support/memory-server.ts';
import { startModelServer } from '../support/model-server.ts';
import { listenReal, realExecutable } from '../support/real-codex.ts';

const posix = process.platform !== 'win32';
const FAST = { initialDelayMs: 20, maxDelayMs: 20, maxAttempts: 1_000 };

/** What a turn comes to when the connection is cut at a message, which is lost. */
const EXPECTED: Record<string, 'not begun' | 'completed'> = {
  // Without it nothing begins: the caller is told, and may say it again.
  'client turn/start': 'not begun',
};

describe.runIf(posix).each(['0.156.0', '0.171.0'])('a cut connection to Codex %s', (version) => {
  beforeAll(() => realExecutable(version));

  it('is joined again, at whatever message of a turn it is cut', async () => {
    const model = await startModelServer(({ input }) =>
      input.at(-1)?.type === 'function_call_output'
        ? { kind: 'text', text: 'all is done' }
        : { kind: 'tool', name: 'exec_command', arguments: command },
    );
    const home = await makeCodexHome(model.url);
    const mark = join(home.work, 'mark');
    const command = {
      cmd: `echo ran >> ${mark}`,
      sandbox_permissions: 'require_escalated',
      justification: 'May I?',
    };
    const listener = await listenReal(await realExecutable(version), home);
    const proxy = await startCuttingProxy(join(home.dir, 'proxy.sock'), listener.path);
    onTestFinished(async () => {
      await proxy.close();
      await listener.end();
      await model.close();
      await home.remove();
    });
    const events: ConnectionEvent[] = [];
    let asked = 0;
    await using codex = await Codex.connect(proxy.path, {
      rejoin: FAST,
      onConnection: (event) => events.push(event),
      onApproval: async () => {
        asked += 1;
        return 'accept';
      },
    });
    const thread = await codex.startThread({ cwd: home.work });
    await thread.run('first');
    const table: string[] = [];
    for (let number = 1; ; number += 1) {
      await writeFile(mark, '');
      events.length = 0;
      asked = 0;
      proxy.cutAt(number);
      const signal = AbortSignal.timeout(30_000);
      const result = await thread
        .run(`cut at ${number}`, { signal })
        .catch((error: unknown) => error);
      if (proxy.cut === undefined) break;
      const at = `${proxy.cut.from} ${proxy.cut.what}`;
      table.push(at);
      await expect.poll(() => events.at(-1)?.kind, { timeout: 10_000 }).toBe('rejoined');
      const told = events.at(-1) as Extract<ConnectionEvent, { kind: 'rejoined' }>;
      expect([at, told.threads[0]?.outcome]).toEqual([at, 'resumed']);
      if (EXPECTED[at] === 'not begun') {
        expect([at, result]).toEqual([at, expect.any(AnswerLostError)]);
        expect(await readFile(mark, 'utf8')).toBe('');
        continue;
      }
      expect([at, result]).toMatchObject([
        at,
        { status: 'completed', finalResponse: 'all is done' },
      ]);
      const { items } = result as { items: { type: string }[] };
      expect([at, items.map(({ type }) => type)]).toEqual([
        at,
        ['userMessage', 'commandExecution', 'agentMessage'],
      ]);
      // However often it was asked about, it ran once.
      expect([at, await readFile(mark, 'utf8')]).toEqual([at, 'ran\n']);
      expect(asked).toBeGreaterThan(0);
    }
    expect(table).toContain('client answer to item/commandExecution/requestApproval');
    expect(table).toContain('server item/commandExecution/requestApproval');
    expect(table).toContain('server turn/completed');
    expect(table.length).toBeGreaterThan(12);
    proxy.cutAt(undefined);
    expect((await thread.run('and goes on')).finalResponse).toBe('all is done');
  });
});

describe.runIf(posix)('a connection that is cut', () => {
  /** A server whose sockets a test cuts; `answer` gets what is no introduction. */
  async function scripted(
    answer: (message: Wire, send: (message: object) => void, socket: WebSocket) => void,
    version: () => string = () => '1.2.3',
  ) {
    return listen((socket) => {
      const send = (message: object) => socket.send(JSON.stringify(message));
      socket.on('message', (data) => {
        const message = JSON.parse(data.toString()) as Wire;
        if (message.method === 'initialize') {
          send({ id: message.id, result: { userAgent: `codex-runtime/${version()} (x)` } });
        } else answer(message, send, socket);
      });
    });
  }

  async function join_(path: string, options: ConnectOptions = {}) {
    const events: ConnectionEvent[] = [];
    const codex = await Codex.connect(path, {
      rejoin: FAST,
      ...options,
      onConnection: (event) => events.push(event),
    });
    onTestFinished(() => codex.close());
    return { codex, events, kinds: () => events.map(({ kind }) => kind) };
  }

  it('has reads asked again, other calls fail by name, and new calls wait', async () => {
    let cuts = 0;
    const server = await scripted(({ id, method }, send, socket) => {
      if (method === 'model/list' && cuts === 0) return;
      if (method === 'thread/start' && cuts === 0) {
        cuts += 1;
        socket.terminate();
      } else if (method === 'model/list') send({ id, result: { data: [] } });
    });
    const { codex, kinds } = await join_(server.path);
    const reading = codex.models();
    const error = await failure(codex.startThread());
    expect(error).toBeInstanceOf(AnswerLostError);
    expect(error).toMatchObject({ fields: { method: 'thread/start' } });
    const later = codex.models();
    expect(await reading).toEqual({ data: [] });
    expect(await later).toEqual({ data: [] });
    expect(kinds()).toEqual(['cut', 'attempt', 'rejoined']);
  });

  it('is given up after so many attempts, and everything fails', async () => {
    const server = await scripted((_message, _send, socket) => socket.terminate());
    const { codex, events } = await join_(server.path, {
      rejoin: { maxAttempts: 3, initialDelayMs: 10 },
    });
    server.server.close();
    const reading = codex.models();
    const error = await failure(reading);
    expect(error).toBeInstanceOf(TransportClosedError);
    expect(error).toMatchObject({ fields: { attempts: 3 } });
    expect(events.map(({ kind }) => kind)).toEqual([
      'cut',
      'attempt',
      'attempt',
      'attempt',
      'gaveUp',
    ]);
    expect(events.map((event) => (event.kind === 'attempt' ? event.delayMs : 0))).toEqual([
      0, 10, 20, 40, 0,
    ]);
    expect(await failure(codex.models())).toBe(error);
  });

  it('is not joined for ever by a server that always cuts', async () => {
    const server = await scripted(({ method }, _send, socket) => {
      if (method === 'initialized' || method === 'model/list') socket.terminate();
    });
    const { codex } = await join_(server.path, { rejoin: { maxAttempts: 4, initialDelayMs: 5 } });
    expect(await failure(codex.models())).toBeInstanceOf(TransportClosedError);
  });

  it('is left by a signal, by close, and by an abort of the call that waits', async () => {
    const server = await scripted((_message, _send, socket) => socket.terminate());
    const controller = new AbortController();
    const slow = { initialDelayMs: 60_000, maxDelayMs: 60_000 };
    const first = await join_(server.path, { rejoin: { ...slow, signal: controller.signal } });
    const waiting = failure(first.codex.models());
    await expect.poll(() => first.kinds()).toContain('attempt');
    const own = failure(first.codex.models({ signal: AbortSignal.timeout(20) }));
    expect(await own).toBeInstanceOf(AbortedError);
    controller.abort();
    expect(await waiting).toBeInstanceOf(TransportClosedError);
    expect(first.kinds()).toEqual(['cut', 'attempt', 'gaveUp']);

    const second = await join_(server.path, { rejoin: slow });
    const left = failure(second.codex.models());
    await expect.poll(() => second.kinds()).toContain('attempt');
    await second.codex.close();
    expect(await left).toBeInstanceOf(TransportClosedError);
  });

  it('is not joined where that is not wanted', async () => {
    const server = await scripted((_message, _send, socket) => socket.terminate());
    const { codex, kinds } = await join_(server.path, { rejoin: false });
    expect(await failure(codex.models())).toBeInstanceOf(TransportClosedError);
    expect(kinds()).toEqual([]);
  });

  it('is given up when another version answers than the one that is expected', async () => {
    let version = '1.2.3';
    const server = await scripted(
      (_message, _send, socket) => {
        version = '1.2.4';
        socket.terminate();
      },
      () => version,
    );
    const { codex, kinds } = await join_(server.path, { expectedVersion: '1.2.3' });
    const error = (await failure(codex.models())) as Error;
    expect(error.cause).toMatchObject({ code: 'VERSION_MISMATCH' });
    expect(kinds()).toEqual(['cut', 'attempt', 'gaveUp']);
  });

  it('leaves a thread that the server does not have as lost, by name', async () => {
    const server = await scripted(({ id, method }, send, socket) => {
      if (method === 'thread/start') send({ id, result: { thread: { id: 't', turns: [] } } });
      else if (method === 'thread/resume') {
        send({ id, error: { code: -32600, message: 'no rollout found for thread id t' } });
      } else if (method === 'model/list') socket.terminate();
    });
    const { codex, events } = await join_(server.path);
    const thread = await codex.startThread();
    codex.models({ signal: AbortSignal.timeout(500) }).catch(() => undefined);
    await expect.poll(() => events.at(-1)?.kind).toBe('rejoined');
    expect(events.at(-1)).toMatchObject({ threads: [{ threadId: 't', outcome: 'lost' }] });
    const error = await failure(thread.run('hi'));
    expect(error).toBeInstanceOf(AppServerError);
    expect(error).toMatchObject({ fields: { threadId: 't' } });
  });

  it('gives the turn what ended meanwhile, with its usage, and says so', async () => {
    const turn = (status: string) => ({ id: 'u', status, error: null });
    const items = [
      { type: 'userMessage', id: 'item-1', content: [] },
      { type: 'agentMessage', id: 'm', text: 'meanwhile' },
    ];
    const scope = { threadId: 't', turnId: 'u' };
    const server = await scripted(({ id, method }, send, socket) => {
      if (method === 'thread/start') send({ id, result: { thread: { id: 't', turns: [] } } });
      if (method === 'turn/start') {
        send({ id, result: { turn: turn('inProgress') } });
        send({ method: 'turn/started', params: { threadId: 't', turn: turn('inProgress') } });
        const item = { ...items[0], id: 'its own' };
        send({ method: 'item/completed', params: { ...scope, item } });
        setTimeout(() => socket.terminate(), 20);
      }
      if (method === 'thread/resume') {
        const turns = [{ ...turn('completed'), items }];
        send({ id, result: { thread: { id: 't', status: { type: 'idle' }, turns } } });
        const tokenUsage = { last: { totalTokens: 7 }, total: { totalTokens: 7 } };
        send({ method: 'thread/tokenUsage/updated', params: { ...scope, tokenUsage } });
      }
    });
    const { codex, events } = await join_(server.path);
    const result = await (await codex.startThread()).run('hi');
    expect(result).toMatchObject({
      status: 'completed',
      finalResponse: 'meanwhile',
      usage: { last: { totalTokens: 7 } },
      cuts: 1,
    });
    // The user's message was told before: while a turn runs its id is another one.
    expect(result.items.map(({ id }) => id)).toEqual(['its own', 'm']);
    await sleep(0);
    expect(events.at(-1)).toMatchObject({
      threads: [{ turns: [{ turnId: 'u', outcome: 'ended', restoredItems: ['m'] }] }],
    });
  });

  it('begins a turn that was wanted during the cut when it is over', async () => {
    let asked = 0;
    let cuts = 0;
    const server = await scripted(({ id, method }, send, socket) => {
      if (method === 'thread/start') send({ id, result: { thread: { id: 't', turns: [] } } });
      if (method === 'thread/resume') {
        const past = { id: 'past', status: 'completed', error: null, items: [] };
        send({ id, result: { thread: { id: 't', status: { type: 'idle' }, turns: [past] } } });
      }
      if (method === 'model/list' && cuts === 0) {
        cuts += 1;
        socket.terminate();
      }
      if (method === 'turn/start') {
        asked += 1;
        const turn = { id: 'u', status: 'completed', error: null, items: [] };
        send({ id, result: { turn: { ...turn, status: 'inProgress' } } });
        send({ method: 'turn/completed', params: { threadId: 't', turn } });
      }
    });
    const { codex, kinds } = await join_(server.path);
    const thread = await codex.startThread();
    codex.models({ signal: AbortSignal.timeout(500) }).catch(() => undefined);
    await expect.poll(kinds).toContain('attempt');
    expect(await thread.run('hi')).toMatchObject({ turnId: 'u', status: 'completed', cuts: 0 });
    expect(asked).toBe(1);
  });

  it('aborts the signal of an open approval, asks it again, and drops the late answer', async () => {
    const answers: unknown[] = [];
    const params = { threadId: 't', turnId: 'u', itemId: 'i' };
    const method_ = 'item/fileChange/requestApproval';
    let first = true;
    const running = { id: 'u', status: 'inProgress', error: null, items: [] };
    const server = await scripted(({ id, method, result }, send, socket) => {
      if (method === 'thread/start') send({ id, result: { thread: { id: 't', turns: [] } } });
      if (method === 'turn/start') {
        send({ id, result: { turn: running } });
        send({ method: 'turn/started', params: { threadId: 't', turn: running } });
        send({ id: 0, method: method_, params });
        setTimeout(() => socket.terminate(), 20);
      }
      if (method === 'thread/resume') {
        const thread = { id: 't', status: { type: 'active' }, turns: [running] };
        send({ id, result: { thread } });
        send({ id: 0, method: method_, params });
      }
      if (method === undefined) {
        answers.push(result);
        const turn = { ...running, status: 'completed' };
        send({ method: 'turn/completed', params: { threadId: 't', turn } });
      }
    });
    const aborted: boolean[] = [];
    const { codex } = await join_(server.path, {
      onApproval: async ({ signal }) => {
        const mine = first;
        first = false;
        if (mine)
          await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        if (mine) await sleep(60);
        aborted.push(signal.aborted);
        return mine ? 'decline' : 'accept';
      },
    });
    const run = (await codex.startThread()).run('hi');
    expect((await run).status).toBe('completed');
    expect(await settles(run, 10)).toBe(true);
    await sleep(80);
    expect(answers).toEqual([{ decision: 'accept' }]);
    expect(aborted.sort()).toEqual([false, true]);
  });
});
