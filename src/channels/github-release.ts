import { CodexRuntimeError, isCodexRuntimeError } from '../errors.ts';
import { displayUrl, type Http, unavailable, unavailableReason } from '../fetch/http/index.ts';
import type { Version } from '../pin/index.ts';
import type { GitHubSource, Settings } from '../request/index.ts';
import { CHECKSUMS_ASSET } from './asset-name.ts';
import { ghRelease, githubApi } from './github-api.ts';
import { browserUrl } from './github-sources.ts';
import { releaseNotFound } from './release-channel.ts';
import { parseChecksums, type ReleaseDocument } from './release-document.ts';

/** A repository on GitHub, and how it may be asked. */
export interface GitHubRepository {
  readonly settings: Pick<Settings, 'github' | 'env'>;
  readonly http: Http;
  /** The sources to use, in order. */
  readonly order: readonly GitHubSource[];
}

/** A release, and its checksum list where that was read already. */
export interface DescribedRelease {
  readonly document: ReleaseDocument;
  /** SHA-256 by name; null where the list was not read. */
  readonly sums: ReadonlyMap<string, string> | null;
}

/**
 * What a release holds: as the REST API says it, else `gh api`, else the release's own checksum
 * list, which needs no quota.
 * @throws CodexRuntimeError `RELEASE_NOT_FOUND` when one of the first two is sure that there is none;
 * `SOURCE_UNAVAILABLE` when none of them can tell
 */
export async function describeRelease(
  repository: GitHubRepository,
  version: Version,
  signal: AbortSignal | undefined,
): Promise<DescribedRelease> {
  const { settings, http, order } = repository;
  const failures: CodexRuntimeError[] = [];
  const attempt = async <T>(way: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await way();
    } catch (error) {
      if (!isCodexRuntimeError(error, 'SOURCE_UNAVAILABLE')) throw error;
      failures.push(error);
      return undefined;
    }
  };
  const asksApi = order.includes('api') || order.includes('browser');
  const api = githubApi(settings.github, http);
  const document =
    (asksApi ? await attempt(() => api.release(version.tag, signal)) : undefined) ??
    (order.includes('gh')
      ? await attempt(() => ghRelease(settings, version.tag, signal))
      : undefined);
  if (document !== undefined) return { document, sums: null };
  if (failures.some((error) => unavailableReason(error) === 'not-found')) {
    throw releaseNotFound('github', version);
  }
  const derived = order.includes('browser')
    ? await attempt(() => fromChecksums(repository, version, signal))
    : undefined;
  if (derived !== undefined) return derived;
  throw cannotTell(version, failures);
}

/** What a release holds, as far as its checksum list says. */
async function fromChecksums(
  { settings, http }: GitHubRepository,
  version: Version,
  signal: AbortSignal | undefined,
): Promise<DescribedRelease> {
  const url = browserUrl(settings, version, CHECKSUMS_ASSET);
  const sums = parseChecksums(await http.getText(url, { signal }));
  if (sums.size === 0) {
    const asked = new URL(url);
    throw unavailable(`${displayUrl(asked)} lists no checksums.`, {
      reason: 'not-an-asset',
      url: asked,
    });
  }
  const assets = new Map(
    [...sums.keys()].map((name) => [
      name,
      { name, size: null, sha256: null, apiUrl: null, browserUrl: null },
    ]),
  );
  return { document: { version, publishedAt: null, assets }, sums };
}

function cannotTell(version: Version, failures: readonly CodexRuntimeError[]): CodexRuntimeError {
  const reasons = failures.map(({ message }) => message);
  // That an optional program is missing explains nothing beside what the network said.
  const others = failures.filter((error) => unavailableReason(error) !== 'missing-tool');
  const telling = others.length === 0 ? failures : others;
  const [first] = telling;
  return new CodexRuntimeError(
    'SOURCE_UNAVAILABLE',
    `GitHub does not say what ${version.tag} contains: ${telling.map(({ message }) => message).join(' ')}`,
    {
      hint: first?.hint,
      fields: { ...first?.fields, reasons, version: version.semver },
      cause: first,
    },
  );
}
