import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import zlib from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { digestFile } from '../../../src/package/pack/index.ts';
import { whyNoImages } from '../../support/docker-registry.ts';
import { failure } from '../../support/failure.ts';
import { miniatureRuntimes, packMiniatures } from '../../support/packed-release.ts';
import { tempDir } from '../../support/temp-dir.ts';

const OCI = { ecosystems: ['oci'] } as const;

/** Documents whose shape the assertions say. */
type Json = ReturnType<typeof JSON.parse>;

const run = (file: string, ...args: string[]): string =>
  execFileSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

async function blob(out: string, digest: string): Promise<Json> {
  return JSON.parse(await readFile(join(out, 'oci/blobs', digest.replace(':', '/')), 'utf8'));
}

async function digests(out: string): Promise<readonly string[]> {
  return (await readdir(join(out, 'oci/blobs/sha256'))).sort();
}

describe.skipIf(whyNoImages !== null)(`the images of a release${whyNoImages ?? ''}`, () => {
  it('are one index over Linux and one image for each other target, by tags', async () => {
    const { out, images = [], files } = await packMiniatures(OCI);
    expect(images.filter(({ targets }) => targets.length > 0).map(({ tag }) => tag)).toEqual([
      '0.115.0',
      '0.115.0-darwin-arm64',
      '0.115.0-darwin-x64',
      '0.115.0-win32-arm64',
      '0.115.0-win32-x64',
    ]);
    expect(files.map(({ path }) => path)).toEqual(['codex-cli-bin-0.115.0.oci.tar']);
    const index = await blob(out, images[0]?.digest ?? '');
    expect(index.manifests.map(({ platform }: Json) => platform)).toEqual([
      { architecture: 'arm64', os: 'linux' },
      { architecture: 'amd64', os: 'linux' },
    ]);
    // Other tools drop these fields of an entry, and with them the digest.
    for (const entry of index.manifests) expect(Object.keys(entry)).not.toContain('artifactType');
    expect(index.annotations).toMatchObject({
      'org.opencontainers.image.version': '0.115.0',
      'org.opencontainers.image.revision': 'rust-v0.115.0',
      'org.opencontainers.image.source': 'https://github.com/openai/codex',
    });
  });

  it('are the same whatever else is packed, and on any number of threads', async () => {
    const runtimes = await miniatureRuntimes({
      files: { 'codex-resources/large.bin': Buffer.alloc(3e6, 'codex runtime ') },
    });
    const one = await packMiniatures({ ...OCI, runtimes, parallelism: 1 });
    const all = await packMiniatures({
      ecosystems: ['node', 'python', 'oci'],
      runtimes,
      parallelism: 7,
    });
    expect(all.images).toEqual(one.images);
    expect(await digests(all.out)).toEqual(await digests(one.out));
    const tar = all.files.find(({ ecosystem }) => ecosystem === 'oci');
    expect(tar?.sha256).toBe(one.files[0]?.sha256);
  });

  it('hold what Codex needs as any user: a home of its own and a place for temporary files', async () => {
    const { out, images = [] } = await packMiniatures(OCI);
    const index = await blob(out, images[0]?.digest ?? '');
    const { layers } = await blob(out, index.manifests[1].digest);
    const layer = join(out, 'oci/blobs', layers[0].digest.replace(':', '/'));
    const listed = run('tar', '--numeric-owner', '-tvzf', layer).trimEnd().split('\n');
    expect(listed.map((line) => line.replace(/ +\d+ 1985-10-26 \S+ /, ' '))).toEqual([
      'drwxr-xr-x 0/0 home/',
      'drwxrwx--- 65532/0 home/codex/',
      'drwxr-xr-x 0/0 opt/',
      'drwxr-xr-x 0/0 opt/codex/',
      'drwxr-xr-x 0/0 opt/codex/bin/',
      'drwxr-xr-x 0/0 opt/codex/codex-path/',
      'drwxrwxrwt 0/0 tmp/',
      '-rw-r--r-- 0/0 opt/codex/runtime.json',
      '-rwxr-xr-x 0/0 opt/codex/bin/codex',
      '-rwxr-xr-x 0/0 opt/codex/codex-path/rg',
    ]);
    const dir = await tempDir();
    run('skopeo', 'copy', '-q', `oci:${out}/oci:0.115.0`, `oci:${dir}/one:v`);
    const config = JSON.parse(run('skopeo', 'inspect', '--config', `oci:${dir}/one:v`));
    expect(config.config).toMatchObject({
      User: '65532:0',
      WorkingDir: '/home/codex',
      Entrypoint: ['/opt/codex/bin/codex'],
      Env: [expect.stringMatching(/^PATH=\/opt\/codex\/bin:/), 'HOME=/home/codex'],
    });
  });

  it('are read by other tools from the directory and from the archive', async () => {
    const { out, images = [] } = await packMiniatures(OCI);
    const dir = await tempDir();
    const archive = `oci-archive:${out}/codex-cli-bin-0.115.0.oci.tar`;
    run('skopeo', 'copy', '-q', '--all', `${archive}:0.115.0`, `dir:${dir}/archive`);
    run('skopeo', 'copy', '-q', '--all', `oci:${out}/oci:0.115.0`, `dir:${dir}/layout`);
    for (const each of ['archive', 'layout']) {
      const manifest = await readFile(join(dir, each, 'manifest.json'));
      const digest = createHash('sha256').update(manifest).digest('hex');
      expect(`sha256:${digest}`).toBe(images[0]?.digest);
    }
    const own = ['--override-os', 'darwin', '--override-arch', 'arm64'];
    const of = (...args: string[]) => JSON.parse(run('skopeo', ...own, 'inspect', ...args));
    expect(of(`oci:${out}/oci:0.115.0-darwin-arm64`)).toMatchObject({
      Os: 'darwin',
      Labels: { 'dev.codex-runtime.target': 'aarch64-apple-darwin' },
    });
  });

  it('carry their SBOM and the origin of their bytes, listed under a tag of their digest', async () => {
    const { out, images = [] } = await packMiniatures(OCI);
    const [main] = images;
    const tag = main?.digest.replace(':', '-');
    const list = await blob(out, images.find((image) => image.tag === tag)?.digest ?? '');
    expect(list.manifests.map(({ artifactType }: Json) => artifactType)).toEqual([
      'application/vnd.cyclonedx+json',
      'application/vnd.codex-runtime.release.v1+json',
    ]);
    const artifact = await blob(out, list.manifests[0].digest);
    expect(artifact.subject.digest).toBe(main?.digest);
    const sbom = await blob(out, artifact.layers[0].digest);
    expect(sbom.components.map(({ name }: Json) => name)).toEqual(['codex', 'codex']);
  });

  it('trust the authorities of a file, and refuse one without certificates', async () => {
    const dir = await tempDir();
    const [pem, other] = [join(dir, 'ca.pem'), join(dir, 'other')];
    await writeFile(pem, '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n');
    await writeFile(other, 'nothing');
    const { out, images = [] } = await packMiniatures({ ...OCI, certificates: pem });
    const index = await blob(out, images[0]?.digest ?? '');
    const { layers } = await blob(out, index.manifests[1].digest);
    const layer = join(out, 'oci/blobs', layers[0].digest.replace(':', '/'));
    expect(run('tar', 'tzf', layer)).toContain('etc/ssl/certs/ca-certificates.crt\n');
    const refused = await failure(packMiniatures({ ...OCI, certificates: other }));
    expect(refused).toMatchObject({ code: 'USAGE', fields: { path: other } });
  });
});

