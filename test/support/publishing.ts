import { type PublishRequest, publishRelease } from '../../src/package/publish/index.ts';
import { settingsFrom } from '../../src/request/settings.ts';
import { miniatureRuntimes, packMiniatures } from './packed-release.ts';
import { tempDir } from './temp-dir.ts';
import { npmUser } from './verdaccio.ts';

interface Document {
  readonly versions?: Record<string, { dist: { integrity: string } }>;
  readonly 'dist-tags'?: Record<string, string>;
}

/** What a registry shows of a package; an empty document where there is none. */
export async function shownDocument(registry: string, name: string): Promise<Document> {
  const answer = await fetch(`${registry}${name.replace('/', '%2f')}`);
  return answer.ok ? ((await answer.json()) as Document) : {};
}

/** Packs Linux and macOS only: as much order as six targets have, in less time. */
export async function packTwo(name: string, options: { readonly version?: string } = {}) {
  const runtimes = (await miniatureRuntimes(options)).filter(({ manifest }) =>
    ['aarch64-apple-darwin', 'x86_64-unknown-linux-musl'].includes(manifest.target),
  );
  return packMiniatures({ runtimes, name, ecosystems: ['node'] });
}

/** Publishes as a user whose configuration names `registry` and a token for it. */
export async function publishTo(
  registry: string,
  { out }: { readonly out: string },
  request: Partial<PublishRequest> = {},
) {
  const env = await npmUser(await tempDir(), registry);
  return publishRelease({
    directory: out,
    settings: settingsFrom(env, { cwd: out, host: { platform: 'linux', arch: 'x64' } }),
    ...request,
  });
}
