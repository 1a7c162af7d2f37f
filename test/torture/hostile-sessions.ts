import {
  Codex,
  linkedTransports,
  type Transport,
  TransportClosedError,
} from '../../src/app-server/index.ts';
import { isCodexRuntimeError } from '../../src/errors.ts';
import type { Figures } from './experiment.ts';
import { SeededRandom } from './seeded-random.ts';

export interface SessionOptions {
  readonly sessions: number;
  readonly random: SeededRandom;
}

/** After the server has left, nothing may take longer. */
const HANGS_MS = 5_000;

/**
 * Sessions with servers that send what no server should: every call and every stream must end, with
 * a result or a typed error, and nothing may be thrown beside them.
 */
export async function runHostileSessions({ sessions, random }: SessionOptions): Promise<Figures> {
  const outcomes = new Map<string, number>();
  const failures: string[] = [];
  let session = 0;
  const loose = (error: unknown) => failures.push(`session ${session}: beside the calls: ${error}`);
  process.on('unhandledRejection', loose);
  process.on('uncaughtException', loose);
  for (session = 0; session < sessions; session += 1) {
    const seed = random.below(2 ** 31);
    for (const outcome of await play(new SeededRandom(seed))) {
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      if (/^(untyped|hangs)/.test(outcome)) failures.push(`seed ${seed}: ${outcome}`);
    }
    // Rejections that nobody handles are told once the event loop turns.
    if (session % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', loose);
  process.off('uncaughtException', loose);
  const figures: Record<string, number> = { sessions };
  for (const [outcome, count] of [...outcomes].sort(([, a], [, b]) => b - a))
    figures[outcome] = count;
  figures['untyped'] = failures.length;
  return { figures, failures };
}

/** One session; how each of its calls ended. */
async function play(random: SeededRandom): Promise<string[]> {
  const [client, server] = linkedTransports();
  const hostile = new HostileServer(server, random);
  let codex: Codex;
  try {
    codex = await inTime(Codex.over(client, { startTimeoutMs: 1_000, ...callbacks(random) }));
  } catch (error) {
    return [classOf(error)];
  }
  codex.onNotification(() => undefined);
  const calls = [
    use(codex, random),
    codex.models().then(({ data }) => data),
    codex
      .startThread()
      .runStreamed('hi')
      .then(({ events }) => drain(events)),
  ];
  const outcomes = calls.map((call) => inTime(call).then(() => 'result', classOf));
  await new Promise((resolve) => setImmediate(resolve));
  await hostile.leave();
  await codex.close();
  return Promise.all(outcomes);
}

async function use(codex: Codex, random: SeededRandom): Promise<unknown> {
  const thread = await codex.startThread();
  if (random.below(4) === 0) await thread.compact();
  const turn = await thread.turn('hi');
  if (random.below(4) === 0) turn.interrupt().catch(() => undefined);
  return random.below(2) === 0 ? turn.run() : drain(turn.stream());
}

async function drain(events: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of events) count += 1;
  return count;
}

function callbacks(random: SeededRandom) {
  const values = ['accept', 'cancel', null, 7, { permissions: {} }, { n: 1n }] as never[];
  const answer = async () => {
    if (random.below(4) === 0) throw random.pick([new Error('no'), null, 'no', 1n]);
    return random.pick(values);
  };
  return { onApproval: answer, onServerRequest: answer, onCallbackError: () => undefined };
}

async function inTime<T>(promise: PromiseLike<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('hangs')), HANGS_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function classOf(error: unknown): string {
  if (isCodexRuntimeError(error)) return (error as Error).name;
  if (error instanceof Error && error.message === 'hangs') return 'hangs';
  return `untyped ${error instanceof Error ? error.stack?.split('\n').slice(0, 3).join(' ') : error}`;
}

/** What a value is replaced by. */
const ODD: readonly unknown[] = [
  null,
  0,
  -1,
  1e308,
  '',
  'text',
  [],
  [null],
  {},
  { type: null },
  true,
  '__proto__',
];
const LINES = [
  '',
  'null',
  '[]',
  '"x"',
  '{',
  '{}',
  '{"id":null}',
  '{"method":5}',
  '\u0000',
  '{"id":1}',
];

/** Speaks the protocol, but not always. */
class HostileServer {
  readonly #transport: Transport;
  readonly #random: SeededRandom;
  #turns = 0;

  constructor(transport: Transport, random: SeededRandom) {
    this.#transport = transport;
    this.#random = random;
    transport.start({
      onMessage: (text) => this.#answer(JSON.parse(text)),
      onClose: () => undefined,
    });
  }

  async leave(): Promise<void> {
    await this.#transport.close(new TransportClosedError('It left.'));
  }

  #answer({ id, method }: { id?: number; method?: string }): void {
    if (method === undefined || id === undefined) return;
    const odd = method === 'initialize' ? 40 : 6;
    for (const message of this.#script(id, method)) this.#send(message, odd);
  }

  #script(id: number, method: string): object[] {
    if (method === 'initialize') return [{ id, result: { userAgent: 'codex-runtime/1.2.3 (x)' } }];
    if (method === 'thread/start')
      return [{ id, result: { thread: { id: `T${id}`, status: { type: 'idle' } } } }];
    if (method === 'model/list') return [{ id, result: { data: [], nextCursor: null } }];
    if (method !== 'turn/start') return [{ id, result: {} }];
    this.#turns += 1;
    const turnId = `U${this.#turns}`;
    // Threads are numbered by their calls, of which the client makes few.
    return [1, 2, 3, 4].flatMap((number) => turnOf(`T${number}`, turnId, id));
  }

  #send(message: object, odd: number): void {
    const random = this.#random;
    const fate = random.below(odd * 10);
    if (fate === 0) return;
    if (fate === 1) this.#transport.send(random.pick(LINES));
    const text = fate < 10 ? JSON.stringify(this.#mutated(message)) : JSON.stringify(message);
    this.#transport.send(text ?? 'undefined');
    if (fate === 2) this.#transport.send(text ?? 'undefined');
  }

  /** The same message with one value replaced, anywhere in it. */
  #mutated(message: object): unknown {
    const places: [Record<string, unknown>, string][] = [];
    const copy = structuredClone(message);
    const walk = (value: unknown) => {
      if (typeof value !== 'object' || value === null) return;
      for (const key of Object.keys(value)) {
        places.push([value as Record<string, unknown>, key]);
        walk((value as Record<string, unknown>)[key]);
      }
    };
    walk(copy);
    const [holder, key] = this.#random.pick(places);
    if (this.#random.below(5) === 0) delete holder[key];
    else holder[key] = this.#random.pick(ODD);
    return copy;
  }
}

