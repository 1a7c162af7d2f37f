import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { TARGETS } from '../../../src/target/index.ts';
import { type LoopbackGitHub, startLoopbackGitHub } from '../../support/loopback-github.ts';
import { miniatureRelease } from '../../support/miniature-release.ts';
import { cliEnvironment, document, runCli } from '../../support/run-cli.ts';
import { tempDir } from '../../support/temp-dir.ts';

const run = promisify(execFile);
const BIN = fileURLToPath(new URL('../../../bin/codex-runtime.js', import.meta.url));

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
    expect(installed.stderr).toBe(
      'Not available: github, mirror (--verbose says why). Taking it from npm.\n',
    );
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
});

describe('a lockfile', () => {
  it('binds what is already in the store and in the prefix', async () => {
    const executable = () => Buffer.from('#!/bin/sh\n# other bytes\necho codex-cli 1.2.3\n');
    await using other = await startLoopbackGitHub({
      releases: [await miniatureRelease('1.2.3', { executable })],
    });
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const dir = await tempDir();
    await runCli(['install', '1.2.3', '--prefix', 'p'], { dir, env: other.env });
    await runCli(['pin', '1.2.3'], { dir, env: github.env });
    const args = ['install', '--frozen', '--prefix', 'p', '--json'];
    const installed = await runCli(args, { dir, env: github.env });
    expect(document(installed)).toMatchObject({ version: '1.2.3', source: 'browser' });
    const text = await readFile(join(dir, 'p/node_modules/.bin/codex'), 'utf8');
    expect(text).not.toContain('other bytes');
    const again = await runCli(args, { dir, env: github.env });
    expect(document(again)).toMatchObject({ source: 'prefix' });
  });
});

describe('a lockfile of a fork', () => {
  it('is installed from that repository without the flag, by every command', async () => {
    const releases = [await miniatureRelease('1.2.3')];
    await using fork = await startLoopbackGitHub({ repo: 'Owner/Fork', releases });
    const around = await surroundings(fork);
    await runCli(['pin', '1.2.3', '--repo', 'Owner/Fork', '--source', 'github'], around);
    const resolved = await runCli(['resolve', '--source', 'github', '--json'], around);
    expect(document(resolved)['sources']).toContainEqual(
      expect.objectContaining({ kind: 'gh', repo: 'Owner/Fork' }),
    );
    const args = ['install', '--prefix', 'p', '--source', 'github', '--json'];
    expect(document(await runCli(args, around))).toMatchObject({ source: 'browser' });
    expect(fork.asked('browser')).toEqual([expect.stringContaining('/Owner/Fork/releases/')]);
    const same = await runCli([...args, '--force', '--repo', 'owner/fork'], around);
    expect(document(same)).toMatchObject({ source: 'browser' });
  });

  it('is refused where --repo names another one, and nothing is asked', async () => {
    const releases = [await miniatureRelease('1.2.3')];
    await using fork = await startLoopbackGitHub({ repo: 'owner/fork', releases });
    const around = await surroundings(fork);
    await runCli(['pin', '1.2.3', '--repo', 'owner/fork', '--source', 'github'], around);
    const asked = fork.requests.length;
    for (const command of [['install', '--prefix', 'p'], ['resolve'], ['which']]) {
      const run = await runCli([...command, '--repo', 'openai/codex', '--json'], around);
      expect(run.status).toBe(3);
      expect(document(run)).toMatchObject({
        code: 'LOCK_INCOMPLETE',
        expected: 'owner/fork',
        actual: 'openai/codex',
        hint: expect.stringContaining('codex-runtime pin 1.2.3 --repo openai/codex'),
      });
    }
    expect(fork.requests).toHaveLength(asked);
  });

  it('says nothing about another version of another repository', async () => {
    const releases = [await miniatureRelease('1.2.4')];
    await using upstream = await startLoopbackGitHub({ releases });
    await using fork = await startLoopbackGitHub({
      repo: 'owner/fork',
      releases: [await miniatureRelease('1.2.3')],
    });
    const around = await surroundings(upstream);
    await runCli(['pin', '1.2.3', '--repo', 'owner/fork', '--source', 'github'], {
      ...around,
      env: { ...around.env, ...fork.env },
    });
    const run = await runCli(['install', '1.2.4', '--prefix', 'p', '--json'], around);
    expect(document(run)).toMatchObject({ version: '1.2.4', source: 'browser' });
  });
});

