import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatLock, LOCKFILE_NAME } from '../../src/lockfile/index.ts';
import { downloadAssets } from '../../src/operations/download-assets.ts';
import { ensureRuntime } from '../../src/operations/ensure-runtime.ts';
import { installRuntime } from '../../src/operations/install-runtime.ts';
import { listRemote } from '../../src/operations/list-remote.ts';
import { pinRuntime } from '../../src/operations/pin-runtime.ts';
import { resolveRuntime } from '../../src/operations/resolve-runtime.ts';
import { verifyPin } from '../../src/operations/verify-pin.ts';
import { waitForRelease } from '../../src/operations/wait-for-release.ts';
import type { RuntimeOptions } from '../../src/request/index.ts';
import { failure } from '../support/failure.ts';
import { type LoopbackGitHub, startLoopbackGitHub } from '../support/loopback-github.ts';
import { miniatureRelease } from '../support/miniature-release.ts';
import { tempDir } from '../support/temp-dir.ts';

const RELEASE = await miniatureRelease('1.2.3');
const REPO = 'owner/codex';

/** What OpenAI's mirror and npm are asked by. */
const UPSTREAM = /^(mirror|npm)/;

/** Surroundings in which GitHub has the fork's release, and mirror and npm have upstream's. */
async function surroundings() {
  const github = await startLoopbackGitHub({ repo: REPO, releases: [RELEASE] });
  const cwd = await tempDir();
  const options = {
    cwd,
    home: `${cwd}/home`,
    env: { HOME: cwd, PATH: '', ...github.env },
    host: { platform: 'linux', arch: 'x64' },
  } satisfies RuntimeOptions;
  return { github, options };
}

/** GitHub alone stops answering. */
function silence(github: LoopbackGitHub): void {
  for (const route of ['release', 'latest', 'list', 'asset', 'browser', 'cdn'] as const) {
    github.fail({ route, status: 404 });
  }
}

function upstreamAsked(github: LoopbackGitHub): string[] {
  return github.requests.map(({ route }) => route).filter((route) => UPSTREAM.test(route));
}

it("leads to the list of the fork's versions where it lacks the wanted one", async () => {
  const { github, options } = await surroundings();
  await using _ = github;
  const error = await failure(resolveRuntime({ ...options, repo: REPO, version: '1.2.4' }));
  expect(error).toMatchObject({
    code: 'RELEASE_NOT_FOUND',
    hint: expect.stringContaining(`"codex-runtime list --remote --repo ${REPO}"`),
  });
});

describe("upstream's channels do not stand in for a fork that GitHub does not deliver", () => {
  it.each([
    ['install', (options: RuntimeOptions) => ensureRuntime({ ...options, version: '1.2.3' })],
    [
      'a moving name',
      (options: RuntimeOptions) => resolveRuntime({ ...options, version: 'latest' }),
    ],
    ['pin', (options: RuntimeOptions) => pinRuntime({ ...options, version: '1.2.3' })],
    ['list --remote', (options: RuntimeOptions) => listRemote(options)],
    [
      'download',
      (options: RuntimeOptions) => downloadAssets({ ...options, version: '1.2.3', out: 'out' }),
    ],
    [
      'wait',
      (options: RuntimeOptions) => waitForRelease({ ...options, version: '1.2.3', timeoutMs: 0 }),
    ],
  ])('to %s', async (_, run) => {
    const { github, options } = await surroundings();
    await using __ = github;
    silence(github);
    const { exitStatus, hint } = await failure(run({ ...options, repo: REPO }));
    expect([4, 5, 9]).toContain(exitStatus);
    expect(hint ?? '').not.toMatch(/another --source|other channels/);
    expect(upstreamAsked(github)).toEqual([]);
  });

  it.each([
    ['an unreachable one', 503, 'SOURCES_EXHAUSTED', 'GH_TOKEN'],
    ['one without the version', 404, 'RELEASE_NOT_FOUND', `--repo ${REPO}`],
  ])('and the hint for %s names what can be done', async (_, status, code, words) => {
    const { github, options } = await surroundings();
    await using __ = github;
    for (const route of ['release', 'list', 'browser'] as const) github.fail({ route, status });
    const install = { ...options, version: '1.2.3', prefix: join(options.cwd, 'p') };
    const error = await failure(installRuntime({ ...install, repo: REPO }));
    expect(error.code).toBe(code);
    expect(error.hint).toContain(words);
    expect(error.hint).not.toContain('--source');
    const ofUpstream = await failure(
      installRuntime({ ...install, repo: 'OpenAI/Codex', source: 'github' }),
    );
    expect(ofUpstream.hint).not.toContain('--repo');
  });

  it('to whom its lockfile binds', async () => {
    const { github, options } = await surroundings();
    await using _ = github;
    const { lock } = await pinRuntime({ ...options, version: '1.2.3', repo: REPO });
    expect(JSON.stringify(lock)).not.toContain('npm');
    silence(github);
    expect((await failure(ensureRuntime(options))).code).toBe('SOURCES_EXHAUSTED');
    expect((await failure(pinRuntime({ ...options, deep: true }))).exitStatus).not.toBe(0);
    expect(upstreamAsked(github)).toEqual([]);
  });
});

