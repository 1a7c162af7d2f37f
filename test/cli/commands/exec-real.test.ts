import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { realExecutable, realHome } from '../../support/real-codex.ts';
import { BIN, cliEnvironment, runCli } from '../../support/run-cli.ts';
import { tempDir } from '../../support/temp-dir.ts';

const VERSION = '0.171.0';
const run = promisify(execFile);

/** The words that start the real runtime, in a home of its own and without a network. */
async function exec(...words: readonly string[]) {
  const dir = await tempDir();
  const env = { CODEX_RUNTIME_HOME: realHome(), CODEX_HOME: dir, TERM: 'xterm' };
  const args = ['exec', VERSION, '--offline', '--', ...words];
  return { dir, env, args, all: { ...cliEnvironment(dir), ...env } };
}

async function startServer() {
  const { dir, args, all } = await exec('app-server');
  // In a process group of its own, which signals reach as a terminal's do.
  const child = spawn(process.execPath, [BIN, ...args], { cwd: dir, env: all, detached: true });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { child, lines, ask: () => child.stdin.write(INITIALIZE) };
}

const clientInfo = { name: 'exec-test', version: '0.0.0' };
const INITIALIZE = `${JSON.stringify({ id: 1, method: 'initialize', params: { clientInfo } })}\n`;

/** The process that a process has started. */
async function childOf({ pid }: ChildProcess): Promise<number> {
  for (let tries = 0; tries < 400; tries += 1) {
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
    if (children.trim() !== '') return Number(children);
    await sleep(25);
  }
  throw new Error('the program was not started');
}

/** A line of `/proc/PID/status`. */
async function statusOf(pid: number | undefined, name: string): Promise<string> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(status)?.[1] ?? '';
}

describe.skipIf(process.platform !== 'linux')('exec of the real runtime', () => {
  beforeAll(async () => {
    await realExecutable(VERSION);
  });

  it('has no terminal where we have none', async () => {
    const { dir, env, args } = await exec();
    const ran = await runCli(args, { dir, env });
    expect(ran.status).toBe(1);
    expect(ran.stderr).toContain('stdin is not a terminal');
  });

  it('has our terminal', async () => {
    const { dir, args, all } = await exec();
    const words = [process.execPath, BIN, ...args].map((word) => `'${word}'`).join(' ');
    const script = spawn('script', ['-qec', words, '/dev/null'], {
      cwd: dir,
      env: all,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    let shown = '';
    for await (const bytes of script.stdout) {
      shown += bytes;
      // It takes the keyboard as only a terminal's program does.
      if (shown.includes('\u001b[?2004h')) break;
    }
    script.kill('SIGKILL');
    expect(shown).toContain('\u001b[?2004h');
    expect(shown).not.toContain('is not a terminal');
  });

  it('speaks through our pipes, stops with us, and goes on with us', async () => {
    const { child, lines, ask } = await startServer();
    const codex = await childOf(child);
    const group = -(child.pid ?? 0);
    process.kill(group, 'SIGSTOP');
    for (const pid of [child.pid, codex]) {
      await expect.poll(() => statusOf(pid, 'State')).toMatch(/^T/);
    }
    ask();
    const answer = lines.next();
    expect(await Promise.race([answer, sleep(500, 'nothing')])).toBe('nothing');
    process.kill(group, 'SIGCONT');
    expect(JSON.parse((await answer).value)).toMatchObject({ id: 1, result: {} });
    child.stdin.end();
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('gets no signal ignored that a shell would not ignore for it', async () => {
    const { child } = await startServer();
    const bare = spawn(await realExecutable(VERSION), ['app-server'], { cwd: await tempDir() });
    const [ours, theirs] = [await childOf(child), bare.pid];
    // What its own start ignores comes to both.
    await expect
      .poll(async () => (await statusOf(ours, 'SigIgn')) === (await statusOf(theirs, 'SigIgn')))
      .toBe(true);
    expect(await statusOf(child.pid, 'SigIgn')).not.toBe('0000000000000000');
    for (const process of [child, bare]) {
      process.stdin.end();
      await once(process, 'exit');
    }
  });

  it('ends by the signal that ends it', async () => {
    const { child } = await startServer();
    process.kill(await childOf(child), 'SIGKILL');
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
  });

  it('starts where its executable is replaced between the look and the start', async () => {
    const { dir, args, all } = await exec('--version');
    const home = join(dir, 'copy');
    const executable = await realExecutable(VERSION);
    const copied = join(home, relative(realHome(), executable));
    const runtime = dirname(dirname(executable));
    await run('mkdir', ['-p', dirname(dirname(dirname(copied)))]);
    await run('cp', ['-a', '--reflink=auto', runtime, dirname(dirname(copied))]);
    // The first start finds it gone, as between the two renames of a replacement.
    const hook = `const child = require('node:child_process'), { renameSync } = require('node:fs');
      const { spawn } = child, path = ${JSON.stringify(copied)};
      let starts = 0;
      child.spawn = (file, ...rest) => {
        starts += file === path ? 1 : 0;
        if (starts !== 1) return spawn(file, ...rest);
        renameSync(path, path + '.away');
        try { return spawn(file, ...rest); } finally { renameSync(path + '.away', path); }
      };
      process.on('exit', () => process.stderr.write('starts: ' + starts));`;
    await writeFile(join(dir, 'hook.cjs'), hook);
    const env = { ...all, CODEX_RUNTIME_HOME: home };
    const words = ['--require', join(dir, 'hook.cjs'), BIN, ...args];
    const { stdout, stderr } = await run(process.execPath, words, { cwd: dir, env });
    expect(stdout).toBe(`codex-cli ${VERSION}\n`);
    expect(stderr).toContain('starts: 2');
  });
});
