import type { Digest, Release } from '../asset.ts';
import type { OnProgress } from '../events.ts';
import { displayUrl, type Http, unavailable, unavailableReason } from '../fetch/http/index.ts';
import type { Version } from '../pin/index.ts';
import type { Settings } from '../request/index.ts';
import { CHECKSUMS_ASSET, runtimeAssets } from './asset-name.ts';
import { type ReleaseChannel, releaseNotFound } from './release-channel.ts';
import { parseChecksums, readReleaseDocument, readReleaseOf } from './release-document.ts';
import { readManifests, withManifests } from './release-manifest.ts';

/**
 * OpenAI's mirror: `releases/<version>/release.json`, or the checksum list where a release has no
 * such document. It keeps no list of its releases.
 */
export function mirrorChannel(
  settings: Pick<Settings, 'mirrorUrl'>,
  http: Http,
  onProgress?: OnProgress,
): ReleaseChannel {
  const { mirrorUrl } = settings;
  return {
    name: 'mirror',
    async release(version, targets, signal): Promise<Release> {
      const described =
        (await present(() => fromDocument(http, { mirrorUrl, version, signal }))) ??
        (await present(() => fromChecksums(http, { mirrorUrl, version, signal })));
      if (described === undefined) throw releaseNotFound('mirror', version);
      const { publishedAt } = described;
      const found = new Map(
        [...described.assets].map(([name, { size, sha256 }]) => [
          name,
          {
            size,
            digests: digests(sha256),
            sources: [{ kind: 'mirror' as const, url: mirrorAssetUrl(mirrorUrl, version, name) }],
          },
        ]),
      );
      const assets = runtimeAssets(targets, found);
      const manifests = await readManifests({
        channel: 'mirror',
        version,
        names: described.assets.keys(),
        read: (name) => http.getText(mirrorAssetUrl(mirrorUrl, version, name), { signal }),
        onProgress,
      });
      return withManifests({ channel: 'mirror', version, publishedAt, assets }, manifests);
    },
    async latest(signal) {
      const url = new URL(`${mirrorUrl}/channels/latest`);
      const document = readReleaseDocument(await http.getJson(url.href, { signal }));
      if (document !== undefined) {
        return { ...document.version, publishedAt: document.publishedAt };
      }
      throw unavailable(`${displayUrl(url)} did not answer with a release.`, {
        reason: 'not-an-asset',
        url,
      });
    },
    versions: async () => null,
  };
}

/** Where the mirror keeps an asset: the version without `rust-v`. */
export function mirrorAssetUrl(mirrorUrl: string, version: Version, name: string): string {
  return `${mirrorUrl}/releases/${version.semver}/${name}`;
}

interface Described {
  readonly assets: ReadonlyMap<string, { size: number | null; sha256: string | null }>;
  readonly publishedAt: number | null;
}

interface MirrorRequest {
  readonly mirrorUrl: string;
  readonly version: Version;
  readonly signal: AbortSignal | undefined;
}

async function fromDocument(
  http: Http,
  { mirrorUrl, version, signal }: MirrorRequest,
): Promise<Described> {
  const url = mirrorAssetUrl(mirrorUrl, version, 'release.json');
  return readReleaseOf(await http.getJson(url, { signal }), url, version.tag);
}

async function fromChecksums(
  http: Http,
  { mirrorUrl, version, signal }: MirrorRequest,
): Promise<Described> {
  const url = mirrorAssetUrl(mirrorUrl, version, CHECKSUMS_ASSET);
  const sums = parseChecksums(await http.getText(url, { signal }));
  const assets = new Map([...sums].map(([name, sha256]) => [name, { size: null, sha256 }]));
  return { assets, publishedAt: null };
}

/** What `read` gives, or undefined where the mirror does not have it. */
async function present(read: () => Promise<Described>): Promise<Described | undefined> {
  try {
    return await read();
  } catch (error) {
    if (unavailableReason(error) === 'not-found') return undefined;
    throw error;
  }
}

function digests(sha256: string | null): Digest[] {
  return sha256 === null ? [] : [{ algorithm: 'sha256', hex: sha256, origin: 'mirror' }];
}
