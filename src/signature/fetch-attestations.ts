import { readFile } from 'node:fs/promises';
import { isErrno } from '../disk/errno.ts';
import { isCodexRuntimeError } from '../errors.ts';
import { createHttp, type Http, unavailable, unavailableReason } from '../fetch/http/index.ts';
import { createRegistry, packagePath, type Registry } from '../fetch/npm/index.ts';
import { isJsonObject, parseBoundedJson } from '../json.ts';
import { githubCredentials, type Settings } from '../request/index.ts';
import { type SignatureSubject, signatureUnreachable } from './faults.ts';
import { type AttestedBytes, PROVENANCE } from './statement.ts';

/** What a directory keeps beside an asset: one bundle a line, as `gh attestation download` writes them. */
export const ATTESTATIONS_SUFFIX = '.attestations.jsonl';

/** Where attestations of an asset are kept. */
export type AttestationPlace =
  /** GitHub's API, by the asset's digest. */
  | { readonly kind: 'github'; readonly bytes: AttestedBytes }
  /** The npm registry, by package and version. */
  | { readonly kind: 'npm'; readonly version: string }
  /** A file beside the asset, one bundle a line, as `gh attestation download` writes it. */
  | { readonly kind: 'file'; readonly path: string };

/** The ways out, open as long as many are asked for. */
export interface AttestationSources {
  /**
   * The bundles that a place has, unchecked; empty where it is sure that there is none.
   * @throws CodexRuntimeError `SIGNATURE_UNREACHABLE` when it cannot say now, `ABORTED`
   */
  fetch(place: AttestationPlace, subject: SignatureSubject): Promise<readonly unknown[]>;
  close(): Promise<void>;
}

/** Opens the ways to attestations; nothing is asked before {@link AttestationSources.fetch}. */
export function openAttestations(
  settings: Settings,
  signal: AbortSignal | undefined,
): AttestationSources {
  const http = createHttp(settings);
  const registry = createRegistry(settings);
  return {
    async fetch(place, subject) {
      try {
        return await fetchFrom(place, { settings, http, registry, signal });
      } catch (error) {
        if (!isCodexRuntimeError(error, 'SOURCE_UNAVAILABLE')) throw error;
        if (unavailableReason(error) === 'not-found') return [];
        throw signatureUnreachable(subject, [error]);
      }
    },
    close: () => http.close(),
  };
}

interface Ways {
  readonly settings: Settings;
  readonly http: Http;
  readonly registry: Registry;
  readonly signal: AbortSignal | undefined;
}

async function fetchFrom(
  place: AttestationPlace,
  { settings, http, registry, signal }: Ways,
): Promise<readonly unknown[]> {
  if (place.kind === 'file') return await readLines(place.path);
  if (place.kind === 'npm') {
    const name = `${packagePath(settings.npmPackage)}@${place.version}`;
    const answer = await registry.getJson(`-/npm/v1/attestations/${name}`, { signal });
    // A registry keeps its own word about the publication beside it.
    return listed(answer)
      .filter(({ predicateType }) => PROVENANCE.includes(String(predicateType)))
      .map(({ bundle }) => bundle);
  }
  const { apiUrl, repo } = settings.github;
  const { algorithm, hex } = place.bytes;
  const query = new URLSearchParams({ per_page: '30', predicate_type: PROVENANCE[0] ?? '' });
  const answer = await http.getJson(
    `${apiUrl}/repos/${repo}/attestations/${algorithm}:${hex}?${query}`,
    { credentials: githubCredentials(settings.github), signal },
  );
  return listed(answer).map(({ bundle }) => bundle);
}

function listed(answer: unknown): readonly Readonly<Record<string, unknown>>[] {
  const list = isJsonObject(answer) ? answer['attestations'] : undefined;
  if (!Array.isArray(list)) {
    throw unavailable('The list of attestations is malformed.', { reason: 'not-an-asset' });
  }
  return list.filter(isJsonObject).filter(({ bundle }) => isJsonObject(bundle));
}

async function readLines(path: string): Promise<readonly unknown[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (isErrno(cause, 'ENOENT', 'ENOTDIR')) return [];
    throw unavailable(`${path} cannot be read.`, { reason: 'unauthorized', cause });
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  try {
    return lines.map((line) => parseBoundedJson(line));
  } catch (cause) {
    throw unavailable(`${path} is not a list of bundles.`, { reason: 'not-an-asset', cause });
  }
}
