import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { appServerTools, CodeMode, mcpTools } from '../../dist/code-mode/index.js';
import type { Answer } from '../support/model-server.ts';
import { describeReal, startRealCodex } from '../support/real-codex.ts';

const CENSUS = fileURLToPath(new URL('../support/census-mcp.mjs', import.meta.url));
const mcp_servers = { census: { command: process.execPath, args: [CENSUS] } };
const DONE: Answer = { kind: 'text', text: 'Done.' };

const texts = (items: readonly { type: string }[]) =>
  items.map((item) => ('text' in item ? item.text : item.type));

describeReal('the ready-made tools', (version) => {
  it('run commands in a read-only sandbox, and read, list and write files', async () => {
    await using real = await startRealCodex(version, () => DONE);
    const { work } = real.home;
    await writeFile(join(work, 'a.txt'), 'é from a file\n');
    await using codeMode = await CodeMode.start({
      tools: appServerTools(real.codex, { writable: true }),
    });
    const source = `
      const work = ${JSON.stringify(work)};
      const ran = await tools.codex.exec({ command: ['sh', '-c', 'cat a.txt; echo wrong >&2; exit 3'], cwd: work });
      text(ran);
      const refused = await tools.codex.exec({ command: ['sh', '-c', 'echo no > b.txt'], cwd: work });
      text(refused.exitCode === 0);
      text(await tools.files.read({ path: work + '/a.txt' }));
      await tools.files.write({ path: work + '/c.txt', text: 'ü\\n' });
      text((await tools.files.list({ path: work })).map(({ fileName }) => fileName).sort());
      try { await tools.files.read({ path: work + '/none' }) } catch (error) { text(error.name) }
    `;
    const result = await codeMode.exec(source, { yieldMs: 60_000 });
    expect([result.status, ...texts(result.items)]).toEqual([
      'completed',
      '{"exitCode":3,"stdout":"é from a file\\n","stderr":"wrong\\n"}',
      'false',
      'é from a file\n',
      '["a.txt","c.txt"]',
      'ToolError',
    ]);
    expect(await readFile(join(work, 'c.txt'), 'utf8')).toBe('ü\n');
  });
});

describe('mcpTools on Codex 0.171.0', () => {
  const version = '0.171.0';

  it('calls the tools of an MCP server from the script of a turn', async () => {
    const source = `const all = await Promise.allSettled([
        tools.census.count({ city: "Rome" }), tools.census.say({}), tools.census.fail({})]);
      text(all.map(({ value, reason }) => value ?? String(reason)))`;
    const answers: Answer[] = [{ kind: 'tool', name: 'exec_script', arguments: { source } }, DONE];
    await using real = await startRealCodex(version, (_, count) => answers[count - 1] ?? DONE, {
      config: { mcp_servers },
    });
    await using codeMode = await CodeMode.start({ tools: await mcpTools(real.codex) });
    expect(codeMode.tools.map(({ name }) => name)).toEqual([
      'census.count',
      'census.fail',
      'census.say',
    ]);
    expect(codeMode.tools[0]?.description).toBe(
      'Counts.\n\n```ts\ntools.census.count(input: { city: string }): Promise<{ content: Record<string, unknown>[]; structuredContent?: { city?: string; people?: number } }>;\n```',
    );
    const thread = await real.codex.startThread({ tools: codeMode.clientTools() });
    await thread.run('go');
    const told = JSON.stringify(real.model.requests.at(-1)?.input.at(-1)?.output);
    expect(JSON.parse(told.slice(told.indexOf('[{'))) as unknown).toBeDefined();
    expect(told).toContain('\\"structuredContent\\":{\\"city\\":\\"Rome\\",\\"people\\":4}');
    expect(told).toContain('words alone');
    expect(told).toContain('ToolError: no such city');
  });

  it('needs a thread, and a server that is there', async () => {
    await using real = await startRealCodex(version, () => DONE, { config: { mcp_servers } });
    await expect(mcpTools(real.codex, { servers: ['other'] })).rejects.toMatchObject({
      code: 'USAGE',
      message: 'Codex has no MCP server other. It has: census.',
    });
    const source = 'try { text(await tools.census.say({})) } catch (error) { text(error.message) }';
    await using without = await CodeMode.start({ tools: await mcpTools(real.codex) });
    expect(texts((await without.exec(source)).items)).toEqual([
      'Codex calls tools of MCP servers for a thread only.',
    ]);
    const { id: threadId } = await real.codex.startThread();
    await using codeMode = await CodeMode.start({
      tools: await mcpTools(real.codex, { servers: ['census'], threadId }),
    });
    expect(texts((await codeMode.exec(source)).items)).toEqual([
      '{"content":[{"type":"text","text":"words alone"}]}',
    ]);
  });
});
