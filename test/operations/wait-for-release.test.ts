import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { MissingPart } from '../../src/operations/release-readiness.ts';
import { waitForRelease } from '../../src/operations/wait-for-release.ts';
import { TARGETS } from '../../src/target/index.ts';
import { failure } from '../support/failure.ts';
import { type LoopbackGitHub, startLoopbackGitHub } from '../support/loopback-github.ts';
import { type LoopbackRelease, miniatureRelease } from '../support/miniature-release.ts';
import { tempDir } from '../support/temp-dir.ts';

const whole = () => miniatureRelease('1.2.3');

/** Asks once, of npm alone unless said otherwise. */
async function once(
  github: Pick<LoopbackGitHub, 'env'>,
  source = 'npm',
  targets?: readonly string[],
  minReleaseAge?: string,
) {
  const cwd = await tempDir();
  return waitForRelease({
    version: '1.2.3',
    source,
    timeoutMs: 0,
    cwd,
    env: { HOME: cwd, PATH: '', ...github.env },
    ...(targets === undefined ? {} : { targets }),
    ...(minReleaseAge === undefined ? {} : { minReleaseAge }),
  });
}

/** What is missing of `release` on npm. */
async function missingOf(release: LoopbackRelease): Promise<readonly MissingPart[]> {
  await using github = await startLoopbackGitHub({ releases: [release] });
  const error = await failure(once(github));
  expect(error.code).toBe('INCOMPLETE_RELEASE');
  return error.fields['missing'] as MissingPart[];
}

