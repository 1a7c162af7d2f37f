import { execFileSync } from 'node:child_process';
import { appendFile, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ProgressEvent } from '../../src/events.ts';
import { downloadAssets } from '../../src/operations/download-assets.ts';
import { installRuntime } from '../../src/operations/install-runtime.ts';
import { pinRuntime } from '../../src/operations/pin-runtime.ts';
import { parseTarget } from '../../src/target/index.ts';
import { failure } from '../support/failure.ts';
import { type LoopbackGitHub, startLoopbackGitHub } from '../support/loopback-github.ts';
import { miniatureRelease } from '../support/miniature-release.ts';
import { tempDir } from '../support/temp-dir.ts';

async function surroundings(github: LoopbackGitHub) {
  const cwd = await tempDir();
  const env = { HOME: cwd, PATH: '', ...github.env };
  const host = { platform: 'linux', arch: 'x64' };
  const options = { cwd, home: join(cwd, 'home'), env, host, version: '1.2.3', out: 'mirror' };
  return { options, dir: join(cwd, 'mirror', '1.2.3') };
}

async function loopback(options?: Parameters<typeof miniatureRelease>[1]) {
  return startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3', options)] });
}

describe('downloadAssets', () => {
  it('fills a directory that every target installs from without a network', async () => {
    await using github = await loopback();
    const { options, dir } = await surroundings(github);
    const result = await downloadAssets({ ...options, targets: 'all' });
    expect(result.assets).toHaveLength(6);
    const names = result.assets.map(({ name }) => name);
    expect((await readdir(dir)).sort()).toEqual(['SHA256SUMS', ...names].sort());
    execFileSync('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: dir });
    await github.close();
    for (const target of ['linux-x64', 'win32-arm64', 'darwin-x64']) {
      const installed = await installRuntime({
        ...options,
        target,
        source: 'dir:mirror',
        prefix: join(options.cwd, target),
      });
      expect(installed).toMatchObject({ version: '1.2.3', source: 'file' });
    }
  });

  it.runIf(process.platform === 'linux')('says so where no directory can be made', async () => {
    await using github = await loopback();
    const { options } = await surroundings(github);
    // Node's own recursive mkdir never returns from there.
    const failed = downloadAssets({ ...options, out: '/proc/1/mirror', targets: ['linux-x64'] });
    expect(await failure(failed)).toMatchObject({ code: 'INSTALL_FAILED' });
  });

  it('tells which of several targets comes, and nothing of a single one', async () => {
    await using github = await loopback();
    const { options } = await surroundings(github);
    const told: string[] = [];
    const onProgress = (event: ProgressEvent) => {
      if (event.type === 'target') told.push(`${event.target} ${event.number}/${event.of}`);
    };
    await downloadAssets({ ...options, onProgress, targets: ['linux-x64'] });
    expect(told).toEqual([]);
    await downloadAssets({ ...options, onProgress, targets: ['linux-x64', 'darwin-arm64'] });
    expect(told).toEqual(['x86_64-unknown-linux-musl 1/2', 'aarch64-apple-darwin 2/2']);
  });

  it('takes archives that every Node unpacks', async () => {
    await using github = await loopback();
    const { options } = await surroundings(github);
    const { assets } = await downloadAssets({ ...options, targets: ['linux-x64'] });
    expect(assets[0]?.name).toBe('codex-package-x86_64-unknown-linux-musl.tar.gz');
  });

  it('fetches nothing that is there and right, and replaces what is not', async () => {
    await using github = await loopback();
    const { options, dir } = await surroundings(github);
    const first = await downloadAssets({ ...options, targets: ['linux-x64', 'darwin-arm64'] });
    const fetched = github.asked('cdn').length;
    const again = await downloadAssets({ ...options, targets: ['linux-x64', 'darwin-arm64'] });
    expect(github.asked('cdn')).toHaveLength(fetched);
    expect(again.assets.map(({ downloaded }) => downloaded)).toEqual([0, 0]);
    const [asset] = first.assets;
    await appendFile(asset?.path ?? '', 'more');
    const mended = await downloadAssets({ ...options, targets: ['linux-x64', 'darwin-arm64'] });
    expect(mended.assets.map(({ sha256 }) => sha256)).toEqual(
      first.assets.map(({ sha256 }) => sha256),
    );
    expect(github.asked('cdn')).toHaveLength(fetched + 1);
    const bytes = await readFile(asset?.path ?? '');
    await writeFile(asset?.path ?? '', bytes.reverse());
    const flipped = await downloadAssets({ ...options, targets: ['linux-x64'] });
    expect(flipped.assets[0]?.sha256).toBe(asset?.sha256);
    expect((await readdir(dir)).sort()).toHaveLength(3);
  });

  it('keeps the checksums of what came earlier, and drops those of what is gone', async () => {
    await using github = await loopback();
    const { options, dir } = await surroundings(github);
    const { assets } = await downloadAssets({ ...options, targets: ['linux-x64', 'linux-arm64'] });
    await rm(assets[1]?.path ?? '');
    await writeFile(join(dir, 'own.txt'), 'mine');
    await downloadAssets({ ...options, targets: ['win32-x64'] });
    const sums = await readFile(join(dir, 'SHA256SUMS'), 'utf8');
    expect(sums.match(/\S+$/gm)).toEqual([
      'codex-package-x86_64-pc-windows-msvc.tar.gz',
      'codex-package-x86_64-unknown-linux-musl.tar.gz',
    ]);
  });

  it('computes the SHA-256 that npm does not give', async () => {
    await using github = await loopback();
    const { options, dir } = await surroundings(github);
    const { assets } = await downloadAssets({ ...options, source: 'npm' });
    expect(assets).toMatchObject([
      {
        name: 'codex-npm-linux-x64-1.2.3.tgz',
        channel: 'npm',
        target: 'x86_64-unknown-linux-musl',
      },
    ]);
    execFileSync('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: dir });
    expect((await stat(assets[0]?.path ?? '')).mode & 0o777).toBe(0o644);
  });

  it('keeps and lists what came before a target failed', async () => {
    await using github = await loopback();
    github.fail({ route: 'cdn', path: /x86_64-pc-windows/, status: 404 });
    const { options, dir } = await surroundings(github);
    const failed = await failure(
      downloadAssets({ ...options, source: 'browser', targets: ['linux-x64', 'win32-x64'] }),
    );
    expect(failed.code).toBe('SOURCES_EXHAUSTED');
    expect(await readFile(join(dir, 'SHA256SUMS'), 'utf8')).toMatch(/linux-musl\.tar\.gz\n$/);
  });

  it('leaves nothing under an asset’s name when its digest is wrong', async () => {
    await using github = await startLoopbackGitHub();
    const release = await miniatureRelease('1.2.3');
    const digest = `sha256:${'0'.repeat(64)}`;
    github.add({ ...release, assets: release.assets.map((asset) => ({ ...asset, digest })) });
    const { options, dir } = await surroundings(github);
    expect((await failure(downloadAssets(options))).code).toBe('DIGEST_MISMATCH');
    expect((await readdir(dir)).filter((name) => name !== '.partial')).toEqual([]);
  });

  it('takes nothing that the lockfile does not pin', async () => {
    await using github = await loopback();
    const { options } = await surroundings(github);
    const frozen = { ...options, source: 'npm', frozen: true };
    expect((await failure(downloadAssets(frozen))).code).toBe('LOCK_INCOMPLETE');
    await pinRuntime({ ...options, source: 'npm' });
    expect((await downloadAssets(frozen)).assets).toHaveLength(1);
  });

  it('takes of all targets those that the lockfile pins, and says which it left out', async () => {
    const named = ['linux-x64', 'darwin-arm64'];
    await using github = await loopback({ targets: named.map(parseTarget) });
    const { options } = await surroundings(github);
    await pinRuntime(options);
    const { assets, unpinned } = await downloadAssets({ ...options, targets: 'all', frozen: true });
    const triples = named.map((name) => parseTarget(name).triple);
    expect(assets.map(({ target }) => target).sort()).toEqual([...triples].sort());
    expect(unpinned).toHaveLength(4);
    expect(unpinned.some((triple) => triples.includes(triple))).toBe(false);
    const refused = await failure(downloadAssets({ ...options, targets: ['win32-x64'] }));
    expect(refused.code).toBe('LOCK_INCOMPLETE');
  });

  it('continues what an earlier run could not finish', async () => {
    await using github = await loopback();
    github.fail({ route: 'cdn', truncateAt: 20 });
    const { options } = await surroundings(github);
    const browser = { ...options, source: 'browser' };
    expect((await failure(downloadAssets(browser))).code).toBe('SOURCES_EXHAUSTED');
    github.heal();
    const before = github.requests.length;
    const { assets } = await downloadAssets(browser);
    const ranges = github.requests.slice(before).map(({ range }) => range);
    expect(ranges.filter((range) => range !== null)).not.toEqual([]);
    expect(assets[0]?.downloaded).toBeLessThan(assets[0]?.size ?? 0);
  });
});
