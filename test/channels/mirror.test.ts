import { describe, expect, test } from 'vitest';
import { mirrorChannel } from '../../src/channels/mirror.ts';
import { createHttp } from '../../src/fetch/http/index.ts';
import { parseVersion } from '../../src/pin/version.ts';
import { startLoopbackGitHub } from '../support/loopback-github.ts';
import { miniatureRelease } from '../support/miniature-release.ts';
import { LINUX, loopbackSettings } from '../support/resolve-request.ts';
import { tempDir } from '../support/temp-dir.ts';

const VERSION = parseVersion('0.115.0');
const PACKAGE = 'codex-package-x86_64-unknown-linux-musl.tar.gz';

async function open(options: { mirrorDocuments?: boolean; packages?: boolean } = {}) {
  const { packages = true, ...server } = options;
  const release = await miniatureRelease('0.115.0', { targets: [LINUX], packages });
  const github = await startLoopbackGitHub({ releases: [release], ...server });
  const settings = loopbackSettings(github, await tempDir());
  return {
    github,
    channel: mirrorChannel(settings, createHttp(settings, { retry: { pause: 1 } })),
  };
}

describe('a release on the mirror', () => {
  test("has the mirror's digests and URLs", async () => {
    const { github, channel } = await open();
    await using _ = github;
    const release = await channel.release(VERSION, [LINUX]);
    expect(release.assets.find(({ name }) => name === PACKAGE)).toMatchObject({
      size: expect.any(Number),
      digests: [{ algorithm: 'sha256', origin: 'mirror' }],
      sources: [{ kind: 'mirror', url: `${github.url}/mirror/releases/0.115.0/${PACKAGE}` }],
    });
  });

  test('is told by its checksum list where it has no document', async () => {
    const { github, channel } = await open({ mirrorDocuments: false });
    await using _ = github;
    const release = await channel.release(VERSION, [LINUX]);
    expect(release.assets).toMatchObject([{ name: PACKAGE, digests: [{ origin: 'mirror' }] }]);
  });

  test('is unknown where there is neither', async () => {
    const { github, channel } = await open({ mirrorDocuments: false, packages: false });
    await using _ = github;
    await expect(channel.release(VERSION, [LINUX])).rejects.toMatchObject({
      code: 'RELEASE_NOT_FOUND',
      fields: { channel: 'mirror' },
    });
  });

  test('is not taken for unknown when the mirror fails', async () => {
    const { github, channel } = await open();
    await using _ = github;
    github.fail({ route: 'mirror-release', status: 503 });
    await expect(channel.release(VERSION, [LINUX])).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
    });
  });

  test("refuses another release's document", async () => {
    const { github, channel } = await open();
    await using _ = github;
    github.fail({ route: 'mirror-release', json: '{"tag_name":"rust-v0.114.0","assets":[]}' });
    await expect(channel.release(VERSION, [LINUX])).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
    });
  });
});

describe('the latest version on the mirror', () => {
  test('is what its channel document says', async () => {
    const { github, channel } = await open();
    await using _ = github;
    await expect(channel.latest()).resolves.toMatchObject({ semver: '0.115.0' });
    await expect(channel.versions()).resolves.toBeNull();
  });

  test('is unavailable when that document is no release', async () => {
    const { github, channel } = await open();
    await using _ = github;
    github.fail({ route: 'mirror-latest', json: '{}' });
    await expect(channel.latest()).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
  });
});
