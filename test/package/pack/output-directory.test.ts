import { createHash } from 'node:crypto';
import { lstat, mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeOutputDirectory } from '../../../src/package/pack/output-directory.ts';
import { PATIENT } from '../../support/held.ts';
import { startLoopbackGitHub } from '../../support/loopback-github.ts';
import { miniatureRelease } from '../../support/miniature-release.ts';
import { packMiniatures } from '../../support/packed-release.ts';
import { runCli } from '../../support/run-cli.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** The version of the release that a directory holds; fails where it is not one, whole. */
async function wholeRelease(out: string): Promise<string> {
  const sums = (await readFile(join(out, 'SHA256SUMS'), 'utf8')).trimEnd().split('\n');
  for (const line of sums) {
    const [sha256, name = ''] = line.split('  ');
    const bytes = await readFile(join(out, name));
    expect(createHash('sha256').update(bytes).digest('hex'), name).toBe(sha256);
  }
  const { version, files } = JSON.parse(await readFile(join(out, 'manifest.json'), 'utf8'));
  expect(files).toHaveLength(sums.length);
  expect(await readdir(out)).toHaveLength(sums.length + 5);
  return version;
}

/** Fills a directory that an earlier pack of ours may have filled. */
async function fill(out: string, write: (work: string) => Promise<void>): Promise<void> {
  const companions = ['SHA256SUMS', 'codex', 'requirements.txt', 'sbom.cdx.json'];
  await writeOutputDirectory(out, (name) => companions.includes(name), write, PATIENT);
}

it('an output directory that is a link is filled where it leads, and stays a link', async () => {
  const dir = await tempDir();
  const out = join(dir, 'dist');
  await mkdir(join(dir, 'elsewhere'));
  await symlink('elsewhere', out);
  for (const version of ['0.115.0', '0.116.0']) {
    await packMiniatures({ version, out });
    expect((await lstat(out)).isSymbolicLink()).toBe(true);
    expect(await wholeRelease(join(dir, 'elsewhere'))).toBe(version);
  }
});

describe('packs into one directory at once', () => {
  it('by two processes leave one of the two releases, whole', async () => {
    const versions = ['1.2.3', '1.2.4'];
    const releases = await Promise.all(versions.map((version) => miniatureRelease(version)));
    await using github = await startLoopbackGitHub({ releases });
    const around = { dir: await tempDir(), env: github.env };
    const packs = versions.map((version) => runCli(['pack', version, '--out', 'dist'], around));
    for (const run of await Promise.all(packs))
      expect(run, run.stderr).toMatchObject({ status: 0 });
    expect(versions).toContain(await wholeRelease(join(around.dir, 'dist')));
    expect((await readdir(around.dir)).sort()).toEqual(['dist', 'home']);
  });

  it('of many all succeed, and the last one stays', async () => {
    const out = join(await tempDir(), 'dist');
    const versions = ['0.115.0', '0.116.0', '0.117.0', '0.118.0'];
    await Promise.all(versions.map((version) => packMiniatures({ version, out })));
    expect(versions).toContain(await wholeRelease(out));
    expect(await readdir(dirname(out))).toEqual(['dist']);
  });

  it('do not take away what others put there meanwhile', async () => {
    const out = join(await tempDir(), 'dist');
    const filling = fill(out, async () => {
      await mkdir(out);
      await writeFile(join(out, 'thesis.txt'), 'mine');
    });
    await expect(filling).rejects.toMatchObject({ code: 'PREFIX_INVALID' });
    expect(await readdir(out)).toEqual(['thesis.txt']);
    expect(await readdir(dirname(out))).toEqual(['dist']);
  });
});

describe('what a killed pack left', () => {
  const ID = '5f6d0c52-0f0f-4b2e-9a51-8d2a3f0f7c11';

  it.each([
    ['of this machine', `.dist.packing-${ID}`],
    ['of another container', `.dist.packing-0badcafe-1-${ID}`],
  ])('%s is removed by the next', async (_where, name) => {
    const { out } = await packMiniatures();
    await mkdir(join(dirname(out), name));
    await writeFile(join(dirname(out), name, 'half'), '');
    await packMiniatures({ version: '0.116.0', out });
    expect(await wholeRelease(out)).toBe('0.116.0');
    expect(await readdir(dirname(out))).toEqual(['dist']);
  });

  it('is put back where it had taken the earlier release away', async () => {
    const { out } = await packMiniatures();
    await rename(out, join(dirname(out), `.dist.previous-${ID}`));
    const filling = fill(out, async () => {
      throw new TypeError('no luck');
    });
    await expect(filling).rejects.toMatchObject({ code: 'UNEXPECTED' });
    expect(await wholeRelease(out)).toBe('0.115.0');
  });
});
