import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { installRuntime } from '../src/index.ts';
import { startLoopbackGitHub } from './support/loopback-github.ts';
import { miniatureRelease } from './support/miniature-release.ts';
import { tempDir } from './support/temp-dir.ts';

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
