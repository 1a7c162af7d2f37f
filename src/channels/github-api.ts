import { isCodexRuntimeError } from '../errors.ts';
import { runGh } from '../fetch/gh/index.ts';
import { type Http, unavailable, verifyJson } from '../fetch/http/index.ts';
import { isJsonObject, parseBoundedJson } from '../json.ts';
import { type DatedVersion, newestFirst, tryParseVersion } from '../pin/index.ts';
import { type GitHubSettings, githubCredentials, type Settings } from '../request/index.ts';
import {
  notARelease,
  type ReleaseDocument,
  readDate,
  readReleaseDocument,
  readReleaseOf,
} from './release-document.ts';

/** A release with 100 assets takes 170 KB of JSON: more of them would not be a small document. */
const PER_PAGE = 30;
/** Pages that a listing reads: more than Codex has, and a bound all the same. */
const MAX_PAGES = 60;

/**
 * The few reads of GitHub's REST API that resolving needs, by octokit. Its requests go through the
 * house's HTTP layer, so that one layer retries, follows redirects, and decides which origin sees
 * the token; octokit's own retries and throttling are off.
 * Source: https://docs.github.com/en/rest/releases/releases
 */
export interface GitHubApi {
  /** @throws CodexRuntimeError `SOURCE_UNAVAILABLE`, with reason `not-found` for an unknown tag. */
  release(tag: string, signal?: AbortSignal): Promise<ReleaseDocument>;
  latest(signal?: AbortSignal): Promise<DatedVersion>;
  versions(signal?: AbortSignal): Promise<readonly DatedVersion[]>;
}

export function githubApi(settings: GitHubSettings, http: Http): GitHubApi {
  const base = `${settings.apiUrl}/repos/${settings.repo}/releases`;
  const [owner = '', repo = ''] = settings.repo.split('/');

  return {
    async release(tag, signal) {
      const octokit = await openOctokit(settings, http, signal);
      const { data } = await typed(octokit.rest.repos.getReleaseByTag({ owner, repo, tag }));
      return readReleaseOf(data, `${base}/tags/${encodeURIComponent(tag)}`, tag);
    },
    async latest(signal) {
      const octokit = await openOctokit(settings, http, signal);
      const { data } = await typed(octokit.rest.repos.getLatestRelease({ owner, repo }));
      const document = readReleaseDocument(data);
      if (document === undefined) throw notARelease(`${base}/latest`);
      return { ...document.version, publishedAt: document.publishedAt };
    },
    async versions(signal) {
      const octokit = await openOctokit(settings, http, signal);
      const versions: DatedVersion[] = [];
      for (let page = 1; page <= MAX_PAGES; page += 1) {
        const asked = octokit.rest.repos.listReleases({ owner, repo, per_page: PER_PAGE, page });
        const { data: entries }: { data: unknown } = await typed(asked);
        if (!Array.isArray(entries)) throw notARelease(base);
        versions.push(...entries.flatMap(versionOf));
        if (entries.length < PER_PAGE) break;
      }
      return newestFirst(versions);
    },
  };
}

const JSON_HEADERS = new Map([['content-type', 'application/json']]);

async function openOctokit(settings: GitHubSettings, http: Http, signal: AbortSignal | undefined) {
  const { Octokit } = await import('octokit');
  return new Octokit({
    baseUrl: settings.apiUrl,
    userAgent: 'codex-runtime',
    retry: { enabled: false },
    throttle: { enabled: false },
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    request: {
      fetch: async (url: string, { headers }: { headers: Readonly<Record<string, string>> }) => {
        const credentials = githubCredentials(settings);
        const text = await http.getText(url, { credentials, signal, headers });
        verifyJson(new URL(url), text);
        return { status: 200, headers: JSON_HEADERS, text: async () => text };
      },
    },
  });
}

/** octokit wraps what its fetch throws; the typed failure is what callers act on. */
async function typed<T>(work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    const cause = error instanceof Error ? error.cause : undefined;
    throw isCodexRuntimeError(cause) ? cause : error;
  });
}

function ignore(): void {
  // What octokit would log is in the errors that it throws.
}

function versionOf(entry: unknown): DatedVersion[] {
  if (!isJsonObject(entry) || entry['draft'] === true || typeof entry['tag_name'] !== 'string') {
    return [];
  }
  const version = tryParseVersion(entry['tag_name']);
  return version === undefined
    ? []
    : [{ ...version, publishedAt: readDate(entry['published_at']) }];
}

const TIMEOUT_MS = 30_000;

/**
 * The release as `gh api` sees it, with the credentials that gh has: for private forks, and when
 * the anonymous quota is used up.
 * @throws CodexRuntimeError `SOURCE_UNAVAILABLE` when gh is missing, not signed in, or fails.
 */
export async function ghRelease(
  { github, env }: Pick<Settings, 'github' | 'env'>,
  tag: string,
  signal?: AbortSignal,
): Promise<ReleaseDocument> {
  const path = `repos/${github.repo}/releases/tags/${encodeURIComponent(tag)}`;
  const host = new URL(github.serverUrl).host;
  // Not by --hostname, which takes no port.
  const text = await runGh(['api', '--method=GET', '--', path], {
    env: { ...env, GH_HOST: host },
    signal,
    timeoutMs: TIMEOUT_MS,
  });
  return readReleaseOf(parse(text), `${github.apiUrl}/${path}`, tag);
}

function parse(text: string): unknown {
  try {
    return parseBoundedJson(text);
  } catch (cause) {
    throw unavailable('gh api did not print a JSON document.', { reason: 'not-an-asset', cause });
  }
}
