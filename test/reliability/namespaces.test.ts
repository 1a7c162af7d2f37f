import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { parseTarget } from '../../src/target/index.ts';
import { startLoopbackGitHub } from '../support/loopback-github.ts';
import { miniatureCodex, miniatureRelease } from '../support/miniature-release.ts';
import { packMiniatures } from '../support/packed-release.ts';
import { cliEnvironment, runCli } from '../support/run-cli.ts';
import { tempDir } from '../support/temp-dir.ts';

const BIN = fileURLToPath(new URL('../../bin/codex-runtime.js', import.meta.url));
/** A process namespace as a container has it, which ends with the program that made it. */
const UNSHARE = ['-p', '-f', '--mount-proc', '--kill-child'];
const why =
  spawnSync('unshare', [...UNSHARE, 'true']).status === 0
    ? null
    : ' (skipped: no process namespace can be made here)';
const HALF = 1_000_000;

async function inContainer(words: readonly string[], dir: string, env: Record<string, string>) {
  const child = spawn('unshare', [...UNSHARE, process.execPath, BIN, ...words], {
    cwd: dir,
    env: { ...cliEnvironment(dir), ...env },
    stdio: 'ignore',
  });
  const kill = async () => {
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  };
  return { kill };
}

it.skipIf(why !== null)(
  `the run after a killed container continues its download and leaves nothing${why ?? ''}`,
  async () => {
    const executable = () =>
      Buffer.concat([miniatureCodex('1.2.3'), Buffer.from('exit\n'), randomBytes(2 * HALF)]);
    const release = await miniatureRelease('1.2.3', {
      executable,
      targets: [parseTarget('linux-x64')],
    });
    await using github = await startLoopbackGitHub({ releases: [release] });
    const archive = { route: 'cdn', path: /\.tar\.(gz|zst)$/ } as const;
    github.fail({ ...archive, truncateAt: HALF, times: 1 });
    github.fail({ ...archive, delay: 60_000 });
    const dir = await tempDir();
    const words = ['which', '1.2.3', '--source', 'github'];
    const container = await inContainer(words, dir, { ...github.env });
    const partials = join(dir, 'home/partial');
    const received = async () => {
      const names = await readdir(partials).catch(() => []);
      const sizes = await Promise.all(
        names.map(async (name) => (await stat(join(partials, name)).catch(() => null))?.size ?? 0),
      );
      return Math.max(0, ...sizes);
    };
    await expect.poll(received, { timeout: 60_000 }).toBeGreaterThan(HALF / 2);
    await container.kill();
    github.heal();
    const begun = performance.now();
    const run = await runCli(words, { dir, env: github.env });
    expect(run, run.stderr).toMatchObject({ status: 0 });
    expect(performance.now() - begun).toBeLessThan(20_000);
    expect(github.requests.at(-1)?.range).toMatch(/^bytes=[1-9]\d+-/);
    for (const name of ['partial', 'staging', 'locks']) {
      expect(await readdir(join(dir, 'home', name)), name).toEqual([]);
    }
  },
);

it.skipIf(why !== null)(
  `a pack clears what a killed container left of one${why ?? ''}`,
  async () => {
    const { out } = await packMiniatures();
    const version = '1.2.3';
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease(version)] });
    const dir = join(out, '..');
    const words = ['pack', version, '--targets', 'linux-x64', '--out', out];
    await runCli(['which', version], { dir, env: github.env });
    const container = await inContainer(words, dir, { ...github.env });
    const hidden = async () =>
      (await readdir(dir)).filter((name) => name.startsWith('.dist.packing'));
    await expect.poll(hidden, { timeout: 60_000, interval: 1 }).not.toEqual([]);
    await container.kill();
    const run = await runCli(words, { dir, env: github.env });
    expect(run, run.stderr).toMatchObject({ status: 0 });
    expect((await readdir(dir)).filter((name) => name.startsWith('.dist'))).toEqual([]);
  },
);
