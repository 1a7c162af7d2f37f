import { randomBytes } from 'node:crypto';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ensureRuntime, installRuntime } from '../../src/index.ts';
import { parseTarget } from '../../src/target/index.ts';
import { failure } from '../support/failure.ts';
import { startLoopbackGitHub } from '../support/loopback-github.ts';
import { miniatureCodex, miniatureRelease } from '../support/miniature-release.ts';
import { mount, whyNoMounts } from '../support/mount.ts';
import { tempDir } from '../support/temp-dir.ts';

/** An install that its only source breaks off, and the partial file that it left. */
async function brokenInstall() {
  const github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
  const dir = await tempDir();
  const home = join(dir, 'home');
  const wish = { cwd: dir, home, prefix: join(dir, 'p'), env: github.env, version: '1.2.3' };
  for (const route of ['asset', 'mirror', 'npm-document'] as const) {
    github.fail({ route, status: 404 });
  }
  const archive = { route: 'cdn', path: /\.tar\.(gz|zst)$/ } as const;
  github.fail({ ...archive, truncateAt: 200, times: 1 });
  github.fail({ ...archive, status: 404 });
  await expect(installRuntime(wish)).rejects.toMatchObject({ code: 'SOURCES_EXHAUSTED' });
  github.heal();
  const partials = join(home, 'partial');
  const [name = ''] = (await readdir(partials)).filter((one) => !one.includes('.json'));
  return { github, home, wish, partial: join(partials, name) };
}

describe('an install after one that broke off', () => {
  it('continues where that one stopped', async () => {
    const { github, wish, partial } = await brokenInstall();
    await using _ = github;
    const { size } = await stat(partial);
    expect(size).toBeGreaterThan(0);
    await installRuntime(wish);
    expect(github.requests.at(-1)).toMatchObject({ range: `bytes=${size}-` });
  });

  it.each([0, 20, 150])('heals by itself when bit %i of what is left flipped', async (position) => {
    const { github, home, wish, partial } = await brokenInstall();
    await using _ = github;
    const file = await open(partial, 'r+');
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, position);
    await file.write(Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, position);
    await file.close();
    expect(await installRuntime(wish)).toMatchObject({ version: '1.2.3' });
    expect(await readdir(join(home, 'partial'))).toEqual([]);
    expect(await readdir(join(home, 'staging'))).toEqual([]);
  });
});

it('what was verified and cannot be run is not fetched again', async () => {
  const executable = () => Buffer.from('\u007fELF of another machine');
  const release = await miniatureRelease('1.2.3', { executable });
  await using github = await startLoopbackGitHub({ releases: [release] });
  const dir = await tempDir();
  const wish = { cwd: dir, home: join(dir, 'home'), prefix: join(dir, 'p'), env: github.env };
  for (const fetched of [1, 1]) {
    const failed = await failure(installRuntime({ ...wish, version: '1.2.3', source: 'github' }));
    expect(failed.code).toBe('INSTALL_FAILED');
    expect(github.asked('cdn').filter((path) => path.includes('.tar')).length).toBe(fetched);
  }
});

describe.skipIf(whyNoMounts !== null)(`a disk without room${whyNoMounts ?? ''}`, () => {
  it('is refused with the figures, before anything is fetched', async () => {
    const script = miniatureCodex('1.2.3');
    const executable = () => Buffer.concat([script, Buffer.from('exit\n'), randomBytes(3e6)]);
    const release = await miniatureRelease('1.2.3', {
      executable,
      targets: [parseTarget('linux-x64')],
    });
    await using github = await startLoopbackGitHub({ releases: [release] });
    const dir = await tempDir();
    const home = join(dir, 'home');
    await mount(home, 'size=5m');
    const wish = { cwd: dir, home, env: github.env, version: '1.2.3' };
    const error = await failure(ensureRuntime(wish));
    expect(error).toMatchObject({ code: 'DISK_FULL', fields: { path: home } });
    const { needed, free } = error.fields as { needed: number; free: number };
    expect(needed).toBeGreaterThan(6e6);
    expect(free).toBeLessThanOrEqual(5 * 2 ** 20);
    expect(error.message).toMatch(/needs about 7 MB at .* 6 MB are free/);
    expect(github.asked('cdn').filter((path) => path.includes('.tar'))).toEqual([]);
  });

  it('of a prefix of its own is counted as well', async () => {
    const executable = () =>
      Buffer.concat([miniatureCodex('1.2.3'), Buffer.from('exit\n'), randomBytes(3e6)]);
    const release = await miniatureRelease('1.2.3', {
      executable,
      targets: [parseTarget('linux-x64')],
    });
    await using github = await startLoopbackGitHub({ releases: [release] });
    const dir = await tempDir();
    const prefix = join(dir, 'prefix');
    await mount(prefix, 'size=2m');
    const wish = { cwd: dir, home: join(dir, 'home'), prefix, env: github.env, version: '1.2.3' };
    const error = await failure(installRuntime(wish));
    expect(error).toMatchObject({ code: 'DISK_FULL', fields: { path: prefix } });
    expect(github.asked('cdn').filter((path) => path.includes('.tar'))).toEqual([]);
  });
});
