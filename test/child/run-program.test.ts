import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runProgram } from '../../src/child/run-program.ts';
import { CodexRuntimeError } from '../../src/errors.ts';
import { failure } from '../support/failure.ts';
import { tempDir } from '../support/temp-dir.ts';

/** Runs a shell script; in it `$1` is a pipe whose text `announced` gives, and `$2` another file. */
async function start(script: string, more: { signal?: AbortSignal; timeoutMs?: number } = {}) {
  const dir = await tempDir();
  const [pipe, note] = [join(dir, 'pipe'), join(dir, 'note')];
  execFileSync('mkfifo', [pipe]);
  const running = runProgram({
    ...{ file: '/bin/sh', args: ['-c', script, 'sh', pipe, note], env: {}, cwd: dir, ...more },
    notStarted: (cause) => new CodexRuntimeError('INSTALL_FAILED', 'no shell', { cause }),
  });
  return { running, announced: () => readFile(pipe, 'utf8'), note };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('a child that is to end', () => {
  test('and ignores SIGTERM is killed after a while', async () => {
    const controller = new AbortController();
    const { running, announced } = await start(
      `trap '' TERM; echo $$ > "$1"; while :; do sleep 1; done`,
      { signal: controller.signal },
    );
    const ended = failure(running);
    const pid = Number(await announced());
    expect(isAlive(pid)).toBe(true);
    controller.abort();
    expect((await ended).code).toBe('ABORTED');
    expect(isAlive(pid)).toBe(false);
  });

  test('gets the time to put its things in order', async () => {
    const controller = new AbortController();
    const { running, announced, note } = await start(
      `trap 'sleep 0.5; echo tidy > "$2"; exit' TERM; echo $$ > "$1"; while :; do sleep 0.1; done`,
      { signal: controller.signal },
    );
    const ended = failure(running);
    await announced();
    controller.abort();
    expect((await ended).code).toBe('ABORTED');
    expect(await readFile(note, 'utf8')).toBe('tidy\n');
  });

  // Within ten seconds, and what holds the pipes open stays for twenty.
  test.each([
    ['itself', 'sleep 20 & echo $$ $! > "$1"; wait'],
    ['and has before', 'sleep 20 & echo $$ $! > "$1"'],
  ])('ends %s, and what it started is not waited for', { timeout: 10_000 }, async (how, script) => {
    const controller = new AbortController();
    const { running, announced } = await start(script, { signal: controller.signal });
    const ended = failure(running);
    const [own = 0, left = 0] = (await announced()).split(' ').map(Number);
    if (how !== 'itself') await expect.poll(() => isAlive(own)).toBe(false);
    controller.abort();
    expect((await ended).code).toBe('ABORTED');
    process.kill(left);
  });

  test('because its time is over has no exit status', async () => {
    const { running } = await start('exec sleep 20', { timeoutMs: 100 });
    expect(await running).toEqual({ status: null, stdout: '', stderr: '' });
  });
});

describe('what a child prints', () => {
  test('is kept from its beginning, and of its complaints the end', async () => {
    const { running } = await start(
      'echo first; head -c 20000000 /dev/zero; { head -c 99999 /dev/zero; echo last; } >&2; exit 3',
    );
    const { status, stdout, stderr } = await running;
    expect(status).toBe(3);
    expect(stdout).toMatch(/^first\n/);
    expect(stdout.length).toBeLessThan(17 * 2 ** 20);
    expect(stderr).toMatch(/last\n$/);
    expect(stderr).toHaveLength(2 ** 16);
  });
});

test.each([
  ['a program that is not there', '/none', []],
  ['an argument that no process can have', '/bin/sh', ['\0']],
])('%s is told by the error of whoever asked', async (_what, file, args) => {
  const notStarted = (cause: unknown) => new CodexRuntimeError('INSTALL_FAILED', 'no', { cause });
  const error = await failure(runProgram({ file, args, env: {}, notStarted }));
  expect(error.code).toBe('INSTALL_FAILED');
  expect(error.cause).toBeInstanceOf(Error);
});
