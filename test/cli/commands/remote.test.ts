import { describe, expect, it } from 'vitest';
import { startLoopbackGitHub } from '../../support/loopback-github.ts';
import { miniatureRelease } from '../../support/miniature-release.ts';
import { document, runCli } from '../../support/run-cli.ts';
import { tempDir } from '../../support/temp-dir.ts';

describe('codex-runtime list --remote', () => {
  it('shows one line a version with the channels that have it', async () => {
    const releases = [await miniatureRelease('1.2.3'), await miniatureRelease('1.2.4')];
    await using github = await startLoopbackGitHub({ releases });
    const around = { dir: await tempDir(), env: github.env };
    const run = await runCli(['list', '--remote', '--limit', '1', '--quiet'], around);
    expect(run).toEqual({
      status: 0,
      stdout: 'version  github  npm\n1.2.4    yes     yes\n',
      stderr: '',
    });
  });

  it('leaves out what is not old enough, and says so in one line', async () => {
    const publishedAt = new Date(Date.now() - 7_200_000).toISOString();
    const releases = [
      { ...(await miniatureRelease('1.2.4')), publishedAt },
      await miniatureRelease('1.2.3'),
    ];
    await using github = await startLoopbackGitHub({ releases });
    const around = { dir: await tempDir(), env: github.env };
    const args = ['list', '--remote', '--min-release-age', '1d'];
    expect(await runCli(args, around)).toEqual({
      status: 0,
      stdout: 'version  github  npm\n1.2.3    yes     yes\n',
      stderr: expect.stringContaining(
        'Leaving out 1.2.4 (published 2 hours ago): --min-release-age asks for 1 day.\n',
      ),
    });
    expect(document(await runCli([...args, '--json'], around))).toMatchObject({
      channels: [
        { versions: ['1.2.3'], passedOver: [{ version: '1.2.4', publishedAt }] },
        { channel: 'mirror', versions: null },
        { versions: ['1.2.3'], passedOver: [{ version: '1.2.4', reason: 'too-young' }] },
      ],
    });
  });

  it.each([
    ['resolve', 'latest'],
    ['pin', 'latest'],
    ['install', 'latest'],
  ])(
    'has %s %s pass over what is too young, and take it by its exact version',
    async (...words) => {
      const publishedAt = new Date(Date.now() - 7_200_000).toISOString();
      const releases = [
        { ...(await miniatureRelease('1.2.4')), publishedAt },
        await miniatureRelease('1.2.3'),
      ];
      await using github = await startLoopbackGitHub({ releases });
      const around = {
        dir: await tempDir(),
        env: { ...github.env, npm_config_min_release_age: '60' },
      };
      const run = await runCli([...words, '--json'], around);
      expect(document(run)).toMatchObject({ version: '1.2.3' });
      expect(run.stderr).toContain(
        "Passing over 1.2.4 (published 2 hours ago): npm's min-release-age asks for 60 days.\n",
      );
      const exact = await runCli([words[0] ?? '', '1.2.4', '--json'], around);
      expect(document(exact)).toMatchObject({ version: '1.2.4' });
    },
  );

  it('refuses an age that cannot be read, also where an exact version is named', async () => {
    const run = await runCli(['resolve', '1.2.3', '--min-release-age', 'soon', '--json'], {
      dir: await tempDir(),
    });
    expect(run.status).toBe(2);
    expect(document(run)).toMatchObject({ code: 'USAGE' });
  });

  it('refuses its flags without --remote', async () => {
    const run = await runCli(['list', '--limit', '3', '--json'], { dir: await tempDir() });
    expect(run.status).toBe(2);
    expect(document(run)).toMatchObject({ code: 'USAGE' });
  });
});

describe('codex-runtime wait', () => {
  it('ends with 0 when the release is complete, with 9 and what is missing when it is not', async () => {
    const release = await miniatureRelease('1.2.3');
    await using github = await startLoopbackGitHub({ releases: [release] });
    const around = { dir: await tempDir(), env: github.env };
    const whole = await runCli(['wait', '1.2.3', '--once', '--json'], around);
    expect(whole.status).toBe(0);
    expect(document(whole)).toMatchObject({ version: '1.2.3', ready: true });
    github.fail({ route: 'npm-document', path: /darwin-x64$/, status: 404 });
    const partly = await runCli(['wait', '1.2.3', '--once', '--json'], around);
    expect(partly.status).toBe(9);
    expect(document(partly)).toMatchObject({
      code: 'INCOMPLETE_RELEASE',
      missing: [{ channel: 'npm', part: 'build', target: 'x86_64-apple-darwin' }],
    });
  });

  it('says once what it waits for', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    github.fail({ route: 'npm-document', path: /darwin-x64$/, status: 404, times: 3 });
    const args = ['wait', '1.2.3', '--timeout', '30s', '--interval', '10ms'];
    const run = await runCli(args, { dir: await tempDir(), env: github.env });
    expect(run).toEqual({
      status: 0,
      stdout: 'Codex 1.2.3 is complete on github, mirror, npm.\n',
      stderr: 'Not yet:\n  - npm has no build for x86_64-apple-darwin\n',
    });
  });
});
