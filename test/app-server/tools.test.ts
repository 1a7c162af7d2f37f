import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import {
  Codex,
  defineTool,
  defineToolNamespace,
  OutputInvalidError,
  parseOutput,
  type StandardSchema,
  type ToolOrNamespace,
  type TurnResult,
} from '../../src/app-server/index.ts';
import { failure, serve, type Wire } from '../support/memory-server.ts';
import { type Answer, type ModelRequest, promptOf } from '../support/model-server.ts';
import { describeReal, realExecutable, startRealCodex } from '../support/real-codex.ts';

const City = z.object({ city: z.string(), days: z.number().int().optional() });
const PICTURE = new URL('../../examples/assets/sample-scene.png', import.meta.url);

const weather = defineTool({
  name: 'weather',
  description: 'The weather of a city.',
  inputSchema: City,
  run: ({ city, days }) => {
    expectTypeOf(city).toEqualTypeOf<string>();
    expectTypeOf(days).toEqualTypeOf<number | undefined>();
    return { city, sky: 'clear' };
  },
});

/** What the server is answered for a call of one of `tools`. */
async function call(tools: readonly ToolOrNamespace[], params: object): Promise<Wire> {
  let answered: (message: Wire) => void = () => undefined;
  const answer = new Promise<Wire>((resolve) => {
    answered = resolve;
  });
  const { client, send } = serve((message) => message.id === 7 && answered(message));
  await using _codex = await Codex.over(client, { tools });
  const scope = { threadId: 'T', turnId: 'U', callId: 'C', namespace: null };
  send({ id: 7, method: 'item/tool/call', params: { ...scope, ...params } });
  return await answer;
}

const textItem = (text: string) => ({ type: 'inputText', text });

describe('a tool', () => {
  it.each<[string, unknown, unknown[]]>([
    ['a text', 'fine', [textItem('fine')]],
    ['a part', { type: 'text', text: 'fine' }, [textItem('fine')]],
    [
      'parts',
      [
        { type: 'text', text: 'look' },
        { type: 'image', url: 'data:image/png;base64,AA' },
      ],
      [textItem('look'), { type: 'inputImage', imageUrl: 'data:image/png;base64,AA' }],
    ],
    ['an object', { a: [1] }, [textItem('{"a":[1]}')]],
    ['a list', [1, 2], [textItem('[1,2]')]],
    ['an empty list', [], [textItem('[]')]],
    ['a number', 0, [textItem('0')]],
    ['null', null, [textItem('null')]],
    ['nothing', undefined, [textItem('')]],
  ])('may return %s', async (_, result, contentItems) => {
    const tool = defineTool({ name: 't', description: 'd', run: async () => result });
    const { result: answer } = await call([tool], { tool: 't', arguments: {} });
    expect(answer).toEqual({ contentItems, success: true });
  });

  it.each<[string, () => unknown, string]>([
    [
      'throws',
      () => {
        throw new Error('no such city');
      },
      'no such city',
    ],
    [
      'throws null',
      () => {
        throw null;
      },
      'null',
    ],
    ['returns what JSON cannot hold', () => ({ n: 1n }), 'BigInt'],
  ])('that %s has failed, and the model is told', async (_, run, text) => {
    const tool = defineTool({ name: 't', description: 'd', run });
    const { result } = await call([tool], { tool: 't', arguments: {} });
    expect(result).toMatchObject({ success: false });
    expect(JSON.stringify(result)).toContain(text);
  });

  it('is not run with input that its schema refuses', async () => {
    const { result } = await call([weather], { tool: 'weather', arguments: { city: 4 } });
    expect(result).toMatchObject({ success: false });
    expect(JSON.stringify(result)).toContain('city: ');
    const good = await call([weather], { tool: 'weather', arguments: { city: 'Oslo' } });
    expect(good.result).toMatchObject({
      contentItems: [textItem('{"city":"Oslo","sky":"clear"}')],
    });
  });

  it('in a namespace is another one than the same name outside', async () => {
    const tool = (answer: string) => defineTool({ name: 't', description: 'd', run: () => answer });
    const tools = [
      tool('outside'),
      defineToolNamespace({ name: 'n', description: 'd', tools: [tool('inside')] }),
    ];
    const outside = await call(tools, { tool: 't', arguments: {} });
    const inside = await call(tools, { tool: 't', namespace: 'n', arguments: {} });
    expect(JSON.stringify([outside.result, inside.result])).toMatch(/outside.*inside/);
    const none = await call(tools, { tool: 't', namespace: 'm', arguments: {} });
    expect(none.error).toMatchObject({ code: -32601 });
  });

  it('has a name that Codex takes, and one of its own', async () => {
    for (const name of ['', 'a b', 'x'.repeat(65), 'ä']) {
      expect(() => defineTool({ name, description: 'd', run: () => '' })).toThrow(
        'cannot be called',
      );
    }
    const { client } = serve(() => undefined);
    const error = await failure(Codex.over(client, { tools: [weather, weather] }));
    expect(error).toMatchObject({ code: 'USAGE' });
  });

  it('needs a schema that tells its JSON Schema', async () => {
    const mute: StandardSchema<string> = {
      '~standard': { version: 1, vendor: 'mute', validate: () => ({ value: '' }) },
    };
    const { client } = serve(() => undefined);
    await using codex = await Codex.over(client);
    const tool = defineTool({ name: 't', description: 'd', inputSchema: mute, run: () => '' });
    expect(await failure(codex.startThread({ tools: [tool] }))).toMatchObject({
      code: 'USAGE',
      fields: { vendor: 'mute' },
    });
  });
});

