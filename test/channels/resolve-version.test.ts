import { describe, expect, test } from 'vitest';
import { listRemoteVersions, resolveVersion } from '../../src/channels/index.ts';
import { parseSpec } from '../../src/pin/spec.ts';
import { parseSources } from '../../src/request/index.ts';
import { failure } from '../support/failure.ts';
import { startLoopbackGitHub } from '../support/loopback-github.ts';
import { loopbackSettings } from '../support/resolve-request.ts';
import { tempDir } from '../support/temp-dir.ts';

const RELEASES = [
  '0.116.0',
  '0.117.0-alpha.2',
  '0.117.0-alpha.10',
  '0.117.0-beta.1',
  '0.115.1',
  '0.115.0',
].map((version) => ({ version, assets: [], builds: [] }));

async function loopback(sources = 'github,mirror,npm') {
  const github = await startLoopbackGitHub({ releases: RELEASES });
  const settings = loopbackSettings(github, await tempDir());
  return { github, request: { settings, sources: parseSources(sources) } };
}

describe('resolveVersion', () => {
  test('ends with an abort, which is no channel that says nothing', async () => {
    const { github, request } = await loopback();
    await using _ = github;
    const work = resolveVersion({
      ...request,
      spec: parseSpec('latest'),
      signal: AbortSignal.abort(),
    });
    await expect(work).rejects.toMatchObject({ code: 'ABORTED' });
  });

  test.each([
    ['0.1.0', '0.1.0'],
    ['latest', '0.116.0'],
    ['alpha', '0.117.0-alpha.10'],
    ['^0.115.0', '0.115.1'],
    ['*', '0.116.0'],
    ['>=0.117.0-alpha.1', '0.117.0-beta.1'],
  ])('takes %s for %s', async (text, expected) => {
    const { github, request } = await loopback();
    await using _ = github;
    const version = await resolveVersion({ ...request, spec: parseSpec(text) });
    expect(version.semver).toBe(expected);
  });

  test('asks nobody about an exact version', async () => {
    const { github, request } = await loopback();
    await using _ = github;
    await resolveVersion({ ...request, spec: parseSpec('0.1.0') });
    expect(github.requests).toEqual([]);
  });

  test.each(['npm', 'mirror'])('learns the latest version from %s too', async (sources) => {
    const { github, request } = await loopback(sources);
    await using _ = github;
    const version = await resolveVersion({ ...request, spec: parseSpec('latest') });
    expect(version.semver).toBe('0.116.0');
  });

  test('goes on to the next channel when one does not answer', async () => {
    const { github, request } = await loopback();
    await using _ = github;
    github.fail({ route: 'list', status: 401 });
    const version = await resolveVersion({ ...request, spec: parseSpec('~0.115.0') });
    expect(version.semver).toBe('0.115.1');
    expect(github.asked('npm-list')).toHaveLength(1);
  });

  test('names the newest when none satisfies a range', async () => {
    const { github, request } = await loopback();
    await using _ = github;
    await expect(resolveVersion({ ...request, spec: parseSpec('^2.0.0') })).rejects.toMatchObject({
      code: 'RELEASE_NOT_FOUND',
      fields: { suggestions: expect.arrayContaining(['0.117.0-beta.1', '0.116.0']) },
    });
  });

  test('does not say that no version satisfies a range while GitHub is silent', async () => {
    const { github, request } = await loopback('github,npm');
    await using _ = github;
    github.fail({ route: 'list', status: 401 });
    const error = await failure(resolveVersion({ ...request, spec: parseSpec('^2.0.0') }));
    expect(error).toMatchObject({ code: 'SOURCES_EXHAUSTED', exitStatus: 5 });
    expect(error.fields['reasons']).toMatchObject([
      { channel: 'github', message: expect.stringContaining('401') },
      { channel: 'npm', code: 'RELEASE_NOT_FOUND', message: expect.stringContaining('on npm') },
    ]);
  });

  test('takes GitHub at its word about a range, whoever was silent before', async () => {
    const { github, request } = await loopback('npm,github');
    await using _ = github;
    github.fail({ route: 'npm-list', status: 401 });
    await expect(resolveVersion({ ...request, spec: parseSpec('^2.0.0') })).rejects.toMatchObject({
      code: 'RELEASE_NOT_FOUND',
    });
  });
});

describe('listRemoteVersions', () => {
  test('gives every version of the first channel with a list, the newest first', async () => {
    const { github, request } = await loopback('mirror,npm,github');
    await using _ = github;
    const { channel, versions } = await listRemoteVersions(request);
    expect(channel).toBe('npm');
    expect(versions.map(({ semver }) => semver)).toEqual([
      '0.117.0-beta.1',
      '0.117.0-alpha.10',
      '0.117.0-alpha.2',
      '0.116.0',
      '0.115.1',
      '0.115.0',
    ]);
  });

  test('fails where no channel keeps a list', async () => {
    const { github, request } = await loopback('mirror');
    await using _ = github;
    await expect(listRemoteVersions(request)).rejects.toMatchObject({ code: 'SOURCES_EXHAUSTED' });
  });
});
