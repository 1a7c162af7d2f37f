import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Codex, TransportClosedError } from '../../src/app-server/index.ts';
import { parseMetadata } from '../../src/app-server/metadata.ts';
import { makeCodexHome } from '../support/codex-home.ts';
import { fakeTransport } from '../support/fake-codex.ts';
import { failure, serve } from '../support/memory-server.ts';
import { realExecutable } from '../support/real-codex.ts';

describe('who the server is', () => {
  it.each([
    ['me', 'me/0.171.0 (Debian 12; x86_64) unknown (me; 1)', '0.171.0'],
    ['a/b 1.2.3', 'a/b 1.2.3/0.171.0 (Debian 12; x86_64) unknown', '0.171.0'],
    ['x/9.9.9', 'x/9.9.9/0.150.0-alpha.2 (Debian 12; x86_64)', '0.150.0-alpha.2'],
    // A server that another client introduced itself to first may keep that one's name.
    ['me', 'a/1.1.1 b/0.156.0 (Debian 12; x86_64)', '0.156.0'],
    ['me', 'other/0.115.0', '0.115.0'],
  ])('is told, whatever the client %s is called', (name, userAgent, version) => {
    expect(parseMetadata({ userAgent }, name)).toMatchObject({
      serverName: 'codex',
      serverVersion: version,
      codexHome: null,
    });
  });

  it('is told to a client with a slash in its name', async () => {
    const codexPath = await realExecutable('0.171.0');
    const home = await makeCodexHome('http://127.0.0.1:9/v1');
    await using codex = await Codex.start({
      codexPath,
      env: home.env,
      cwd: home.work,
      clientInfo: { name: 'my/tool 1.2.3', version: '4.5.6' },
      expectedVersion: '0.171.0',
    });
    expect(codex.metadata.serverVersion).toBe('0.171.0');
    await codex.close();
    await home.remove();
  });

  it.each([
    ['0.1.2-alpha.3', true],
    ['>=0.1.0', true],
    ['>=0.1.2', false],
    ['0.1.x', true],
    ['>=0.150.0', false],
    ['newest', false],
  ])('is held to %s: %s', async (expectedVersion, accepted) => {
    const { client } = serve(() => undefined);
    const error = await failure(Codex.over(client, { expectedVersion }));
    const code = expectedVersion === 'newest' ? 'USAGE' : 'VERSION_MISMATCH';
    if (accepted) expect(error).toBe(undefined);
    else expect(error).toMatchObject({ code });
  });
});

describe('one signal', () => {
  it('may end any number of calls without a warning', () => {
    const program = fileURLToPath(new URL('../fixtures/app-server/one-signal.ts', import.meta.url));
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', 'tsx', '--trace-warnings', program],
      { encoding: 'utf8', timeout: 60_000 },
    );
    expect(stderr).not.toContain('MaxListeners');
    expect({ status, stdout }).toEqual({ status: 0, stdout: '60 aborted' });
  });
});

describe('a start', () => {
  it('that is aborted rejects at once, though the server takes its time to leave', async () => {
    const transport = fakeTransport('deaf-and-silent');
    const before = performance.now();
    const error = await failure(Codex.over(transport, { signal: AbortSignal.timeout(200) }));
    expect(performance.now() - before).toBeLessThan(1_500);
    expect(error).toMatchObject({ code: 'ABORTED' });
    await transport.close(new TransportClosedError('over'));
    expect(() => process.kill(transport.pid as number, 0)).toThrow();
  });

  it('that is silent is given up near its deadline', async () => {
    const before = performance.now();
    const error = await failure(
      Codex.over(fakeTransport('deaf-and-silent'), { startTimeoutMs: 300 }),
    );
    expect(performance.now() - before).toBeLessThan(2_000);
    expect(error).toMatchObject({ hint: expect.stringMatching(/was ended.* until \d\d:\d\d/) });
  });

  it('without a pin says how the library is given one', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'codex-unpinned-'));
    const env = { PATH: process.env['PATH'], CODEX_RUNTIME_HOME: join(dir, 'home') };
    const error = await failure(Codex.start({ cwd: dir, env, provision: true }));
    expect(error).toMatchObject({ code: 'PIN_MISSING' });
    expect(JSON.stringify(error)).not.toContain('argument');
    expect((error as { hint: string }).hint).toContain("provision: '0.171.0'");
    await rm(dir, { recursive: true });
  });

  it('does not blame the notices that every start writes', async () => {
    const codexPath = await realExecutable('0.171.0');
    const home = await makeCodexHome('http://127.0.0.1:9/v1');
    const codex = await Codex.start({ codexPath, env: home.env, cwd: home.work });
    const pending = failure(codex.request('thread/loaded/list', {}));
    await pending;
    const never = failure(codex.request('model/list', {}));
    await codex.close();
    await never;
    const fields = { config: { model_provider: 'nobody' } };
    const error = await failure(
      Codex.start({ codexPath, env: home.env, cwd: home.work, ...fields }),
    );
    expect((error as Error).message).toContain('Model provider `nobody` not found');
    expect((error as Error).message).not.toMatch(/bubblewrap|PATH aliases/);
    await home.remove();
  });
});