describe('waitForRelease', () => {
  it('is content when every channel has every target', async () => {
    await using github = await startLoopbackGitHub({ releases: [await whole()] });
    expect(await once(github, 'github,mirror,npm')).toEqual({
      version: '1.2.3',
      ready: true,
      channels: ['github', 'mirror', 'npm'],
      targets: TARGETS.map(({ triple }) => triple),
      attempts: 1,
    });
  });

  it('is not ready while the launcher is not published on npm', async () => {
    expect(await missingOf({ ...(await whole()), launcher: null })).toMatchObject([
      { channel: 'npm', part: 'launcher', target: null },
    ]);
  });

  it('is not ready while a platform build that the launcher names is missing', async () => {
    const release = await whole();
    const builds = release.builds.filter(({ version }) => version !== '1.2.3-win32-arm64');
    const launcher = release.builds.map(({ version }) => version);
    expect(await missingOf({ ...release, builds, launcher })).toMatchObject([
      { channel: 'npm', part: 'build', target: 'aarch64-pc-windows-msvc' },
    ]);
  });

  it('is not ready when the launcher does not name a build that is there', async () => {
    const release = await whole();
    const launcher = release.builds.map(({ version }) => version).slice(1);
    expect(await missingOf({ ...release, launcher })).toMatchObject([
      { channel: 'npm', part: 'launcher', target: 'aarch64-apple-darwin' },
    ]);
  });

  it('says of each channel when a complete release is old enough', async () => {
    const publishedAt = new Date(Date.now() - 3_600_000).toISOString();
    const release = { ...(await whole()), publishedAt };
    await using github = await startLoopbackGitHub({ releases: [release] });
    const ask = (minReleaseAge: string) =>
      once(github, 'github,mirror,npm', undefined, minReleaseAge);
    const error = await failure(ask('1d'));
    const oldEnoughAt = new Date(Date.parse(publishedAt) + 86_400_000).toISOString();
    expect(error).toMatchObject({ code: 'INCOMPLETE_RELEASE', exitStatus: 9 });
    expect(error.message).toContain(oldEnoughAt);
    expect(error.fields['missing']).toMatchObject(
      ['github', 'mirror', 'npm'].map((channel) => ({ channel, part: 'age', oldEnoughAt })),
    );
    await expect(ask('59m')).resolves.toMatchObject({ ready: true });
  });

  it('has no end where a channel does not say how old a release is', async () => {
    const release = { ...(await whole()), publishedAt: null };
    await using github = await startLoopbackGitHub({ releases: [release] });
    const error = await failure(once(github, 'npm', undefined, '1d'));
    expect(error.fields['missing']).toMatchObject([{ part: 'age' }]);
    expect(error.fields['missing']).not.toMatchObject([{ oldEnoughAt: expect.anything() }]);
  });

  it('takes an exact version of any age while only a variable asks for one', async () => {
    const release = { ...(await whole()), publishedAt: new Date().toISOString() };
    await using github = await startLoopbackGitHub({ releases: [release] });
    const env = { ...github.env, CODEX_RUNTIME_MIN_RELEASE_AGE: '7d' };
    await expect(once({ ...github, env })).resolves.toMatchObject({ ready: true });
  });

  it('asks for the chosen targets only', async () => {
    const release = await whole();
    const builds = release.builds.filter(({ version }) => version === '1.2.3-linux-x64');
    await using github = await startLoopbackGitHub({ releases: [{ ...release, builds }] });
    expect(await once(github, 'npm', ['linux-x64'])).toMatchObject({ ready: true });
    expect((await failure(once(github, 'npm', ['linux-arm64']))).code).toBe('INCOMPLETE_RELEASE');
  });

  it('takes a bare binary for missing where other targets have their package', async () => {
    const release = await whole();
    const assets = release.assets.filter(
      ({ name }) => !name.startsWith('codex-package-x86_64-apple-darwin'),
    );
    await using github = await startLoopbackGitHub({ releases: [{ ...release, assets }] });
    const error = await failure(once(github, 'github'));
    expect(error.fields['missing']).toMatchObject([
      { channel: 'github', part: 'build', target: 'x86_64-apple-darwin' },
    ]);
    await using older = await startLoopbackGitHub({
      releases: [await miniatureRelease('1.2.3', { packages: false })],
    });
    expect(await once(older, 'github')).toMatchObject({ ready: true });
  });

  it('takes an asset that nobody vouches for as missing', async () => {
    await using github = await startLoopbackGitHub({
      releases: [await miniatureRelease('1.2.3', { packages: false, digests: false })],
    });
    const error = await failure(once(github, 'github'));
    expect(error.code).toBe('INCOMPLETE_RELEASE');
    expect(error.fields['missing']).toHaveLength(6);
  });

  it('waits for what appears, and does not ask a complete channel again', async () => {
    await using github = await startLoopbackGitHub({ releases: [await whole()] });
    github.fail({ route: 'npm-document', path: /linux-arm64/, times: 2, status: 404 });
    const told: (readonly MissingPart[])[] = [];
    const cwd = await tempDir();
    const result = await waitForRelease({
      version: '1.2.3',
      source: 'github,npm',
      timeoutMs: 20_000,
      intervalMs: 20,
      cwd,
      env: { HOME: cwd, PATH: '', ...github.env },
      onMissing: (missing) => told.push(missing),
    });
    expect(result.attempts).toBe(3);
    expect(told).toHaveLength(2);
    expect(told[0]).toMatchObject([{ part: 'build', target: 'aarch64-unknown-linux-musl' }]);
    expect(github.asked('release')).toHaveLength(1);
  });

  it('is not ready while the release is unknown', async () => {
    await using github = await startLoopbackGitHub();
    const error = await failure(once(github, 'github,mirror'));
    expect(error.code).toBe('INCOMPLETE_RELEASE');
    expect(error.fields['missing']).toMatchObject([{ part: 'release' }, { part: 'release' }]);
  });

  it('says so when no channel answers', async () => {
    await using github = await startLoopbackGitHub({ releases: [await whole()] });
    github.fail({ route: 'mirror-release', status: 403 });
    github.fail({ route: 'npm-document', status: 401 });
    expect((await failure(once(github, 'mirror,npm'))).code).toBe('SOURCES_EXHAUSTED');
    expect((await failure(once(github, 'github,npm'))).code).toBe('INCOMPLETE_RELEASE');
  });

  it('ends when it is cancelled', async () => {
    await using github = await startLoopbackGitHub();
    const cwd = await tempDir();
    const controller = new AbortController();
    const waiting = waitForRelease({
      version: '1.2.3',
      source: 'mirror',
      cwd,
      env: { HOME: cwd, PATH: '', ...github.env },
      signal: controller.signal,
    });
    const ended = failure(waiting);
    await sleep(100);
    controller.abort();
    expect((await ended).code).toBe('ABORTED');
  });
});