describe("upstream's channels for another repository", () => {
  it('deliver to who names them, as for a private mirror', async () => {
    const { github, options } = await surroundings();
    await using _ = github;
    silence(github);
    const named = { ...options, version: '1.2.3', repo: REPO, source: 'github,npm' };
    expect(await ensureRuntime(named)).toMatchObject({ version: '1.2.3', source: 'npm' });
  });
});

describe('runtimes of two repositories under one version', () => {
  /** Both on one GitHub, with other bytes; npm and the mirror fall silent. */
  async function twoRepositories() {
    const executable = () => Buffer.from('#!/bin/sh\n# of the fork\necho codex-cli 1.2.3\n');
    const theirs = await miniatureRelease('1.2.3', { executable });
    const upstream = await startLoopbackGitHub({ releases: [RELEASE] });
    const fork = await startLoopbackGitHub({ repo: REPO, releases: [theirs] });
    const cwd = await tempDir();
    const base = { cwd, home: join(cwd, 'home'), prefix: join(cwd, 'p') };
    const host = { platform: 'linux', arch: 'x64' };
    const env = { HOME: cwd, PATH: '' };
    const of = (github: LoopbackGitHub) => ({ ...base, host, env: { ...env, ...github.env } });
    return {
      ofUpstream: { ...of(upstream), version: '1.2.3' },
      ofFork: { ...of(fork), version: '1.2.3', repo: REPO },
      async [Symbol.asyncDispose]() {
        await Promise.all([upstream.close(), fork.close()]);
      },
    };
  }

  const isForks = async (path: string) => (await readFile(path, 'utf8')).includes('of the fork');

  it('do not stand in for each other in the store', async () => {
    await using two = await twoRepositories();
    for (const [{ prefix: _, ...options }, forks] of [
      [two.ofUpstream, false],
      [two.ofFork, true],
      [two.ofUpstream, false],
    ] as const) {
      const offline = await failure(ensureRuntime({ ...options, offline: true }));
      expect(offline.code).toBe('OFFLINE');
      const fetched = await ensureRuntime(options);
      expect(fetched.source).toBe('browser');
      expect(await isForks(fetched.executable)).toBe(forks);
      expect((await ensureRuntime({ ...options, offline: true })).source).toBe('store');
    }
  });

  it('do not stand in for each other in a prefix, whose own serves where nobody names one', async () => {
    await using two = await twoRepositories();
    for (const [options, forks] of [
      [two.ofFork, true],
      [two.ofUpstream, false],
      [two.ofFork, true],
    ] as const) {
      const { executable, source } = await installRuntime(options);
      expect(source).toBe('browser');
      expect(await isForks(executable)).toBe(forks);
      const { version: _, repo: __, ...unnamed } = { repo: null, ...options };
      const [again, run] = [await installRuntime(unnamed), await ensureRuntime(unnamed)];
      expect([again.source, run.source]).toEqual(['prefix', 'prefix']);
      const forced = await installRuntime({ ...unnamed, force: true, dryRun: true });
      expect(JSON.stringify(forced.resolution?.sources).includes(REPO)).toBe(forks);
      await rm(join(options.home, 'store'), { recursive: true });
      expect((await installRuntime(options)).source).toBe('prefix');
    }
  });

  it('are held by a lockfile to its bytes, whoever published them', async () => {
    await using two = await twoRepositories();
    const { prefix: ___, ...named } = two.ofFork;
    const { version: _, repo: __, ...unnamed } = named;
    await ensureRuntime(named);
    await pinRuntime(two.ofFork);
    expect((await ensureRuntime({ ...unnamed, offline: true })).source).toBe('store');
    await pinRuntime({ ...two.ofUpstream, repo: 'openai/codex', source: 'github' });
    expect((await failure(ensureRuntime({ ...unnamed, offline: true }))).code).toBe('OFFLINE');
  });
});

