import type { Asset, Release } from '../asset.ts';
import { type Http, unavailable } from '../fetch/http/index.ts';
import {
  type Descriptor,
  type FoundManifest,
  hexOf,
  type ImageConfig,
  type ImageManifest,
  isInIndex,
  isManifestType,
  LAYER_LABEL,
  layerFormat,
  type OciRegistry,
  openOciRegistry,
  parseReference,
  platformOf,
  readConfig,
  readManifest,
  TARGET_LABEL,
  targetTag,
  VERSION_LABEL,
  versionTag,
} from '../fetch/oci/index.ts';
import { newestFirst, tryParseVersion, type Version } from '../pin/index.ts';
import type { Settings } from '../request/index.ts';
import { TARGETS, type Target } from '../target/index.ts';
import { ociAsset } from './asset-name.ts';
import { type ReleaseChannel, releaseNotFound } from './release-channel.ts';

/** Layers beyond this number are nothing that "codex-runtime pack" and a Dockerfile on it make. */
const MAX_LAYERS = 127;

/**
 * The images that `codex-runtime pack --ecosystem oci` makes, in a repository of a registry. A version
 * is a tag; an image over several platforms lists Linux, other targets have tags of their own. The
 * layer with the runtime is the one whose `diff_id` the image's labels name, so that images which tools
 * compressed again, or built on, are read all the same.
 */
export function ociChannel(text: string, settings: Settings, http: Http): ReleaseChannel {
  const reference = parseReference(text);
  const registry = openOciRegistry(reference, { settings, http });
  const { digest } = reference;

  const asset = async (
    version: Version,
    target: Target,
    signal: AbortSignal | undefined,
  ): Promise<Asset | undefined> => {
    const tag = isInIndex(target) ? versionTag(version.semver) : targetTag(version.semver, target);
    const found = await registry.manifest(digest ?? tag, signal);
    const image = found && (await imageFor(registry, { found, target, signal }));
    if (!image) return undefined;
    const config = await configOf(registry, image, signal);
    const own = config.labels[VERSION_LABEL];
    // A digest may be of any version, and a tag may be anybody's.
    if (own !== version.semver) {
      if (digest !== null) return undefined;
      throw notOurs(registry, `${tag} is not an image of Codex ${version.semver}`);
    }
    if (config.labels[TARGET_LABEL] !== target.triple) {
      if (digest !== null) return undefined;
      throw notOurs(registry, `${tag} has another target's runtime in place of ${target.triple}`);
    }
    const layer = runtimeLayer(registry, image, config);
    const format = layerFormat(layer.mediaType);
    if (format === undefined) {
      throw notOurs(registry, `${tag} has its runtime in a layer of type ${layer.mediaType}`);
    }
    const hex = hexOf(layer.digest);
    return {
      ...ociAsset(version.semver, target, { format, hex }),
      target,
      size: layer.size,
      digests: [{ algorithm: 'sha256', hex, origin: 'oci' }],
      sources: [{ kind: 'oci', url: registry.url(`blobs/${layer.digest}`), reference: text }],
    };
  };

  return {
    name: 'oci',
    async release(version, targets, signal): Promise<Release> {
      const found = await Promise.all(targets.map((target) => asset(version, target, signal)));
      const assets = found.filter((each) => each !== undefined);
      if (assets.length > 0) return { channel: 'oci', version, assets };
      throw releaseNotFound('oci', version);
    },
    async latest(signal) {
      const newest = await registry.manifest(digest ?? 'latest', signal);
      const named =
        newest &&
        readManifest(newest.descriptor.mediaType, newest.text)?.annotations[VERSION_LABEL];
      const tagged = named ? tryParseVersion(named) : undefined;
      if (tagged !== undefined) return { ...tagged, publishedAt: null };
      const stable = (await versionsIn(registry, signal))?.find(({ prerelease }) => !prerelease);
      if (stable !== undefined) return { ...stable, publishedAt: null };
      throw unavailable(`${nameOf(registry)} has no stable version of Codex.`, {
        reason: 'not-found',
      });
    },
    async versions(signal) {
      const versions = await versionsIn(registry, signal);
      return versions?.map((version) => ({ ...version, publishedAt: null })) ?? null;
    },
  };
}

async function versionsIn(
  registry: OciRegistry,
  signal: AbortSignal | undefined,
): Promise<Version[] | null> {
  const tags = await registry.tags(signal);
  if (tags === null) return null;
  // `0.171.0-darwin-arm64` reads as a prerelease.
  const own = tags.filter((tag) => !TARGETS.some(({ npmTag }) => tag.endsWith(`-${npmTag}`)));
  const versions = own.map((tag) => tryParseVersion(tag.replaceAll('_', '+')));
  return newestFirst(versions.filter((version) => version !== undefined));
}

interface Search {
  readonly found: FoundManifest;
  readonly target: Target;
  readonly signal: AbortSignal | undefined;
}

async function imageFor(
  registry: OciRegistry,
  { found, target, signal }: Search,
): Promise<ImageManifest | undefined> {
  const document = readManifest(found.descriptor.mediaType, found.text);
  if (document === undefined) {
    throw notOurs(
      registry,
      `${found.descriptor.digest} is neither an image nor an index of images`,
    );
  }
  if (document.kind === 'manifest') return document;
  const { os, architecture } = platformOf(target);
  const entry = document.manifests.find(
    ({ platform }) => platform?.os === os && platform.architecture === architecture,
  );
  if (entry === undefined) return undefined;
  if (!isManifestType(entry.mediaType)) {
    throw notOurs(registry, `${found.descriptor.digest} is an index of indexes`);
  }
  const child = await registry.manifest(entry.digest, signal);
  if (child === null) throw notOurs(registry, `${entry.digest} is listed and missing`);
  const image = readManifest(entry.mediaType, child.text);
  if (image?.kind === 'manifest' && child.descriptor.size === entry.size) return image;
  throw notOurs(registry, `${entry.digest} is not the image that its index lists`);
}

async function configOf(
  registry: OciRegistry,
  { config }: ImageManifest,
  signal: AbortSignal | undefined,
): Promise<ImageConfig> {
  const read = readConfig(await registry.blob(config, signal));
  if (read !== undefined) return read;
  throw notOurs(registry, `${config.digest} is not the configuration of an image`);
}

function runtimeLayer(
  registry: OciRegistry,
  { layers }: ImageManifest,
  { diffIds, labels }: ImageConfig,
): Descriptor {
  const at = diffIds.indexOf(labels[LAYER_LABEL] ?? '');
  const layer = layers[at];
  if (layer !== undefined && layers.length === diffIds.length && at < MAX_LAYERS) return layer;
  throw notOurs(registry, 'the image names no layer of its own that holds the runtime');
}

function nameOf({ reference: { host, repository } }: OciRegistry): string {
  return `${host}/${repository}`;
}

/** Something stands there, and nothing that can be taken for a runtime. */
function notOurs(registry: OciRegistry, what: string) {
  return unavailable(`${nameOf(registry)} holds no runtime that can be used: ${what}.`, {
    reason: 'not-an-asset',
    url: new URL(registry.reference.origin),
    hint: 'Use images that "codex-runtime pack --ecosystem oci" made, or copies of them.',
  });
}
