import { describe, expect, it } from 'vitest';
import {
  AbortedError,
  Codex,
  InvalidParamsError,
  TransportClosedError,
} from '../../src/app-server/index.ts';
import { failure, serve, type Wire } from '../support/memory-server.ts';

describe('a connection', () => {
  it('introduces itself and tells who answered', async () => {
    const seen: Wire[] = [];
    const { client } = serve((message) => seen.push(message));
    await using codex = await Codex.over(client);
    expect(codex.metadata).toMatchObject({ serverName: 'codex', serverVersion: '0.1.2-alpha.3' });
    await Promise.resolve();
    expect(seen).toEqual([{ method: 'initialized' }]);
  });

  it('gives each call its own answer, in whatever order they come', async () => {
    const waiting: Wire[] = [];
    const { client } = serve((message, send) => {
      if (message.id === undefined) return;
      waiting.push(message);
      if (waiting.length < 3) return;
      for (const { id, method } of waiting.reverse()) send({ id, result: method });
    });
    await using codex = await Codex.over(client);
    const calls = ['a', 'b', 'c'].map((method) => codex.request(method));
    expect(await Promise.all(calls)).toEqual(['a', 'b', 'c']);
  });

  it('gives an error answer its type and leaves the others alone', async () => {
    const { client } = serve(({ id, method }, send) => {
      if (method === 'bad') send({ id, error: { code: -32602, message: 'no' } });
      else if (id !== undefined) send({ id, result: 1 });
    });
    await using codex = await Codex.over(client);
    const bad = failure(codex.request('bad'));
    expect(await codex.request('good')).toBe(1);
    expect(await bad).toBeInstanceOf(InvalidParamsError);
  });

  it('lets an aborted call go and ignores its answer', async () => {
    let late: () => void = () => undefined;
    const { client } = serve(({ id, method }, send) => {
      if (method === 'slow') late = () => send({ id, result: 'late' });
      else if (id !== undefined) send({ id, result: method });
    });
    await using codex = await Codex.over(client);
    const controller = new AbortController();
    const slow = failure(codex.request('slow', {}, { signal: controller.signal }));
    await codex.request('first');
    controller.abort('enough');
    expect(await slow).toBeInstanceOf(AbortedError);
    late();
    expect(await codex.request('second')).toBe('second');
  });

  it('refuses parameters that JSON cannot hold and goes on', async () => {
    const { client } = serve(({ id }, send) => id !== undefined && send({ id, result: id }));
    await using codex = await Codex.over(client);
    await expect(codex.request('big', { n: 1n })).rejects.toMatchObject({ code: 'USAGE' });
    expect(await codex.request('next')).toBe(1);
  });

  it('rejects what is pending and everything later when the other side leaves', async () => {
    const { client, server } = serve(() => undefined);
    const codex = await Codex.over(client);
    const pending = failure(codex.request('never'));
    const thread = failure(codex.startThread().run('hi'));
    await server.close(new TransportClosedError('bye'));
    expect(await pending).toBeInstanceOf(TransportClosedError);
    expect(await thread).toBeInstanceOf(TransportClosedError);
    await expect(codex.request('later')).rejects.toBeInstanceOf(TransportClosedError);
    await codex.close();
  });

  it('keeps events that come in one breath with the answer that names their turn', async () => {
    const { client } = serve(({ id, method, params }, send) => {
      if (method === 'thread/start') send({ id, result: { thread: { id: 'T' } } });
      if (method !== 'turn/start') return;
      const threadId = params?.['threadId'];
      const delta = (turnId: string, text: string) =>
        send({ method: 'item/agentMessage/delta', params: { threadId, turnId, delta: text } });
      delta('other', 'not mine');
      delta('mine', 'early ');
      send({ id, result: { turn: { id: 'mine' } } });
      delta('mine', 'at once');
      delta('other', 'not mine');
      send({ method: 'thread/status/changed', params: { threadId, status: { type: 'idle' } } });
      const turn = { id: 'mine', items: [], status: 'completed', error: null };
      send({ method: 'turn/completed', params: { threadId, turn } });
    });
    await using codex = await Codex.over(client);
    const turn = await (await codex.startThread()).turn('hi');
    let text = '';
    const methods: string[] = [];
    for await (const { method, params } of turn.stream()) {
      methods.push(method);
      if (method === 'item/agentMessage/delta') text += params.delta;
    }
    expect(text).toBe('early at once');
    expect(methods.slice(-2)).toEqual(['thread/status/changed', 'turn/completed']);
  });

  it('fails a turn whose start is answered without a turn', async () => {
    const { client } = serve(({ id, method }, send) => {
      if (method === 'thread/start') send({ id, result: { thread: { id: 'T' } } });
      else if (method === 'turn/start') send({ id, result: {} });
    });
    await using codex = await Codex.over(client);
    const thread = await codex.startThread();
    expect(await failure(thread.run('hi'))).toBeInstanceOf(TransportClosedError);
  });

  it('ends a pending approval with its turn, which needs no interruption any more', async () => {
    const sent: string[] = [];
    const { client } = serve(({ id, method }, send) => {
      sent.push(method ?? 'answer');
      if (method === 'thread/start') send({ id, result: { thread: { id: 'T' } } });
      if (method !== 'turn/start') return;
      const params = { threadId: 'T', turnId: 'U', itemId: 'I' };
      send({ id, result: { turn: { id: 'U' } } });
      send({ id: 7, method: 'item/fileChange/requestApproval', params });
      const turn = { id: 'U', items: [], status: 'interrupted', error: null };
      send({ method: 'turn/completed', params: { threadId: 'T', turn } });
    });
    let signal: AbortSignal | undefined;
    await using codex = await Codex.over(client, {
      onApproval: (request) => {
        signal = request.signal;
        return new Promise((resolve) => {
          request.signal.addEventListener('abort', () => resolve('decline'));
        });
      },
    });
    const turn = await (await codex.startThread()).turn('hi');
    expect((await turn.run()).status).toBe('interrupted');
    await turn.interrupt();
    expect(signal?.aborted).toBe(true);
    expect(sent).not.toContain('turn/interrupt');
  });
});