it('a lockfile of a private mirror takes the same bytes that came from upstream', async () => {
  await using upstream = await startLoopbackGitHub({ releases: [RELEASE] });
  const { github, options } = await surroundings();
  await using _ = github;
  const env = { ...options.env, ...upstream.env };
  await ensureRuntime({ ...options, env, version: '1.2.3', source: 'github' });
  await pinRuntime({ ...options, version: '1.2.3', repo: REPO });
  expect((await ensureRuntime({ ...options, offline: true })).source).toBe('store');
});

describe('the repository of the lockfile', () => {
  it('is asked by list --remote and, for its version, by wait', async () => {
    const { github, options } = await surroundings();
    await using _ = github;
    await pinRuntime({ ...options, version: '1.2.3', repo: REPO });
    expect(await listRemote(options)).toEqual([
      { channel: 'github', versions: ['1.2.3'], passedOver: [], reason: null },
    ]);
    const wait = { ...options, version: '1.2.3', timeoutMs: 0 };
    expect(await waitForRelease(wait)).toMatchObject({ ready: true, channels: ['github'] });
    const other = await failure(waitForRelease({ ...wait, repo: 'openai/codex' }));
    expect(other).toMatchObject({ code: 'LOCK_INCOMPLETE', fields: { expected: REPO } });
    const next = await failure(waitForRelease({ ...wait, version: '1.2.4', source: 'github' }));
    expect(next.code).toBe('INCOMPLETE_RELEASE');
    expect(github.requests.at(-1)?.path).toContain('/openai/codex/');
  });
});

describe('a repository in another letter case', () => {
  it('is the same one to the lockfile: other bytes stay refused', async () => {
    const cwd = await tempDir();
    const host = { platform: 'linux', arch: 'x64' };
    const options = { cwd, home: join(cwd, 'home'), env: { HOME: cwd, PATH: '' }, host };
    const dir = { ...options, source: 'dir:D', version: '0.1.0' };
    await writeArchive(cwd, 'before');
    const { path } = await pinRuntime(dir);
    const locked = await readFile(path, 'utf8');
    await writeArchive(cwd, 'after');
    expect((await failure(pinRuntime(dir))).code).toBe('DIGEST_MISMATCH');
    const again = await failure(pinRuntime({ ...dir, repo: 'OpenAI/Codex' }));
    expect(again.code).toBe('DIGEST_MISMATCH');
    expect(await readFile(path, 'utf8')).toBe(locked);
  });

  it('is kept in one spelling, whichever the user or an old lockfile has', async () => {
    const { github, options } = await surroundings();
    await using _ = github;
    const { lock } = await pinRuntime({ ...options, version: '1.2.3', repo: 'OWNER/Codex' });
    expect(lock.repo).toBe(REPO);
    const text = formatLock({ ...lock, repo: 'Owner/CODEX' });
    expect(text).toContain('Owner/CODEX');
    await writeFile(join(options.cwd, LOCKFILE_NAME), text);
    expect(await verifyPin({ ...options, repo: 'oWNER/cODEX' })).toMatchObject({ repo: REPO });
  });

  /** A directory to install from, with one archive of 50 bytes or so. */
  async function writeArchive(cwd: string, content: string): Promise<void> {
    const name = 'codex-x86_64-unknown-linux-musl.tar.gz';
    const hex = createHash('sha256').update(content).digest('hex');
    await mkdir(join(cwd, 'D/0.1.0'), { recursive: true });
    await writeFile(join(cwd, 'D/0.1.0', name), content);
    await writeFile(join(cwd, 'D/0.1.0/SHA256SUMS'), `${hex}  ${name}\n`);
  }
});