describe.skipIf(whyNoImages !== null)(`an image on another one${whyNoImages ?? ''}`, () => {
  it('keeps its layers and its environment', async () => {
    const base = await baseLayout();
    const { out, images = [] } = await packMiniatures({ ...OCI, base: `${base}:v1` });
    const index = await blob(out, images[0]?.digest ?? '');
    const { config, layers } = await blob(out, index.manifests[1].digest);
    expect(layers).toHaveLength(2);
    const document = await blob(out, config.digest);
    expect(document.rootfs.diff_ids).toHaveLength(2);
    expect(document.config.Env).toEqual([
      'PATH=/opt/codex/bin:/base/bin',
      'LANG=C',
      'HOME=/home/codex',
    ]);
    const dir = await tempDir();
    run('skopeo', 'copy', '-q', `oci:${out}/oci:0.115.0`, `oci:${dir}/one:v`);
    run('umoci', 'unpack', '--rootless', '--image', `${dir}/one:v`, `${dir}/bundle`);
    expect(await readFile(join(dir, 'bundle/rootfs/etc/motd'), 'utf8')).toBe('base\n');
    expect(await readdir(join(dir, 'bundle/rootfs/opt/codex/bin'))).toEqual(['codex']);
  });

  it.each([
    ['a directory without a layout', async () => tempDir()],
    ['a tag that is not there', async () => `${await baseLayout()}:v2`],
  ])('refuses %s', async (_, base) => {
    const error = await failure(packMiniatures({ ...OCI, base: await base() }));
    expect(error).toMatchObject({ code: 'USAGE' });
  });
});

