import { execFileSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { installRuntime, listRemote, pinRuntime } from '../../src/index.ts';
import { publishRuntimeImages } from '../../src/operations/publish-runtime-images.ts';
import { buildTarGz, canZstd } from '../support/archive-builder.ts';
import { tar } from '../support/archives.ts';
import { startCuttingProxy } from '../support/cutting-registry-proxy.ts';
import {
  type DockerRegistry,
  loginFile,
  startDockerRegistry,
  whyNoImages,
} from '../support/docker-registry.ts';
import { failure } from '../support/failure.ts';
import { INDEX, imageOf, imagesIn, type Lie, MANIFEST } from '../support/image-server.ts';
import { closing, serve } from '../support/loopback-http.ts';
import { miniatureRuntimes, packMiniatures } from '../support/packed-release.ts';
import { tempDir } from '../support/temp-dir.ts';

const TARGET = 'linux-x64';

async function around(more: Readonly<Record<string, string>> = {}) {
  const dir = await tempDir();
  const env = { HOME: dir, PATH: process.env['PATH'] ?? '', ...more };
  return { cwd: dir, home: join(dir, 'home'), prefix: join(dir, 'prefix'), env };
}

const install = (
  source: string,
  options: Awaited<ReturnType<typeof around>>,
  version = '0.115.0',
) => installRuntime({ ...options, version, source, target: TARGET });

/** A registry with the images of a miniature release. */
async function published(version = '0.115.0') {
  const registry = closing(await startDockerRegistry());
  const release = await packMiniatures({ ecosystems: ['oci'], version });
  await put(registry, release.out);
  return { registry, release, source: `oci:${registry.host}/tools/codex` };
}

async function put({ host }: DockerRegistry, out: string, env = {}): Promise<void> {
  const repository = `${host}/tools/codex`;
  const home = await tempDir();
  await publishRuntimeImages({ directory: out, repository, env: { HOME: home, ...env } });
}

describe.skipIf(whyNoImages !== null)(
  `a runtime from a container registry${whyNoImages ?? ''}`,
  () => {
    it('is installed by its version, and for targets with tags of their own', async () => {
      const { source } = await published();
      const options = await around();
      const origin = await originOf(await install(source, options));
      expect(origin).toMatchObject({ channel: 'oci', source: 'oci' });
      expect(origin.verified).toMatchObject([{ algorithm: 'sha256', origin: 'oci' }]);
      const mac = await installRuntime({
        ...(await around()),
        version: '0.115.0',
        source,
        target: 'darwin-arm64',
      });
      expect(mac.target).toBe('aarch64-apple-darwin');
    });

    it('is found as the newest, and listed', async () => {
      const { registry, source } = await published('0.116.0');
      const old = await packMiniatures({ ecosystems: ['oci'], version: '0.115.0' });
      const home = await tempDir();
      await publishRuntimeImages({
        directory: old.out,
        repository: `${registry.host}/tools/codex`,
        env: { HOME: home },
        tag: 'old',
      });
      const options = await around();
      expect(await listRemote({ ...options, source })).toMatchObject([
        { channel: 'oci', versions: ['0.116.0', '0.115.0'] },
      ]);
      expect((await install(source, options, 'latest')).version).toBe('0.116.0');
      const missing = await failure(install(source, await around(), '0.117.0'));
      expect(missing).toMatchObject({ code: 'RELEASE_NOT_FOUND' });
    });

    it('is held to a digest that the source names', async () => {
      const { source, release } = await published();
      const digest = release.images?.[0]?.digest;
      await install(`${source}@${digest}`, await around());
      const other = await failure(install(`${source}@${digest}`, await around(), '0.116.0'));
      expect(other).toMatchObject({ code: 'RELEASE_NOT_FOUND' });
    });

    it('is installed under a lockfile, which another copy of the tag does not satisfy', async () => {
      const { registry, source } = await published();
      const options = await around();
      const { lock } = await pinRuntime({ ...options, version: '0.115.0', source });
      const names = Object.values(lock.targets).flatMap((target) => target?.assets ?? []);
      expect(names).toHaveLength(6);
      expect(names.every(({ name }) => name.startsWith('codex-oci-'))).toBe(true);
      await installRuntime({ ...options, source, target: TARGET, frozen: true });

      const moved = await packMiniatures({
        ecosystems: ['oci'],
        version: '0.115.0',
        repository: 'other/repository',
        certificates: await certificate(),
      });
      skopeo(`oci:${moved.out}/oci:0.115.0`, `docker://${registry.host}/tools/codex:0.115.0`);
      const elsewhere = { ...options, home: join(options.cwd, 'second') };
      const error = await failure(
        installRuntime({ ...elsewhere, source, target: TARGET, frozen: true }),
      );
      expect(error).toMatchObject({ code: 'LOCK_INCOMPLETE' });
    });

    it('is installed from layers that another tool compressed again, by the executable inside', async () => {
      const { registry, source, release } = await published();
      const options = await around();
      await pinRuntime({ ...options, version: '0.115.0', source, deep: true });
      const copy = closing(await startDockerRegistry());
      await put(copy, release.out);
      const image = (host: string) => `docker://${host}/tools/codex:0.115.0`;
      skopeo(
        ...['--dest-compress-format', canZstd ? 'zstd' : 'gzip', '--dest-compress-level', '1'],
        ...[image(registry.host), image(copy.host)],
      );
      const elsewhere = { ...options, home: join(options.cwd, 'second') };
      const again = await installRuntime({
        ...elsewhere,
        source: `oci:${copy.host}/tools/codex`,
        target: TARGET,
        frozen: true,
      });
      expect((await originOf(again)).channel).toBe('oci');
    });

    it('is installed from layers that another tool left uncompressed', async () => {
      const { registry, source, release } = await published();
      const options = await around();
      await pinRuntime({ ...options, version: '0.115.0', source, deep: true });
      const copy = closing(await startDockerRegistry());
      await put(copy, release.out);
      const dir = `dir:${await tempDir()}`;
      const image = (host: string) => `docker://${host}/tools/codex:0.115.0`;
      skopeo('--dest-decompress', image(registry.host), dir);
      skopeo('--preserve-digests', dir, image(copy.host));
      const elsewhere = { ...options, home: join(options.cwd, 'second') };
      const again = await installRuntime({
        ...elsewhere,
        source: `oci:${copy.host}/tools/codex`,
        target: TARGET,
        frozen: true,
      });
      const { asset } = await originOf(again);
      expect(asset).toMatch(/^codex-oci-linux-x64-0\.115\.0-[0-9a-f]{16}\.tar$/);
    });

    it('needs the login that container tools have', async () => {
      const registry = closing(await startDockerRegistry({ auth: 'token' }));
      const { out } = await packMiniatures({ ecosystems: ['oci'] });
      const file = join(await tempDir(), 'auth.json');
      await writeFile(file, loginFile(registry.host));
      await put(registry, out, { REGISTRY_AUTH_FILE: file });
      const source = `oci:${registry.host}/tools/codex`;
      const error = await failure(install(source, await around()));
      expect(error).toMatchObject({ code: 'SOURCES_EXHAUSTED' });
      expect(error.hint).toContain('REGISTRY_AUTH_FILE');
      await install(source, await around({ REGISTRY_AUTH_FILE: file }));
    });

    it('is resumed after a download that broke', async () => {
      const registry = closing(await startDockerRegistry());
      const noise = Buffer.alloc(3e6);
      for (let at = 0; at < noise.length; at += 4) noise.writeUInt32LE((at * 2654435761) >>> 0, at);
      const runtimes = await miniatureRuntimes({ files: { 'codex-resources/noise.bin': noise } });
      const { out } = await packMiniatures({ ecosystems: ['oci'], runtimes });
      await put(registry, out);
      const ranges: (string | undefined)[] = [];
      const proxy = await startCuttingProxy(registry.host, (_, request) => {
        if (!request.url?.includes('/blobs/')) return undefined;
        ranges.push(request.headers.range);
        // The configuration comes first; the layer breaks off once.
        return ranges.length === 2 ? 'midway' : undefined;
      });
      await install(`oci:${proxy.host}/tools/codex`, await around());
      expect(ranges.slice(0, 2)).toEqual([undefined, undefined]);
      expect(ranges[2]).toMatch(/^bytes=[1-9]\d*-/);
    });
  },
);

/** What a registry may answer in place of what an image says. */
describe.skipIf(whyNoImages !== null)(`a registry that lies${whyNoImages ?? ''}`, () => {
  const codex = { path: 'opt/codex/bin/codex', mode: 0o755 };
  const script = Buffer.from('#!/bin/sh\necho codex-cli 0.115.0\n');
  const layer = buildTarGz([{ ...codex, content: script }]);

  it('is told from one that does not', async () => {
    const { source } = await imageOf(layer).serve();
    await install(source, await around());
  });

  it.each<[string, string, (path: string, bytes: Buffer | undefined) => Lie | undefined]>([
    [
      'about a manifest’s digest',
      'DIGEST_MISMATCH',
      (path, bytes) =>
        path.startsWith('manifests/sha256:') && bytes !== undefined
          ? { bytes: Buffer.concat([bytes, Buffer.from(' ')]) }
          : undefined,
    ],
    [
      'about a layer',
      'DIGEST_MISMATCH',
      (path, bytes) => {
        if (!path.startsWith('blobs/') || bytes?.[0] !== 0x1f) return undefined;
        const other = Buffer.from(bytes);
        other[9] = 7;
        return { bytes: other };
      },
    ],
    [
      'with a page of HTML',
      'SOURCES_EXHAUSTED',
      () => ({
        type: 'text/html',
        bytes: Buffer.from('<html>Log in</html>'),
      }),
    ],
    [
      'with HTML for a layer',
      'SOURCES_EXHAUSTED',
      (_path, bytes) =>
        bytes?.[0] === 0x1f ? { type: 'text/html', bytes: Buffer.from('<html>') } : undefined,
    ],
    [
      'about a media type',
      'SOURCES_EXHAUSTED',
      (path) => (path.startsWith('manifests/') ? { type: MANIFEST } : undefined),
    ],
    [
      'about what it has',
      'SOURCES_EXHAUSTED',
      (path) => (path.startsWith('manifests/sha256:') ? { status: 404 } : undefined),
    ],
    [
      'with a redirect that never ends',
      'SOURCES_EXHAUSTED',
      (path) =>
        path.startsWith('blobs/') ? { status: 307, headers: { location: '?again' } } : undefined,
    ],
  ])('%s is refused', async (_, code, lie) => {
    const { source } = await imageOf(layer).serve((path, truth) => lie(path, truth?.bytes));
    const options = await around();
    expect(await failure(install(source, options))).toMatchObject({ code });
    expect(await readdir(join(options.home, 'store')).catch(() => [])).toEqual([]);
  });

  it('about a size is refused before the bytes are taken', async () => {
    const { source } = await imageOf(layer, { layerSize: layer.length + 1 }).serve();
    expect(await failure(install(source, await around()))).toMatchObject({ code: 'SIZE_MISMATCH' });
  });

  it.each([
    ['of another version', { labels: { 'org.opencontainers.image.version': '0.114.0' } }],
    ['of another target', { labels: { 'dev.codex-runtime.target': 'aarch64-apple-darwin' } }],
    ['that names no layer', { labels: { 'dev.codex-runtime.layer': '' } }],
    [
      'with a foreign layer',
      { layerType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip' },
    ],
    [
      'with a layer whose bytes lie elsewhere',
      { layerType: 'application/vnd.oci.image.layer.nondistributable.v1.tar' },
    ],
  ])('with an image %s is passed over', async (_, options) => {
    const { source } = await imageOf(layer, options).serve();
    const error = await failure(install(source, await around()));
    expect(error).toMatchObject({ code: 'SOURCES_EXHAUSTED' });
  });

  it('with an index of indexes, or of another architecture, is passed over', async () => {
    const images = imageOf(layer);
    const platform = { os: 'linux', architecture: 'amd64' };
    const inner = { mediaType: INDEX, digest: images.tags.get('0.115.0'), size: 1, platform };
    const nested = images.put(INDEX, { schemaVersion: 2, manifests: [inner] });
    images.tags.set('0.115.0', nested.digest);
    const { source } = await images.serve();
    const error = await failure(install(source, await around()));
    expect(error).toMatchObject({ code: 'SOURCES_EXHAUSTED' });
    const arm = imageOf(layer, { platform: { os: 'linux', architecture: 'arm64' } });
    expect(await failure(install((await arm.serve()).source, await around()))).toMatchObject({
      code: 'RELEASE_NOT_FOUND',
    });
  });

  it('with a tag that moves after it was read delivers the image that was read', async () => {
    const images = imageOf(layer);
    const other = imageOf(buildTarGz([{ ...codex, content: Buffer.concat([script, script]) }]));
    for (const [digest, blob] of other.blobs) images.blobs.set(digest, blob);
    const [before, after] = [images.tags.get('0.115.0'), other.tags.get('0.115.0')];
    const { source } = await images.serve((path) => {
      if (path.startsWith('manifests/sha256:')) images.tags.set('0.115.0', String(after));
      return undefined;
    });
    const { runtime } = await install(source, await around());
    expect(images.tags.get('0.115.0')).not.toBe(before);
    expect(await readFile(join(runtime.dir, 'bin/codex'))).toEqual(script);
  });

  it('gets no login that is for another host, nor does the storage that it redirects to', async () => {
    const seen: (string | undefined)[] = [];
    const images = imageOf(layer);
    const { server } = await images.serve();
    const storage = await serve((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(307, { location: `${server.url}${request.url}` }).end();
    });
    const registry = await serve((request, response) => {
      if (request.headers.authorization === undefined) {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="here"' }).end();
      } else response.writeHead(307, { location: `${storage.url}${request.url}` }).end();
    });
    const { host } = new URL(registry.url);
    const login = async (name: string) => {
      const file = join(await tempDir(), 'auth.json');
      await writeFile(file, loginFile(name));
      return await around({ REGISTRY_AUTH_FILE: file });
    };
    const source = `oci:${host}/tools/codex`;
    const error = await failure(install(source, await login('registry.example')));
    expect(error).toMatchObject({ code: 'SOURCES_EXHAUSTED' });
    expect(registry.requests.every(({ headers }) => headers.authorization === undefined)).toBe(
      true,
    );
    await install(source, await login(host));
    expect(seen.length).toBeGreaterThanOrEqual(4);
    expect(seen.filter((each) => each !== undefined)).toEqual([]);
    expect(server.requests.every(({ headers }) => headers.authorization === undefined)).toBe(true);
  });

  it('with an executable that is not the locked one is refused', async () => {
    const options = await around();
    const { out } = await packMiniatures({ ecosystems: ['oci'] });
    const { source } = await (await imagesIn(out)).serve();
    await pinRuntime({ ...options, version: '0.115.0', source, deep: true });
    const other = buildTarGz([{ ...codex, content: Buffer.concat([script, Buffer.from('#')]) }]);
    const lying = await imageOf(other).serve();
    const elsewhere = { ...options, home: join(options.cwd, 'second') };
    const error = await failure(
      installRuntime({ ...elsewhere, source: lying.source, target: TARGET, frozen: true }),
    );
    expect(error).toMatchObject({ code: 'DIGEST_MISMATCH' });
  });
});

describe.skipIf(whyNoImages !== null)(`a hostile layer${whyNoImages ?? ''}`, () => {
  const codex = { name: 'opt/codex/bin/codex', body: '#!/bin/sh\n', mode: 0o755 };

  it.each([
    ['a link to the outside', { name: 'opt/codex/codex-path/rg', type: '2', link: '/etc/passwd' }],
    ['a hard link', { name: 'opt/codex/codex-path/rg', type: '1', link: 'etc/passwd' }],
    ['a device', { name: 'opt/codex/codex-path/null', type: '3' }],
    ['a whiteout', { name: 'opt/codex/.wh.bin', body: '' }],
    ['an opaque whiteout', { name: 'opt/codex/bin/.wh..wh..opq', body: '' }],
    ['a path that climbs', { name: 'opt/codex/../../etc/cron.d/x', body: 'x' }],
    ['an absolute path', { name: '/opt/codex/bin/x', body: 'x' }],
    ['a file beside the tree', { name: 'usr/bin/env', body: 'x' }],
    ['a link in place of a directory', { name: 'opt/codex', type: '2', link: '/' }],
  ])('with %s is refused, and nothing is kept', async (_, member) => {
    const layer = gzipSync(tar([codex, member]));
    const { source } = await imageOf(layer).serve();
    const options = await around();
    const error = await failure(install(source, options));
    expect(error).toMatchObject({ code: 'ARCHIVE_REFUSED' });
    expect(await readdir(join(options.home, 'store')).catch(() => [])).toEqual([]);
    expect(await readdir(join(options.home, 'staging')).catch(() => [])).toEqual([]);
  });
});

describe('a source that names a registry', () => {
  it.each([
    'oci:registry.example',
    'oci:registry.example/UPPER/case',
    'oci:registry.example/tools/codex:latest',
    'oci:registry.example/tools/codex@sha256:12',
    'oci:user@registry.example/tools/codex',
  ])('is refused as %s', async (source) => {
    expect(await failure(install(source, await around()))).toMatchObject({ code: 'USAGE' });
  });
});

async function originOf(installed: { readonly runtime: { readonly dir: string } }) {
  return JSON.parse(await readFile(join(installed.runtime.dir, 'runtime.json'), 'utf8')).origin;
}

function skopeo(...args: readonly string[]): void {
  const plain = ['--src-tls-verify=false', '--dest-tls-verify=false'];
  execFileSync('skopeo', ['copy', '-q', '--all', ...plain, ...args], { stdio: 'pipe' });
}

async function certificate(): Promise<string> {
  const path = join(await tempDir(), 'ca.pem');
  await writeFile(path, '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n');
  return path;
}