describe.runIf(process.platform === 'linux')('a home whose sessions are being read', () => {
  it('is told with the time at which it works again, without stack lines', async () => {
    // How soon Codex claims the home after it has opened its database depends on the machine.
    const error =
      (await startAfterKill(300)) ?? (await startAfterKill(1_000)) ?? (await startAfterKill(3_000));
    expect(error).toBeInstanceOf(TransportClosedError);
    const { message, hint } = error as TransportClosedError & { hint: string };
    expect(message).toContain('timed out waiting for state db backfill');
    expect(message).not.toMatch(/Stack backtrace|<unknown>/);
    expect(hint).toMatch(/works again.*at \d\d:\d\d at the latest/);
  });
});

/** Kills Codex while it reads a home's sessions, and returns the next start's error, if any. */
async function startAfterKill(afterMs: number): Promise<unknown> {
  // Not below /tmp, where Codex behaves otherwise.
  const dir = await mkdtemp(join(homedir(), '.codex-runtime-test-'));
  try {
    await writeFile(join(dir, 'config.toml'), '[features]\nplugins = false\n');
    await manySessions(dir, 2_500);
    const codexPath = await realExecutable('0.171.0');
    const env = { PATH: process.env['PATH'], HOME: dir, CODEX_HOME: dir };
    await killWhileReading({ codexPath, home: dir, env, afterMs });
    const codex = await Codex.start({ codexPath, env, cwd: dir, startTimeoutMs: 120_000 });
    await codex.close();
    return undefined;
  } catch (error) {
    return error;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

interface Killing {
  readonly codexPath: string;
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  readonly afterMs: number;
}

/** Starts Codex and kills it once it reads the sessions: its claim on the home stays. */
async function killWhileReading({ codexPath, home, env, afterMs }: Killing): Promise<void> {
  const child = spawn(codexPath, ['app-server'], { env, stdio: ['pipe', 'ignore', 'ignore'] });
  for (;;) {
    const files = await readdir(home);
    if (files.some((file) => /^state.*sqlite-wal$/.test(file))) break;
    await sleep(10);
  }
  await sleep(afterMs);
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function manySessions(home: string, count: number): Promise<void> {
  const dir = join(home, 'sessions', '2026', '10', '01');
  await mkdir(dir, { recursive: true });
  const timestamp = '2026-10-01T10:00:00.000Z';
  const text = 'x'.repeat(900);
  const said = { type: 'message', role: 'user', content: [{ type: 'input_text', text }] };
  const filler = `${JSON.stringify({ timestamp, type: 'response_item', payload: said })}\n`.repeat(
    40,
  );
  for (let index = 0; index < count; index += 1) {
    const id = `019f22c3-0000-7c83-8eb8-${index.toString(16).padStart(12, '0')}`;
    const about = {
      id,
      timestamp,
      cwd: '/',
      originator: 'x',
      cli_version: '0.115.0',
      source: 'vscode',
    };
    const meta = JSON.stringify({ timestamp, type: 'session_meta', payload: about });
    await writeFile(join(dir, `rollout-2026-10-01T10-00-00-${id}.jsonl`), `${meta}\n${filler}`);
  }
}
