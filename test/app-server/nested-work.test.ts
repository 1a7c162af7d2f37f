import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Codex } from '../../src/app-server/index.ts';
import { serve, type Wire } from '../support/memory-server.ts';

const turnOf = (id: string, more = {}) => ({
  id,
  items: [],
  status: 'inProgress',
  error: null,
  ...more,
});
const call = (threadId: string, turnId: string, agents: string[]) => ({
  method: 'item/completed',
  params: {
    threadId,
    turnId,
    item: {
      id: `spawn-${agents.join()}`,
      type: 'collabAgentToolCall',
      senderThreadId: threadId,
      receiverThreadIds: agents,
    },
  },
});
const started = (threadId: string, id: string, more = {}) => ({
  method: 'turn/started',
  params: { threadId, turn: turnOf(id, more) },
});
const completed = (threadId: string, id: string, status = 'completed') => ({
  method: 'turn/completed',
  params: { threadId, turn: turnOf(id, { status }) },
});

async function clientOf() {
  const got: Wire[] = [];
  const { client, send } = serve((message, reply) => {
    got.push(message);
    const { id, method } = message;
    if (method === 'thread/start') reply({ id, result: { thread: { id: 'T' } } });
    else if (method === 'turn/start') {
      reply({ id, result: { turn: turnOf('U') } });
      reply(started('T', 'U', { rootTurnId: 'U' }));
    } else if (method === 'turn/interrupt') reply({ id, result: {} });
  });
  const asked: string[] = [];
  const signals: AbortSignal[] = [];
  const by = (who: string) => async (request: { threadId: string; signal: AbortSignal }) => {
    asked.push(`${who}:${request.threadId}`);
    signals.push(request.signal);
    await new Promise((resolve) => {
      request.signal.addEventListener('abort', resolve);
      setTimeout(resolve, 30);
    });
    return 'accept' as const;
  };
  const codex = await Codex.over(client, { onApproval: by('client') });
  const thread = await codex.startThread();
  const turn = await thread.turn('hi', { onApproval: by('turn') });
  let ids = 100;
  const ask = (threadId: string, turnId: string) => {
    ids += 1;
    send({
      id: ids,
      method: 'item/commandExecution/requestApproval',
      params: { threadId, turnId, itemId: `I${ids}` },
    });
  };
  await sleep(2);
  return { codex, turn, send, ask, asked, signals, got };
}

describe('the work that a turn sets going', () => {
  it.each<[string, (send: (message: object) => void) => void]>([
    ['the item that starts an agent', (send) => send(call('T', 'U', ['A']))],
    ["the agent's own turn", (send) => send(started('A', 'X', { rootTurnId: 'U' }))],
    [
      "the agent's thread",
      (send) =>
        send({ method: 'thread/started', params: { thread: { id: 'A', parentThreadId: 'T' } } }),
    ],
    [
      'the activity of an agent',
      (send) =>
        send({
          method: 'item/started',
          params: {
            threadId: 'T',
            turnId: 'U',
            item: { id: 'i', type: 'subAgentActivity', agentThreadId: 'A' },
          },
        }),
    ],
  ])('is known by %s, and its approvals go to the turn', async (_, tell) => {
    const { codex, send, ask, asked } = await clientOf();
    tell(send);
    ask('A', 'X');
    await sleep(50);
    expect(asked).toEqual(['turn:A']);
    await codex.close();
  });

  it('includes children of children, after the turn and its agent are over', async () => {
    const { codex, send, ask, asked } = await clientOf();
    send(call('T', 'U', ['A']));
    send(started('A', 'X'));
    send(call('A', 'X', ['B']));
    send(started('B', 'Y'));
    send(completed('A', 'X'));
    send(completed('T', 'U'));
    ask('B', 'Y');
    await sleep(50);
    expect(asked).toEqual(['turn:B']);
    await codex.close();
  });

  it('is not the work of others', async () => {
    const { codex, send, ask, asked } = await clientOf();
    send(started('Z', 'W', { rootTurnId: 'W' }));
    ask('Z', 'W');
    await sleep(50);
    expect(asked).toEqual(['client:Z']);
    await codex.close();
  });

  it('is interrupted with the turn, and its approvals need no answer any more', async () => {
    const { codex, turn, send, ask, signals, got } = await clientOf();
    send(call('T', 'U', ['A']));
    send(started('A', 'X'));
    ask('A', 'X');
    await sleep(5);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    await turn.interrupt();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    const interrupted = got.filter(({ method }) => method === 'turn/interrupt');
    expect(interrupted.map(({ params }) => params)).toEqual(
      expect.arrayContaining([
        { threadId: 'A', turnId: 'X' },
        { threadId: 'T', turnId: 'U' },
      ]),
    );
    await codex.close();
  });
});

describe("a request's signal", () => {
  it.each(['item/tool/call', 'item/commandExecution/requestApproval'])(
    'aborts when the item of %s is over, long before the turn',
    async (method) => {
      const { client, send } = serve(() => undefined);
      let signal: AbortSignal | undefined;
      const wait = (request: { signal: AbortSignal }) => {
        signal = request.signal;
        return new Promise<never>(() => undefined);
      };
      await using _codex = await Codex.over(client, { onApproval: wait, onServerRequest: wait });
      send({ id: 1, method, params: { threadId: 'T', turnId: 'U', callId: 'I', itemId: 'I' } });
      await sleep(2);
      expect(signal?.aborted).toBe(false);
      send({
        method: 'item/completed',
        params: { threadId: 'T', turnId: 'U', item: { id: 'I', type: 'dynamicToolCall' } },
      });
      await sleep(2);
      expect(signal?.aborted).toBe(true);
    },
  );

  it('and the decision to cancel permissions end the turn', async () => {
    const got: Wire[] = [];
    const { client, send } = serve((message) => got.push(message));
    await using _codex = await Codex.over(client, { onApproval: async () => 'cancel' });
    send({
      id: 1,
      method: 'item/permissions/requestApproval',
      params: { threadId: 'T', turnId: 'U', itemId: 'I', permissions: { network: {} } },
    });
    await sleep(10);
    expect(got).toContainEqual(
      expect.objectContaining({ method: 'turn/interrupt', params: { threadId: 'T', turnId: 'U' } }),
    );
    expect(got).toContainEqual({ id: 1, result: { permissions: {}, scope: 'turn' } });
  });
});
