import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ModelRequest } from '../../support/model-server.ts';
import { startRealCodex } from '../../support/real-codex.ts';
import { document, runCli } from '../../support/run-cli.ts';
import { tempDir } from '../../support/temp-dir.ts';

const BIN = fileURLToPath(new URL('../../../bin/codex-runtime.js', import.meta.url));

describe('codex-runtime code-mode run', () => {
  it('prints what a script writes, and gives it commands as tools', async () => {
    const dir = await tempDir();
    const source =
      'text("a"); text(await tools.echo({ n: 1 })); image("data:image/png;base64,AA=="); text({ b: 2 })';
    await writeFile(join(dir, 'script.js'), source);
    const run = await runCli(['code-mode', 'run', 'script.js', '--tool', 'echo=cat'], { dir });
    expect(run).toEqual({
      status: 0,
      stdout: 'a\n{"n":1}\n[image: data:image/png;base64,AA==]\n{"b":2}\n',
      stderr: '',
    });
  });

  it('ends with 1 where the script fails, with its own lines', async () => {
    const dir = await tempDir();
    const run = await runCli(['code-mode', 'run', '-'], {
      dir,
      input: 'text("a");\nthrow new RangeError("no")',
    });
    expect(run).toMatchObject({ status: 1, stdout: 'a\n' });
    expect(run.stderr).toMatch(/^RangeError: no\nat <anonymous> \(script\.js:2:\d+\)\n$/);
  });

  it('prints one document with --json, and gives a tool that fails as an exception', async () => {
    const dir = await tempDir();
    const input = 'try { await tools.bad() } catch (error) { text(error.message) }';
    const args = ['code-mode', 'run', '-', '--json', '--tool', 'bad=echo no such row >&2; exit 3'];
    expect(document(await runCli(args, { dir, input }))).toMatchObject({
      status: 'completed',
      items: [{ type: 'text', text: 'bad ended with status 3. no such row' }],
    });
  });

  it('stops a script after its time', async () => {
    const dir = await tempDir();
    const run = await runCli(['code-mode', 'run', '-', '--timeout', '500ms'], {
      dir,
      input: 'while (true);',
    });
    expect(run).toMatchObject({ status: 1, stderr: expect.stringContaining('TimeoutError') });
  });

  it.each([
    [['run'], 'code-mode run needs a script.'],
    [['run', 'none.js'], 'The script none.js cannot be read.'],
    [['run', '-', '--mcp'], 'run does not take --mcp.'],
    [['serve'], 'serve needs a protocol.'],
    [['serve', 'a.js', '--mcp'], 'serve takes no script'],
    [['run', '-', '--tool', 'now'], 'Write it like now='],
    [['run', '-', '--tool', 'a-b=cat', '--tool', 'a_b=cat'], 'Two tools would be'],
    [['run', '-', '--heap', '0'], 'heapMb takes a whole number'],
    [['walk'], 'run, serve'],
  ])('refuses %j', async (args, message) => {
    const dir = await tempDir();
    expect(await runCli(['code-mode', ...args], { dir })).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining(message),
    });
  });
});

describe('codex-runtime code-mode serve --mcp', () => {
  it('gives the real Codex 0.171.0 its two tools', async () => {
    // Codex offers a server's tools once it has started: until then the model says so.
    const next = ({ tools, input }: ModelRequest) => {
      const name = /"name":"(mcp__scripts[^"]*)"/.exec(JSON.stringify(tools))?.[1];
      const isAnswered = input.some(({ type }) => type === 'function_call_output');
      if (name === undefined || isAnswered) {
        return { kind: 'text', text: isAnswered ? 'Done.' : 'Not yet.' } as const;
      }
      const place = name.endsWith('exec') ? { name } : { name: 'exec', namespace: name };
      const source = 'text(await tools.echo({ n: 6 * 7 }))';
      return { kind: 'tool', ...place, arguments: { source } } as const;
    };
    const args = [BIN, 'code-mode', 'serve', '--mcp', '--tool', 'echo=cat'];
    await using real = await startRealCodex('0.171.0', next, {
      config: { mcp_servers: { scripts: { command: process.execPath, args } } },
      onServerRequest: ({ method }) => {
        if (method === 'mcpServer/elicitation/request') return { action: 'accept', content: {} };
        throw new Error(`${method} was not expected.`);
      },
    });
    const thread = await real.codex.startThread();
    let result = await thread.run('go');
    while (result.finalResponse === 'Not yet.') result = await thread.run('go');
    expect(result.finalResponse).toBe('Done.');
    expect(result.items.find(({ type }) => type === 'mcpToolCall')).toMatchObject({
      server: 'scripts',
      tool: 'exec',
      status: 'completed',
    });
    const told = real.model.requests
      .at(-1)
      ?.input.find(({ type }) => type === 'function_call_output');
    expect(told?.output).toContainEqual({ type: 'input_text', text: '{"n":42}' });
  });
});
