import { isJsonObject, parseBoundedJson } from '../../json.ts';
import {
  type Annotations,
  type Descriptor,
  isDigest,
  readAnnotations,
  readDescriptor,
} from './descriptor.ts';
import { isIndexType, isManifestType } from './media-types.ts';

export interface ImageIndex {
  readonly kind: 'index';
  readonly manifests: readonly Descriptor[];
  readonly annotations: Annotations;
}

export interface ImageManifest {
  readonly kind: 'manifest';
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations: Annotations;
}

/** What of an image's configuration decides here. */
export interface ImageConfig {
  readonly architecture: string;
  readonly os: string;
  /** Digests of the layers without their compression, the lowest first. */
  readonly diffIds: readonly string[];
  readonly labels: Annotations;
  /** The whole document: what a new image is built on keeps what it does not change. */
  readonly document: Readonly<Record<string, unknown>>;
}

/**
 * Reads a manifest or an index, as `mediaType` says.
 * @returns undefined for anything else, and for text that is not what its type says
 */
export function readManifest(
  mediaType: string,
  text: string,
): ImageIndex | ImageManifest | undefined {
  const document = readObject(text);
  if (document === undefined) return undefined;
  // One document that could be read as two kinds is taken for neither.
  const { mediaType: own = mediaType, manifests, layers, config } = document;
  if (own !== mediaType || (manifests !== undefined && layers !== undefined)) return undefined;
  const annotations = readAnnotations(document['annotations']);
  if (isIndexType(mediaType)) {
    const entries = readDescriptors(manifests);
    return entries && { kind: 'index', manifests: entries, annotations };
  }
  if (!isManifestType(mediaType)) return undefined;
  const described = readDescriptor(config);
  const found = readDescriptors(layers);
  if (described === undefined || found === undefined) return undefined;
  return { kind: 'manifest', config: described, layers: found, annotations };
}

/** Reads an image's configuration; undefined for text that is something else. */
export function readConfig(text: string): ImageConfig | undefined {
  const document = readObject(text);
  if (document === undefined) return undefined;
  const { architecture, os, rootfs, config } = document;
  const diffIds = isJsonObject(rootfs) ? rootfs['diff_ids'] : undefined;
  if (typeof architecture !== 'string' || typeof os !== 'string') return undefined;
  if (!Array.isArray(diffIds) || !diffIds.every(isDigest)) return undefined;
  const labels = readAnnotations(isJsonObject(config) ? config['Labels'] : undefined);
  return { architecture, os, diffIds, labels, document };
}

function readDescriptors(value: unknown): readonly Descriptor[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const read = value.map(readDescriptor);
  return read.every((one) => one !== undefined) ? read : undefined;
}

function readObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value = parseBoundedJson(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
