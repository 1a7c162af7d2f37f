import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError } from '../../disk/disk-error.ts';
import { CodexRuntimeError } from '../../errors.ts';
import {
  type Annotations,
  type Descriptor,
  ENTRYPOINT_LABEL,
  imageAnnotations,
  imageConfig,
  isInIndex,
  LAYER_LABEL,
  OCI_CONFIG,
  OCI_LAYER_ZSTD,
  OCI_MANIFEST,
  platformOf,
  TARGET_LABEL,
  targetTag,
  versionTag,
  ZSTD_LABEL,
} from '../../fetch/oci/index.ts';
import { parseVersion } from '../../pin/index.ts';
import { entrypointDigest, type Runtime } from '../../store/index.ts';
import { parseTarget, type Target, type Triple } from '../../target/index.ts';
import { bundledComponents, licenseExpression, repositoryUrl } from '../stage/index.ts';
import { type BaseImage, copyLayers, loadBaseImage } from './base-image.ts';
import { verifyZstd } from './compressed-file.ts';
import type { LayerCompression, PackedLayer } from './image-layer.ts';
import { type Attachment, archiveLayout, IMAGES, type ImageLayout } from './image-layout.ts';
import { packManifest } from './pack-manifest.ts';
import type { PackedFile } from './pack-target.ts';
import { type DescribedRuntime, sbomFile } from './sbom.ts';

export interface ImageOptions {
  /** How a runtime's layer is compressed. Default `gzip`, whose bytes are the same everywhere. */
  readonly compression?: LayerCompression | undefined;
  /** An image layout to put the runtime on: `DIRECTORY` or `DIRECTORY:TAG`. Default: nothing. */
  readonly base?: string | undefined;
  /** A PEM file of the certificate authorities to trust. Default: none. */
  readonly certificates?: string | undefined;
}

/** What {@link ImageOptions} name, read and checked before anything is made. */
export interface ImageInputs {
  readonly compression: LayerCompression;
  readonly bases: ReadonlyMap<Triple, BaseImage>;
  readonly certificates: Buffer | null;
}

/** An image of a release, as `manifest.json` lists it. */
export interface PackedImage {
  /** The name that it gets in a repository. */
  readonly tag: string;
  /** Of its manifest, or of the index of all its platforms: `sha256:<hex>`. */
  readonly digest: string;
  /** Empty for what is attached to an image. */
  readonly targets: readonly Triple[];
}

/**
 * @throws CodexRuntimeError `USAGE` for a base without an image for a target, or a file without
 * certificates; `UNSUPPORTED_PLATFORM` for zstd on a Node without it; `DAMAGED`
 */
export async function loadImageInputs(
  { compression = 'gzip', base, certificates }: ImageOptions,
  targets: readonly Target[],
): Promise<ImageInputs> {
  if (compression === 'zstd') verifyZstd();
  const bases = new Map<Triple, BaseImage>();
  if (base !== undefined) {
    for (const target of targets.filter(isInIndex)) {
      bases.set(target.triple, await loadBaseImage(base, target));
    }
  }
  const pem = certificates === undefined ? null : await loadCertificates(certificates);
  return { compression, bases, certificates: pem };
}

async function loadCertificates(path: string): Promise<Buffer> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw diskError(error, 'read', path);
  });
  if (bytes.includes('-----BEGIN CERTIFICATE-----')) return bytes;
  throw new CodexRuntimeError('USAGE', `${path} holds no certificate in PEM form.`, {
    hint: 'Name a file like /etc/ssl/certs/ca-certificates.crt.',
    fields: { path },
  });
}

export interface ImagesRequest {
  readonly layout: ImageLayout;
  readonly release: { readonly name: string; readonly version: string };
  /** Where they were made. */
  readonly repository: string | undefined;
  readonly inputs: ImageInputs;
  readonly built: readonly { readonly runtime: Runtime; readonly layer: PackedLayer }[];
}

interface Image {
  readonly target: Target;
  readonly runtime: Runtime;
  readonly descriptor: Descriptor;
}

/**
 * Writes the images around their layers: one index over Linux under the version's tag, where clients
 * choose by platform, and the other targets under tags of their own. Each carries its SBOM and says
 * where its bytes came from.
 */
