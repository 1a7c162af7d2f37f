import type { Credentials, Http, HttpRequest } from '../http/index.ts';
import { displayUrl, unavailable } from '../http/index.ts';
import { tryParseVersion, type Version } from '../pin/version.ts';
import type { GitHubSettings } from '../settings.ts';
import { newestFirst } from './order.ts';
import { isRecord, type ReleaseDocument, readReleaseDocument } from './release-document.ts';

/** Pages of 100 releases that a listing reads: more than Codex has, and a bound all the same. */
const MAX_PAGES = 20;

/**
 * The few reads of GitHub's REST API that resolving needs. They go through the house's HTTP layer
 * rather than a client library, so that one layer retries, follows redirects, and decides which
 * origin sees the token.
 * Source: https://docs.github.com/en/rest/releases/releases
 */
export interface GitHubApi {
  /** @throws CodexRuntimeError `SOURCE_UNAVAILABLE`, with reason `not-found` for an unknown tag. */
  release(tag: string, signal?: AbortSignal): Promise<ReleaseDocument>;
  latest(signal?: AbortSignal): Promise<Version>;
  /** The newest first by semver: GitHub's own order is that of publication. */
  versions(signal?: AbortSignal): Promise<readonly Version[]>;
}

export function githubApi(settings: GitHubSettings, http: Http): GitHubApi {
  const base = `${settings.apiUrl}/repos/${settings.repo}/releases`;
  const get = (path: string, signal: AbortSignal | undefined): Promise<unknown> =>
    http.getJson(`${base}${path}`, {
      ...request(settings, signal),
      headers: { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' },
    });

  return {
    async release(tag, signal) {
      const path = `/tags/${encodeURIComponent(tag)}`;
      return requireRelease(await get(path, signal), `${base}${path}`, tag);
    },
    async latest(signal) {
      const document = readReleaseDocument(await get('/latest', signal));
      if (document === undefined) throw notARelease(`${base}/latest`);
      return document.version;
    },
    async versions(signal) {
      const versions: Version[] = [];
      for (let page = 1; page <= MAX_PAGES; page += 1) {
        const entries = await get(`?per_page=100&page=${page}`, signal);
        if (!Array.isArray(entries)) throw notARelease(base);
        versions.push(...entries.flatMap(versionOf));
        if (entries.length < 100) break;
      }
      return newestFirst(versions);
    },
  };
}

/**
 * Checks that `value` is the release that was asked for.
 * @throws CodexRuntimeError `SOURCE_UNAVAILABLE` for another tag's or no release document.
 */
export function requireRelease(value: unknown, url: string, tag: string): ReleaseDocument {
  const document = readReleaseDocument(value);
  if (document?.version.tag === tag) return document;
  throw notARelease(url);
}

/** The token, for the API's own origin and no other. */
export function githubCredentials(settings: GitHubSettings): Credentials | undefined {
  if (settings.token === null) return undefined;
  return { origin: new URL(settings.apiUrl).origin, authorization: `Bearer ${settings.token}` };
}

function request(settings: GitHubSettings, signal: AbortSignal | undefined): HttpRequest {
  const credentials = githubCredentials(settings);
  return {
    ...(credentials === undefined ? {} : { credentials }),
    ...(signal === undefined ? {} : { signal }),
  };
}

function versionOf(entry: unknown): Version[] {
  if (!isRecord(entry) || entry['draft'] === true || typeof entry['tag_name'] !== 'string') {
    return [];
  }
  const version = tryParseVersion(entry['tag_name']);
  return version === undefined ? [] : [version];
}

function notARelease(url: string) {
  const asked = new URL(url);
  return unavailable(`${displayUrl(asked)} did not answer with the release that was asked for.`, {
    reason: 'not-an-asset',
    url: asked,
  });
}
