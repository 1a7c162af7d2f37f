import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { lstat, mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openOutputDirectory } from '../../src/pack/output-directory.ts';
import { startLoopbackGitHub } from '../support/loopback-github.ts';
import { miniatureRelease } from '../support/miniature-release.ts';
import { packMiniatures } from '../support/packed-release.ts';
import { runCli } from '../support/run-cli.ts';
import { tempDir } from '../support/temp-dir.ts';

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
  expect(await readdir(out)).toHaveLength(sums.length + 4);
  return version;
}

/** Opens an output directory that an earlier pack of ours may fill. */
async function open(out: string) {
  return await openOutputDirectory(out, (name) =>
    ['SHA256SUMS', 'codex', 'sbom.cdx.json'].includes(name),
  );
}

/** The id of a process that has ended. */
async function goneProcess(): Promise<number> {
  const child = spawn('true');
  await once(child, 'exit');
  return child.pid ?? 0;
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

  it('do not take away what somebody put there meanwhile', async () => {
    const out = join(await tempDir(), 'dist');
    const output = await open(out);
    await mkdir(out);
    await writeFile(join(out, 'thesis.txt'), 'mine');
    await expect(output.publish()).rejects.toMatchObject({ code: 'PREFIX_INVALID' });
    await output.discard();
    expect(await readdir(out)).toEqual(['thesis.txt']);
    expect(await readdir(dirname(out))).toEqual(['dist']);
  });
});

describe('what a killed pack left', () => {
  /** A name of this machine, and of a process that has ended. */
  async function killedName(name: string): Promise<string> {
    return name.replace(`-${process.pid}-`, `-${await goneProcess()}-`);
  }

  it('is removed by the next, and what a living one has made stays', async () => {
    const out = join(await tempDir(), 'dist');
    const living = await open(out);
    const killed = await open(out);
    await rename(killed.work, await killedName(killed.work));
    await (await open(out)).publish();
    expect((await readdir(dirname(out))).map((name) => join(dirname(out), name)).sort()).toEqual(
      [living.work, out].sort(),
    );
  });

  it('is put back where it had taken the earlier release away', async () => {
    const { out } = await packMiniatures();
    const { work } = await open(out);
    await rename(out, await killedName(work.replace('.packing-', '.previous-')));
    const next = await open(out);
    await next.discard();
    expect(await wholeRelease(out)).toBe('0.115.0');
  });
});
