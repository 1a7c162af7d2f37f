import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type LoopbackGitHub, startLoopbackGitHub } from '../support/loopback-github.ts';
import { miniatureRelease } from '../support/miniature-release.ts';
import { cliEnvironment, runCli } from '../support/run-cli.ts';
import { tempDir } from '../support/temp-dir.ts';

const BIN = fileURLToPath(new URL('../../bin/codex-runtime.js', import.meta.url));

/** What a screen of 80 columns shows of a command that ends well; util-linux's script makes one. */
async function onTerminal(line: string, github: LoopbackGitHub): Promise<string> {
  const dir = await tempDir();
  const command = `stty cols 80 && '${process.execPath}' '${BIN}' ${line}`;
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    cwd: dir,
    env: { ...cliEnvironment(dir), ...github.env, TERM: 'xterm' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let screen = '';
  child.stdout.on('data', (chunk: Buffer) => {
    screen += chunk.toString();
  });
  expect(await once(child, 'close')).toEqual([0, null]);
  return screen;
}

describe('on a terminal', () => {
  it('a bar shows share and bytes; the path is the last line', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const screen = await onTerminal('install 1.2.3 --prefix demo', github);
    expect(screen).toMatch(/█+ 100% {2}\d+ B of \d+ B/);
    expect(screen.trimEnd()).toMatch(/demo\/node_modules\/codex-cli-bin\/bin\/codex$/);
  });

  it('a table keeps to the width of the screen, with digests that are whole in a pipe', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const lines = (await onTerminal('resolve 1.2.3 --all-targets', github))
      .trimEnd()
      .split(/\r?\n/);
    expect(lines).toHaveLength(2 * 7);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    const whole = await onTerminal('resolve 1.2.3 --verbose', github);
    expect(whole).toMatch(/sha256:[0-9a-f]{64}/);
    const args = ['resolve', '1.2.3', '--quiet'];
    const piped = await runCli(args, { dir: await tempDir(), env: github.env });
    expect(piped.stdout.trimEnd().split('\n')).toHaveLength(2);
    expect(piped.stdout).toMatch(/sha256:[0-9a-f]{64}/);
  });
});

describe('Ctrl-C', () => {
  it('ends with 130, says so in words, and leaves only what can be resumed', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    github.fail({ route: 'cdn', delay: 20_000 });
    const dir = await tempDir();
    const child = spawn(process.execPath, [BIN, 'install', '1.2.3', '--prefix', 'p', '--verbose'], {
      cwd: dir,
      env: { ...cliEnvironment(dir), ...github.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let words = '';
    let interrupted = false;
    child.stderr.on('data', (chunk: Buffer) => {
      words += chunk.toString();
      if (interrupted || !words.includes('Taking')) return;
      interrupted = true;
      child.kill('SIGINT');
    });
    expect(await once(child, 'close')).toEqual([130, null]);
    expect(words).toContain('Interrupted');
    expect(await readdir(join(dir, 'home/staging'))).toEqual([]);
    expect(await readdir(dir)).toEqual(['home']);
    github.heal();
    const again = await runCli(['install', '1.2.3', '--prefix', 'p'], { dir, env: github.env });
    expect(again.status).toBe(0);
  });
});
