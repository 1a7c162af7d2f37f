import { describe, expect, test } from 'vitest';
import { createLock, resolveCandidates, withEntrypoints } from '../../src/channels/index.ts';
import type { Lock } from '../../src/lockfile/index.ts';
import { parseVersion } from '../../src/pin/index.ts';
import { parseSources } from '../../src/request/index.ts';
import { type LoopbackGitHub, startLoopbackGitHub } from '../support/loopback-github.ts';
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

async function locked(sources = 'github,mirror,npm', env: Readonly<Record<string, string>> = {}) {
  const github = await startLoopbackGitHub({ releases: [RELEASE] });
  const settings = loopbackSettings(github, await tempDir(), env);
  const { lock } = await createLock({
    settings,
    version: parseVersion('0.115.0'),
    sources: parseSources(sources),
  });
  const asked = github.requests.length;
  return { github, settings, lock, routes: () => routesAfter(github, asked) };
}

function routesAfter(github: LoopbackGitHub, count: number): string[] {
  return github.requests.slice(count).map(({ route }) => route);
}

/** The lock with another digest for one asset. */
function forged(
  lock: Lock,
  name: string,
  digest: { sha256: string } | { integrity: string },
): Lock {
  const target = lock.targets[LINUX.triple];
  const assets = target?.assets.map((asset) => (asset.name === name ? { name, ...digest } : asset));
  return { ...lock, targets: { [LINUX.triple]: { ...target, assets: assets ?? [] } } };
}

describe('resolveCandidates with a lockfile', () => {
  test('asks no API: direct URLs and locked digests are enough', async () => {
    const { github, settings, lock, routes } = await locked();
    await using _ = github;
    const candidates = resolveCandidates(
      candidateRequest(settings, { lock, sources: 'github,mirror' }),
    );
    const { value: first } = await candidates.next();
    const { value: second } = await candidates.next();
    await candidates.return();
    expect(routes()).toEqual([]);
    expect(first?.asset).toMatchObject({
      name: PACKAGE,
      size: expect.any(Number),
      digests: [{ algorithm: 'sha256', origin: 'lockfile' }],
      sources: [
        {
          kind: 'browser',
          url: `${github.url}/openai/codex/releases/download/rust-v0.115.0/${PACKAGE}`,
        },
        { kind: 'gh', repo: 'openai/codex', tag: 'rust-v0.115.0' },
      ],
    });
    expect(second?.asset.sources).toEqual([
      { kind: 'mirror', url: `${github.url}/mirror/releases/0.115.0/${PACKAGE}` },
    ]);
  });

  test('falls back to the API for a private repository, where there is a token', async () => {
    const { github, settings, lock, routes } = await locked('github', { GH_TOKEN: 'secret' });
    await using _ = github;
    const candidates = await allCandidates(candidateRequest(settings, { lock, sources: 'github' }));
    expect(candidates.map(({ asset }) => asset.sources[0]?.kind)).toEqual(['browser', 'api']);
    expect(candidates[1]?.asset.digests[0]?.origin).toBe('lockfile');
    expect(routes()).toEqual(['release']);
  });

  test('holds npm to the locked integrity before anything is downloaded', async () => {
    const { github, settings, lock } = await locked();
    await using _ = github;
    const [candidate] = await allCandidates(candidateRequest(settings, { lock, sources: 'npm' }));
    expect(candidate?.asset.digests.map(({ origin }) => origin)).toEqual(['lockfile', 'npm']);
    const integrity = `sha512-${'A'.repeat(86)}==`;
    const other = forged(lock, 'codex-npm-linux-x64-0.115.0.tgz', { integrity });
    await expect(
      allCandidates(candidateRequest(settings, { lock: other, sources: 'npm' })),
    ).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      fields: { expected: '0'.repeat(128), actual: candidate?.asset.digests[1]?.hex },
    });
  });

  test('lets npm stand in for GitHub only where the executable is locked', async () => {
    const { github, settings, lock } = await locked('github');
    await using _ = github;
    const request = candidateRequest(settings, { lock, sources: 'npm' });
    await expect(allCandidates(request)).rejects.toMatchObject({ code: 'LOCK_INCOMPLETE' });
    const deep = withEntrypoints(lock, { [LINUX.triple]: 'a'.repeat(64) });
    const candidates = await allCandidates(
      candidateRequest(settings, { lock: deep, sources: 'npm' }),
    );
    expect(candidates.map(({ channel }) => channel)).toEqual(['npm']);
  });

  test('says that the lock is incomplete where it pins nothing of the channel, and asks nobody', async () => {
    const { github, settings, lock, routes } = await locked('npm', { GH_TOKEN: 'secret' });
    await using _ = github;
    for (const sources of ['github', 'mirror', 'browser', 'github,mirror']) {
      await expect(
        allCandidates(candidateRequest(settings, { lock, sources })),
      ).rejects.toMatchObject({
        code: 'LOCK_INCOMPLETE',
        hint: expect.stringContaining('"codex-runtime pin 0.115.0"'),
        fields: {
          target: LINUX.triple,
          channel: sources.split(',')[0]?.replace('browser', 'github'),
          locked: ['npm'],
        },
      });
    }
    expect(routes()).toEqual([]);
  });

  test('lets GitHub stand in for npm where the executable is locked', async () => {
    const { github, settings, lock, routes } = await locked('npm');
    await using _ = github;
    const deep = withEntrypoints(lock, { [LINUX.triple]: 'a'.repeat(64) });
    const [candidate] = await allCandidates(
      candidateRequest(settings, { lock: deep, sources: 'github' }),
    );
    expect(candidate?.asset).toMatchObject({ name: PACKAGE, digests: [{ origin: 'github' }] });
    expect(routes()).toEqual(['release']);
  });

  test('calls a channel that is locked and silent unavailable, not the lock incomplete', async () => {
    const { github, settings, lock } = await locked('npm');
    await using _ = github;
    github.fail({ route: 'npm-document', status: 503 });
    const error = allCandidates(candidateRequest(settings, { lock }));
    await expect(error).rejects.toMatchObject({ code: 'SOURCES_EXHAUSTED' });
  });

  test('refuses a target that the lock does not hold', async () => {
    const { github, settings, lock, routes } = await locked();
    await using _ = github;
    await expect(
      allCandidates(candidateRequest(settings, { lock, target: WINDOWS, sources: 'npm' })),
    ).rejects.toMatchObject({ code: 'LOCK_INCOMPLETE', fields: { target: WINDOWS.triple } });
    expect(routes()).toEqual([]);
  });
});
