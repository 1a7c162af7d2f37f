import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import {
  AppServerError,
  type Notification,
  RetryLimitExceededError,
  retryOnOverload,
  ServerBusyError,
  TurnFailedError,
} from '../../src/app-server/index.ts';
import { promptOf } from '../support/model-server.ts';
import { describeReal, startRealCodex } from '../support/real-codex.ts';

const slowly = { kind: 'text', text: 'one two three four five six', delayMs: 200 } as const;

/** One meaning, two names. */
function slowDown(version: string): string {
  return version >= '0.156.0' ? 'rateLimitExceeded' : 'serverOverloaded';
}

describeReal('a turn', (version) => {
  it('runs to its final response', async () => {
    await using real = await startRealCodex(version, (request) => ({
      kind: 'text',
      text: `You said ${promptOf(request)}.`,
    }));
    expect(real.codex.metadata.serverVersion).toBe(version);
    const thread = await real.codex.startThread();
    const result = await thread.run('hi');
    expect(result).toMatchObject({
      threadId: thread.id,
      status: 'completed',
      error: null,
      finalResponse: 'You said hi.',
    });
    expect(result.usage?.last.totalTokens).toBe(15);
    expect(result.items.map(({ type }) => type)).toEqual(['userMessage', 'agentMessage']);
    expect((await thread.run('more')).finalResponse).toBe('You said more.');
  });

  it('streams every event from turn/started to turn/completed, however late it is read', async () => {
    await using real = await startRealCodex(version, () => ({ kind: 'text', text: 'a b c' }));
    const thread = await real.codex.startThread();
    const completed = new Promise((resolve) => {
      real.codex.onNotification(({ method }) => method === 'turn/completed' && resolve(method));
    });
    const turn = await thread.turn('hi');
    await completed;
    const methods: string[] = [];
    let text = '';
    for await (const { method, params } of turn.stream()) {
      methods.push(method);
      if (method === 'item/agentMessage/delta') text += params.delta;
    }
    expect(methods).toContain('turn/started');
    expect(methods.at(-1)).toBe('turn/completed');
    expect(text).toBe('a b c');
  });

  it('has one reader', async () => {
    await using real = await startRealCodex(version, () => ({ kind: 'text', text: 'a' }));
    const turn = await (await real.codex.startThread()).turn('hi');
    const reading = turn.run();
    expect(() => turn.stream()).toThrow(AppServerError);
    expect((await reading).finalResponse).toBe('a');
  });

  it('tells null when the only message is commentary', async () => {
    const answer = { kind: 'text', text: 'looking', phase: 'commentary' } as const;
    await using real = await startRealCodex(version, () => answer);
    const result = await (await real.codex.startThread()).run('hi');
    expect(result).toMatchObject({ status: 'completed', finalResponse: null });
    expect(result.items.at(-1)).toMatchObject({ type: 'agentMessage', text: 'looking' });
  });

  it('ends as interrupted', async () => {
    await using real = await startRealCodex(version, () => slowly);
    const turn = await (await real.codex.startThread()).turn('hi');
    const seen: Notification['method'][] = [];
    for await (const { method, params } of turn.stream()) {
      seen.push(method);
      if (method === 'item/agentMessage/delta' && seen.indexOf(method) === seen.length - 1) {
        await turn.interrupt();
      }
      if (method === 'turn/completed') expect(params.turn.status).toBe('interrupted');
    }
    expect(seen.at(-1)).toBe('turn/completed');
  });

  it('is interrupted at once, and interrupting it again does nothing', async () => {
    await using real = await startRealCodex(version, () => slowly);
    const turn = await (await real.codex.startThread()).turn('hi');
    await turn.interrupt();
    expect((await turn.run()).status).toBe('interrupted');
    await turn.interrupt();
    await expect(turn.steer('more')).rejects.toMatchObject({ rpcCode: -32600 });
  });

  it('waits for the turn before it on the same thread', async () => {
    await using real = await startRealCodex(version, (request, count) => ({
      kind: 'text',
      text: `${count}: ${promptOf(request)}`,
      delayMs: 100,
    }));
    const thread = await real.codex.startThread();
    const results = await Promise.all([thread.run('one'), thread.run('two'), thread.run('three')]);
    expect(results.map(({ finalResponse }) => finalResponse)).toEqual([
      '1: one',
      '2: two',
      '3: three',
    ]);
    expect(new Set(results.map(({ turnId }) => turnId)).size).toBe(3);
  });

  it('waits for a compaction, and the next one for it', async () => {
    await using real = await startRealCodex(version, (request) => ({
      kind: 'text',
      text: `answer to ${promptOf(request).slice(0, 20)}`,
      delayMs: 100,
    }));
    const thread = await real.codex.startThread();
    await thread.run('before');
    await thread.compact();
    const [after, last] = await Promise.all([thread.run('after'), thread.run('last')]);
    expect(after).toMatchObject({ status: 'completed', finalResponse: 'answer to after' });
    expect(last.finalResponse).toBe('answer to last');
    // Compacting again at once waits for its turn, too.
    await Promise.all([thread.compact(), thread.compact()]);
    expect((await thread.run('end')).finalResponse).toBe('answer to end');
  });

  it('takes more input while it runs', async () => {
    await using real = await startRealCodex(version, (request, count) =>
      count === 1 ? slowly : { kind: 'text', text: `then: ${promptOf(request)}` },
    );
    const turn = await (await real.codex.startThread()).turn('hi');
    const seen: string[] = [];
    let text: string | undefined;
    for await (const { method, params } of turn.stream()) {
      if (method === 'item/agentMessage/delta' && !seen.includes(method))
        await turn.steer('faster');
      if (method === 'item/completed' && params.item.type === 'agentMessage')
        text = params.item.text;
      seen.push(method);
    }
    expect(text).toBe('then: faster');
  });

  it('passes all its parameters and kinds of input on', async () => {
    await using real = await startRealCodex(version, () => ({ kind: 'text', text: '{"a":1}' }));
    // A thread knows the skills that are there when it begins.
    const skill = join(real.home.dir, 'skills', 'whistle', 'SKILL.md');
    await mkdir(dirname(skill), { recursive: true });
    const about = 'name: whistle\ndescription: How to whistle\n';
    await writeFile(skill, `---\n${about}---\nPurse your lips.\n`);
    const thread = await real.codex.startThread({ developerInstructions: 'Be brief.' });
    const outputSchema = {
      type: 'object',
      properties: { a: { type: 'number' } },
      required: ['a'],
      additionalProperties: false,
    };
    const image =
      'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
    const result = await thread.run(
      [
        { type: 'text', text: 'look' },
        { type: 'image', url: image },
        { type: 'skill', name: 'whistle', path: skill },
        { type: 'mention', name: 'notes', path: `${real.home.work}/notes.md` },
      ],
      {
        approvalPolicy: 'never',
        cwd: real.home.work,
        effort: 'high',
        model: 'other-model',
        outputSchema,
        personality: 'pragmatic',
        sandboxPolicy: { type: 'readOnly', networkAccess: false },
        summary: 'concise',
      },
    );
    expect(result.finalResponse).toBe('{"a":1}');
    const request = real.model.requests[0];
    expect(request).toMatchObject({
      model: 'other-model',
      text: { format: { schema: outputSchema } },
    });
    expect(JSON.stringify(request)).toContain(image.slice(0, 40));
    expect(JSON.stringify(request)).toContain('Be brief.');
    expect(JSON.stringify(request)).toContain('Purse your lips.');
  });

  it('fails as overloaded, with the reason', async () => {
    await using real = await startRealCodex(version, () => ({ kind: 'overload' }));
    const thread = await real.codex.startThread();
    const error: unknown = await thread.run('hi').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ServerBusyError);
    expect(error).toMatchObject({
      code: 'APP_SERVER',
      rpcCode: null,
      fields: { threadId: thread.id, codexErrorInfo: 'serverOverloaded' },
    });
    const result = await (await thread.turn('again')).run();
    expect(result).toMatchObject({
      status: 'failed',
      error: { codexErrorInfo: 'serverOverloaded' },
    });
  });

  it('that is to slow down is overload by another name, and is tried again', async () => {
    await using real = await startRealCodex(version, (_, count) =>
      count === 1 ? { kind: 'slowDown' } : { kind: 'text', text: 'at last' },
    );
    const thread = await real.codex.startThread();
    const errors: unknown[] = [];
    const { finalResponse } = await retryOnOverload(
      () =>
        thread.run('hi').catch((error: unknown) => {
          errors.push(error);
          throw error;
        }),
      { initialDelayMs: 1 },
    );
    expect(finalResponse).toBe('at last');
    expect(errors).toHaveLength(1);
    expect(errors[0]).toBeInstanceOf(ServerBusyError);
    expect(errors[0]).toMatchObject({ fields: { codexErrorInfo: slowDown(version) } });
  });

  it('is given up when it stays overloaded', async () => {
    await using real = await startRealCodex(version, () => ({ kind: 'overload' }));
    const thread = await real.codex.startThread();
    const trying = retryOnOverload(() => thread.run('hi'), { initialDelayMs: 1 });
    const error: unknown = await trying.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RetryLimitExceededError);
    expect(error).toMatchObject({ attempts: 3, cause: { name: 'ServerBusyError' } });
    expect(real.model.requests).toHaveLength(3);
  });

  it("tells that the server's own attempts were used up", async () => {
    await using real = await startRealCodex(version, () => ({ kind: 'tooMany' }));
    const error: unknown = await (await real.codex.startThread())
      .run('hi')
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RetryLimitExceededError);
    expect(error).toMatchObject({ attempts: null, data: { codexErrorInfo: {} } });
  });

  it('fails when the model hangs up', async () => {
    await using real = await startRealCodex(version, () => ({
      kind: 'disconnect',
      text: 'half a',
    }));
    const error: unknown = await (await real.codex.startThread())
      .run('hi')
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TurnFailedError);
    expect(error).toMatchObject({ result: { status: 'failed', finalResponse: null } });
  });

  it('refuses input that is none before anything is sent', async () => {
    await using real = await startRealCodex(version, () => ({ kind: 'text', text: 'a' }));
    const thread = await real.codex.startThread();
    const wrong = [{ type: 'video', path: '/a' }] as unknown as string;
    await expect(thread.run(wrong)).rejects.toMatchObject({ code: 'USAGE' });
    expect(real.model.requests).toHaveLength(0);
  });
});

