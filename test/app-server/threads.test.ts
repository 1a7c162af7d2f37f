import { expect, it, vi } from 'vitest';
import { type ExecEvent, InvalidRequestError } from '../../src/app-server/index.ts';
import { promptOf } from '../support/model-server.ts';
import { describeReal, startRealCodex } from '../support/real-codex.ts';

const echo = (request: Parameters<typeof promptOf>[0]) =>
  ({ kind: 'text', text: `echo ${promptOf(request)}` }) as const;

describeReal('threads', (version) => {
  it('live, sleep, come back and branch', async () => {
    await using real = await startRealCodex(version, echo);
    const { codex } = real;
    const thread = await codex.startThread();
    await thread.run('first');
    await thread.setName('a name');
    // Codex 0.115.0 writes a thread's file after it has answered.
    const read = await vi.waitFor(
      async () => {
        const { thread: found } = await thread.read({ includeTurns: true });
        expect(found).toMatchObject({ id: thread.id, name: 'a name', preview: 'first' });
        return found;
      },
      { timeout: 10_000, interval: 50 },
    );
    expect(read.turns.length).toBe(1);
    const listed = async (archived: boolean) =>
      (await codex.listThreads({ archived, limit: 20 })).data.map(({ id }) => id);
    expect(await listed(false)).toEqual([thread.id]);

    await codex.archiveThread(thread.id);
    expect(await listed(false)).toEqual([]);
    expect(await listed(true)).toEqual([thread.id]);

    const back = await codex.unarchiveThread(thread.id);
    expect(back.id).toBe(thread.id);
    const resumed = await codex.resumeThread(thread.id);
    expect((await resumed.run('second')).finalResponse).toBe('echo second');
    expect(JSON.stringify(real.model.requests.at(-1))).toContain('echo first');

    const forked = await codex.forkThread(thread.id);
    expect(forked.id).not.toBe(thread.id);
    expect((await forked.run('third')).finalResponse).toBe('echo third');
    expect(JSON.stringify(real.model.requests.at(-1))).toContain('echo second');
    await resumed.compact();
  });

  it('that nobody knows are refused by name', async () => {
    await using real = await startRealCodex(version, echo);
    const nobody = '019a0000-0000-7000-8000-000000000000';
    const error: unknown = await real.codex.resumeThread(nobody).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidRequestError);
    expect(error).toMatchObject({
      code: 'APP_SERVER',
      rpcCode: -32600,
      fields: { method: 'thread/resume' },
    });
    expect((error as Error).message).toContain(nobody);
  });

  it('run without waiting for them, as users of the SDK write it', async () => {
    await using real = await startRealCodex(version, echo);
    const thread = real.codex.startThread();
    expect((await thread.run('hi')).finalResponse).toBe('echo hi');
    const events: ExecEvent[] = [];
    for await (const event of (await thread.runStreamed('ho')).events) events.push(event);
    expect(events.map(({ type }) => type)).toEqual([
      'thread.started',
      'turn.started',
      'item.started',
      'item.completed',
      'turn.completed',
    ]);
    expect(events[3]).toMatchObject({ item: { type: 'agent_message', text: 'echo ho' } });
    expect(events[4]).toMatchObject({ usage: { input_tokens: 10, output_tokens: 5 } });
  });

  it('interrupt a streamed turn whose loop is left', async () => {
    const slow = { kind: 'text', text: 'one two three four five six', delayMs: 300 } as const;
    await using real = await startRealCodex(version, () => slow);
    const ended = new Promise((resolve) => {
      real.codex.onNotification(({ method, params }) => {
        if (method === 'turn/completed') resolve(params.turn.status);
      });
    });
    const { events } = await real.codex.startThread().runStreamed('hi');
    for await (const event of events) if (event.type === 'item.started') break;
    expect(await ended).toBe('interrupted');
  });

  it('have models and an account beside them', async () => {
    const config = { model_providers: { mock: { requires_openai_auth: true } } };
    await using real = await startRealCodex(version, echo, { config });
    const { data } = await real.codex.models({ includeHidden: true });
    expect(data.length).toBeGreaterThan(3);
    expect(data[0]?.id).toEqual(expect.any(String));
    expect((await real.codex.account.read()).account).toBeNull();
    expect(await real.codex.account.login({ type: 'apiKey', apiKey: 'sk-nothing' })).toMatchObject({
      type: 'apiKey',
    });
    expect((await real.codex.account.read()).account).toMatchObject({ type: 'apiKey' });
    await real.codex.account.logout();
    expect((await real.codex.account.read()).account).toBeNull();
    await expect(real.codex.account.rateLimits()).rejects.toBeInstanceOf(InvalidRequestError);
    expect(await real.codex.account.cancelLogin('019a0000-0000-7000-8000-000000000000')).toEqual({
      status: 'notFound',
    });
  });
});
