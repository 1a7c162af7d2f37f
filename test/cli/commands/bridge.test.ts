import { spawn } from 'node:child_process';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Codex } from '../../../src/app-server/index.ts';
import { makeCodexHome } from '../../support/codex-home.ts';
import { promptOf, startModelServer } from '../../support/model-server.ts';
import { realExecutable } from '../../support/real-codex.ts';
import { BIN, runCli } from '../../support/run-cli.ts';
import { tempDir } from '../../support/temp-dir.ts';

describe('codex-runtime bridge', () => {
  it('relays stdin and stdout, and ends with 0', async () => {
    const dir = await tempDir();
    const path = join(dir, 's.sock');
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('data', (chunk) => socket.write(chunk.toString().toUpperCase()));
      socket.on('end', () => socket.end());
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    onTestFinished(() => new Promise((resolve) => server.close(() => resolve())));
    const input = 'a line\n'.repeat(30_000);
    expect(await runCli(['bridge', path], { dir, input })).toEqual({
      status: 0,
      stdout: input.toUpperCase(),
      stderr: '',
    });
  });

  it('uses the control socket of Codex where none is named', async () => {
    const dir = await tempDir();
    await mkdir(join(dir, 'app-server-control'));
    const server = createServer((socket) => socket.end('here'));
    const path = join(dir, 'app-server-control/app-server-control.sock');
    await new Promise<void>((resolve) => server.listen(path, resolve));
    onTestFinished(() => new Promise((resolve) => server.close(() => resolve())));
    const run = await runCli(['bridge', '--verbose'], { dir, env: { CODEX_HOME: dir }, input: '' });
    expect(run).toMatchObject({ status: 0, stdout: 'here' });
    expect(run.stderr).toContain('4 bytes were received and 0 sent');
  });

  it('ends with 5 when the peer leaves in the middle, and says how far it came', async () => {
    const dir = await tempDir();
    const path = join(dir, 's.sock');
    const server = createServer((socket) => socket.write('half', () => socket.destroy()));
    await new Promise<void>((resolve) => server.listen(path, resolve));
    onTestFinished(() => new Promise((resolve) => server.close(() => resolve())));
    const run = await runCli(['bridge', path], { dir, input: 'x'.repeat(4 * 2 ** 20) });
    expect(run).toMatchObject({ status: 5, stdout: 'half' });
    expect(run.stderr).toMatch(/4 bytes were received and \d+ sent, and \d+ more were not sent/);
  });

  it('says that a plain file is not a socket, and that a URL needs --lines', async () => {
    const dir = await tempDir();
    await writeFile(join(dir, 'file'), '');
    for (const flags of [[], ['--lines']]) {
      const run = await runCli(['bridge', ...flags, join(dir, 'file')], { dir });
      expect(run).toMatchObject({ status: 8, stderr: expect.stringContaining('not a socket') });
    }
    const url = await runCli(['bridge', 'ws://127.0.0.1:1'], { dir });
    expect(url).toMatchObject({ status: 2, stderr: expect.stringContaining('--lines') });
    const token = await runCli(['bridge', '--lines', '--token-file', 'none', 'x'], { dir });
    expect(token).toMatchObject({ status: 2, stderr: expect.stringContaining('none') });
  });

  it('ends with 8 when nobody listens', async () => {
    const dir = await tempDir();
    const run = await runCli(['bridge', join(dir, 'none')], { dir });
    expect(run).toMatchObject({
      status: 8,
      stdout: '',
      stderr: expect.stringContaining('no such socket'),
    });
  });
});

describe.runIf(process.platform !== 'win32').each(['0.142.0', '0.171.0'])(
  'codex-runtime bridge --lines to Codex %s',
  (version) => {
    it('lets a client that speaks lines run turns and answer approvals', async () => {
      const codexPath = await realExecutable(version);
      const model = await startModelServer((request, count) =>
        count === 1
          ? { kind: 'tool', name: 'exec_command', arguments: ESCALATED }
          : { kind: 'text', text: `over a bridge: ${promptOf(request)}` },
      );
      const home = await makeCodexHome(model.url);
      const socket = join(home.dir, 's.sock');
      const server = spawn(codexPath, ['app-server', '--listen', `unix://${socket}`], {
        env: home.env,
        stdio: 'ignore',
      });
      onTestFinished(async () => {
        server.kill('SIGKILL');
        await model.close();
        await home.remove();
      });
      const asked: string[] = [];
      await expect
        .poll(
          () =>
            stat(socket).then(
              () => true,
              () => false,
            ),
          PATIENT,
        )
        .toBe(true);
      await using codex = await Codex.start({
        command: [process.execPath, BIN, 'bridge', '--lines', socket],
        env: home.env,
        cwd: home.work,
        onApproval: async ({ kind }) => {
          asked.push(kind);
          return 'decline';
        },
      });
      expect(codex.metadata.serverVersion).toBe(version);
      const thread = await codex.startThread({ cwd: home.work });
      expect((await thread.run('one')).finalResponse).toBe('over a bridge: one');
      expect(asked).toEqual(['command']);
      const closed = Promise.all(
        Array.from({ length: 8 }, async (_, n) => {
          const other = await codex.startThread({ cwd: home.work });
          return (await other.run(`at once ${n}`)).finalResponse;
        }),
      );
      expect((await closed).at(-1)).toBe('over a bridge: at once 7');
    });
  },
);

const PATIENT = { timeout: 20_000 };
const ESCALATED = { cmd: 'true', sandbox_permissions: 'require_escalated', justification: 'Why?' };
