import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startLoopbackGitHub } from '../../support/loopback-github.ts';
import { miniatureRelease } from '../../support/miniature-release.ts';
import { document, runCli } from '../../support/run-cli.ts';
import { storedRuntime } from '../../support/stored-runtime.ts';
import { tempDir } from '../../support/temp-dir.ts';

describe('--offline', () => {
  it.each([
    ['install latest --prefix p'],
    ['install alpha --prefix p'],
    ['install ^1.0.0 --prefix p'],
    ['install 1.2.3 --prefix p'],
    ['install 1.2.3 --prefix p --force'],
    ['install 1.2.3 --prefix p --dry-run'],
    ['install latest --prefix p --dry-run'],
    ['which latest'],
    ['exec latest'],
    ['resolve 1.2.3'],
    ['resolve latest'],
    ['resolve 1.2.3 --all-targets'],
    ['stage latest --out s'],
    ['pack latest --out d'],
  ])('%s ends with OFFLINE where the store has nothing, and asks nobody', async (line) => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const around = { dir: await tempDir(), env: github.env };
    const run = await runCli([...line.split(' '), '--offline', '--json'], around);
    expect(run.status).toBe(5);
    expect(document(run)).toMatchObject({ code: 'OFFLINE', hint: expect.any(String) });
    expect(github.requests).toEqual([]);
  });

  it.each([
    ['1.2.3', 'codex-runtime install 1.2.3'],
    [
      '^1.0.0 --target darwin-arm64',
      "codex-runtime install '^1.0.0' --target aarch64-apple-darwin",
    ],
    [
      '1.2.3 --target win32-x64 --repo owner/codex',
      'codex-runtime install 1.2.3 --target x86_64-pc-windows-msvc --repo owner/codex',
    ],
  ])('says with which command %s is brought', async (wish, command) => {
    const args = ['which', ...wish.split(' '), '--offline', '--json'];
    const run = await runCli(args, { dir: await tempDir() });
    expect(document(run)).toMatchObject({
      code: 'OFFLINE',
      hint: expect.stringContaining(`"${command}"`),
    });
  });

  it('takes the newest stored runtime that a moving name or a range allows', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('9.9.9')] });
    const dir = await tempDir();
    const around = { dir, env: github.env };
    for (const version of ['1.2.3', '1.10.0', '2.0.0', '2.1.0-alpha.2', '2.1.0-alpha.11']) {
      await storedRuntime(join(dir, 'home'), { version });
    }
    const takes = async (spec: string) =>
      document(await runCli(['which', spec, '--offline', '--json'], around));
    expect(await takes('latest')).toMatchObject({ version: '2.0.0', source: 'store' });
    expect(await takes('alpha')).toMatchObject({ version: '2.1.0-alpha.11' });
    expect(await takes('^1.0.0')).toMatchObject({ version: '1.10.0' });
    expect(await takes('^3.0.0')).toMatchObject({ code: 'OFFLINE' });
    expect(github.requests).toEqual([]);
  });

  it('does not say that a runtime is missing which --force would fetch again', async () => {
    const dir = await tempDir();
    await storedRuntime(join(dir, 'home'), { version: '1.2.3' });
    for (const version of ['1.2.3', 'latest']) {
      const run = await runCli(['install', version, '--offline', '--force', '--json'], { dir });
      expect(document(run)).toMatchObject({ code: 'OFFLINE', hint: 'Leave out one of the two.' });
      expect(document(run)['message']).not.toContain('not in the store');
    }
  });

  it('leads who names a directory as the source to what asks no network either', async () => {
    const args = ['--source', 'dir:mirror', '--offline', '--json'];
    for (const version of ['1.2.3', 'latest']) {
      const run = await runCli(['which', version, ...args], { dir: await tempDir() });
      expect(document(run)).toMatchObject({
        code: 'OFFLINE',
        hint: expect.stringContaining('Leave out --offline'),
      });
    }
  });

  it('passes over a stored runtime that is damaged, or for another target', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('9.9.9')] });
    const dir = await tempDir();
    const around = { dir, env: github.env };
    await storedRuntime(join(dir, 'home'), { version: '1.2.3' });
    const damaged = await storedRuntime(join(dir, 'home'), { version: '2.0.0' });
    await writeFile(join(damaged.dir, damaged.manifest.entrypoint), 'no more', { flag: 'a' });
    const args = ['which', 'latest', '--offline', '--json'];
    expect(document(await runCli(args, around))).toMatchObject({ version: '1.2.3' });
    const other = await runCli([...args, '--target', 'darwin-arm64'], around);
    expect(document(other)).toMatchObject({ code: 'OFFLINE' });
    expect(github.requests).toEqual([]);
  });
});
