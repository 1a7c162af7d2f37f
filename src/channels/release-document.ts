import type { CodexRuntimeError } from '../errors.ts';
import { displayUrl, unavailable } from '../fetch/http/index.ts';
import { isByteCount, isJsonObject } from '../json.ts';
import { isAssetName, tryParseVersion, type Version } from '../pin/index.ts';

/** One asset as a release document describes it, with every field checked. */
export interface DescribedAsset {
  /** A plain file name; see `isAssetName`. */
  readonly name: string;
  readonly size: number | null;
  /** Lower-case hexadecimal SHA-256. */
  readonly sha256: string | null;
  readonly apiUrl: string | null;
  readonly browserUrl: string | null;
}

/** GitHub's release JSON; OpenAI's mirror and `codex-runtime download` use the same shape. */
export interface ReleaseDocument {
  readonly version: Version;
  readonly assets: ReadonlyMap<string, DescribedAsset>;
}

/**
 * Reads a release document from outside. A field of a wrong form counts as absent; an asset whose
 * name is no plain file name, or which is still being uploaded, is left out.
 * @returns undefined when the value is no release document of a Codex version at all.
 */
export function readReleaseDocument(value: unknown): ReleaseDocument | undefined {
  if (!isJsonObject(value) || typeof value['tag_name'] !== 'string') return undefined;
  const version = tryParseVersion(value['tag_name']);
  if (version === undefined || !Array.isArray(value['assets'])) return undefined;
  const assets = new Map<string, DescribedAsset>();
  for (const entry of value['assets']) {
    const asset = readAsset(entry);
    if (asset !== undefined && !assets.has(asset.name)) assets.set(asset.name, asset);
  }
  return { version, assets };
}

/**
 * As {@link readReleaseDocument}, of the release that was asked for.
 * @param url where `value` came from
 * @throws CodexRuntimeError `SOURCE_UNAVAILABLE` for another tag's release, or none.
 */
export function readReleaseOf(value: unknown, url: string, tag: string): ReleaseDocument {
  const document = readReleaseDocument(value);
  if (document?.version.tag === tag) return document;
  throw notARelease(url);
}

/** A `SOURCE_UNAVAILABLE`: something answered at `url`, and not with the release. */
export function notARelease(url: string): CodexRuntimeError {
  const asked = new URL(url);
  return unavailable(`${displayUrl(asked)} did not answer with the release that was asked for.`, {
    reason: 'not-an-asset',
    url: asked,
  });
}

function readAsset(value: unknown): DescribedAsset | undefined {
  if (!isJsonObject(value) || !isAssetName(value['name'])) return undefined;
  if (value['state'] !== undefined && value['state'] !== 'uploaded') return undefined;
  return {
    name: value['name'],
    size: isByteCount(value['size']) ? value['size'] : null,
    sha256: readSha256(value['digest']),
    apiUrl: readUrl(value['url']),
    browserUrl: readUrl(value['browser_download_url']),
  };
}

function readSha256(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  return /^sha256:([0-9a-f]{64})$/i.exec(value)?.[1]?.toLowerCase() ?? null;
}

/** https anywhere, http on this machine only, and no credentials inside. */
function readUrl(value: unknown): string | null {
  if (typeof value !== 'string' || !URL.canParse(value)) return null;
  const { protocol, hostname, username, password, href } = new URL(value);
  if (username !== '' || password !== '') return null;
  if (protocol === 'https:') return href;
  const loopback = hostname === 'localhost' || hostname === '[::1]' || /^127\./.test(hostname);
  return protocol === 'http:' && loopback ? href : null;
}
