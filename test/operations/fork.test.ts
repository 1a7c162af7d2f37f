import { describe, expect, it } from 'vitest';
import { downloadAssets } from '../../src/operations/download-assets.ts';
import { ensureRuntime } from '../../src/operations/ensure-runtime.ts';
import { listRemote } from '../../src/operations/list-remote.ts';
import { pinRuntime } from '../../src/operations/pin-runtime.ts';
import { resolveRuntime } from '../../src/operations/resolve-runtime.ts';
import { waitForRelease } from '../../src/operations/wait-for-release.ts';
import type { RuntimeOptions } from '../../src/request.ts';
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
    const { exitStatus } = await failure(run({ ...options, repo: REPO }));
    expect([4, 5, 9]).toContain(exitStatus);
    expect(upstreamAsked(github)).toEqual([]);
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

describe('the repository of the lockfile', () => {
  it('is asked by list --remote and, for its version, by wait', async () => {
    const { github, options } = await surroundings();
    await using _ = github;
    await pinRuntime({ ...options, version: '1.2.3', repo: REPO });
    expect(await listRemote(options)).toEqual([
      { channel: 'github', versions: ['1.2.3'], reason: null },
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
