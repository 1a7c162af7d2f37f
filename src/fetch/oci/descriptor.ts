import { createHash } from 'node:crypto';
import { isByteCount, isJsonObject } from '../../json.ts';

/** Text by name, as manifests, indexes and descriptors carry it. */
export type Annotations = Readonly<Record<string, string>>;

/** What an image is for. */
export interface Platform {
  readonly architecture: string;
  readonly os: string;
}

/** How one part of an image names another. */
export interface Descriptor {
  readonly mediaType: string;
  /** `sha256:<hex>`. */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly artifactType?: string;
  readonly platform?: Platform;
  readonly annotations?: Annotations;
}

/** A document that other documents name by its descriptor. */
export interface Blob {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
}

/** Writes a document once, in the one form whose digest is named from then on. */
export function blobOf(mediaType: string, document: unknown): Blob {
  return blobOfBytes(mediaType, Buffer.from(`${JSON.stringify(document)}`, 'utf8'));
}

export function blobOfBytes(mediaType: string, bytes: Buffer): Blob {
  return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, bytes };
}

export function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Whether a JSON value is a digest by SHA-256, the one that every registry knows. */
export function isDigest(value: unknown): value is string {
  return typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value);
}

/** The hexadecimal digits of a digest: in a layout, the name of the file. */
export function hexOf(digest: string): string {
  return digest.slice('sha256:'.length);
}

/** The descriptor that a JSON value is, without fields that nothing here reads; undefined if none. */
export function readDescriptor(value: unknown): Descriptor | undefined {
  if (!isJsonObject(value)) return undefined;
  const { mediaType, digest, size, platform, annotations } = value;
  if (typeof mediaType !== 'string' || !isDigest(digest) || !isByteCount(size)) return undefined;
  const known = readPlatform(platform);
  return {
    mediaType,
    digest,
    size,
    ...(known === undefined ? {} : { platform: known }),
    ...(annotations === undefined ? {} : { annotations: readAnnotations(annotations) }),
  };
}

function readPlatform(value: unknown): Platform | undefined {
  if (!isJsonObject(value)) return undefined;
  const { architecture, os } = value;
  return typeof architecture === 'string' && typeof os === 'string'
    ? { architecture, os }
    : undefined;
}

export function readAnnotations(value: unknown): Annotations {
  const entries = isJsonObject(value) ? Object.entries(value) : [];
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
