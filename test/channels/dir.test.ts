import { createHash } from 'node:crypto';
import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { dirChannel } from '../../src/channels/dir.ts';
import { parseVersion } from '../../src/pin/version.ts';
import {
  allCandidates,
  candidateRequest,
  LINUX,
  loopbackSettings,
  WINDOWS,
} from '../support/resolve-request.ts';
import { tempDir } from '../support/temp-dir.ts';

const VERSION = parseVersion('0.115.0');
const NAME = 'codex-x86_64-unknown-linux-musl.tar.gz';
const CONTENT = Buffer.from('archive');
const HEX = createHash('sha256').update(CONTENT).digest('hex');

/** A directory as `codex-runtime download` or a person with a browser fills it. */
async function filledDir(files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const root = await tempDir();
  await mkdir(join(root, '0.115.0'));
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(root, '0.115.0', name), content);
  }
  return root;
}

describe('a release in a directory', () => {
  test('is the known files in it, vouched for by SHA256SUMS', async () => {
    const root = await filledDir({
      [NAME]: CONTENT,
      'codex-npm-linux-x64-0.115.0.tgz': CONTENT,
      'notes.txt': 'x',
      SHA256SUMS: `${HEX}  ${NAME}\n`,
    });
    const release = await dirChannel(root, '/').release(VERSION, [LINUX]);
    expect(release.assets).toMatchObject([
      {
        name: NAME,
        size: 7,
        digests: [{ algorithm: 'sha256', hex: HEX, origin: 'dir' }],
        sources: [{ kind: 'file', path: join(root, '0.115.0', NAME) }],
      },
      { name: 'codex-npm-linux-x64-0.115.0.tgz', layout: 'npm', digests: [] },
    ]);
  });

  test('can be held to a lockfile alone', async () => {
    const root = await filledDir({ [NAME]: CONTENT });
    const settings = loopbackSettings({ env: {} }, root);
    const lock = {
      version: '0.115.0',
      repo: 'openai/codex',
      targets: { [LINUX.triple]: { assets: [{ name: NAME, sha256: HEX }] } },
    };
    const sources = `dir:${root}`;
    const [locked] = await allCandidates(candidateRequest(settings, { sources, lock }));
    expect(locked?.asset.digests).toEqual([{ algorithm: 'sha256', hex: HEX, origin: 'lockfile' }]);
    const [unlocked] = await allCandidates(candidateRequest(settings, { sources }));
    expect(unlocked?.asset.digests).toEqual([]);
  });

  test('is found relative to the working directory', async () => {
    const root = await filledDir({ [NAME]: CONTENT });
    const release = await dirChannel('.', root).release(VERSION, [LINUX]);
    expect(release.assets).toHaveLength(1);
  });

  test('that does not exist is unavailable, and one without the version does not have it', async () => {
    const root = await filledDir({});
    await writeFile(join(root, 'file'), 'mine');
    for (const channel of [dirChannel('missing', root), dirChannel('file', root)]) {
      for (const ask of [
        () => channel.release(VERSION, [LINUX]),
        () => channel.latest(),
        () => channel.versions(),
      ]) {
        await expect(ask()).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
      }
    }
    await expect(
      dirChannel(root, '/').release(parseVersion('0.1.0'), [LINUX]),
    ).rejects.toMatchObject({ code: 'RELEASE_NOT_FOUND', fields: { channel: 'dir' } });
  });

  test('names what it has when the target is not in it', async () => {
    const root = await filledDir({ [NAME]: CONTENT });
    const settings = loopbackSettings({ env: {} }, root);
    const request = candidateRequest(settings, { sources: `dir:${root}`, target: WINDOWS });
    await expect(allCandidates(request)).rejects.toMatchObject({ code: 'ASSET_NOT_FOUND' });
  });

  test.each<[string, string, (path: string) => Promise<unknown>]>([
    ['cannot be read', 'unauthorized', (path) => symlink(path, path)],
    ['is a directory', 'refused', (path) => mkdir(path)],
    [
      'has 8 GB, which are not read',
      'refused',
      async (path) => {
        await writeFile(path, '');
        await truncate(path, 8 * 2 ** 30);
      },
    ],
  ])('is unavailable where its SHA256SUMS %s', async (_what, reason, make) => {
    const root = await filledDir({ [NAME]: CONTENT });
    await make(join(root, '0.115.0', 'SHA256SUMS'));
    await expect(dirChannel(root, '/').release(VERSION, [LINUX])).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      fields: { reason },
    });
  });

  test('takes no directory for an asset', async () => {
    const root = await filledDir({});
    await mkdir(join(root, '0.115.0', NAME));
    const release = await dirChannel(root, '/').release(VERSION, [LINUX]);
    expect(release.assets).toEqual([]);
  });
});

describe('versions in a directory', () => {
  test('are its folders', async () => {
    const root = await filledDir({});
    for (const name of ['0.116.0-alpha.1', '0.9.0', 'tmp']) await mkdir(join(root, name));
    const channel = dirChannel(root, '/');
    const versions = await channel.versions();
    expect(versions?.map(({ semver }) => semver)).toEqual(['0.116.0-alpha.1', '0.115.0', '0.9.0']);
    await expect(channel.latest()).resolves.toMatchObject({ semver: '0.115.0' });
  });
});
