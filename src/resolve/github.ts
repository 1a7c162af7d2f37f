import type { Digest, Release } from '../asset.ts';
import { CodexRuntimeError, isCodexRuntimeError } from '../errors.ts';
import { displayUrl, type Http, unavailable, unavailableReason } from '../http/index.ts';
import type { Version } from '../pin/index.ts';
import { githubCredentials, type Settings } from '../settings.ts';
import type { Target } from '../target/index.ts';
import { CHECKSUMS_ASSET, releaseAssets, runtimeAssets } from './asset-name.ts';
import { parseChecksums } from './checksums.ts';
import { ghRelease } from './gh-api.ts';
import { githubApi } from './github-api.ts';
import { browserUrl, defaultOrder, githubSources } from './github-sources.ts';
import type { ReleaseChannel } from './release-channel.ts';
import type { DescribedAsset, ReleaseDocument } from './release-document.ts';
import { releaseNotFound } from './release-not-found.ts';
import type { GitHubSource } from './source-selection.ts';

/** A release, and its checksum list where that was read already. */
interface Described {
  readonly document: ReleaseDocument;
  readonly sums: ReadonlyMap<string, string> | null;
}

/**
 * Releases of `settings.github.repo`. What a release holds comes from the REST API, else from
 * `gh api`, else from the release's own checksum list, which needs no quota.
 * @param chosen the sources to use, in order; null for token ? api, browser, gh : browser, gh.
 */
export function githubChannel(
  settings: Pick<Settings, 'github' | 'env'>,
  http: Http,
  chosen: readonly GitHubSource[] | null = null,
): ReleaseChannel {
  const api = githubApi(settings.github, http);
  const order = chosen ?? defaultOrder(settings.github.token);
  const uses = (source: GitHubSource): boolean => order.includes(source);

  const describe = async (version: Version, signal?: AbortSignal): Promise<Described> => {
    const failures: CodexRuntimeError[] = [];
    const attempt = async <T>(way: () => Promise<T>): Promise<T | undefined> =>
      way().catch((error: unknown) => {
        if (!isCodexRuntimeError(error, 'SOURCE_UNAVAILABLE')) throw error;
        failures.push(error);
        return undefined;
      });
    const asksApi = uses('api') || uses('browser');
    const fromApi = asksApi ? await attempt(() => api.release(version.tag, signal)) : undefined;
    const found =
      fromApi ??
      (uses('gh') ? await attempt(() => ghRelease(settings, version.tag, signal)) : undefined);
    if (found !== undefined) return { document: found, sums: null };
    if (failures.some((error) => unavailableReason(error) === 'not-found')) {
      throw releaseNotFound('github', version);
    }
    const derived = uses('browser')
      ? await attempt(() => fromChecksums({ settings, http, version, signal }))
      : undefined;
    if (derived !== undefined) return derived;
    throw cannotTell(version, failures);
  };

  return {
    name: 'github',
    async release(version, targets, signal): Promise<Release> {
      const { document, sums: derived } = await describe(version, signal);
      const sums =
        derived ?? (await listedChecksums({ settings, http, document, targets, order, signal }));
      const found = new Map(
        [...document.assets].map(([name, asset]) => [
          name,
          {
            size: asset.size,
            digests: digestsOf(asset, sums),
            sources: githubSources(settings, { version, asset, order }),
          },
        ]),
      );
      return { channel: 'github', version, assets: runtimeAssets(targets, found) };
    },
    latest: (signal) => api.latest(signal),
    versions: (signal) => api.versions(signal),
  };
}

function digestsOf(asset: DescribedAsset, sums: ReadonlyMap<string, string>): Digest[] {
  if (asset.sha256 !== null) {
    return [{ algorithm: 'sha256', hex: asset.sha256, origin: 'github' }];
  }
  const hex = sums.get(asset.name);
  return hex === undefined ? [] : [{ algorithm: 'sha256', hex, origin: 'sha256sums' }];
}

interface ListRequest {
  readonly settings: Pick<Settings, 'github'>;
  readonly http: Http;
  readonly document: ReleaseDocument;
  readonly targets: readonly Target[];
  readonly order: readonly GitHubSource[];
  readonly signal: AbortSignal | undefined;
}

/** The release's checksum list, asked for only where a package archive has no digest of GitHub's. */
async function listedChecksums({
  settings,
  http,
  document,
  targets,
  order,
  signal,
}: ListRequest): Promise<ReadonlyMap<string, string>> {
  const list = document.assets.get(CHECKSUMS_ASSET);
  const wanted = targets
    .flatMap(releaseAssets)
    .some(({ name }) => document.assets.has(name) && document.assets.get(name)?.sha256 === null);
  if (list === undefined || !wanted) return new Map();
  for (const source of githubSources(settings, { version: document.version, asset: list, order })) {
    if (source.kind !== 'api' && source.kind !== 'browser') continue;
    const credentials = githubCredentials(settings.github);
    try {
      return parseChecksums(
        await http.getText(source.url, {
          headers: { accept: 'application/octet-stream' },
          credentials,
          signal,
        }),
      );
    } catch (error) {
      // Without the list its archives have no digest and are passed over; nothing is weakened.
      if (unavailableReason(error) === null) throw error;
    }
  }
  return new Map();
}

interface ChecksumsRequest {
  readonly settings: Pick<Settings, 'github'>;
  readonly http: Http;
  readonly version: Version;
  readonly signal: AbortSignal | undefined;
}

/** What a release holds, as far as its checksum list says. */
async function fromChecksums({
  settings,
  http,
  version,
  signal,
}: ChecksumsRequest): Promise<Described> {
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
  return { document: { version, assets }, sums };
}

function cannotTell(version: Version, failures: readonly CodexRuntimeError[]): CodexRuntimeError {
  const reasons = failures.map(({ message }) => message);
  // That an optional program is missing explains nothing beside what the network said.
  const others = failures.filter((error) => unavailableReason(error) !== 'missing-tool');
  const telling = others.length === 0 ? failures : others;
  const [first] = telling;
  return new CodexRuntimeError(
    'SOURCE_UNAVAILABLE',
    `GitHub cannot tell what ${version.tag} holds: ${telling.map(({ message }) => message).join(' ')}`,
    {
      hint: first?.hint,
      fields: { ...first?.fields, reasons, version: version.semver },
      cause: first,
    },
  );
}
