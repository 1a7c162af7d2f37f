import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Codex, codeModeStep, type Notification } from '../../src/app-server/index.ts';
import type { Answer, ModelRequest } from '../support/model-server.ts';
import { realExecutable, startRealCodex } from '../support/real-codex.ts';
import { tempDir } from '../support/temp-dir.ts';

const VERSION = '0.171.0';
const CENSUS = fileURLToPath(new URL('../support/census-mcp.mjs', import.meta.url));
const DANGER = { approvalPolicy: 'never', sandbox: 'danger-full-access' } as const;
const script = (source: string): Answer => ({ kind: 'custom', name: 'exec', input: source });
const DONE: Answer = { kind: 'text', text: 'Done.' };

describe('the code mode of Codex itself', () => {
  it('runs a script, shows the calls of the script as items, and the script', async () => {
    const source =
      '// @exec: {"yield_time_ms": 10000}\nconst said = await Promise.all([1, 2, 3].map((n) => tools.exec_command({ cmd: "echo " + n }))); text(said.map(({ output }) => output.trim())); store("n", 3);';
    const answers = [script(source), script('text(load("n")); null.x'), DONE];
    await using real = await startRealCodex(VERSION, (_, count) => answers[count - 1] ?? DONE, {
      codeMode: 'native',
    });
    const thread = await real.codex.startThread(DANGER);
    const turn = await thread.turn('go');
    const events: Notification[] = [];
    for await (const event of turn.stream()) events.push(event);

    const commands = events.flatMap(({ method, params }) =>
      method === 'item/completed' && params.item.type === 'commandExecution' ? [params.item] : [],
    );
    expect(commands.map(({ aggregatedOutput }) => aggregatedOutput?.trim()).sort()).toEqual([
      '1',
      '2',
      '3',
    ]);
    expect(commands.every(({ id }) => id.startsWith('exec-'))).toBe(true);

    const steps = events.flatMap((event) => codeModeStep(event) ?? []);
    expect(steps.map(({ kind }) => kind)).toEqual(['script', 'result', 'script', 'result']);
    expect(steps[0]).toMatchObject({ kind: 'script', source });
    expect(steps[1]).toMatchObject({ callId: steps[0]?.callId });
    expect(steps[1]).toHaveProperty(
      'text',
      expect.stringMatching(/^Script completed\n[\s\S]*\["1","2","3"\]/),
    );
    expect(steps[3]).toHaveProperty(
      'text',
      expect.stringMatching(/^Script failed\n[\s\S]*3[\s\S]*TypeError/),
    );
    expect(JSON.stringify(real.model.requests[0]?.tools)).toContain('"name":"exec"');
  });

  it.each([
    ['accept', 'Rome has 4'],
    ['decline', 'refused'],
    ['nothing', 'refused'],
  ] as const)('asks before a script calls a tool of an MCP server: %s', async (action, told) => {
    const source = `const { name } = ALL_TOOLS.find(({ name }) => /census.*count/.test(name));
      const { isError, structuredContent } = await tools[name]({ city: "Rome" });
      text(isError ? "refused" : "Rome has " + structuredContent.people)`;
    const asked: { method: string; params: unknown }[] = [];
    // Codex offers a server's tools once it has started: until then the model says so.
    const next = ({ tools, input }: ModelRequest): Answer => {
      if (!JSON.stringify(tools).includes('census')) return { kind: 'text', text: 'Not yet.' };
      return input.some(({ type }) => type === 'custom_tool_call_output') ? DONE : script(source);
    };
    await using real = await startRealCodex(VERSION, next, {
      codeMode: 'native',
      config: { mcp_servers: { census: { command: process.execPath, args: [CENSUS] } } },
      // Without one the client says that it does not answer this.
      ...(action !== 'nothing' && {
        onServerRequest: (request) => {
          asked.push(request);
          return action === 'accept' ? { action, content: {} } : { action };
        },
      }),
    });
    const thread = await real.codex.startThread();
    let result = await thread.run('go');
    while (result.finalResponse === 'Not yet.') result = await thread.run('go');
    expect(asked.length).toBe(action === 'nothing' ? 0 : 1);
    for (const request of asked) {
      expect(request).toMatchObject({
        method: 'mcpServer/elicitation/request',
        params: {
          serverName: 'census',
          _meta: { tool_name: 'count', tool_params: { city: 'Rome' } },
        },
      });
    }
    expect(JSON.stringify(real.model.requests.at(-1)?.input.at(-1)?.output)).toContain(told);
  });

  it('is refused where its host is missing', async () => {
    const { codexPath, dir } = await alone();
    await expect(
      Codex.start({ codexPath, codeMode: 'native', env: { CODEX_HOME: dir } }),
    ).rejects.toMatchObject({ code: 'USAGE', fields: { executable: codexPath } });
  });

  it('is refused on a version that has none', async () => {
    const codexPath = await realExecutable('0.115.0');
    await expect(Codex.start({ codexPath, codeMode: 'native' })).rejects.toMatchObject({
      code: 'USAGE',
    });
  });

  it('fails every turn of a thread that Codex would go on with without it', async () => {
    const { codexPath, dir } = await alone();
    // There at the start, and gone afterwards.
    const host = join(dir, 'codex-code-mode-host');
    await writeFile(host, '', { mode: 0o755 });
    await using real = await startRealCodex(VERSION, () => DONE, { codexPath, codeMode: 'native' });
    await rm(host);
    const thread = await real.codex.startThread(DANGER);
    for (const _ of [1, 2]) {
      await expect(thread.run('go')).rejects.toMatchObject({
        code: 'APP_SERVER',
        message: expect.stringContaining('Code Mode is unavailable'),
      });
    }
  });

  /** The real executable in a directory of its own: it looks for its host beside its real path. */
  async function alone(): Promise<{ codexPath: string; dir: string }> {
    const dir = join(await tempDir(), 'bin');
    await mkdir(dir);
    const codexPath = join(dir, 'codex');
    await copyFile(await realExecutable(VERSION), codexPath);
    return { codexPath, dir };
  }
});
