import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parsePs, roleOf, runningServers } from '../../src/machine/app-servers.ts';
import { makeCodexHome } from '../support/codex-home.ts';
import { finding, healthyPatient } from '../support/patient.ts';
import { realExecutable } from '../support/real-codex.ts';

describe('a process', () => {
  it.each([
    ['/a/bin/codex', ['app-server'], 'server'],
    ['/a/bin/codex', ['-c', 'model="x"', 'app-server', '--listen', 'unix://'], 'server'],
    ['/a/codex-app-server', [], 'server'],
    ['/a/codex-x86_64-unknown-linux-musl', ['app-server'], 'server'],
    ['/a/bin/codex', ['app-server', 'daemon', 'pid-update-loop'], 'updater'],
    ['/a/bin/codex', ['app-server', 'daemon', 'start'], undefined],
    ['/a/bin/codex', ['app-server', 'proxy', '--sock', '/s'], undefined],
    ['/a/bin/codex', ['exec', 'say hello'], undefined],
    ['/a/bin/codex-runtime', ['app-server'], undefined],
    ['/usr/bin/vi', ['app-server'], undefined],
  ])('%s %j is a %s', (executable, args, role) => {
    expect(roleOf(executable, args)).toBe(role);
  });

  it('is read from what ps prints, with spaces in its path', () => {
    const text = [
      '    1 /sbin/launchd',
      '  700 /Users/a b/.codex/bin/codex app-server --listen unix://',
      ' 4211 node /opt/node_modules/.bin/codex app-server',
      '12345 /opt/homebrew/bin/codex',
      '',
    ].join('\n');
    expect(parsePs(text)).toEqual([
      {
        pid: 700,
        executable: '/Users/a b/.codex/bin/codex',
        args: ['app-server', '--listen', 'unix://'],
      },
      { pid: 12345, executable: '/opt/homebrew/bin/codex', args: [] },
    ]);
  });

  it('is not known where no program of the system tells', async () => {
    const host = { platform: 'win32', arch: 'x64' };
    expect(await runningServers({ env: {}, host })).toBeNull();
    const { options } = await healthyPatient();
    expect(await finding({ ...options, host }, 'servers')).toMatchObject({
      status: 'ok',
      summary: expect.stringContaining('not known on win32'),
    });
  });
});

describe('a real app-server that runs', () => {
  it('is found by /proc and by ps, and is older than the command where that is newer', async () => {
    const codex = await realExecutable('0.115.0');
    const home = await makeCodexHome('http://127.0.0.1:9');
    onTestFinished(() => home.remove());
    const server = spawn(codex, ['app-server'], {
      env: { ...home.env },
      cwd: home.work,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    await once(server, 'spawn');
    const ended = once(server, 'exit');
    onTestFinished(async () => {
      server.kill('SIGKILL');
      await ended;
    });
    const { pid } = server;
    const env = { PATH: process.env['PATH'] };
    for (const platform of ['linux', 'darwin']) {
      const found = await runningServers({ env, host: { platform, arch: 'x64' } });
      expect(found?.find((each) => each.pid === pid)).toMatchObject({
        executable: await realpath(codex),
        role: 'server',
        owner: 'codex-runtime',
        version: '0.115.0',
      });
    }

    const newer = dirname(await realExecutable('0.171.0'));
    const { options } = await healthyPatient();
    const older = { ...options, env: { ...options.env, PATH: newer } };
    const { findings } = await diagnoseAll(older);
    const warning = findings.find((each) => each.fields['pid'] === pid);
    expect(warning).toMatchObject({
      id: 'servers.older',
      status: 'warn',
      summary: `The app-server with process id ${pid} is Codex 0.115.0, older than ${join(newer, 'codex')} (0.171.0).`,
    });
    // The same version as the command's is nothing to speak of.
    const same = { ...options, env: { ...options.env, PATH: dirname(codex) } };
    const quiet = (await diagnoseAll(same)).findings;
    expect(quiet.some((each) => each.id === 'servers.older' && each.fields['pid'] === pid)).toBe(
      false,
    );
  });
});

async function diagnoseAll(options: Parameters<typeof finding>[0]) {
  const { diagnose } = await import('../../src/doctor/index.ts');
  return diagnose(options);
}

it('the real daemon is found in CODEX_HOME with its updater, and what to remove is said', async () => {
  const codex = await realExecutable('0.171.0');
  const home = await makeCodexHome('http://127.0.0.1:9');
  onTestFinished(() => home.remove());
  const run = async (...args: string[]) => {
    const child = spawn(codex, ['app-server', 'daemon', ...args], {
      env: { ...home.env },
      cwd: home.work,
      stdio: 'ignore',
    });
    const [status] = await once(child, 'exit');
    return status as number;
  };
  const CODEX_HOME = home.env['CODEX_HOME'] ?? '';
  const updaterPid = async () => {
    const file = join(CODEX_HOME, 'app-server-daemon/daemon-updater.pid');
    const { pid } = JSON.parse(await readFile(file, 'utf8')) as { pid: number };
    return pid;
  };
  onTestFinished(async () => {
    await run('stop');
    process.kill(await updaterPid(), 'SIGKILL');
  });
  expect(await run('start')).toBe(0);
  const dir = join(CODEX_HOME, 'packages/app-server-daemon');
  const { options } = await healthyPatient();
  const env = { ...options.env, CODEX_HOME };
  const pid = await updaterPid();

  expect(await finding({ ...options, env }, 'daemon')).toMatchObject({
    status: 'warn',
    summary: expect.stringMatching(/starts Codex 0\.171\.0 from .*, but Codex 0\.115\.0 is wanted/),
    advice: expect.stringMatching(new RegExp(`daemon stop".*"kill ${pid}".*delete ${dir}`)),
    fields: { version: '0.171.0', wanted: '0.115.0', updaters: expect.arrayContaining([pid]) },
  });
  const pinned = { ...env, CODEX_RUNTIME_VERSION: '0.171.0' };
  expect(await finding({ ...options, env: pinned }, 'daemon')).toMatchObject({ status: 'ok' });

  // What is said about the updater holds: it is still there when the daemon has stopped.
  expect(await run('stop')).toBe(0);
  const left = await runningServers({ env, host: options.host });
  expect(left?.filter((each) => each.executable.startsWith(dir))).toMatchObject([
    { pid, role: 'updater', owner: 'daemon', version: '0.171.0' },
  ]);
});
