import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startLoopbackGitHub } from '../../support/loopback-github.ts';
import { miniatureRelease } from '../../support/miniature-release.ts';
import { document, runCli } from '../../support/run-cli.ts';
import { tempDir } from '../../support/temp-dir.ts';

describe('codex-runtime list, which, resolve and uninstall', () => {
  it('show what is here, and take it away again', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const around = { dir: await tempDir(), env: github.env };
    await runCli(['install', '1.2.3', '--prefix', 'demo'], around);
    expect(document(await runCli(['list', '--json'], around))).toMatchObject({
      runtimes: [{ version: '1.2.3', variant: 'package', whole: true, size: expect.any(Number) }],
      prefixes: [{ prefix: join(around.dir, 'demo'), version: '1.2.3', healthy: true }],
    });
    const which = await runCli(['which', '1.2.3', '--offline'], around);
    expect(which.stdout).toBe(
      `${join(around.dir, 'home/store/1.2.3/x86_64-unknown-linux-musl/package/bin/codex')}\n`,
    );
    await rm(join(around.dir, 'demo/node_modules/codex-cli-bin/codex-path/rg'));
    expect(document(await runCli(['list', '--json'], around))).toMatchObject({
      prefixes: [{ healthy: false }],
    });
    expect((await runCli(['uninstall', '--prefix', 'demo'], around)).status).toBe(0);
    expect((await runCli(['uninstall', '1.2.3'], around)).status).toBe(0);
    expect(document(await runCli(['list', '--json'], around))).toMatchObject({
      runtimes: [],
      prefixes: [],
    });
    const again = await runCli(['uninstall', '1.2.3', '--prefix', 'demo', '--json'], around);
    expect(again.status).toBe(4);
    expect(document(again)).toMatchObject({ version: '1.2.3', prefix: join(around.dir, 'demo') });
    expect(document(again)['message']).toContain(join(around.dir, 'home'));
  });

  it('uninstall with a version and a prefix takes that version in both, and nothing of another', async () => {
    const releases = [await miniatureRelease('1.2.3'), await miniatureRelease('1.3.0')];
    await using github = await startLoopbackGitHub({ releases });
    const around = { dir: await tempDir(), env: github.env };
    await runCli(['which', '1.2.3'], around);
    await runCli(['install', '1.3.0', '--prefix', 'demo'], around);
    for (const words of [['1.2.3'], ['1.3.0', '--target', 'win32-x64']]) {
      const other = await runCli(['uninstall', ...words, '--prefix', 'demo', '--json'], around);
      expect(other.status).toBe(4);
      expect(document(other)).toMatchObject({ code: 'RELEASE_NOT_FOUND', actual: '1.3.0' });
    }
    const before = document(await runCli(['list', '--json'], around));
    expect(before['runtimes']).toHaveLength(2);
    expect(before['prefixes']).toMatchObject([{ version: '1.3.0', healthy: true }]);
    const both = document(
      await runCli(['uninstall', '1.3.0', '--prefix', 'demo', '--json'], around),
    );
    expect(both).toMatchObject({
      runtimes: [expect.stringContaining('1.3.0')],
      package: { version: '1.3.0' },
    });
    expect(document(await runCli(['list', '--json'], around))).toMatchObject({
      runtimes: [{ version: '1.2.3' }],
      prefixes: [],
    });
  });

  it('uninstall and verify take --name for the package of a prefix', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const around = { dir: await tempDir(), env: github.env };
    await runCli(['install', '1.2.3', '--name', 'other'], around);
    expect(document(await runCli(['verify', '--name', 'other', '--json'], around))).toMatchObject({
      runtimes: [{ place: 'prefix', dir: join(around.dir, 'node_modules/other') }],
    });
    const missing = await runCli(['verify', '--name', 'nobody', '--json'], around);
    expect(missing.status).toBe(4);
    const gone = await runCli(['uninstall', '1.2.3', '--name', 'other', '--json'], around);
    expect(document(gone)).toMatchObject({
      runtimes: [expect.stringContaining('1.2.3')],
      package: { name: 'other' },
    });
  });

  it('resolve shows asset, digest and sources for each target and downloads nothing', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const around = { dir: await tempDir(), env: github.env };
    const one = document(await runCli(['resolve', '1.2.3', '--json'], around));
    expect(one).toMatchObject({
      version: '1.2.3',
      tag: 'rust-v1.2.3',
      target: 'x86_64-unknown-linux-musl',
      variant: 'package',
      channel: 'github',
      asset: { name: expect.any(String), size: expect.any(Number), digest: expect.any(String) },
      sources: expect.arrayContaining([expect.objectContaining({ kind: 'browser' })]),
    });
    const all = document(await runCli(['resolve', '1.2.3', '--all-targets', '--json'], around));
    expect(all['targets']).toHaveLength(6);
    expect(github.asked('cdn')).toEqual([]);
  });
});