describe('an answer that is to follow a schema', () => {
  const result = (finalResponse: string | null): TurnResult => ({
    threadId: 'T',
    turnId: 'U',
    status: 'completed',
    error: null,
    finalResponse,
    items: [],
    usage: null,
    cuts: 0,
  });

  it('is parsed, and typed as the schema is', async () => {
    const { parsed } = await parseOutput(City, result('{"city":"Oslo"}'));
    expectTypeOf(parsed).toEqualTypeOf<z.infer<typeof City>>();
    expect(parsed).toEqual({ city: 'Oslo' });
    const plain = await parseOutput({ type: 'object' }, result('[1]'));
    expectTypeOf(plain.parsed).toEqualTypeOf<unknown>();
    expect(plain.parsed).toEqual([1]);
  });

  it.each([
    [null, /is missing/],
    ['no JSON', /is not JSON/],
    ['{"city":4}', /does not follow its schema: city: /],
  ])('and is %j fails with its text', async (text, why) => {
    const error = await failure(parseOutput(City, result(text)));
    expect(error).toBeInstanceOf(OutputInvalidError);
    expect(error).toMatchObject({ code: 'APP_SERVER', text, fields: { text } });
    expect((error as Error).message).toMatch(why);
  });
});

/** A model that makes `calls` at once, then says what came of them. */
function calling(calls: readonly { name: string; namespace?: string; arguments: unknown }[]) {
  return (request: ModelRequest): Answer => {
    const outputs = request.input.filter(({ type }) => type === 'function_call_output');
    if (outputs.length < calls.length) return { kind: 'tools', calls };
    return { kind: 'text', text: JSON.stringify(outputs.map(({ output }) => output)) };
  };
}

