import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { buildTarGz } from '../../support/archive-builder.ts';
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

describe('codex-runtime install, given what it cannot take', () => {
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
    expect(document(failed)).toMatchObject({
      code: 'DIGEST_MISSING',
      version: '1.2.3',
      channel: 'github',
      hint: expect.stringContaining('dir:PATH'),
    });
  });

  it('an archive with a member that leads out is refused with 6, and leaves nothing', async () => {
    const release = await miniatureRelease('1.2.3');
    const evil = { path: '../evil', content: Buffer.from('x'), mode: 0o755 };
    const assets = release.assets
      .filter(({ name }) => name.endsWith('.tar.gz'))
      .map((asset) => ({ ...asset, content: buildTarGz([evil]) }));
    await using github = await startLoopbackGitHub({ releases: [{ ...release, assets }] });
    const around = await surroundings(github);
    const failed = await runCli(['install', '1.2.3', '--prefix', 'p', '--json'], around);
    expect(failed.status).toBe(6);
    expect(document(failed)).toMatchObject({
      code: 'ARCHIVE_REFUSED',
      reason: 'traversal',
      member: '../evil',
      version: '1.2.3',
      channel: 'github',
    });
    const left = await readdir(around.dir, { recursive: true, withFileTypes: true });
    const files = left.filter((entry) => entry.isFile() && !entry.parentPath.includes('partial'));
    expect(files.map(({ name }) => name)).toEqual([]);
    expect(github.requests.filter(({ route }) => /^(mirror|npm)/.test(route))).toEqual([]);
  });

  it('a result that cannot be written is an 8', async () => {
    const dir = await tempDir();
    const script = `'${process.execPath}' '${BIN}' list > /dev/full`;
    const failed = run('sh', ['-c', script], { cwd: dir, env: cliEnvironment(dir) });
    await expect(failed).rejects.toMatchObject({
      code: 8,
      stderr: expect.stringMatching(/stdout/),
    });
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
