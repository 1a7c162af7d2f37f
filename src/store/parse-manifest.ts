import { createHash } from 'node:crypto';
import type { RuntimeFile } from '../extract/index.ts';
import { isByteCount, isJsonObject, isSha256, tryParseJson } from '../json.ts';
import { tryParseRepository, tryParseVersion } from '../pin/index.ts';
import type { VerifiedSignature } from '../signature/index.ts';
import { TARGETS } from '../target/index.ts';
import type { RuntimeDescription, RuntimeManifest, RuntimeOrigin } from './manifest.ts';

/**
 * Reads the part of `runtime.json` that packages carry too. Returns undefined for anything that
 * this version did not write: an unknown manifest is damage, never a guess.
 * @param believed whether its checksum need not be looked at
 */
export function parseDescription(
  text: string,
  { believed = false }: { readonly believed?: boolean } = {},
): RuntimeDescription | undefined {
  return guardDescription(believed ? parseOwn(text) : parseChecked(text));
}

/**
 * The text of `runtime.json`. Its checksum shows a flipped bit in what no file's digest covers,
 * such as where a runtime came from. It finds damage, not attackers: whoever can edit can recompute.
 */
export function formatManifest(manifest: RuntimeDescription): string {
  return `${JSON.stringify({ ...manifest, checksum: checksumOf(manifest) }, null, 2)}\n`;
}

/** As {@link parseDescription}, for the manifest of the store. */
export function parseManifest(text: string): RuntimeManifest | undefined {
  const value = parseChecked(text);
  const description = guardDescription(value);
  if (description === undefined || !isJsonObject(value) || !isOrigin(value['origin']))
    return undefined;
  return { ...description, origin: value['origin'] };
}

/** What we have written ourselves needs no bounds. */
function parseOwn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The document without its checksum; undefined where that is not the content's. */
function parseChecked(text: string): unknown {
  const document = tryParseJson(text);
  if (!isJsonObject(document)) return undefined;
  const { checksum, ...content } = document;
  return checksum === checksumOf(content) ? content : undefined;
}

function checksumOf(content: object): string {
  return `sha256:${createHash('sha256').update(JSON.stringify(content)).digest('hex')}`;
}

function guardDescription(value: unknown): RuntimeDescription | undefined {
  if (!isJsonObject(value) || value['schemaVersion'] !== 1) return undefined;
  const { version, repo: named, target, variant, entrypoint, files, packageFiles } = value;
  const known = TARGETS.find(({ triple }) => triple === target);
  if (typeof version !== 'string' || tryParseVersion(version)?.semver !== version) return undefined;
  if (known === undefined) return undefined;
  const repo = typeof named === 'string' ? tryParseRepository(named) : undefined;
  if (named !== undefined && repo === undefined) return undefined;
  if (variant !== 'package' && variant !== 'binary') return undefined;
  if (typeof entrypoint !== 'string' || !Array.isArray(files)) return undefined;
  if (!files.every(isRuntimeFile)) return undefined;
  if (!files.some(({ path }) => path === entrypoint)) return undefined;
  const runtime = { version, repo, target: known.triple, variant, entrypoint, files } as const;
  if (packageFiles === undefined) return { schemaVersion: 1, ...runtime };
  if (!Array.isArray(packageFiles) || !packageFiles.every(isRuntimeFile)) return undefined;
  return { schemaVersion: 1, ...runtime, packageFiles };
}

function isRuntimeFile(value: unknown): value is RuntimeFile {
  return (
    isJsonObject(value) &&
    typeof value['path'] === 'string' &&
    isInsidePath(value['path']) &&
    isByteCount(value['size']) &&
    (value['mode'] === 0o755 || value['mode'] === 0o644) &&
    isSha256(value['sha256'])
  );
}

/** A manifest that was tampered with must not send a link, a hash or a removal outside its root. */
function isInsidePath(path: string): boolean {
  return (
    !path.includes('\\') &&
    !path.includes(':') &&
    path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
  );
}

function isOrigin(value: unknown): value is RuntimeOrigin {
  return (
    isJsonObject(value) &&
    typeof value['channel'] === 'string' &&
    typeof value['asset'] === 'string' &&
    typeof value['source'] === 'string' &&
    typeof value['size'] === 'number' &&
    typeof value['packageAvailable'] === 'boolean' &&
    Array.isArray(value['verified']) &&
    value['verified'].every(isVerifiedDigest) &&
    (value['signature'] === undefined || isSignature(value['signature']))
  );
}

function isVerifiedDigest(value: unknown): boolean {
  return (
    isJsonObject(value) &&
    typeof value['algorithm'] === 'string' &&
    typeof value['hex'] === 'string' &&
    typeof value['origin'] === 'string'
  );
}

function isSignature(value: unknown): value is VerifiedSignature {
  return (
    isJsonObject(value) &&
    typeof value['identity'] === 'string' &&
    typeof value['issuer'] === 'string' &&
    (value['over'] === 'archive' || value['over'] === 'entrypoint') &&
    typeof value['bundle'] === 'string' &&
    (value['integratedTime'] === null || typeof value['integratedTime'] === 'string') &&
    Number.isSafeInteger(value['logIndex'])
  );
}
