import type { Asset, Channel, Digest, Release } from '../asset.ts';
import { CodexRuntimeError } from '../errors.ts';
import type { OnProgress } from '../events.ts';
import { unavailableReason } from '../fetch/http/index.ts';
import { asJsonObject, isByteCount, isJsonObject, isSha256, parseBoundedJson } from '../json.ts';
import { tryParseVersion, type Version } from '../pin/index.ts';
import { OriginLedger } from './origins.ts';

/**
 * What a packslip manifest of a release says that it is: an in-toto statement with this predicate.
 * Format: https://packslip.dev/release/v1/
 */
export const RELEASE_STATEMENT = 'https://packslip.dev/release/v1';

/** The version of in-toto's statement that the format asks for. */
export const IN_TOTO_STATEMENT = 'https://in-toto.io/Statement/v1';

/** Signed, in a Sigstore bundle, or the bare statement that `codex-runtime pack` writes. */
const FILE_NAME = /^packslip(?:\.[A-Za-z0-9._-]+)?\.(sigstore|statement)\.json$/;

/** A release with several products has one each; more are not read. */
const MAX_MANIFESTS = 4;

export interface ManifestRequest {
  readonly channel: Channel;
  readonly version: Version;
  /** The names of all files of the release. */
  readonly names: Iterable<string>;
  /** Brings the text of one; fails with `SOURCE_UNAVAILABLE` where it cannot be had. */
  readonly read: (name: string) => Promise<string>;
  readonly onProgress: OnProgress | undefined;
}

/**
 * What the packslip manifests of a release say of its files: SHA-256 by name. It is asked only where
 * the release has one. What is about another product or in a later format is passed over by name.
 * @throws CodexRuntimeError `MANIFEST_INVALID` for one that is malformed; `DIGEST_MISMATCH` where two
 * of them disagree
 */
export async function readManifests(
  request: ManifestRequest,
): Promise<ReadonlyMap<string, string>> {
  const { channel, version, onProgress } = request;
  const ledger = new OriginLedger(version);
  const sums = new Map<string, string>();
  for (const name of manifestsAmong(request.names)) {
    const passOver = (reason: string) =>
      onProgress?.({ type: 'manifest-ignored', channel, name, reason });
    const text = await request.read(name).catch((error: unknown) => {
      if (unavailableReason(error) === null) throw error;
      passOver(`cannot be read: ${(error as Error).message}`);
      return null;
    });
    if (text === null) continue;
    const read = readStatement(text, name);
    if (read.version === null) {
      passOver(`has the unknown type ${read.type}`);
    } else if (read.version !== version.semver) {
      passOver(`is about version ${read.version}`);
    } else {
      ledger.add([...read.sums].map(([of, hex]) => ({ name: of, digests: [digestOf(hex)] })));
      for (const [of, hex] of read.sums) sums.set(of, hex);
    }
  }
  return sums;
}

/**
 * The release with what its manifests say of each asset.
 * @throws CodexRuntimeError `DIGEST_MISMATCH` naming both where that is not what the release says itself
 */
export function withManifests(release: Release, sums: ReadonlyMap<string, string>): Release {
  if (sums.size === 0) return release;
  const assets = release.assets.map((asset): Asset => {
    const hex = sums.get(asset.name);
    return hex === undefined ? asset : { ...asset, digests: [...asset.digests, digestOf(hex)] };
  });
  new OriginLedger(release.version).add(assets);
  return { ...release, assets };
}

function digestOf(hex: string): Digest {
  return { algorithm: 'sha256', hex, origin: 'packslip' };
}

/** The manifests among the files; of one that is there signed and bare the signed one. */
function manifestsAmong(names: Iterable<string>): readonly string[] {
  const found = [...names].filter((name) => FILE_NAME.test(name)).sort();
  const signed = new Set(found.filter((name) => name.endsWith('.sigstore.json')));
  return found
    .filter(
      (name) =>
        !signed.has(name.replace(/\.statement\.json$/, '.sigstore.json')) || signed.has(name),
    )
    .slice(0, MAX_MANIFESTS);
}

type Statement =
  | {
      readonly type: typeof RELEASE_STATEMENT;
      readonly version: string;
      readonly sums: ReadonlyMap<string, string>;
    }
  | { readonly type: string; readonly version: null };

function readStatement(text: string, name: string): Statement {
  const invalid = (what: string, cause?: unknown) =>
    new CodexRuntimeError('MANIFEST_INVALID', `The release's ${name} is malformed: ${what}.`, {
      hint: 'Tell whoever made the release, or take another --source.',
      fields: { name },
      cause,
    });
  let statement: unknown;
  try {
    const document = parseBoundedJson(text);
    const { dsseEnvelope } = asJsonObject(document) as { dsseEnvelope?: unknown };
    statement = name.endsWith('.sigstore.json') ? payloadOf(dsseEnvelope) : document;
  } catch (cause) {
    throw invalid('it does not hold JSON', cause);
  }
  if (!isJsonObject(statement) || statement['_type'] !== IN_TOTO_STATEMENT) {
    throw invalid('it is not an in-toto statement');
  }
  const { subject, predicateType, predicate } = statement;
  if (typeof predicateType !== 'string') throw invalid('its predicate has no type');
  if (predicateType !== RELEASE_STATEMENT) return { type: predicateType, version: null };
  const { version, project, artifacts } = asJsonObject(predicate);
  const semver = typeof version === 'string' ? tryParseVersion(version)?.semver : undefined;
  if (typeof version !== 'string' || !SEMVER.test(version))
    throw invalid('its version is not semver');
  if (typeof project !== 'string' || !PROJECT.test(project)) throw invalid('it names no project');
  const sums = sumsOf(subject);
  if (sums === null) throw invalid('its subjects are not files with one SHA-256 each');
  if (!Array.isArray(artifacts) || artifacts.length === 0) throw invalid('it has no artifacts');
  const described = new Set<unknown>();
  for (const artifact of artifacts) {
    const { name: of, size, format } = asJsonObject(artifact);
    if (typeof of !== 'string' || !sums.has(of)) throw invalid('an artifact has no digest');
    if (described.has(of)) throw invalid('an artifact comes twice');
    if (!isByteCount(size) || typeof format !== 'string') {
      throw invalid('an artifact has no size or no format');
    }
    described.add(of);
  }
  return { type: RELEASE_STATEMENT, version: semver ?? version, sums };
}

/** A host with a dot in it and a path, without scheme and empty parts. */
const PROJECT = /^[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:\/(?!\.{1,2}(?:\/|$))[^/\s]+)*$/;
const SEMVER = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;

/** The statement in the envelope of a Sigstore bundle; its signature is not looked at here. */
function payloadOf(envelope: unknown): unknown {
  const { payload, payloadType } = asJsonObject(envelope);
  if (payloadType !== 'application/vnd.in-toto+json' || typeof payload !== 'string') return null;
  return parseBoundedJson(Buffer.from(payload, 'base64').toString('utf8'));
}

/** SHA-256 by name; null where a subject lacks one, or comes twice. */
function sumsOf(subjects: unknown): ReadonlyMap<string, string> | null {
  if (!Array.isArray(subjects)) return null;
  const sums = new Map<string, string>();
  for (const subject of subjects) {
    const { name, digest } = asJsonObject(subject);
    const { sha256 } = asJsonObject(digest);
    if (typeof name !== 'string' || !isSha256(sha256) || sums.has(name)) return null;
    sums.set(name, sha256);
  }
  return sums;
}