export async function writeImages(request: ImagesRequest): Promise<readonly PackedImage[]> {
  const { layout, release, built } = request;
  const images: Image[] = [];
  for (const { runtime, layer } of built) images.push(await writeImage(request, runtime, layer));
  const inIndex = images.filter(({ target }) => isInIndex(target));
  const groups: (readonly Image[])[] = images
    .filter(({ target }) => !isInIndex(target))
    .map((image) => [image]);
  if (inIndex.length > 0) groups.unshift(inIndex);
  const packed: PackedImage[] = [];
  for (const group of groups) {
    const { tag, descriptor } = await named(request, group);
    layout.tag(tag, descriptor);
    await layout.attach(descriptor, await attachments(release, group));
    const targets = group.map(({ target }) => target.triple);
    packed.push({ tag, digest: descriptor.digest, targets });
  }
  const tagged = await layout.finish();
  const known = new Set(packed.map(({ tag }) => tag));
  const attached = tagged
    .filter(({ tag }) => !known.has(tag))
    .map(({ tag, descriptor: { digest } }) => ({ tag, digest, targets: [] }));
  return [...packed, ...attached];
}

/** Writes the layout as one archive beside it. */
export async function packLayout(
  directory: string,
  { name, version }: { readonly name: string; readonly version: string },
): Promise<PackedFile> {
  const path = `${name.replace(/^@/, '').replace('/', '-')}-${version}.oci.tar`;
  const { size, sha256, integrity } = await archiveLayout(
    join(directory, IMAGES),
    join(directory, path),
  );
  return {
    path,
    size,
    sha256,
    integrity,
    target: null,
    ecosystem: 'oci',
    package: { name, version },
  };
}

async function writeImage(
  { layout, inputs, repository }: ImagesRequest,
  runtime: Runtime,
  layer: PackedLayer,
): Promise<Image> {
  const target = parseTarget(runtime.manifest.target);
  const base = inputs.bases.get(target.triple) ?? null;
  if (base !== null) await copyLayers(base, layout.path);
  const annotations = {
    ...(await annotationsOf([runtime], repository)),
    [TARGET_LABEL]: target.triple,
    [ENTRYPOINT_LABEL]: entrypointDigest(runtime.manifest) ?? '',
    [LAYER_LABEL]: layer.diffId,
    ...(layer.descriptor.mediaType === OCI_LAYER_ZSTD
      ? { [ZSTD_LABEL]: process.versions['zstd'] ?? 'unknown' }
      : {}),
    ...(base === null ? {} : { 'org.opencontainers.image.base.digest': base.digest }),
  };
  const { diffId } = layer;
  const labels = annotations;
  const config = imageConfig({ target, diffId, labels, base: base?.config ?? null });
  const descriptor = await layout.addDocument(OCI_MANIFEST, {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: await layout.addDocument(OCI_CONFIG, config),
    layers: [...(base?.layers ?? []), layer.descriptor],
    annotations,
  });
  return { target, runtime, descriptor };
}

async function named({ layout, release, repository }: ImagesRequest, group: readonly Image[]) {
  const [first] = group;
  if (first !== undefined && !isInIndex(first.target)) {
    const { target, descriptor } = first;
    return { tag: targetTag(release.version, target), descriptor };
  }
  const entries = group.map(({ target, descriptor }) => ({
    ...descriptor,
    platform: platformOf(target),
  }));
  const runtimes = group.map(({ runtime }) => runtime);
  const annotations = await annotationsOf(runtimes, repository);
  const descriptor = await layout.addIndex(entries, { annotations });
  return { tag: versionTag(release.version), descriptor };
}

async function annotationsOf(
  runtimes: readonly Runtime[],
  repository: string | undefined,
): Promise<Annotations> {
  const version = runtimes[0]?.manifest.version ?? '';
  const components = (await Promise.all(runtimes.map(bundledComponents))).flat();
  return imageAnnotations({
    version,
    revision: parseVersion(version).tag,
    source: repositoryUrl(repository),
    licenses: licenseExpression(components),
  });
}

async function attachments(
  release: ImagesRequest['release'],
  group: readonly Image[],
): Promise<readonly Attachment[]> {
  const runtimes = group.map(({ runtime }) => runtime);
  const described: DescribedRuntime[] = [];
  for (const runtime of runtimes) {
    described.push({ runtime: runtime.manifest, components: await bundledComponents(runtime) });
  }
  return [
    {
      mediaType: 'application/vnd.cyclonedx+json',
      title: 'sbom.cdx.json',
      text: sbomFile(release, described, []),
    },
    {
      mediaType: 'application/vnd.codex-runtime.release.v1+json',
      title: 'manifest.json',
      text: `${JSON.stringify(packManifest(release, runtimes, []), null, 2)}\n`,
    },
  ];
}
