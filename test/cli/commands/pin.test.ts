import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseTarget } from '../../../src/target/index.ts';
import { startLoopbackGitHub } from '../../support/loopback-github.ts';
import { miniatureRelease } from '../../support/miniature-release.ts';
import { type CliRun, document, runCli } from '../../support/run-cli.ts';
import { tempDir } from '../../support/temp-dir.ts';

describe('codex-runtime pin', () => {
  it('prints the path of the lockfile, which --check then finds true', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const around = { dir: await tempDir(), env: github.env };
    const path = join(around.dir, 'codex-runtime.lock.json');
    expect(await runCli(['pin', '1.2.3'], around)).toMatchObject({
      status: 0,
      stdout: `${path}\n`,
    });
    expect(await readFile(path, 'utf8')).toContain('"version": "1.2.3"');
    expect(await runCli(['pin', '--check', '--quiet'], around)).toEqual({
      status: 0,
      stdout: `${path}\n`,
      stderr: '',
    });
  });

  it('ends with 3 and every finding in the document when the lockfile lacks something', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const around = { dir: await tempDir(), env: github.env };
    await runCli(['pin', '1.2.3', '--source', 'npm'], around);
    const run = await runCli(['pin', '--check', '--json'], around);
    expect(run.status).toBe(3);
    expect(document(run)).toMatchObject({ code: 'LOCK_INCOMPLETE', version: '1.2.3' });
    expect(document(run)['findings']).not.toHaveLength(0);
  });

  it('says how the version that was to be checked is locked, where nothing is', async () => {
    const run = await runCli(['pin', 'v1.2.3', '--check', '--json'], { dir: await tempDir() });
    expect(run.status).toBe(3);
    expect(document(run)).toMatchObject({
      code: 'PIN_MISSING',
      hint: expect.stringContaining('"codex-runtime pin 1.2.3"'),
    });
  });

  it('names the file that it changes, from a package of a monorepo', async () => {
    const releases = [await miniatureRelease('1.2.4'), await miniatureRelease('1.2.3')];
    await using github = await startLoopbackGitHub({ releases });
    const dir = await tempDir();
    const cwd = join(dir, 'packages', 'one');
    await mkdir(cwd, { recursive: true });
    const around = { dir, env: github.env };
    const first = await runCli(['pin', '1.2.3'], around);
    expect(first.stderr).toContain('Locked Codex 1.2.3 in codex-runtime.lock.json:\n');
    const below = { ...around, cwd };
    const path = join('..', '..', 'codex-runtime.lock.json');
    const second = await runCli(['pin', '1.2.4'], below);
    expect(second.stderr).toContain(`Locked Codex 1.2.3 → 1.2.4 in ${path}:\n`);
    const own = await runCli(['pin', '1.2.3', '--here'], below);
    expect(own.stdout).toBe(`${join(cwd, 'codex-runtime.lock.json')}\n`);
    const checked = await runCli(['pin', '--check', '--lockfile', path, '--json'], below);
    expect(document(checked)).toMatchObject({ version: '1.2.4', path: join(cwd, path) });
    const install = await runCli(['install', '--lockfile', path, '--prefix', 'p'], below);
    expect(install).toMatchObject({ status: 0 });
    expect(install.stderr).toContain(`Using ${path} (Codex 1.2.4).\n`);
    const verify = ['verify', '--prefix', 'p', '--lockfile'];
    expect(await runCli([...verify, path], below)).toMatchObject({ status: 0 });
    expect((await runCli([...verify, 'nowhere.json'], below)).status).toBe(3);
    expect((await runCli(['pin', '--here', '--lockfile', path], below)).status).toBe(2);
  });

  it('refuses --check together with --deep', async () => {
    expect(await runCli(['pin', '--check', '--deep'], { dir: await tempDir() })).toMatchObject({
      status: 2,
      stdout: '',
    });
  });
});

/** The first command that a hint names between quotes, and what it is to be run with. */
function commandIn(run: CliRun): string[] {
  const { hint } = document(run);
  const [, words = ''] = /"codex-runtime ([^"]+)"/.exec(String(hint)) ?? [];
  return [...words.split(' '), '--json'];
}

