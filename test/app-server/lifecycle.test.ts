import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Codex, handshake, TransportClosedError } from '../../src/app-server/index.ts';
import { makeCodexHome } from '../support/codex-home.ts';
import { startModelServer } from '../support/model-server.ts';
import { describeReal, realExecutable, startRealCodex } from '../support/real-codex.ts';

const PARENT = fileURLToPath(new URL('../fixtures/app-server/parent.ts', import.meta.url));
const slow = { kind: 'text', text: 'word '.repeat(300), delayMs: 50 } as const;

async function isGone(pid: number, within: number): Promise<boolean> {
  for (const deadline = Date.now() + within; Date.now() < deadline; await sleep(50)) {
    // A zombie has left, too: nobody has collected it in a container without an init.
    const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
    if (status === undefined || / Z /.test(status)) return true;
  }
  return false;
}

describeReal('a server', (version) => {
  it.runIf(process.platform === 'linux')(
    'leaves when the program that started it is killed',
    async () => {
      const model = await startModelServer(() => slow);
      const home = await makeCodexHome(model.url);
      const pidFile = join(home.dir, 'pid');
      const wrapper = join(home.dir, 'codex');
      const real = await realExecutable(version);
      await writeFile(wrapper, `#!/bin/sh\necho $$ > '${pidFile}'\nexec '${real}' "$@"\n`);
      await chmod(wrapper, 0o755);
      const args = ['--import', 'tsx', PARENT, wrapper, home.dir, home.work];
      const parent = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(parent.stdout, 'data');
      const pid = Number(await readFile(pidFile, 'utf8'));
      expect(await isGone(pid, 1)).toBe(false);
      parent.kill('SIGKILL');
      expect(await isGone(pid, 8_000)).toBe(true);
      await model.close();
      await home.remove();
    },
  );

  it('shakes hands', async () => {
    const home = await makeCodexHome('http://127.0.0.1:9/v1');
    const codexPath = await realExecutable(version);
    const result = await handshake({ codexPath, env: home.env, cwd: home.work });
    expect(result.version).toBe(version);
    expect(result.userAgent).toContain(`/${version} (`);
    expect(result.models).toBeGreaterThan(3);
    await home.remove();
  });

  it('that cannot start tells why', async () => {
    const home = await makeCodexHome('http://127.0.0.1:9/v1');
    const codexPath = await realExecutable(version);
    const config = { model_provider: 'nobody' };
    // 0.115.0 says so and stays until its stdin ends; 0.169.0 leaves.
    const error: unknown = await Codex.start({
      codexPath,
      env: home.env,
      cwd: home.work,
      config,
      startTimeoutMs: 2_000,
    }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TransportClosedError);
    expect((error as Error).message).toContain('Model provider `nobody` not found');
    await home.remove();
  });

  it('takes configuration from its starter', async () => {
    await using started = await startRealCodex(version, () => ({ kind: 'text', text: 'a' }), {
      config: { model: 'from-config' },
    });
    await started.codex.startThread().run('hi');
    expect(started.model.requests[0]?.model).toBe('from-config');
  });

  it('has the tools of its runtime first on PATH', async () => {
    await using started = await startRealCodex(version, ({ input }) => {
      const output = input.findLast(({ type }) => type === 'function_call_output')?.output;
      if (output !== undefined) return { kind: 'text', text: JSON.stringify(output) };
      return {
        kind: 'tool',
        name: 'exec_command',
        arguments: { cmd: 'command -v rg', login: false },
      };
    });
    const { finalResponse } = await started.codex.startThread().run('hi');
    expect(finalResponse).toContain(join('codex-path', 'rg'));
  });
});

describe('a server on a Unix socket', () => {
  it.runIf(process.platform !== 'win32')(
    'is joined, and lives on when its client closes',
    async () => {
      const codexPath = await realExecutable('0.171.0');
      const model = await startModelServer(() => ({ kind: 'text', text: 'over a socket' }));
      const home = await makeCodexHome(model.url);
      const socket = join(home.dir, 's.sock');
      const server = spawn(codexPath, ['app-server', '--listen', `unix://${socket}`], {
        env: home.env,
        stdio: 'ignore',
      });
      const join_ = async (): Promise<Codex> => {
        for (const deadline = Date.now() + 10_000; ; await sleep(50)) {
          try {
            return await Codex.connect(socket);
          } catch (error) {
            expect(error).toBeInstanceOf(TransportClosedError);
            if (Date.now() > deadline) throw error;
          }
        }
      };
      const first = await join_();
      expect(first.metadata.serverVersion).toBe('0.171.0');
      const result = await first.startThread({ cwd: home.work }).run('hi');
      expect(result.finalResponse).toBe('over a socket');
      await first.close();
      await expect(first.models()).rejects.toBeInstanceOf(TransportClosedError);
      const second = await Codex.connect(socket);
      const pending = second.startThread({ cwd: home.work }).then((thread) => thread.id);
      expect(await pending).toEqual(expect.any(String));
      const listening = second.request('model/list', {}).catch((error: unknown) => error);
      server.kill('SIGKILL');
      await listening;
      await sleep(200);
      await expect(second.models()).rejects.toBeInstanceOf(TransportClosedError);
      await second.close();
      await model.close();
      await home.remove();
    },
    60_000,
  );
});
