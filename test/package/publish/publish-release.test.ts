import { randomBytes } from 'node:crypto';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProgressEvent } from '../../../src/events.ts';
import { digestFile } from '../../../src/package/pack/index.ts';
import { type PublishRequest, publishRelease } from '../../../src/package/publish/index.ts';
import { PENDING_TAG } from '../../../src/package/publish/plan-publish.ts';
import { settingsFrom } from '../../../src/request/settings.ts';
import { miniatureRuntimes, packMiniatures } from '../../support/packed-release.ts';
import { packTwo, publishTo, shownDocument } from '../../support/publishing.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { npmUser, seedPackage, startRegistry, type TestRegistry } from '../../support/verdaccio.ts';
import { startWriteProxy } from '../../support/write-proxy.ts';

let registry: TestRegistry;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(() => registry.close());

const document = (name: string) => shownDocument(registry.url, name);

const publish = (
  release: { readonly out: string },
  request: Partial<PublishRequest> = {},
  url = registry.url,
) => publishTo(url, release, request);

const actions = ({ steps }: { readonly steps: readonly { readonly action: string }[] }) =>
  steps.map(({ action }) => action);

describe('publishRelease', () => {
  it('publishes in a safe order, and leaves everything alone the second time', async () => {
    await seedPackage(registry.url, 'order');
    const release = await packTwo('order');
    const proxy = await startWriteProxy(registry.url);
    try {
      await publish(release, {}, proxy.url);
      expect(proxy.writes).toEqual([
        'PUT /order-darwin-arm64',
        'PUT /order-linux-x64',
        'PUT /order',
        'PUT /-/package/order/dist-tags/latest',
        `DELETE /-/package/order/dist-tags/${PENDING_TAG}`,
      ]);
      const again = await publish(release, {}, proxy.url);
      expect(actions(again)).toEqual(['present', 'present', 'await', 'present', 'await']);
      expect(proxy.writes).toHaveLength(5);
    } finally {
      await proxy.close();
    }
    const { versions, 'dist-tags': tags } = await document('order');
    expect(tags).toEqual({ latest: '0.115.0' });
    const packed = release.files.find(({ target }) => target === null);
    expect(versions?.['0.115.0']?.dist.integrity).toBe(packed?.integrity);
  });

  it('tells how far checking and uploading are', async () => {
    const release = await packTwo('told');
    const told: ProgressEvent[] = [];
    await publish(release, { onProgress: (event) => told.push(event) });
    const total = release.files.reduce((sum, { size }) => sum + size, 0);
    for (const what of ['Checking', 'Publishing']) {
      const events = told.filter((event) => event.type === 'working' && event.what === what);
      expect(events.length).toBeGreaterThanOrEqual(release.files.length);
      expect(events.at(-1)).toMatchObject({ done: total, total });
    }
  });

  it('tells how far one upload is, byte for byte as npm sends it', async () => {
    const files = { 'codex-resources/noise.bin': randomBytes(3e6) };
    const runtimes = (await miniatureRuntimes({ files })).slice(0, 1);
    const release = await packMiniatures({ runtimes, name: 'large', ecosystems: ['node'] });
    const size = Math.max(...release.files.map((file) => file.size));
    const told: number[] = [];
    await publish(release, {
      onProgress: (event) => {
        if (event.type === 'working' && event.what === 'Publishing') told.push(event.done);
      },
    });
    expect([...told].sort((one, other) => one - other)).toEqual(told);
    expect(told.filter((done) => done > size / 10 && done < size * 0.9).length).toBeGreaterThan(5);
  });

  it('takes credentials from .npmrc, also by a variable, and gives npm no other', async () => {
    const release = await packTwo('credentials');
    const proxy = await startWriteProxy(registry.url);
    const home = await tempDir();
    const env = await npmUser(home, proxy.url);
    const { host } = new URL(proxy.url);
    await writeFile(
      join(home, '.npmrc'),
      `registry=${proxy.url}\n//${host}/:_authToken=\x24{OUR_SECRET}\n`,
    );
    try {
      await publishRelease({
        directory: release.out,
        settings: settingsFrom(
          { ...env, OUR_SECRET: 'from-a-variable' },
          { cwd: home, host: { platform: 'linux', arch: 'x64' } },
        ),
      });
      expect(new Set(proxy.credentials)).toEqual(new Set(['Bearer from-a-variable']));
    } finally {
      await proxy.close();
    }
  });

  it('says what it would do in a dry run, and does nothing', async () => {
    const result = await publish(await packTwo('dry'), { dryRun: true });
    expect(actions(result)).toEqual([
      'publish',
      'publish',
      'await',
      'publish',
      'await',
      'tag',
      'untag',
    ]);
    expect(await document('dry-linux-x64')).toEqual({});
  });

  it('publishes no root package before everybody sees its platforms', async () => {
    const release = await packTwo('lag');
    const proxy = await startWriteProxy(registry.url);
    proxy.isHidden = (path) => path === '/lag-linux-x64';
    try {
      const waiting = publish(release, { visibleWithin: 1200 }, proxy.url);
      await expect(waiting).rejects.toMatchObject({
        code: 'PUBLISH_FAILED',
        fields: { package: 'lag-linux-x64', actual: null },
      });
      expect(proxy.writes).toEqual(['PUT /lag-darwin-arm64', 'PUT /lag-linux-x64']);
      // It appears while the next run waits for it.
      setTimeout(() => {
        proxy.isHidden = () => false;
      }, 800);
      await publish(release, {}, proxy.url);
    } finally {
      await proxy.close();
    }
    expect((await document('lag'))['dist-tags']).toEqual({ latest: '0.115.0' });
  });

  it('publishes scoped packages to the registry that is named, whatever the scope has', async () => {
    const release = await packTwo('@example/scoped');
    const home = await tempDir();
    const env = await npmUser(home, registry.url);
    await appendFile(join(home, '.npmrc'), '@example:registry=http://127.0.0.1:9/\n');
    await publishRelease({
      directory: release.out,
      registry: registry.url,
      access: 'public',
      settings: settingsFrom(env, { cwd: home, host: { platform: 'linux', arch: 'x64' } }),
    });
    const { 'dist-tags': tags } = await document('@example/scoped');
    expect(tags).toEqual({ latest: '0.115.0' });
  });

  it('gives a prerelease its own tag and leaves latest where it is', async () => {
    await publish(await packTwo('line'));
    await publish(await packTwo('line', { version: '0.116.0-alpha.2' }));
    const { 'dist-tags': tags } = await document('line');
    expect(tags).toEqual({ latest: '0.115.0', alpha: '0.116.0-alpha.2' });
  });

  it('refuses another build of the same version and publishes nothing of it', async () => {
    await publish(await packTwo('conflict'));
    const runtimes = (await miniatureRuntimes({ files: { 'codex-path/rg': 'other' } })).filter(
      ({ manifest }) => manifest.target !== 'aarch64-pc-windows-msvc',
    );
    const other = await packMiniatures({ runtimes, name: 'conflict', ecosystems: ['node'] });
    await expect(publish(other)).rejects.toMatchObject({ code: 'PUBLISH_FAILED' });
    expect(await document('conflict-win32-x64')).toEqual({});
  });

  it('refuses files that are not what was packed', async () => {
    const release = await packTwo('damaged');
    await appendFile(join(release.out, 'damaged-linux-x64-0.115.0.tgz'), 'x');
    await expect(publish(release)).rejects.toMatchObject({ code: 'DAMAGED', exitStatus: 9 });
    expect(await document('damaged-darwin-arm64')).toEqual({});
  });

  it('refuses a directory without a release, and a tag that is none', async () => {
    await expect(publish({ out: await tempDir() })).rejects.toMatchObject({ code: 'USAGE' });
    const release = await packTwo('tagged');
    for (const tag of ['1.0.0', '--force', '', 'a b', 'v1']) {
      await expect(publish(release, { tag })).rejects.toMatchObject({ code: 'USAGE' });
    }
  });

  it('checks wheels and says how to upload them', async () => {
    const release = await packMiniatures({ ecosystems: ['python'] });
    const result = await publish(release);
    expect(result.wheels).toHaveLength(6);
    expect(result.wheelCommand).toContain('twine upload');
    expect(result.steps).toEqual([]);
  });

  it('refuses a wheel that is none, although the manifest names its bytes', async () => {
    const { out } = await packMiniatures({ ecosystems: ['python'] });
    const manifest = JSON.parse(await readFile(join(out, 'manifest.json'), 'utf8'));
    const [wheel] = manifest.files;
    await writeFile(join(out, wheel.path), 'no zip');
    Object.assign(wheel, await digestFile(join(out, wheel.path), undefined));
    await writeFile(join(out, 'manifest.json'), JSON.stringify(manifest));
    await expect(publish({ out })).rejects.toMatchObject({ code: 'DAMAGED' });
  });

  it('tells what npm said when credentials are wrong, and never the token', async () => {
    const release = await packTwo('unauthorised');
    const proxy = await startWriteProxy(registry.url);
    proxy.onWrite = () => 'refuse';
    try {
      const error = await publish(release, {}, proxy.url).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'PUBLISH_FAILED', exitStatus: 8 });
      expect(JSON.stringify(error)).not.toContain('a-secret-token');
    } finally {
      await proxy.close();
    }
  });
});