describe('the hints of a lockfile', () => {
  const one = [parseTarget('linux-x64')];

  it('end when no channel has more than one target: the check says so and is content', async () => {
    const release = await miniatureRelease('1.2.3', { targets: one });
    await using github = await startLoopbackGitHub({ releases: [release] });
    const around = { dir: await tempDir(), env: github.env };
    const pinned = document(await runCli(['pin', '1.2.3', '--json'], around));
    expect(pinned['missing']).toHaveLength(5);
    for (const words of [
      ['resolve', '--all-targets'],
      ['install', '--target', 'darwin-arm64', '--prefix', 'p'],
      ['pack', '--out', 'dist'],
    ]) {
      const refused = await runCli([...words, '--json'], around);
      expect(document(refused)).toMatchObject({
        code: 'LOCK_INCOMPLETE',
        locked: ['x86_64-unknown-linux-musl'],
      });
      const told = await runCli(commandIn(refused), around);
      expect(told.status).toBe(0);
      expect(document(told)['absent']).toHaveLength(5);
    }
  });

  it('lead to a complete lock when another channel has the other targets', async () => {
    const whole = await miniatureRelease('1.2.3');
    const builds = whole.builds.filter(({ version }) => version.endsWith('-linux-x64'));
    await using github = await startLoopbackGitHub({ releases: [{ ...whole, builds }] });
    const around = { dir: await tempDir(), env: github.env };
    await runCli(['pin', '1.2.3', '--source', 'npm'], around);
    const refused = await runCli(['resolve', '--target', 'darwin-arm64', '--json'], around);
    const checked = await runCli(commandIn(refused), around);
    expect(checked.status).toBe(3);
    expect((await runCli(commandIn(checked), around)).status).toBe(0);
    expect((await runCli(commandIn(refused), around)).status).toBe(0);
    const resolved = await runCli(['resolve', '--target', 'darwin-arm64', '--json'], around);
    expect(resolved.status).toBe(0);
  });

  it('name the channels that were silent, and what to do where they stay so', async () => {
    const release = await miniatureRelease('1.2.3', { targets: one });
    await using github = await startLoopbackGitHub({ releases: [release] });
    const around = { dir: await tempDir(), env: github.env };
    for (const route of ['release', 'browser', 'mirror-release', 'mirror'] as const) {
      github.fail({ route, status: 401 });
    }
    await runCli(['pin', '1.2.3'], around);
    const checked = await runCli(['pin', '--check', '--json'], around);
    expect(checked.status).toBe(3);
    expect(document(checked)['hint']).toMatch(/github, mirror.*--source/);
    expect((await runCli(['pin', '--check', '--source', 'npm'], around)).status).toBe(0);
  });

  it('claim no more than what could be compared', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const around = { dir: await tempDir(), env: github.env };
    await runCli(['pin', '1.2.3', '--source', 'npm'], around);
    const all = await runCli(['pin', '--check', '--source', 'npm'], around);
    expect(all.stderr).toBe(
      'The lockfile for Codex 1.2.3 (codex-runtime.lock.json) is complete and matches every channel.\n',
    );
    for (const route of ['mirror-release', 'mirror'] as const) github.fail({ route, status: 401 });
    const some = await runCli(['pin', '--check', '--source', 'mirror,npm'], around);
    expect(some.status).toBe(0);
    expect(some.stderr).toMatch(/every channel that answered\.\nNot compared with mirror: /);
  });

  it('lead out of a withdrawn asset and of changed bytes by removing the lockfile', async () => {
    const before = await miniatureRelease('1.2.3', { targets: one });
    const executable = () => Buffer.from('#!/bin/sh\necho codex-cli 1.2.3\n');
    const changed = await miniatureRelease('1.2.3', { targets: one, executable });
    const assets = before.assets.filter(({ name }) => !/^codex-x86.*gz$/.test(name));
    for (const [after, status] of [
      [{ ...before, assets }, 3],
      [changed, 6],
    ] as const) {
      await using first = await startLoopbackGitHub({ releases: [before] });
      const dir = await tempDir();
      await runCli(['pin', '1.2.3', '--source', 'github'], { dir, env: first.env });
      await using second = await startLoopbackGitHub({ releases: [after] });
      const around = { dir, env: second.env };
      const sources = ['--source', 'github'];
      const checked = await runCli(['pin', '--check', '--json', ...sources], around);
      expect(checked.status).toBe(status);
      expect(document(checked)['hint']).toContain('remove the lockfile');
      await rm(join(dir, 'codex-runtime.lock.json'));
      expect((await runCli(['pin', '1.2.3', ...sources], around)).status).toBe(0);
      expect((await runCli(['pin', '--check', ...sources], around)).status).toBe(0);
    }
  });
});
