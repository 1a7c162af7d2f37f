import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { startLoopbackGitHub } from '../../support/loopback-github.ts';
import { miniatureRelease } from '../../support/miniature-release.ts';
import { realExecutable } from '../../support/real-codex.ts';
import { cliEnvironment, runCli } from '../../support/run-cli.ts';
import { tempDir } from '../../support/temp-dir.ts';

const BIN = fileURLToPath(new URL('../../../bin/codex-runtime.js', import.meta.url));

async function surroundings() {
  const github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
  return { github, around: { dir: await tempDir(), env: github.env } };
}

describe('codex-runtime exec', () => {
  it('hands its words on as they are, whatever they look like', async () => {
    const { github, around } = await surroundings();
    await using _ = github;
    const words = ['--json', '--', '-q', '', 'two words', '$HOME'];
    const ran = await runCli(['exec', '1.2.3', '-q', '--', 'args', ...words], around);
    expect(ran).toMatchObject({ status: 0, stdout: `${words.join('\n')}\n` });
  });

  it('leaves out what another installation says of itself, and nothing else', async () => {
    const { github, around } = await surroundings();
    await using _ = github;
    const env = {
      ...around.env,
      CODEX_MANAGED_BY_NPM: '1',
      CODEX_MANAGED_BY_BUN: '1',
      CODEX_MANAGED_PACKAGE_ROOT: '/usr/lib/node_modules/@openai/codex',
      CODEX_HOME: `${around.dir}/codex`,
      MY_CODEX_MANAGED_BY: 'me',
    };
    const ran = await runCli(['exec', '1.2.3', '-q', '--', 'env'], { ...around, env });
    const names = ran.stdout.split('\n').map((line) => line.split('=', 1)[0]);
    expect(names.filter((name) => name?.includes('CODEX_MANAGED'))).toEqual([
      'MY_CODEX_MANAGED_BY',
    ]);
    expect(names).toContain('CODEX_HOME');
  });

  it.skipIf(process.platform === 'win32')(
    'lets a real "codex update" change no other installation',
    async () => {
      const executable = await realExecutable('0.171.0');
      const home = executable.slice(0, executable.indexOf(`${sep}store${sep}`));
      const dir = await tempDir();
      const asked = join(dir, 'npm-was-asked');
      await writeFile(join(dir, 'npm'), `#!/bin/sh\necho "$*" >> "${asked}"\n`, { mode: 0o755 });
      const env = {
        PATH: `${dir}:/usr/bin:/bin`,
        CODEX_RUNTIME_HOME: home,
        CODEX_MANAGED_BY_NPM: '1',
        CODEX_MANAGED_PACKAGE_ROOT: dir,
      };
      // By itself it runs npm, which here is a script that tells of it.
      const bare = spawn(executable, ['update'], { cwd: dir, env: { HOME: dir, ...env } });
      await once(bare, 'exit');
      expect(await readFile(asked, 'utf8')).toContain('install');
      await rm(asked);
      const ran = await runCli(['exec', '0.171.0', '--offline', '--', 'update'], { dir, env });
      expect(ran.status).not.toBe(0);
      await expect(readFile(asked, 'utf8')).rejects.toThrow('ENOENT');
    },
  );

  it('copies stdin to stdout and ends with the status of the program', async () => {
    const { github, around } = await surroundings();
    await using _ = github;
    const input = 'first\nsecond\n';
    const copied = await runCli(['exec', '1.2.3', '--', 'cat'], { ...around, input });
    expect(copied).toMatchObject({ status: 0, stdout: input });
    expect((await runCli(['exec', '1.2.3', '--', 'exit', '42'], around)).status).toBe(42);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'passes %s on and ends by it, as the program does',
    async (signal) => {
      const { github, around } = await surroundings();
      await using _ = github;
      await runCli(['which', '1.2.3'], around);
      const child = spawn(process.execPath, [BIN, 'exec', '1.2.3', '--', 'sleep', '30'], {
        cwd: around.dir,
        env: { ...cliEnvironment(around.dir), ...around.env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      await programRuns(child.pid);
      child.kill(signal);
      expect(await once(child, 'exit')).toEqual([null, signal]);
    },
  );

  it('refuses to run what is for another machine, before it fetches it', async () => {
    const { github, around } = await surroundings();
    await using _ = github;
    const refused = await runCli(['exec', '1.2.3', '--target', 'win32-x64', '--', 'x'], around);
    expect(refused.status).toBe(7);
    expect(github.requests).toEqual([]);
  });

  it('says where the words of Codex belong to who puts them before --', async () => {
    const refused = await runCli(['exec', '1.2.3', '--version'], { dir: await tempDir() });
    expect(refused).toMatchObject({ status: 2, stdout: '' });
    expect(refused.stderr).toContain('codex-runtime exec 0.115.0 -- --version');
  });

  it('refuses a second operand before --', async () => {
    const { github, around } = await surroundings();
    await using _ = github;
    expect((await runCli(['exec', '1.2.3', 'stray', '--', 'x'], around)).status).toBe(2);
  });
});

/** Waits until the process has a child of its own: a signal before that would end only itself. */
async function programRuns(pid: number | undefined): Promise<void> {
  const { readFile } = await import('node:fs/promises');
  for (let tries = 0; tries < 400; tries += 1) {
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
    if (children.trim() !== '') return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('the program was not started');
}
