import { describe, expect, test, vi } from 'vitest';
import { resolveCandidates } from '../../src/channels/index.ts';
import { failure } from '../support/failure.ts';
import { startLoopbackGitHub } from '../support/loopback-github.ts';
import { miniatureRelease } from '../support/miniature-release.ts';
import {
  allCandidates,
  candidateRequest,
  LINUX,
  loopbackSettings,
  WINDOWS,
} from '../support/resolve-request.ts';
import { tempDir } from '../support/temp-dir.ts';

const RELEASE = await miniatureRelease('0.115.0', { targets: [LINUX] });
const PACKAGE = 'codex-package-x86_64-unknown-linux-musl.tar.gz';

async function loopback(env: Readonly<Record<string, string>> = {}, releases = [RELEASE]) {
  const github = await startLoopbackGitHub({ releases });
  return { github, settings: loopbackSettings(github, await tempDir(), env) };
}

describe('resolveCandidates', () => {
  test('offers every channel in order, with the digest that each one gives', async () => {
    const { github, settings } = await loopback();
    await using _ = github;
    const candidates = await allCandidates(candidateRequest(settings));
    expect(candidates.map(({ channel }) => channel)).toEqual(['github', 'mirror', 'npm']);
    expect(candidates.map(({ asset }) => asset.name)).toEqual([
      PACKAGE,
      PACKAGE,
      'codex-npm-linux-x64-0.115.0.tgz',
    ]);
    expect(candidates.map(({ asset }) => asset.digests.map(({ origin }) => origin))).toEqual([
      ['github'],
      ['mirror'],
      ['npm'],
    ]);
    expect(candidates.every(({ packageAvailable }) => packageAvailable)).toBe(true);
  });

  test('asks a later channel only when the next candidate is wanted', async () => {
    const { github, settings } = await loopback();
    await using _ = github;
    const candidates = resolveCandidates(candidateRequest(settings));
    await candidates.next();
    await candidates.return();
    expect(github.requests.map(({ route }) => route)).toEqual(['release']);
  });

  test('passes over channels that do not answer, and says so', async () => {
    const { github, settings } = await loopback();
    await using _ = github;
    for (const route of ['release', 'browser', 'mirror-release', 'mirror'] as const) {
      github.fail({ route, status: 401 });
    }
    const request = candidateRequest(settings);
    const [candidate] = await allCandidates(request);
    expect(candidate?.channel).toBe('npm');
    expect(request.events).toMatchObject([
      { type: 'unavailable', channel: 'github' },
      { type: 'unavailable', channel: 'mirror' },
    ]);
  });

  test('suggests near versions for one that no channel has', async () => {
    const others = await Promise.all(
      ['0.114.0', '0.115.1', '0.90.0'].map((version) => miniatureRelease(version, { targets: [] })),
    );
    const { github, settings } = await loopback({}, [RELEASE, ...others]);
    await using _ = github;
    await expect(
      allCandidates(candidateRequest(settings, { version: '0.115.2' })),
    ).rejects.toMatchObject({
      code: 'RELEASE_NOT_FOUND',
      fields: { suggestions: ['0.115.1', '0.115.0', '0.114.0', '0.90.0'] },
    });
  });

  test('gives every reason when no channel answers', async () => {
    const { github, settings } = await loopback();
    await using _ = github;
    for (const route of ['release', 'browser', 'mirror-release', 'npm-document'] as const) {
      github.fail({ route, status: 401 });
    }
    await expect(allCandidates(candidateRequest(settings))).rejects.toMatchObject({
      code: 'SOURCES_EXHAUSTED',
      fields: { reasons: [{ channel: 'github' }, { channel: 'mirror' }, { channel: 'npm' }] },
    });
  });

  test('passes on what helps against the reasons, each piece of advice once', async () => {
    const { github, settings } = await loopback();
    await using _ = github;
    const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '4000000000' };
    github.fail({ route: 'release', status: 403, headers });
    for (const route of ['browser', 'mirror-release', 'npm-document'] as const) {
      github.fail({ route, status: 401 });
    }
    const { hint = '' } = await failure(allCandidates(candidateRequest(settings)));
    expect(hint).toContain('GH_TOKEN');
    expect(hint.match(/Check the credentials/g)).toHaveLength(1);
    expect(hint).toContain('--source');
  });

  test('offers an asset that nobody vouches for after all others', async () => {
    const untold = await miniatureRelease('0.115.0', {
      targets: [LINUX],
      packages: false,
      digests: false,
    });
    const { github, settings } = await loopback({}, [untold]);
    await using _ = github;
    const candidates = await allCandidates(candidateRequest(settings));
    const vouched = candidates.map(({ channel, asset }) => [channel, asset.digests.length]);
    expect(vouched).toEqual([
      ['npm', 1],
      ['github', 0],
      ['mirror', 0],
    ]);
  });

  test('ends with both names where two origins that it asks have other bytes', async () => {
    const { github, settings } = await loopback();
    await using _ = github;
    const other = 'b'.repeat(64);
    const told = {
      tag_name: 'rust-v0.115.0',
      assets: [{ name: PACKAGE, digest: `sha256:${other}` }],
    };
    github.fail({ route: 'mirror-release', json: JSON.stringify(told) });
    const error = await failure(allCandidates(candidateRequest(settings)));
    expect(error).toMatchObject({
      code: 'DIGEST_MISMATCH',
      exitStatus: 6,
      fields: { asset: PACKAGE, actual: other, origins: ['github', 'mirror'] },
    });
    // Whoever takes the first one has asked nobody else.
    const first = await resolveCandidates(candidateRequest(settings)).next();
    expect(first.value).toMatchObject({ channel: 'github' });
  });

  test('does not take the lagging mirror at its word that there is no such version', async () => {
    const { github, settings } = await loopback();
    await using _ = github;
    for (const route of ['release', 'browser', 'npm-document'] as const) {
      github.fail({ route, status: 401 });
    }
    github.fail({ route: 'mirror-release', status: 404 });
    github.fail({ route: 'mirror', status: 404 });
    const request = candidateRequest(settings);
    await expect(allCandidates(request)).rejects.toMatchObject({ code: 'SOURCES_EXHAUSTED' });
    const alone = candidateRequest(settings, { sources: 'mirror' });
    await expect(allCandidates(alone)).rejects.toMatchObject({ code: 'RELEASE_NOT_FOUND' });
  });

  test.each([
    ['github,npm', 'release'],
    ['npm,github', 'release'],
    ['mirror,npm', 'mirror-release'],
  ] as const)(
    'does not say that %s has no such version while %s is not answered',
    async (...row) => {
      const [sources, route] = row;
      const { github, settings } = await loopback();
      await using _ = github;
      github.fail({ route, status: 401 });
      const request = candidateRequest(settings, { version: '0.115.9', sources });
      const error = await failure(allCandidates(request));
      expect(error).toMatchObject({ code: 'SOURCES_EXHAUSTED', exitStatus: 5 });
      const reasons = error.fields['reasons'];
      expect(reasons).toHaveLength(2);
      const message = 'Codex 0.115.9 is not on npm.';
      expect(reasons).toContainEqual(
        expect.objectContaining({ channel: 'npm', code: 'RELEASE_NOT_FOUND', message }),
      );
    },
  );

  test('names near versions of npm behind a firewall, where a version was mistyped', async () => {
    const others = await Promise.all(
      ['0.114.0', '0.116.0'].map((version) => miniatureRelease(version, { targets: [LINUX] })),
    );
    const { github, settings } = await loopback({}, [RELEASE, ...others]);
    await using _ = github;
    for (const route of ['release', 'browser', 'mirror-release', 'mirror'] as const) {
      github.fail({ route, status: 503 });
    }
    const error = await failure(allCandidates(candidateRequest(settings, { version: '0.115.9' })));
    expect(error).toMatchObject({
      code: 'RELEASE_NOT_FOUND',
      fields: { suggestions: ['0.115.0', '0.116.0', '0.114.0'] },
    });
    expect(error.message).toBe('There is no Codex 0.115.9 on npm (no answer from github, mirror).');
    // What is newer than all that npm has may be on its way there.
    const newer = await failure(allCandidates(candidateRequest(settings, { version: '0.117.0' })));
    expect(newer.code).toBe('SOURCES_EXHAUSTED');
    expect(newer.hint).toMatch(/^Near versions: 0\.116\.0/);
  });

  test('does not say that there is no such build while GitHub is silent', async () => {
    const { github, settings } = await loopback();
    await using _ = github;
    github.fail({ route: 'release', status: 401 });
    github.fail({ route: 'browser', status: 401 });
    const request = candidateRequest(settings, { target: WINDOWS, sources: 'github,npm' });
    await expect(allCandidates(request)).rejects.toMatchObject({
      code: 'SOURCES_EXHAUSTED',
      fields: { reasons: [{}, { message: expect.stringContaining('no build') }] },
    });
  });

  test('takes GitHub at its word that there is no such version, whoever else is silent', async () => {
    const { github, settings } = await loopback();
    await using _ = github;
    github.fail({ route: 'npm-document', status: 401 });
    const request = candidateRequest(settings, { version: '0.115.9', sources: 'npm,github' });
    await expect(allCandidates(request)).rejects.toMatchObject({
      code: 'RELEASE_NOT_FOUND',
      fields: { reasons: [{ channel: 'npm' }, { channel: 'github' }] },
    });
  });

  test('stops at a signal and asks no further channel', async () => {
    const { github, settings } = await loopback();
    await using _ = github;
    github.fail({ route: 'release', delay: 5_000 });
    const controller = new AbortController();
    const request = candidateRequest(settings, { signal: controller.signal });
    const aborted = failure(allCandidates(request));
    await vi.waitFor(() => expect(github.asked('release')).toHaveLength(1), 10_000);
    controller.abort();
    expect(await aborted).toMatchObject({ code: 'ABORTED' });
    expect(github.requests.map(({ route }) => route)).toEqual(['release']);
  });
});
