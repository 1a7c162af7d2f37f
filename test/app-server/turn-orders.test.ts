import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Codex, TurnLostError } from '../../src/app-server/index.ts';
import { failure, type Send, serve, settles, type Wire } from '../support/memory-server.ts';

const T = 'T';
const turnOf = (id: string, status = 'inProgress') => ({ id, items: [], status, error: null });
const said = (id: string, text: string) => ({
  method: 'item/completed',
  params: { threadId: T, turnId: id, item: { id: 'm', type: 'agentMessage', text, phase: null } },
});
const status = (type: string) => ({
  method: 'thread/status/changed',
  params: { threadId: T, status: { type, activeFlags: [] } },
});
const started = (id: string, threadId = T) => ({
  method: 'turn/started',
  params: { threadId, turn: turnOf(id) },
});
const completed = (id: string, how = 'completed', threadId = T) => ({
  method: 'turn/completed',
  params: { threadId, turn: turnOf(id, how) },
});

/** What a server sends of one turn; A is the answer to `turn/start`. */
const STEPS: Record<string, (id: string, request: Wire) => object> = {
  A: (id, request) => ({ id: request.id, result: { turn: turnOf(id) } }),
  S: (id) => started(id),
  E: (id) => said(id, `of ${id}`),
  I: () => status('idle'),
  C: (id) => completed(id),
};

/** A client of a server whose turns follow `script`, called with the number of the turn. */
async function clientOf(
  script: (count: number, request: Wire, send: Send) => void | Promise<void>,
  others?: (message: Wire, send: Send) => void,
) {
  let count = 0;
  const { client, send } = serve((message, reply) => {
    if (message.method === 'thread/start') reply({ id: message.id, result: { thread: { id: T } } });
    else if (message.method === 'turn/start') {
      count += 1;
      void script(count, message, reply);
    } else others?.(message, reply);
  });
  const codex = await Codex.over(client);
  return { codex, thread: await codex.startThread(), send, turns: () => count };
}

function permutations(items: string): string[] {
  if (items.length < 2) return [items];
  return [...items].flatMap((first, index) =>
    permutations(items.slice(0, index) + items.slice(index + 1)).map((rest) => first + rest),
  );
}

describe('the messages of one turn', () => {
  // The answer, the beginning, an event, the thread's rest, the end: the server's own order is
  // A S E I C or S A E I C; an event after the end is lost in every client.
  it.each(permutations('ASEIC').filter((order) => order.indexOf('E') < order.indexOf('C')))(
    'may come as %s: the turn has its result, and the next turn of the thread runs',
    async (order) => {
      const { codex, thread } = await clientOf(async (count, request, send) => {
        for (const step of order) {
          send((STEPS[step] as (typeof STEPS)[string])(`turn-${count}`, request));
          await sleep(1);
        }
      });
      const results = Promise.all([thread.run('one'), thread.run('two')]);
      expect(await settles(results, 1_500)).toBe(true);
      expect((await results).map(({ finalResponse }) => finalResponse)).toEqual([
        'of turn-1',
        'of turn-2',
      ]);
      await codex.close();
    },
  );

  it.each(['ASEI', 'SAEI', 'ASE closed', 'SEI', 'SEC'])(
    'may end without an end, as %s: the turn fails by name, and the thread is free',
    async (order) => {
      const { codex, thread } = await clientOf((count, request, send) => {
        const steps = count > 1 ? 'ASEC' : order.slice(0, 4).trim();
        for (const step of steps) {
          send((STEPS[step] as (typeof STEPS)[string])(`turn-${count}`, request));
        }
        if (count === 1 && order.endsWith('C')) send(status('idle'));
        if (count === 1 && order.endsWith('closed')) {
          send({ method: 'thread/closed', params: { threadId: T } });
        }
      });
      const first = failure(thread.run('one'));
      const second = thread.run('two');
      expect(await settles(second, 4_000)).toBe(true);
      expect((await second).finalResponse).toBe('of turn-2');
      const error = await first;
      expect(error).toBeInstanceOf(TurnLostError);
      expect(error).toMatchObject({ code: 'APP_SERVER', fields: { threadId: T } });
      await codex.close();
    },
  );

  it('may pause for longer than a turn that has ended would: activity comes first', async () => {
    const { codex, thread } = await clientOf(async (_, request, send) => {
      send({ id: request.id, result: { turn: turnOf('U') } });
      send(status('active'));
      send(started('U'));
      send(status('idle'));
      await sleep(1_000);
      send(status('active'));
      await sleep(2_500);
      send(said('U', 'late'));
      send(completed('U'));
    });
    expect((await thread.run('one')).finalResponse).toBe('late');
    await codex.close();
  });

  it('of a refused turn leave the thread free', async () => {
    const { codex, thread } = await clientOf((count, request, send) => {
      if (count > 1) for (const step of 'ASEC') send(STEPS[step]?.('two', request) as object);
      else {
        send(started('one'));
        send({ id: request.id, error: { code: -32600, message: 'no' } });
        send(completed('one', 'failed'));
      }
    });
    expect(await failure(thread.run('one'))).toMatchObject({ rpcCode: -32600 });
    expect((await thread.run('two')).finalResponse).toBe('of two');
    await codex.close();
  });
});

