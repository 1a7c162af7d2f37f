import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { BIN, cliEnvironment, document, runCli } from '../support/run-cli.ts';
import { storedRuntime } from '../support/stored-runtime.ts';
import { tempDir } from '../support/temp-dir.ts';

/** A process namespace as a container has it, which ends with the program that made it. */
const UNSHARE = ['-p', '-f', '--mount-proc', '--kill-child'];
const noNamespace =
  spawnSync('unshare', [...UNSHARE, 'true']).status === 0
    ? ''
    : ' (skipped: no process namespace can be made here)';

/** An app-server that never answers, and ends with whoever started it. */
const MUTE = [
  '#!/bin/sh',
  'if [ "$1" = --version ]; then echo "codex-cli 1.2.3"; exit; fi',
  'while read -r line; do :; done',
  '',
].join('\n');

const VERIFY = ['verify', '--handshake'];
const INSTALL = ['install', '1.2.3', '--ecosystem', 'python', '--prefix', 'packages', '--offline'];

/** A machine whose store has one runtime. */
async function machine() {
  const dir = await tempDir();
  const home = join(dir, 'home');
  await storedRuntime(home, { version: '1.2.3', files: { 'bin/codex': MUTE } });
  const entries = async (folder: string) => await readdir(join(home, folder)).catch(() => []);
  /** What lies in the staging and among the holds of the kind. */
  const left = async (kind: string) =>
    [...(await entries('staging')), ...(await entries('locks'))].filter((name) =>
      name.startsWith(`${kind}-`),
    );
  return { dir, home, left };
}

function begin(words: readonly string[], dir: string, wrapper: readonly string[] = []) {
  const [file = '', ...args] = [...wrapper, process.execPath, BIN, ...words];
  // A group of its own, so that pip goes with it.
  return spawn(file, args, {
    cwd: dir,
    env: cliEnvironment(dir),
    stdio: 'ignore',
    detached: true,
  });
}

async function kill(child: ChildProcess) {
  const exit = once(child, 'exit');
  process.kill(-(child.pid ?? 0), 'SIGKILL');
  await exit;
}

/** Kills a run as soon as it has a directory of the kind. */
async function killed(
  { dir, left }: Awaited<ReturnType<typeof machine>>,
  { kind, words, wrapper = [] }: { kind: string; words: readonly string[]; wrapper?: string[] },
) {
  const child = begin(words, dir, wrapper);
  await expect.poll(() => left(kind), { timeout: 60_000, interval: 1 }).not.toEqual([]);
  // The directory is made after its hold.
  await expect
    .poll(() => readdir(join(dir, 'home/staging')), { timeout: 60_000, interval: 1 })
    .toContainEqual(expect.stringContaining(kind));
  await kill(child);
  expect(await left(kind)).not.toEqual([]);
}

const HANDSHAKE = { kind: 'handshake', words: VERIFY };
const WHEEL = { kind: 'wheel', words: INSTALL };

it.each([HANDSHAKE, WHEEL])('prune removes what a killed run left: $kind', async (run) => {
  const here = await machine();
  await killed(here, run);
  const preview = await runCli(['prune', '--dry-run', '--json'], { dir: here.dir });
  expect(document(preview)['staging']).toHaveLength(1);
  expect(await here.left(run.kind)).not.toEqual([]);
  const pruned = await runCli(['prune', '--json'], { dir: here.dir });
  expect(document(pruned)['staging']).toHaveLength(1);
  expect(await here.left(run.kind)).toEqual([]);
});

it('the next handshake removes what a killed one left', async () => {
  const here = await machine();
  await killed(here, HANDSHAKE);
  const next = begin(VERIFY, here.dir);
  // Its own, and no other.
  await expect.poll(() => here.left('handshake'), { timeout: 60_000 }).toHaveLength(2);
  await kill(next);
});

it('the next installation with pip removes what a killed one left', async () => {
  const here = await machine();
  await killed(here, WHEEL);
  const next = await runCli(INSTALL, { dir: here.dir });
  expect(next, next.stderr).toMatchObject({ status: 0 });
  expect(await here.left('wheel')).toEqual([]);
});

it.skipIf(noNamespace !== '')(
  `the next handshake removes what a killed container left${noNamespace}`,
  async () => {
    const here = await machine();
    await killed(here, { ...HANDSHAKE, wrapper: ['unshare', ...UNSHARE] });
    const [old] = await here.left('handshake');
    const next = begin(VERIFY, here.dir);
    await expect
      .poll(() => here.left('handshake'), { timeout: 60_000 })
      .not.toContainEqual(expect.stringContaining(old ?? ''));
    await kill(next);
  },
);

it('a run that is at work keeps its directory beside prune and beside another run', async () => {
  const here = await machine();
  const first = begin(VERIFY, here.dir);
  await expect.poll(() => here.left('handshake'), { timeout: 60_000 }).toHaveLength(2);
  const second = begin(VERIFY, here.dir);
  await expect.poll(() => here.left('handshake'), { timeout: 60_000 }).toHaveLength(4);
  const pruned = await runCli(['prune', '--json'], { dir: here.dir });
  expect(document(pruned)['staging']).toEqual([]);
  expect(await here.left('handshake')).toHaveLength(4);
  await kill(first);
  await kill(second);
});

it('a directory that lost its hold to nobody is a killed run’s, whatever its name ends in', async () => {
  const here = await machine();
  await mkdir(join(here.home, 'staging/wheel-a1B2c3'), { recursive: true });
  const pruned = await runCli(['prune', '--json'], { dir: here.dir });
  expect(document(pruned)['staging']).toEqual([join(here.home, 'staging/wheel-a1B2c3')]);
});