describeReal('a review', (version) => {
  it('is a turn of its thread, and the next one waits for it', async () => {
    await using real = await startRealCodex(version, (request) => ({
      kind: 'text',
      text: `about ${promptOf(request).slice(0, 40)}`,
    }));
    const thread = await real.codex.startThread();
    await thread.run('first');
    const review = await thread.review({ type: 'custom', instructions: 'Look at nothing.' });
    const next = thread.run('after it');
    const result = await review.run();
    expect(result.status).toBe('completed');
    expect(result.items.map(({ type }) => type)).toContain('exitedReviewMode');
    expect((await next).finalResponse).toContain('about after it');
  });
});

describeReal('waiting', (version) => {
  it('is for a method, or until one comes', async () => {
    await using real = await startRealCodex(version, () => ({ kind: 'text', text: 'a b c' }));
    const thread = await real.codex.startThread();
    const completed = real.codex.waitFor('turn/completed', {
      where: ({ params }) => params.threadId === thread.id,
    });
    const turn = await thread.turn('hi');
    const methods: string[] = [];
    for await (const { method } of turn.streamUntil([
      'item/agentMessage/delta',
      'turn/completed',
    ])) {
      methods.push(method);
    }
    expect(methods.at(-1)).toBe('item/agentMessage/delta');
    expect((await completed).params.turn.id).toBe(turn.id);
    const aborted = real.codex.waitFor('thread/closed', { signal: AbortSignal.timeout(10) });
    await expect(aborted).rejects.toMatchObject({ code: 'ABORTED' });
    const never = expect(real.codex.waitFor('thread/closed')).rejects.toMatchObject({
      name: 'TransportClosedError',
    });
    await real.codex.close();
    await never;
  });
});
