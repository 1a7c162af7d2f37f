import { execFileSync } from 'node:child_process';
import { readdir, rm, truncate, writeFile } from 'node:fs/promises';
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

  it('list what pip has in a directory and in an environment, and verify and prune know of it', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const around = { dir: await tempDir(), env: github.env };
    execFileSync('python3', ['-m', 'venv', join(around.dir, 'venv')]);
    await runCli(['install', '1.2.3', '--prefix', 'both'], around);
    const python = ['--ecosystem', 'python'];
    const both = [...python, '--prefix', 'both'];
    const venv = [...python, '--python', 'venv/bin/python'];
    for (const to of [both, venv]) await runCli(['install', '1.2.3', ...to], around);
    const list = async () => document(await runCli(['list', '--json'], around));
    const prefix = join(around.dir, 'both');
    const executable = join(prefix, 'codex_cli_bin/bin/codex');
    const expected = [
      { prefix, ecosystem: 'node', python: null, state: 'healthy' },
      { prefix, ecosystem: 'python', python: null, version: '1.2.3', executable, state: 'healthy' },
      {
        prefix: join(around.dir, 'venv'),
        ecosystem: 'python',
        python: join(around.dir, 'venv/bin/python'),
        executable: expect.stringContaining('site-packages/codex_cli_bin/bin/codex'),
        state: 'healthy',
      },
    ];
    const { prefixes } = await list();
    expect(prefixes).toHaveLength(3);
    expect(prefixes).toEqual(
      expect.arrayContaining(expected.map((prefix) => expect.objectContaining(prefix))),
    );
    const { stdout } = await runCli(['list'], around);
    expect(stdout).toMatch(/codex-cli-bin +python +healthy +\S*both\/codex_cli_bin/);
    const verified = document(await runCli(['verify', '--json'], around));
    expect(verified['runtimes']).toHaveLength(4);

    await runCli(['uninstall', '--prefix', 'both'], around);
    const pruned = document(await runCli(['prune', '--unused-for', '0s', '--json'], around));
    expect(pruned).toMatchObject({ removed: [], kept: [{ reasons: ['installed'] }] });
    await truncate(executable, 3);
    const lib = join(around.dir, 'venv/lib');
    const [found = ''] = (await readdir(lib, { recursive: true })).filter((path) =>
      path.endsWith('codex_cli_bin/runtime.json'),
    );
    await writeFile(join(lib, found), '{');
    expect((await list())['prefixes']).toMatchObject([
      { ecosystem: 'python', state: 'damaged', version: '1.2.3' },
      { ecosystem: 'python', state: 'damaged', version: null, healthy: false },
    ]);
    for (const to of [both, venv]) await runCli(['uninstall', ...to], around);
    expect(await list()).toMatchObject({ runtimes: [{ version: '1.2.3' }], prefixes: [] });
    expect(await readdir(join(around.dir, 'home/prefixes'))).toEqual([]);
  });

  it('list says whose release it is, where that is not upstream', async () => {
    const releases = [await miniatureRelease('1.2.3')];
    await using github = await startLoopbackGitHub({ repo: 'owner/codex', releases });
    await using upstream = await startLoopbackGitHub({ releases });
    const around = { dir: await tempDir(), env: github.env };
    const ofUpstream = { ...around, env: upstream.env };
    await runCli(['install', '1.2.3', '--prefix', 'demo', '--repo', 'owner/codex'], around);
    await runCli(['install', '1.2.3', '--target', 'win32-x64', '--prefix', 'theirs'], ofUpstream);
    expect(document(await runCli(['list', '--json'], around))).toMatchObject({
      runtimes: [{ repo: 'openai/codex' }, { repo: 'owner/codex' }],
      prefixes: [{ repo: 'owner/codex' }, { repo: 'openai/codex' }],
    });
    const { stdout } = await runCli(['list'], around);
    expect(stdout.match(/1\.2\.3 of \S+/g)).toEqual(Array(2).fill('1.2.3 of owner/codex'));
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
