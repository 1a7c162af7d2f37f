import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { npmChannel } from '../../src/channels/npm.ts';
import { createRegistry } from '../../src/fetch/npm/index.ts';
import { parseVersion } from '../../src/pin/version.ts';
import { TARGETS } from '../../src/target/index.ts';
import { type LoopbackGitHub, startLoopbackGitHub } from '../support/loopback-github.ts';
import { miniatureRelease } from '../support/miniature-release.ts';
import { LINUX, loopbackSettings, WINDOWS } from '../support/resolve-request.ts';
import { tempDir } from '../support/temp-dir.ts';

const VERSION = parseVersion('0.115.0');
const RELEASE = await miniatureRelease('0.115.0', { targets: [LINUX] });
const BUILD = '0.115.0-linux-x64';

async function open(npmrc = '') {
  const github = await startLoopbackGitHub({
    releases: [RELEASE, await miniatureRelease('0.116.0-alpha.1')],
  });
  const cwd = await tempDir();
  await writeFile(join(cwd, '.npmrc'), npmrc.replaceAll('ORIGIN', github.url.replace('http:', '')));
  const settings = loopbackSettings(github, cwd);
  const registry = createRegistry(settings, { retry: { pause: 1 } });
  return { github, channel: npmChannel(settings, registry) };
}

function answer(github: LoopbackGitHub, dist: object, version = BUILD) {
  github.fail({ route: 'npm-document', json: JSON.stringify({ version, dist }) });
}

describe('a release on npm', () => {
  test('is the platform build, vouched for by its SHA-512', async () => {
    const { github, channel } = await open();
    await using _ = github;
    const release = await channel.release(VERSION, [LINUX]);
    expect(release.assets).toMatchObject([
      {
        name: 'codex-npm-linux-x64-0.115.0.tgz',
        layout: 'npm',
        variant: 'package',
        digests: [
          { algorithm: 'sha512', hex: expect.stringMatching(/^[0-9a-f]{128}$/), origin: 'npm' },
        ],
        sources: [{ kind: 'npm', url: `${github.url}/npm/@openai/codex/-/codex-${BUILD}.tgz` }],
      },
    ]);
    expect(github.requests.map(({ route }) => route)).toEqual(['npm-document', 'npm-keys']);
  });

  test("is asked for with npm's own credentials for that registry", async () => {
    const { github, channel } = await open('ORIGIN/npm/:_authToken=canary\n');
    await using _ = github;
    await channel.release(VERSION, [LINUX]);
    expect(github.requests[0]?.authorization).toBe('Bearer canary');
  });

  test('has what there is of several targets', async () => {
    const { github, channel } = await open();
    await using _ = github;
    const release = await channel.release(VERSION, TARGETS);
    expect(release.assets.map(({ target }) => target.triple)).toEqual([LINUX.triple]);
  });

  test('without a build for the target names those that there are', async () => {
    const { github, channel } = await open();
    await using _ = github;
    await expect(channel.release(VERSION, [WINDOWS])).rejects.toMatchObject({
      code: 'ASSET_NOT_FOUND',
      fields: { available: ['codex-npm-linux-x64-0.115.0.tgz'] },
    });
  });

  test('is unknown where no platform has a build', async () => {
    const { github, channel } = await open();
    await using _ = github;
    await expect(channel.release(parseVersion('0.1.0'), [LINUX])).rejects.toMatchObject({
      code: 'RELEASE_NOT_FOUND',
      fields: { channel: 'npm' },
    });
  });

  test.each([
    ['none', {}],
    ['SHA-1 alone', { integrity: 'sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=' }],
    ['a malformed SHA-512', { integrity: 'sha512-AAAA' }],
    ['another type', { integrity: 7 }],
  ])('has no digest where the registry gives %s', async (_what, dist) => {
    const { github, channel } = await open();
    await using _ = github;
    answer(github, { tarball: `${github.url}/npm/x.tgz`, shasum: 'a'.repeat(40), ...dist });
    const release = await channel.release(VERSION, [LINUX]);
    expect(release.assets[0]?.digests).toEqual([]);
  });

  test.each([
    'file:///etc/passwd',
    'https://user:secret@example.com/a.tgz',
    'https://user@example.com/a.tgz',
    'https://:secret@example.com/a.tgz',
    ['https://example.com/a.tgz'],
    'x',
    7,
    undefined,
  ])('is unavailable where the tarball is %j', async (tarball) => {
    const { github, channel } = await open();
    await using _ = github;
    answer(github, { tarball });
    await expect(channel.release(VERSION, [LINUX])).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
    });
  });

  test("refuses another version's document", async () => {
    const { github, channel } = await open();
    await using _ = github;
    answer(github, { tarball: `${github.url}/npm/x.tgz` }, '0.114.0-linux-x64');
    await expect(channel.release(VERSION, [LINUX])).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
    });
  });
});

describe('versions on npm', () => {
  test('are listed without the platform builds, the newest first', async () => {
    const { github, channel } = await open();
    await using _ = github;
    const versions = await channel.versions();
    expect(versions?.map(({ semver }) => semver)).toEqual(['0.116.0-alpha.1', '0.115.0']);
  });

  test('have a latest one by dist-tag', async () => {
    const { github, channel } = await open();
    await using _ = github;
    await expect(channel.latest()).resolves.toMatchObject({ semver: '0.115.0' });
    github.fail({ route: 'npm-tags', json: '{"latest":"newest"}' });
    await expect(channel.latest()).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
  });
});
