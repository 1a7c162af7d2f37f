import type { Digest, Release } from '../asset.ts';
import type { OnProgress } from '../events.ts';
import { type Http, unavailable, unavailableReason } from '../fetch/http/index.ts';
import { type GitHubSource, githubCredentials, type Settings } from '../request/index.ts';
import type { Target } from '../target/index.ts';
import { CHECKSUMS_ASSET, releaseAssets, runtimeAssets } from './asset-name.ts';
import { githubApi } from './github-api.ts';
import { describeRelease, type GitHubRepository } from './github-release.ts';
import { defaultOrder, githubSources } from './github-sources.ts';
import type { ReleaseChannel } from './release-channel.ts';
import { type DescribedAsset, parseChecksums, type ReleaseDocument } from './release-document.ts';
import { readManifests, withManifests } from './release-manifest.ts';

export interface GitHubWays {
  /** The sources to use, in order; null for api (where there is a token), browser, gh. */
  readonly chosen?: readonly GitHubSource[] | null;
  readonly onProgress?: OnProgress | undefined;
}

/** Releases of `settings.github.repo`. */
export function githubChannel(
  settings: Pick<Settings, 'github' | 'env'>,
  http: Http,
  { chosen = null, onProgress }: GitHubWays = {},
): ReleaseChannel {
  const api = githubApi(settings.github, http);
  const order = chosen ?? defaultOrder(settings.github.token);
  const repository = { settings, http, order };
  return {
    name: 'github',
    async release(version, targets, signal): Promise<Release> {
      const { document, sums: read } = await describeRelease(repository, version, signal);
      const sums = read ?? (await listedChecksums(repository, { document, targets, signal }));
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
      const { publishedAt } = document;
      const assets = runtimeAssets(targets, found);
      const manifests = await readManifests({
        channel: 'github',
        version,
        names: document.assets.keys(),
        read: (name) => assetText(repository, { document, name, signal }),
        onProgress,
      });
      return withManifests({ channel: 'github', version, publishedAt, assets }, manifests);
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
  readonly document: ReleaseDocument;
  readonly targets: readonly Target[];
  readonly signal: AbortSignal | undefined;
}

/** The release's checksum list, asked for only where a package archive has no digest of GitHub's. */
async function listedChecksums(
  repository: GitHubRepository,
  { document, targets, signal }: ListRequest,
): Promise<ReadonlyMap<string, string>> {
  const list = document.assets.get(CHECKSUMS_ASSET);
  const wanted = targets
    .flatMap(releaseAssets)
    .some(({ name }) => document.assets.has(name) && document.assets.get(name)?.sha256 === null);
  if (list === undefined || !wanted) return new Map();
  try {
    return parseChecksums(await assetText(repository, { document, name: list.name, signal }));
  } catch (error) {
    // Without the list its archives have no digest and are passed over; nothing is weakened.
    if (unavailableReason(error) === null) throw error;
    return new Map();
  }
}

interface TextRequest {
  readonly document: ReleaseDocument;
  readonly name: string;
  readonly signal: AbortSignal | undefined;
}

/**
 * The text of a small asset, from the first source that has it.
 * @throws CodexRuntimeError `SOURCE_UNAVAILABLE` where none has
 */
async function assetText(
  { settings, http, order }: GitHubRepository,
  { document, name, signal }: TextRequest,
): Promise<string> {
  const { version, assets } = document;
  const asset = assets.get(name) ?? { name, apiUrl: null, browserUrl: null };
  let failed: unknown = unavailable(`${name} cannot be read by gh.`, { reason: 'missing-tool' });
  for (const source of githubSources(settings, { version, asset, order })) {
    if (source.kind !== 'api' && source.kind !== 'browser') continue;
    const headers = { accept: 'application/octet-stream' };
    const credentials = githubCredentials(settings.github);
    try {
      return await http.getText(source.url, { headers, credentials, signal });
    } catch (error) {
      if (unavailableReason(error) === null) throw error;
      failed = error;
    }
  }
  throw failed;
}