describe('bad input', () => {
  it.each<[string, readonly string[], Readonly<Record<string, string>>, number, string]>([
    ['no version anywhere', [], {}, 3, 'PIN_MISSING'],
    ['a malformed version', ['not/a/version'], {}, 3, 'PIN_INVALID'],
    ['an empty variable', [], { CODEX_NODE_RUNTIME_VERSION: '' }, 3, 'PIN_INVALID'],
    ['a blank variable', [], { CODEX_RUNTIME_VERSION: ' ' }, 3, 'PIN_INVALID'],
    ['an unknown version', ['9.9.9'], {}, 4, 'RELEASE_NOT_FOUND'],
    ['an unknown target', ['1.2.3', '--target', 'sparc'], {}, 7, 'UNSUPPORTED_PLATFORM'],
    ['an unknown source', ['1.2.3', '--source', 'ftp'], {}, 2, 'USAGE'],
    ['--frozen without a lockfile', ['1.2.3', '--frozen'], {}, 3, 'LOCK_INCOMPLETE'],
    ['--offline with an empty store', ['1.2.3', '--offline'], {}, 5, 'OFFLINE'],
  ])('%s has an exit status and a code of its own', async (_what, args, env, status, code) => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const around = { dir: await tempDir(), env: { ...github.env, ...env } };
    const failed = await runCli(['install', ...args, '--prefix', 'p', '--json'], around);
    expect(failed.status).toBe(status);
    expect(document(failed)).toMatchObject({ code, hint: expect.any(String) });
    const inWords = await runCli(['install', ...args, '--prefix', 'p'], around);
    expect(inWords).toMatchObject({ status, stdout: '' });
    expect(inWords.stderr).not.toMatch(/\n\s+at /);
  });

  it('an unknown version is answered with near ones', async () => {
    const releases = [await miniatureRelease('1.2.3'), await miniatureRelease('1.2.4')];
    await using github = await startLoopbackGitHub({ releases });
    const failed = await runCli(['install', '1.2.5', '--json'], await surroundings(github));
    expect(document(failed)['suggestions']).toContain('1.2.4');
  });

  it('an unknown flag is a usage error that shows where help is', async () => {
    const failed = await runCli(['install', '--frobnicate'], { dir: await tempDir() });
    expect(failed).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining('--help'),
    });
  });

  it.each<[string, Parameters<LoopbackGitHub['fail']>[0], number, string]>([
    ['an HTML page', { route: 'cdn', html: true }, 5, 'SOURCES_EXHAUSTED'],
    ['a truncated body', { route: 'cdn', truncateAt: 100 }, 5, 'SOURCES_EXHAUSTED'],
    ['a server error', { route: 'cdn', status: 503 }, 5, 'SOURCES_EXHAUSTED'],
  ])('%s instead of an archive leaves nothing behind', async (_what, fault, status, code) => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    github.fail(fault);
    const around = await surroundings(github);
    const args = ['install', '1.2.3', '--prefix', 'p', '--source', 'browser', '--json'];
    const failed = await runCli(args, around);
    expect(failed.status).toBe(status);
    expect(document(failed)).toMatchObject({ code });
    expect(await readdir(join(around.dir, 'home/staging'))).toEqual([]);
    expect(await readdir(around.dir)).not.toContain('p');
  });

  it('when every source fails, each channel says why', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    github.fail({ route: 'cdn', status: 503 });
    github.fail({ route: 'mirror-release', status: 404 });
    github.fail({ route: 'mirror', status: 404 });
    github.fail({ route: 'npm-document', status: 401 });
    const args = ['install', '1.2.3', '--prefix', 'p', '--json'];
    const failed = await runCli(args, await surroundings(github));
    expect(failed.status).toBe(5);
    const reasons = document(failed)['reasons'] as readonly { channel: string }[];
    expect(new Set(reasons.map(({ channel }) => channel))).toEqual(
      new Set(['github', 'mirror', 'npm']),
    );
  });

  it('a wrong digest ends everything, although other channels are there', async () => {
    const release = await miniatureRelease('1.2.3');
    const assets = release.assets.map((asset) => ({
      ...asset,
      digest: `sha256:${'0'.repeat(64)}`,
    }));
    await using github = await startLoopbackGitHub({ releases: [{ ...release, assets }] });
    const around = await surroundings(github);
    const failed = await runCli(['install', '1.2.3', '--prefix', 'p', '--json'], around);
    expect(failed.status).toBe(6);
    expect(document(failed)).toMatchObject({ code: 'DIGEST_MISMATCH', expected: '0'.repeat(64) });
    expect(await readdir(around.dir)).not.toContain('p');
  });

  it('an executable of another version is refused', async () => {
    const executable = () => Buffer.from('#!/bin/sh\necho codex-cli 6.6.6\n');
    const releases = [await miniatureRelease('1.2.3', { executable })];
    await using github = await startLoopbackGitHub({ releases });
    const around = await surroundings(github);
    const failed = await runCli(['install', '1.2.3', '--prefix', 'p', '--json'], around);
    expect(failed.status).toBe(6);
    expect(document(failed)).toMatchObject({ code: 'VERSION_MISMATCH', actual: '6.6.6' });
    expect(await readdir(join(around.dir, 'home/store')).catch(() => [])).toEqual([]);
  });

  it('a release without any digest is refused with 6', async () => {
    const release = await miniatureRelease('1.2.3', { digests: false, packages: false });
    await using github = await startLoopbackGitHub({ releases: [release] });
    const args = ['install', '1.2.3', '--prefix', 'p', '--source', 'github', '--json'];
    const failed = await runCli(args, await surroundings(github));
    expect(failed.status).toBe(6);
    expect(document(failed)).toMatchObject({ code: 'DIGEST_MISSING' });
  });

  it('a result that cannot be written is an 8', async () => {
    const dir = await tempDir();
    const script = `'${process.execPath}' '${BIN}' list > /dev/full`;
    const failed = run('sh', ['-c', script], { cwd: dir, env: cliEnvironment(dir) });
    await expect(failed).rejects.toMatchObject({ code: 8 });
  });

  it('a name that leads out of node_modules is refused by uninstall', async () => {
    const args = ['uninstall', '--prefix', 'p', '--name', '../../x', '--json'];
    expect((await runCli(args, { dir: await tempDir() })).status).toBe(2);
  });

  it('a prefix that is a file is an 8, and keeps its content', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const around = await surroundings(github);
    await writeFile(join(around.dir, 'file'), 'mine');
    const onFile = await runCli(['install', '1.2.3', '--prefix', 'file', '--json'], around);
    expect(onFile.status).toBe(8);
    expect(document(onFile)).toMatchObject({ code: 'PREFIX_INVALID' });
    expect(await readFile(join(around.dir, 'file'), 'utf8')).toBe('mine');
  });

  it('a prefix that may not be written is an 8 that says so', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const around = await surroundings(github);
    // Not even root may make a directory there.
    const args = ['install', '1.2.3', '--prefix', '/sys/codex-runtime', '--json'];
    const denied = await runCli(args, around);
    expect(denied.status).toBe(8);
    expect(document(denied)).toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  it('a home with a file in the way is an 8', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const around = await surroundings(github);
    await mkdir(join(around.dir, 'home'));
    await writeFile(join(around.dir, 'home/locks'), 'a file in the way');
    const failed = await runCli(['install', '1.2.3', '--prefix', 'p', '--json'], around);
    expect(failed.status).toBe(8);
  });
});
