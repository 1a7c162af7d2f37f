import type { AssetSource } from '../asset.ts';
import type { Version } from '../pin/index.ts';
import type { GitHubSource, Settings } from '../request/index.ts';
import type { DescribedAsset } from './release-document.ts';

/** The asset API when there is a token for it, the public URL, then gh with its own credentials. */
export function defaultOrder(token: string | null): readonly GitHubSource[] {
  return token === null ? ['browser', 'gh'] : ['api', 'browser', 'gh'];
}

/** The public download URL, which needs neither token nor quota. */
export function browserUrl(
  { github }: Pick<Settings, 'github'>,
  version: Version,
  name: string,
): string {
  return `${github.serverUrl}/${github.repo}/releases/download/${version.tag}/${name}`;
}

export interface SourcesRequest {
  readonly version: Version;
  readonly asset: Pick<DescribedAsset, 'name' | 'apiUrl' | 'browserUrl'>;
  readonly order: readonly GitHubSource[];
}

/** The ways in `order` to bring one asset. */
export function githubSources(
  settings: Pick<Settings, 'github'>,
  { version, asset, order }: SourcesRequest,
): AssetSource[] {
  const { apiUrl, serverUrl, repo } = settings.github;
  const ways: Record<GitHubSource, AssetSource | null> = {
    // The token goes to the API's own origin; a URL elsewhere is not an asset of the API.
    api:
      asset.apiUrl !== null && new URL(asset.apiUrl).origin === new URL(apiUrl).origin
        ? { kind: 'api', url: asset.apiUrl }
        : null,
    browser: {
      kind: 'browser',
      url: asset.browserUrl ?? browserUrl(settings, version, asset.name),
    },
    gh: { kind: 'gh', host: new URL(serverUrl).host, repo, tag: version.tag },
  };
  return order.map((kind) => ways[kind]).filter((way) => way !== null);
}