describe('a turn that another began', () => {
  it('is waited for: a compaction, from its request to its end', async () => {
    const order: string[] = [];
    let end: () => void = () => undefined;
    const { codex, thread, send } = await clientOf(
      (_, request, reply) => {
        order.push('turn/start');
        for (const step of 'ASEC') reply(STEPS[step]?.('mine', request) as object);
      },
      ({ id, method }, reply) => {
        order.push(String(method));
        if (method !== 'thread/compact/start') return;
        reply({ id, result: {} });
        end = () => {
          order.push('compacted');
          reply(completed('compaction'));
        };
      },
    );
    await thread.compact();
    const running = thread.run('after');
    await sleep(20);
    send(started('compaction'));
    await sleep(20);
    expect(order).not.toContain('turn/start');
    end();
    expect((await running).finalResponse).toBe('of mine');
    expect(order.filter((step) => step !== 'initialized')).toEqual([
      'thread/compact/start',
      'compacted',
      'turn/start',
    ]);
    await codex.close();
  });

  it('is no obstacle when it was refused, or never began', async () => {
    let compactions = 0;
    const { codex, thread } = await clientOf(
      (count, request, send) => {
        for (const step of 'ASEC') send(STEPS[step]?.(`turn-${count}`, request) as object);
      },
      ({ id, method }, reply) => {
        if (method !== 'thread/compact/start') return;
        compactions += 1;
        if (compactions === 1) reply({ id, error: { code: -32600, message: 'no' } });
        else reply({ id, result: {} });
      },
    );
    expect(await failure(thread.compact())).toMatchObject({ rpcCode: -32600 });
    expect((await thread.run('one')).finalResponse).toBe('of turn-1');
    await thread.compact();
    expect((await thread.run('two')).finalResponse).toBe('of turn-2');
    await codex.close();
  });

  it('is waited for when another client of the server began it', async () => {
    const { codex, thread, send, turns } = await clientOf((_, request, reply) => {
      for (const step of 'ASEC') reply(STEPS[step]?.('mine', request) as object);
    });
    send(started('theirs'));
    await sleep(5);
    const running = thread.run('hi');
    await sleep(20);
    expect(turns()).toBe(0);
    send(completed('theirs'));
    expect((await running).finalResponse).toBe('of mine');
    await codex.close();
  });

  it('is waited for on a thread that was resumed while it ran', async () => {
    const { codex, send, turns } = await clientOf(
      (_, request, reply) => {
        for (const step of 'ASEC') reply(STEPS[step]?.('mine', request) as object);
      },
      ({ id, method }, reply) => {
        if (method !== 'thread/resume') return;
        const thread = { id: 'R', status: { type: 'active', activeFlags: [] } };
        reply({ id, result: { thread: { ...thread, id: T, turns: [turnOf('old')] } } });
      },
    );
    const resumed = await codex.resumeThread(T);
    const running = resumed.run('hi');
    await sleep(20);
    expect(turns()).toBe(0);
    send(completed('old'));
    expect((await running).finalResponse).toBe('of mine');
    await codex.close();
  });
});
