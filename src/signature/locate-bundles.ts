import { dirname, join } from 'node:path';
import type { Asset, AssetSource } from '../asset.ts';
import { browserUrl, githubApi, githubSources, mirrorAssetUrl } from '../channels/index.ts';
import type { Http } from '../fetch/http/index.ts';
import type { Settings } from '../request/index.ts';
import { type SignatureBundle, signatureBundles } from './bundle-names.ts';
import type { SignatureSubject } from './faults.ts';

/** A bundle that the release may have, and where. */
export interface LocatedBundle extends SignatureBundle {
  /** In the order in which they are tried; empty when the release is known not to have it. */
  readonly sources: readonly AssetSource[];
}

export interface BundleQuestion extends SignatureSubject {
  readonly asset: Asset;
  /** The source that delivered the asset; null when its bytes were here already. */
  readonly delivered: AssetSource['kind'] | null;
  readonly settings: Settings;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Where the bundles for an asset lie: beside it, and so they are asked for as the asset was; whoever
 * may read the one may read the other. What npm or the mirror delivered is also looked up in the
 * GitHub release: a signature vouches for itself, wherever it comes from.
 *
 * The archive's own bundle goes first, because it covers every file of the runtime.
 * @throws CodexRuntimeError `SOURCE_UNAVAILABLE` when GitHub's API does not say what there is
 */
export async function locateBundles(
  question: BundleQuestion,
  http: Http,
): Promise<readonly LocatedBundle[]> {
  const sources = await siblingSources(question, http);
  return signatureBundles(question.asset).map((bundle) => ({
    ...bundle,
    sources: sources(bundle.name),
  }));
}

type Siblings = (name: string) => readonly AssetSource[];

async function siblingSources(question: BundleQuestion, http: Http): Promise<Siblings> {
  const { asset, settings, version } = question;
  const browser = (name: string): AssetSource => ({
    kind: 'browser',
    url: browserUrl(settings, version, name),
  });
  const mirror = (name: string): AssetSource => ({
    kind: 'mirror',
    url: mirrorAssetUrl(settings.mirrorUrl, version, name),
  });
  const source = asset.sources.find(({ kind }) => kind === question.delivered) ?? asset.sources[0];
  switch (source?.kind) {
    case 'api':
      return await apiSiblings(question, http);
    case 'browser':
    case undefined:
      return (name) => [browser(name)];
    case 'gh':
      return () => [source];
    case 'file':
      return (name) => [{ kind: 'file', path: join(dirname(source.path), name) }];
    case 'mirror':
      return (name) => [mirror(name), browser(name)];
    case 'npm':
    case 'oci':
      return (name) => [browser(name), mirror(name)];
  }
}

/** The asset API knows files by number, which only the release document tells. */
async function apiSiblings(question: BundleQuestion, http: Http): Promise<Siblings> {
  const { settings, version, signal } = question;
  const { assets } = await githubApi(settings.github, http).release(version.tag, signal);
  return (name) => {
    const described = assets.get(name);
    if (described === undefined) return [];
    return githubSources(settings, { version, asset: described, order: ['api', 'browser'] });
  };
}