const canZstd = 'createZstdCompress' in zlib;
const unzstd = (bytes: Buffer): Buffer =>
  (zlib as unknown as { zstdDecompressSync(input: Buffer): Buffer }).zstdDecompressSync(bytes);

describe('a layer of zstd', () => {
  // Each Node has one of the two: nothing is skipped.
  if (canZstd) {
    it('names its zstd, and holds what its labels say', checkZstdLayer);
  } else {
    it('is refused where Node has none, before anything is packed', refuseZstd);
  }
});

async function checkZstdLayer(): Promise<void> {
  const { out, images = [] } = await packMiniatures({ ...OCI, compression: 'zstd' });
  const index = await blob(out, images[0]?.digest ?? '');
  const { layers, annotations } = await blob(out, index.manifests[1].digest);
  expect(layers[0].mediaType).toBe('application/vnd.oci.image.layer.v1.tar+zstd');
  expect(annotations['dev.codex-runtime.zstd']).toBe(process.versions['zstd']);
  const layer = join(out, 'oci/blobs', layers[0].digest.replace(':', '/'));
  const { sha256 } = await digestFile(layer, undefined);
  expect(layers[0].digest).toBe(`sha256:${sha256}`);
  const tar = unzstd(await readFile(layer));
  const diffId = createHash('sha256').update(tar).digest('hex');
  expect(annotations['dev.codex-runtime.layer']).toBe(`sha256:${diffId}`);
}

async function refuseZstd(): Promise<void> {
  const out = join(await tempDir(), 'dist');
  const error = await failure(packMiniatures({ ...OCI, compression: 'zstd', out }));
  expect(error).toMatchObject({ code: 'UNSUPPORTED_PLATFORM' });
  expect(await readdir(dirname(out))).toEqual([]);
}

/** A layout of two platforms with one layer, as skopeo and umoci make it. */
async function baseLayout(): Promise<string> {
  const dir = await tempDir();
  const layout = join(dir, 'base');
  await mkdir(join(dir, 'tree/etc'), { recursive: true });
  await writeFile(join(dir, 'tree/etc/motd'), 'base\n');
  const blobs = join(layout, 'blobs/sha256');
  await mkdir(blobs, { recursive: true });
  const tar = execFileSync('tar', ['-C', join(dir, 'tree'), '-c', 'etc']);
  const put = async (mediaType: string, bytes: Buffer) => {
    const hex = createHash('sha256').update(bytes).digest('hex');
    await writeFile(join(blobs, hex), bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const document = (type: string, value: object) =>
    put(`application/vnd.oci.image.${type}.v1+json`, Buffer.from(JSON.stringify(value)));
  const layer = await put('application/vnd.oci.image.layer.v1.tar+gzip', zlib.gzipSync(tar));
  const diffId = `sha256:${createHash('sha256').update(tar).digest('hex')}`;
  const manifests = [];
  for (const architecture of ['amd64', 'arm64']) {
    const config = await document('config', {
      architecture,
      os: 'linux',
      config: { Env: ['PATH=/base/bin', 'LANG=C'], Cmd: ['/bin/sh'] },
      rootfs: { type: 'layers', diff_ids: [diffId] },
    });
    const manifest = await document('manifest', { schemaVersion: 2, config, layers: [layer] });
    manifests.push({ ...manifest, platform: { architecture, os: 'linux' } });
  }
  const index = await document('index', { schemaVersion: 2, manifests });
  const named = { ...index, annotations: { 'org.opencontainers.image.ref.name': 'v1' } };
  await writeFile(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(
    join(layout, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [named] }),
  );
  return layout;
}
