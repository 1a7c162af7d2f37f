import type { CodexRuntimeError } from '../errors.ts';
import { displayUrl, unavailable } from '../fetch/http/index.ts';
import { isByteCount, isJsonObject } from '../json.ts';
import { isAssetName } from '../lockfile/index.ts';
import { tryParseVersion, type Version } from '../pin/index.ts';
import { mayBeAsked, readWebUrl } from '../request/index.ts';

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
  /** `published_at` in ms since the epoch; null where there is none that can be read. */
  readonly publishedAt: number | null;
  readonly assets: ReadonlyMap<string, DescribedAsset>;
}

/**
 * Reads a release document from outside. A field of a wrong form counts as absent; an asset whose
 * name is not a plain file name, or which is still being uploaded, is left out.
 * @returns undefined when the value is not a release document of a Codex version.
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
  return { version, publishedAt: readDate(value['published_at']), assets };
}

/** A date from outside in ms since the epoch, or null. */
export function readDate(value: unknown): number | null {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? null : at;
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

/** What may be asked, without credentials inside. */
function readUrl(value: unknown): string | null {
  const url = readWebUrl(value);
  return url !== null && mayBeAsked(url) ? url.href : null;
}

/** Far above any real list; more is not a checksum file. */
const MAX_LINES = 10_000;

/**
 * Reads `sha256sum` output: `<64 hex>  <name>` or, for binary mode, `<64 hex> *<name>`.
 * Lines of another form are skipped; a name that comes twice with different digests vouches for
 * nothing and is left out.
 * @returns base name → lower-case hexadecimal SHA-256
 */
export function parseChecksums(text: string): ReadonlyMap<string, string> {
  const sums = new Map<string, string>();
  const disputed = new Set<string>();
  for (const line of text.replace(/^\uFEFF/, '').split('\n', MAX_LINES)) {
    const [, hex, name] = /^([0-9a-f]{64}) [ *](?:\.\/)?([^/\\\s]+)\s*$/i.exec(line) ?? [];
    if (hex === undefined || name === undefined) continue;
    const known = sums.get(name);
    if (known !== undefined && known !== hex.toLowerCase()) disputed.add(name);
    sums.set(name, hex.toLowerCase());
  }
  for (const name of disputed) sums.delete(name);
  return sums;
}
