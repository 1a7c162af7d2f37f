import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type LoopbackGitHub, startLoopbackGitHub } from '../../support/loopback-github.ts';
import { miniatureRelease } from '../../support/miniature-release.ts';
import { document, runCli } from '../../support/run-cli.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** A loopback GitHub with one release, and surroundings that lead there. */
async function surroundings(github: LoopbackGitHub) {
  return { dir: await tempDir(), env: github.env };
}

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
      expect.objectContaining({ kind: 'gh', repo: 'owner/fork' }),
    );
    const args = ['install', '--prefix', 'p', '--source', 'github', '--json'];
    expect(document(await runCli(args, around))).toMatchObject({ source: 'browser' });
    expect(fork.asked('browser')).toEqual([expect.stringContaining('/owner/fork/releases/')]);
    const same = await runCli([...args, '--force', '--repo', 'OWNER/fork'], around);
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