describeReal('tools of a client', (version) => {
  it('are called several at a time, with images and failures as results', async () => {
    const image = `data:image/png;base64,${(await readFile(PICTURE)).toString('base64')}`;
    let running = 0;
    let most = 0;
    const slow = defineTool({
      name: 'slow',
      description: 'Takes its time.',
      inputSchema: { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] },
      run: async (input, { threadId, turnId, callId }) => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setTimeout(resolve, 200));
        running -= 1;
        expect([threadId, turnId, callId]).toEqual(Array(3).fill(expect.any(String)));
        return `slow ${JSON.stringify(input)}`;
      },
    });
    const look = defineTool({
      name: 'look',
      description: 'A picture.',
      run: () => [
        { type: 'text', text: 'here' },
        { type: 'image', url: image },
      ],
    });
    const fail = defineTool({
      name: 'fail',
      description: 'Fails.',
      run: () => {
        throw new Error('on purpose');
      },
    });
    const script = calling([
      { name: 'slow', arguments: { n: 1 } },
      { name: 'slow', arguments: { n: 2 } },
      { name: 'look', arguments: {} },
      { name: 'fail', arguments: {} },
      { name: 'weather', arguments: { city: 'Oslo' } },
    ]);
    await using real = await startRealCodex(version, script, { tools: [weather] });
    const thread = await real.codex.startThread({ tools: [slow, look, fail] });
    const { finalResponse, items } = await thread.run('go');
    for (const text of ['{\\"n\\":1}', '{\\"n\\":2}', 'here', 'on purpose', 'clear']) {
      expect(JSON.stringify(finalResponse)).toContain(JSON.stringify(text).slice(1, -1));
    }
    expect(finalResponse).toContain('data:image/png');
    // 0.156.0 and older call them one after the other.
    expect(most).toBe(version < '0.169.0' ? 1 : 2);
    const calls = items.filter(({ type }) => type === 'dynamicToolCall');
    expect(calls).toHaveLength(5);
    // Only the threads that were given them have them.
    const names = JSON.stringify(real.model.requests[0]?.tools);
    for (const name of ['slow', 'look', 'fail', 'weather']) expect(names).toContain(`"${name}"`);
    const before = real.model.requests.length;
    await real.codex
      .startThread()
      .run('other')
      .catch(() => undefined);
    const others = JSON.stringify(real.model.requests[before]?.tools);
    expect(others).toContain('"weather"');
    expect(others).not.toContain('"slow"');
  });

  it('are told when their result is not wanted any more', async () => {
    let called: (signal: AbortSignal) => void;
    const call_ = new Promise<AbortSignal>((resolve) => {
      called = resolve;
    });
    const forever = defineTool({
      name: 'forever',
      description: 'Never ends.',
      run: (_, { signal }) => {
        called(signal);
        return new Promise(() => undefined);
      },
    });
    const script = calling([{ name: 'forever', arguments: {} }]);
    await using real = await startRealCodex(version, script, { tools: [forever] });
    const turn = await (await real.codex.startThread()).turn('go');
    const running = turn.run();
    const signal = await call_;
    expect(signal.aborted).toBe(false);
    await turn.interrupt();
    expect((await running).status).toBe('interrupted');
    expect(signal.aborted).toBe(true);
  });

  it('are there again when the thread is resumed', async () => {
    const script = (request: ModelRequest): Answer =>
      promptOf(request) === 'one' ? { kind: 'text', text: 'ok' } : again(request);
    const again = calling([{ name: 'weather', arguments: { city: 'Oslo' } }]);
    await using real = await startRealCodex(version, script);
    const thread = await real.codex.startThread({ tools: [weather] });
    await thread.run('one');
    await using other = await Codex.start({
      codexPath: real.codexPath,
      env: real.home.env,
      cwd: real.home.work,
    });
    await real.end();
    const resumed = await other.resumeThread(thread.id, { tools: [weather] });
    expect((await resumed.run('two')).finalResponse).toContain('clear');
  });

  it('and a schema for the answer give a typed value', async () => {
    await using real = await startRealCodex(version, (_, count) => ({
      kind: 'text',
      text: count === 1 ? '{"city":"Oslo","days":2}' : 'Oslo, I guess',
    }));
    const thread = await real.codex.startThread();
    const { parsed } = await thread.run('where?', { outputSchema: City });
    expectTypeOf(parsed).toEqualTypeOf<z.infer<typeof City>>();
    expect(parsed).toEqual({ city: 'Oslo', days: 2 });
    expect(real.model.requests[0]?.text).toMatchObject({
      format: { schema: { type: 'object', additionalProperties: false, required: ['city'] } },
    });
    const error = await failure(thread.run('again?', { outputSchema: City }));
    expect(error).toBeInstanceOf(OutputInvalidError);
    expect(error).toMatchObject({ text: 'Oslo, I guess' });
  });
});

describe('namespaces of tools', () => {
  beforeAll(() => realExecutable('0.171.0'));
  const sky = defineToolNamespace({ name: 'sky', description: 'Skies.', tools: [weather] });

  it('are called on Codex 0.171.0', async () => {
    const script = calling([{ name: 'weather', namespace: 'sky', arguments: { city: 'Oslo' } }]);
    await using real = await startRealCodex('0.171.0', script, { tools: [sky] });
    expect((await real.codex.startThread().run('go')).finalResponse).toContain('clear');
  });

  it('are refused by name for Codex 0.115.0, which has none', async () => {
    await using real = await startRealCodex('0.115.0', () => ({ kind: 'text', text: 'a' }));
    expect(await failure(real.codex.startThread({ tools: [sky] }))).toMatchObject({
      code: 'USAGE',
      fields: { version: '0.115.0' },
    });
  });
});