function turnOf(threadId: string, turnId: string, id: number): object[] {
  const names = { threadId, turnId };
  const turn = { id: turnId, items: [], status: 'inProgress', error: null };
  const items = [
    { type: 'agentMessage', id: 'a', text: 'hi', phase: null },
    { type: 'reasoning', id: 'r', summary: ['why'], content: [] },
    {
      type: 'commandExecution',
      id: 'c',
      command: 'ls',
      aggregatedOutput: null,
      exitCode: 0,
      status: 'completed',
    },
    {
      type: 'fileChange',
      id: 'f',
      changes: [{ path: '/a', kind: { type: 'add' } }],
      status: 'completed',
    },
    {
      type: 'mcpToolCall',
      id: 'm',
      server: 's',
      tool: 't',
      arguments: {},
      result: { content: [], structuredContent: null },
      error: null,
      status: 'completed',
    },
    { type: 'collabAgentToolCall', id: 'g', senderThreadId: threadId, receiverThreadIds: ['N'] },
    { type: 'webSearch', id: 'w', query: 'q' },
  ];
  const tokens = {
    totalTokens: 1,
    inputTokens: 1,
    cachedInputTokens: 0,
    outputTokens: 0,
    reasoningOutputTokens: 0,
  };
  return [
    { id, result: { turn } },
    {
      method: 'thread/status/changed',
      params: { threadId, status: { type: 'active', activeFlags: [] } },
    },
    { method: 'turn/started', params: { threadId, turn } },
    { id: 50, method: 'item/commandExecution/requestApproval', params: { ...names, itemId: 'c' } },
    {
      id: 51,
      method: 'item/permissions/requestApproval',
      params: { ...names, itemId: 'p', permissions: {} },
    },
    {
      id: 52,
      method: 'item/tool/call',
      params: { ...names, callId: 'd', tool: 't', arguments: {} },
    },
    {
      method: 'turn/plan/updated',
      params: { ...names, plan: [{ step: 's', status: 'completed' }] },
    },
    ...items.flatMap((item) => [
      { method: 'item/started', params: { ...names, item } },
      { method: 'item/completed', params: { ...names, item } },
    ]),
    { method: 'item/agentMessage/delta', params: { ...names, itemId: 'a', delta: 'hi' } },
    {
      method: 'error',
      params: { ...names, error: { message: 'm', codexErrorInfo: 'other' }, willRetry: false },
    },
    {
      method: 'thread/tokenUsage/updated',
      params: { ...names, tokenUsage: { total: tokens, last: tokens, modelContextWindow: 1 } },
    },
    { method: 'serverRequest/resolved', params: { threadId, requestId: 50 } },
    { method: 'thread/started', params: { thread: { id: 'N', parentThreadId: threadId } } },
    { method: 'thread/closed', params: { threadId: 'N' } },
    { method: 'turn/completed', params: { threadId, turn: { ...turn, status: 'completed' } } },
  ];
}
