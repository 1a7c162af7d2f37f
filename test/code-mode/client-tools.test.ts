import { describe, expect, it } from 'vitest';
import { z } from 'zod';
// The build: a script host is a program of its own.
import { defineTool, defineToolNamespace, ToolFailure } from '../../dist/app-server/index.js';
import { CodeMode } from '../../dist/code-mode/index.js';
import { runTool } from '../../src/app-server/tools/toolbox.ts';

const people = defineTool({
  name: 'people',
  description: 'Counts the people of a city.',
  inputSchema: z.object({ city: z.string() }),
  run: ({ city }, { threadId, turnId, callId }) => ({ city, from: [threadId, turnId, callId] }),
});
const CALLER = { threadId: 'thread', turnId: 'turn', callId: 'call' };
const CALL = { ...CALLER, namespace: null, tool: 'people' };
const never = new AbortController().signal;

const texts = (items: readonly { type: string }[]) =>
  items.map((item) => ('text' in item ? item.text : item.type));

describe('a tool of the client', () => {
  it('works directly and inside of scripts', async () => {
    const direct = await runTool(people, { ...CALL, input: { city: 'Oslo' } }, never);
    expect(direct.contentItems).toEqual([
      { type: 'inputText', text: '{"city":"Oslo","from":["thread","turn","call"]}' },
    ]);
    await using codeMode = await CodeMode.start({ tools: [people] });
    const source =
      'text(await tools.people({ city: "Oslo" })); text(await tools.people({ city: "Bern" }))';
    const { items } = await codeMode.exec(source, { caller: CALLER });
    expect(texts(items)).toEqual([
      '{"city":"Oslo","from":["thread","turn","call/1.1"]}',
      '{"city":"Bern","from":["thread","turn","call/1.2"]}',
    ]);
    expect(codeMode.tools).toEqual([
      {
        name: 'people',
        description:
          'Counts the people of a city.\n\n```ts\ntools.people(input: { city: string }): Promise<unknown>;\n```',
      },
    ]);
  });

  it('checks its input both ways', async () => {
    const refused = await runTool(people, { ...CALL, input: { city: 1 } }, never);
    const [said] = refused.contentItems;
    await using codeMode = await CodeMode.start({ tools: [people] });
    const { items } = await codeMode.exec(
      'try { await tools.people({ city: 1 }) } catch (error) { text(error.message) }',
    );
    expect(texts(items)).toEqual([said && 'text' in said ? said.text : '']);
    expect(texts(items)[0]).toMatch(/^The input is not valid:\ncity: /);
  });

  it('may lie in a namespace, and be left out of the first prompt', async () => {
    const hidden = defineTool({
      name: 'hidden',
      description: 'Hides.',
      deferLoading: true,
      run: () => 1,
    });
    const tools = [
      defineToolNamespace({ name: 'census', description: 'People.', tools: [people, hidden] }),
    ];
    await using codeMode = await CodeMode.start({ tools });
    const source =
      'text(ALL_TOOLS.map(({ name }) => name)); text(await tools.census.hidden()); text((await tools.census.people({ city: "Rome" })).city)';
    expect(texts((await codeMode.exec(source)).items)).toEqual([
      '["census.hidden","census.people"]',
      '1',
      'Rome',
    ]);
    const [exec] = codeMode.clientTools();
    expect(exec?.description).toContain('tools.census.people(');
    expect(exec?.description).not.toContain('census.hidden');
    expect(exec?.description).toContain('1 more tools are only in ALL_TOOLS');
  });

  it('gives parts, which a script may write', async () => {
    const url = 'data:image/png;base64,AA==';
    const look = defineTool({
      name: 'look',
      description: 'Looks.',
      run: () => ({ type: 'image', url }),
    });
    await using codeMode = await CodeMode.start({ tools: [look] });
    const { items } = await codeMode.exec('image(await tools.look())');
    expect(items).toEqual([{ type: 'image', url }]);
  });
});

describe('clientTools', () => {
  it('are two tools of the client', async () => {
    await using codeMode = await CodeMode.start({ tools: [people] });
    const [exec, wait] = codeMode.clientTools();
    expect([exec?.name, wait?.name]).toEqual(['exec_script', 'wait_script']);
    const items = await exec?.run(
      {
        source:
          'text((await tools.people({ city: "Rome" })).from); yield_control(); await new Promise((later) => setTimeout(later, 500)); text(2)',
      },
      { ...CALLER, signal: never },
    );
    expect(texts(items as { type: string }[]).join('\n')).toMatch(
      /^Script running with cell ID 1\n[\s\S]*\["thread","turn","call\/1.1"\]$/,
    );
    const rest = await wait?.run({ cell_id: '1' }, { ...CALLER, signal: never });
    expect(texts(rest as { type: string }[]).at(-1)).toBe('2');
  });

  it('fail with all that the script wrote, images too', async () => {
    await using codeMode = await CodeMode.start();
    const [exec] = codeMode.clientTools();
    const source = 'image("data:image/png;base64,AA=="); null.x';
    const failure = await Promise.resolve(
      exec?.run({ source }, { ...CALLER, signal: never }),
    ).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ToolFailure);
    expect((failure as ToolFailure).content.map(({ type }) => type)).toEqual([
      'text',
      'image',
      'text',
    ]);
  });
});
