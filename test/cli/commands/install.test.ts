import { execFile } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { TARGETS } from '../../../src/target/index.ts';
import { type LoopbackGitHub, startLoopbackGitHub } from '../../support/loopback-github.ts';
import { miniatureRelease } from '../../support/miniature-release.ts';
import { document, runCli } from '../../support/run-cli.ts';
import { tempDir } from '../../support/temp-dir.ts';

const run = promisify(execFile);

/** A loopback GitHub with one release, and surroundings that lead there. */
async function surroundings(github: LoopbackGitHub) {
  return { dir: await tempDir(), env: github.env };
}

describe('codex-runtime install', () => {
  it('prints the path of an executable that answers with the version, and nothing else', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const around = await surroundings(github);
    const { status, stdout } = await runCli(['install', '1.2.3', '--prefix', 'demo'], around);
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: `${join(around.dir, 'demo/node_modules/codex-cli-bin/bin/codex')}\n`,
    });
    const command = join(around.dir, 'demo/node_modules/.bin/codex');
    expect((await run(command, ['--version'])).stdout).toBe('codex-cli 1.2.3\n');
  });

  it('has its promised JSON shape', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const around = await surroundings(github);
    const installed = await runCli(['install', '1.2.3', '--prefix', 'demo', '--json'], around);
    expect(document(installed)).toMatchObject({
      version: '1.2.3',
      target: 'x86_64-unknown-linux-musl',
      variant: 'package',
      executable: expect.stringContaining('bin/codex'),
      prefix: join(around.dir, 'demo'),
      package: { name: 'codex-cli-bin', version: '1.2.3', dir: expect.any(String) },
      runtime: { dir: join(around.dir, 'home/store/1.2.3/x86_64-unknown-linux-musl/package') },
      source: 'browser',
      downloaded: expect.any(Number),
    });
  });

  it('asks nobody and copies nothing the second time', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const around = await surroundings(github);
    await runCli(['install', '1.2.3', '--prefix', 'demo'], around);
    const asked = github.requests.length;
    const again = await runCli(['install', '1.2.3', '--prefix', 'demo', '--json'], around);
    expect(document(again)).toMatchObject({ source: 'prefix', downloaded: 0 });
    const second = await runCli(['install', '1.2.3', '--prefix', 'other', '--json'], around);
    expect(document(second)).toMatchObject({ source: 'store', downloaded: 0 });
    expect(github.requests).toHaveLength(asked);
  });

  it('reaches npm by itself when GitHub and the mirror do not answer, and says so in one line', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const around = await surroundings(github);
    for (const route of ['release', 'browser', 'mirror-release', 'mirror'] as const) {
      github.fail({ route, status: 404 });
    }
    const installed = await runCli(['install', '1.2.3', '--prefix', 'demo'], around);
    expect(installed.status).toBe(0);
    expect(installed.stderr).toMatch(
      /^Not available: github, mirror \(--verbose says why\)\. Taking it from npm\.\nInstalled Codex 1\.2\.3 \(sha512 verified\) in \d+\.\d s\.\n$/,
    );
  });

  it('says in one line what happened', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const around = await surroundings(github);
    const said = async (...words: string[]) => (await runCli(['install', ...words], around)).stderr;
    expect(await said('1.2.3', '--prefix', 'demo')).toMatch(
      /^Installed Codex 1\.2\.3 \(sha256 verified\) in \d+\.\d s\.\n$/,
    );
    expect(await said('--prefix', 'demo')).toBe('Already installed: Codex 1.2.3.\n');
    expect(await said('1.2.3', '--prefix', 'other')).toMatch(
      /^Installed Codex 1\.2\.3 \(from the store\) in \d+\.\d s\.\n$/,
    );
    expect(await said('1.2.3', '--prefix', 'third', '--quiet')).toBe('');
  });

  it("says when npm's global commands are not on PATH", async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const around = await surroundings(github);
    const args = ['install', '1.2.3', '-g', '--prefix', 'global'];
    const bin = join(around.dir, 'global/bin');
    expect((await runCli(args, around)).stderr).toContain(`${bin} is not on PATH`);
    const env = { ...around.env, PATH: `/usr/bin:/bin:${bin}/` };
    expect((await runCli(args, { ...around, env })).stderr).not.toContain('PATH');
  });

  // Nobody, not even root, makes a directory there.
  it.each([
    [['--prefix', '/proc/1/x'], /^Use --prefix /],
    [['--home', '/proc/1/x'], /^Use --home or CODEX_RUNTIME_HOME /],
  ])('names what chooses another directory where it may not write: %j', async (words, named) => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const around = await surroundings(github);
    const refused = await runCli(['install', '1.2.3', ...words, '--json'], around);
    expect(refused.status).toBe(8);
    expect(document(refused)['hint']).toMatch(named);
  });

  it('takes the API with a token, and shows it to nobody else', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const dir = await tempDir();
    const env = { ...github.env, GH_TOKEN: 'canary' };
    const installed = await runCli(['install', '1.2.3', '--prefix', 'demo', '--json'], {
      dir,
      env,
    });
    expect(document(installed)).toMatchObject({ source: 'api' });
    const seen = github.requests.filter(({ authorization }) => authorization !== null);
    expect(new Set(seen.map(({ route }) => route))).toEqual(new Set(['release', 'asset']));
  });

  it.each(TARGETS.map(({ triple, exeSuffix }) => [triple, exeSuffix]))(
    'prepares %s on this machine, from each channel',
    async (triple, exeSuffix) => {
      await using github = await startLoopbackGitHub({
        releases: [await miniatureRelease('1.2.3')],
      });
      for (const source of ['github', 'mirror', 'npm']) {
        const around = await surroundings(github);
        const args = ['install', '1.2.3', '--target', triple, '--prefix', 'out'];
        expect(await runCli([...args, '--source', source], around)).toMatchObject({
          status: 0,
          stdout: `${join(around.dir, `out/node_modules/codex-cli-bin/bin/codex${exeSuffix}`)}\n`,
        });
      }
    },
  );

  it('tells which version a moving name or a range has come to mean, once', async () => {
    const releases = [await miniatureRelease('1.3.0'), await miniatureRelease('1.2.3')];
    await using github = await startLoopbackGitHub({ releases });
    const around = await surroundings(github);
    const lines: readonly (readonly [readonly string[], string])[] = [
      [['install', 'latest', '--prefix', 'demo'], 'Taking Codex 1.3.0 for "latest".\n'],
      [['which', '~1.2.0'], 'Taking Codex 1.2.3 for "~1.2.0".\n'],
      [['which', 'latest', '--offline'], 'Taking Codex 1.3.0 for "latest".\n'],
      [['resolve', 'latest', '--all-targets'], 'Taking Codex 1.3.0 for "latest".\n'],
      [['which', 'latest', '--quiet'], ''],
      [['which', '1.3.0'], ''],
    ];
    for (const [args, stderr] of lines) {
      const run = await runCli(args, around);
      expect(run.status).toBe(0);
      expect(run.stderr.replace(/Installed .*\n/, ''), args.join(' ')).toBe(stderr);
    }
    expect(github.asked('latest')).toHaveLength(3);
  });

  it('takes bare archives of old releases: tar.gz, and zip for Windows', async () => {
    const releases = [await miniatureRelease('1.2.3', { packages: false })];
    await using github = await startLoopbackGitHub({ releases });
    const around = await surroundings(github);
    for (const target of ['linux-x64', 'win32-x64']) {
      const args = ['install', '1.2.3', '--target', target, '--prefix', target, '--json'];
      const installed = await runCli([...args, '--source', 'github'], around);
      expect(document(installed)).toMatchObject({ variant: 'binary', source: 'browser' });
    }
  });

  it('takes the version from the variable, the lockfile, and what is installed', async () => {
    const releases = [await miniatureRelease('1.2.3'), await miniatureRelease('1.3.0')];
    await using github = await startLoopbackGitHub({ releases });
    const around = await surroundings(github);
    const env = { ...github.env, CODEX_NODE_RUNTIME_VERSION: 'rust-v1.3.0' };
    const byVariable = await runCli(['install', '--prefix', 'a', '--json'], { ...around, env });
    expect(document(byVariable)).toMatchObject({ version: '1.3.0' });
    const installed = await runCli(['install', '--prefix', 'a', '--json'], around);
    expect(document(installed)).toMatchObject({ version: '1.3.0', source: 'prefix' });
    await runCli(['pin', '1.2.3'], around);
    const locked = await runCli(['install', '--prefix', 'a', '--json', '--frozen'], around);
    expect(document(locked)).toMatchObject({ version: '1.2.3' });
  });

  it('says what it would do with --dry-run, and does nothing', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const around = await surroundings(github);
    const preview = await runCli(['install', '1.2.3', '--prefix', 'p', '--dry-run'], around);
    expect(preview).toMatchObject({ status: 0, stdout: expect.stringContaining('Would download') });
    expect(await readdir(around.dir)).toEqual([]);
  });

  it('says so for Python too, with no pip and nothing written', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const around = await surroundings(github);
    // An interpreter that has no pip, and would fail if it were asked for it.
    const python = join(await tempDir(), 'python');
    const ask = ['-c', 'import sys; print(sys.executable, sys.prefix)'];
    const [real = '', own] = (await run('python3', ask)).stdout.trim().split(' ');
    await writeFile(
      python,
      '#!/bin/sh\n[ "$1" = -m ] && exit 9\nexec REAL "$@"\n'.replace('REAL', real),
      {
        mode: 0o755,
      },
    );
    const args = ['install', '1.2.3', '--ecosystem', 'python', '--python', python, '--json'];
    const prefix = ['--prefix', 'site'];
    const first = document(await runCli([...args, ...prefix, '--dry-run'], around));
    expect(first).toMatchObject({
      version: '1.2.3',
      prefix: join(around.dir, 'site'),
      action: 'download',
      resolution: { version: '1.2.3' },
    });
    const environment = document(await runCli([...args, '--dry-run'], around));
    expect(environment).toMatchObject({ prefix: own, action: 'download' });
    expect(await readdir(around.dir)).toEqual([]);
    const installing = await runCli([...args, ...prefix], around);
    expect(document(installing)).toMatchObject({ code: 'INSTALL_FAILED' });
    const stored = document(await runCli([...args, ...prefix, '--dry-run'], around));
    expect(stored).toMatchObject({ action: 'link', resolution: null });
  });
});
