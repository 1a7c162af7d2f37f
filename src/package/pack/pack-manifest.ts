import { CodexRuntimeError } from '../../errors.ts';
import { isDigest } from '../../fetch/oci/index.ts';
import { isByteCount, isJsonObject, isSha256, parseBoundedJson } from '../../json.ts';
import type { Runtime } from '../../store/index.ts';
import { TARGETS, type Triple } from '../../target/index.ts';
import type { PackedImage } from './pack-images.ts';
import type { PackedFile } from './pack-target.ts';

/** The file of a packed release that says what the others are. */
export const PACK_MANIFEST = 'manifest.json';

/** Where the bytes of one target came from. */
export interface PackedRuntime {
  readonly target: Triple;
  readonly variant: string;
  /** The native executable, and its digest before any packing. */
  readonly entrypoint: { readonly path: string; readonly sha256: string };
  readonly origin: {
    readonly channel: string;
    readonly asset: string;
    readonly size: number;
    readonly verified: readonly { algorithm: string; hex: string; origin: string }[];
  };
}

/** `manifest.json`: every file of a packed release, and where its bytes came from. */
export interface PackManifest {
  readonly schemaVersion: 1;
  /** npm name of the root package. */
  readonly name: string;
  /** Semver. */
  readonly version: string;
  /** Sorted by path. */
  readonly files: readonly PackedFile[];
  /** In the order of the targets. */
  readonly runtimes: readonly PackedRuntime[];
  /** The images in `oci/`, by their tags; absent where none were made. */
  readonly images?: readonly PackedImage[];
}

export function packManifest(
  release: { readonly name: string; readonly version: string },
  runtimes: readonly Runtime[],
  files: readonly PackedFile[],
): PackManifest {
  return {
    schemaVersion: 1,
    name: release.name,
    version: release.version,
    files: files.map(({ path, size, sha256, integrity, target, ecosystem, package: inside }) => ({
      path,
      size,
      sha256,
      integrity,
      target,
      ecosystem,
      package: { name: inside.name, version: inside.version },
    })),
    runtimes: runtimes.map(packedRuntime),
  };
}

function packedRuntime({ manifest }: Runtime): PackedRuntime {
  const { target, variant, entrypoint, files, origin } = manifest;
  const executable = files.find(({ path }) => path === entrypoint);
  return {
    target,
    variant,
    entrypoint: { path: entrypoint, sha256: executable?.sha256 ?? '' },
    origin: {
      channel: origin.channel,
      asset: origin.asset,
      size: origin.size,
      verified: origin.verified.map(({ algorithm, hex, origin: by }) => ({
        algorithm,
        hex,
        origin: by,
      })),
    },
  };
}

/**
 * Reads the `manifest.json` of a packed release.
 * @throws CodexRuntimeError `DAMAGED` when it is not one
 */
export function parsePackManifest(text: string, path: string): PackManifest {
  try {
    const value = parseBoundedJson(text);
    if (isPackManifest(value)) return value;
  } catch (cause) {
    throw notAManifest(path, cause);
  }
  throw notAManifest(path);
}

function notAManifest(path: string, cause?: unknown): CodexRuntimeError {
  return new CodexRuntimeError('DAMAGED', `${path} is not the manifest of a packed release.`, {
    hint: 'Name the directory that "codex-runtime pack --out" wrote, or pack again.',
    fields: { path },
    cause,
  });
}

function isPackManifest(value: unknown): value is PackManifest {
  if (!isJsonObject(value) || value['schemaVersion'] !== 1) return false;
  return (
    typeof value['name'] === 'string' &&
    typeof value['version'] === 'string' &&
    Array.isArray(value['files']) &&
    value['files'].every(isPackedFile) &&
    Array.isArray(value['runtimes']) &&
    (value['images'] === undefined ||
      (Array.isArray(value['images']) && value['images'].every(isPackedImage)))
  );
}

function isPackedImage(value: unknown): value is PackedImage {
  if (!isJsonObject(value)) return false;
  const { tag, digest, targets } = value;
  return (
    typeof tag === 'string' &&
    /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/.test(tag) &&
    isDigest(digest) &&
    Array.isArray(targets) &&
    targets.every((target) => TARGETS.some(({ triple }) => triple === target))
  );
}

function isPackedFile(value: unknown): value is PackedFile {
  if (!isJsonObject(value) || !isJsonObject(value['package'])) return false;
  const { path, size, sha256, integrity, target, ecosystem, package: inside } = value;
  return (
    // A name, not a path: it is joined to the directory that holds the manifest.
    typeof path === 'string' &&
    /^[A-Za-z0-9][A-Za-z0-9._+-]*$/.test(path) &&
    isByteCount(size) &&
    isSha256(sha256) &&
    typeof integrity === 'string' &&
    integrity.startsWith('sha512-') &&
    (target === null || TARGETS.some(({ triple }) => triple === target)) &&
    (ecosystem === 'node' || ecosystem === 'python' || ecosystem === 'oci') &&
    isJsonObject(inside) &&
    typeof inside['name'] === 'string' &&
    typeof inside['version'] === 'string'
  );
}
