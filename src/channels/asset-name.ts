import type { ArchiveFormat, Asset, Layout, Variant } from '../asset.ts';
import type { LayerFormat } from '../fetch/oci/index.ts';
import type { Target } from '../target/index.ts';

/** What an asset's name alone says about it. */
export interface AssetShape {
  readonly name: string;
  readonly variant: Variant;
  readonly format: ArchiveFormat;
  readonly layout: Layout;
}

/**
 * The assets of a release that hold the runtime for `target`, the better first within a variant:
 * `.zst` is smaller and inflates three times as fast, while a Windows zip brings the two helper
 * executables that the single-file forms lack.
 *
 * Source: the asset table of openai/codex releases. Helpers such as
 * `codex-responses-api-proxy-<triple>.tar.gz` share the prefix, so names are matched whole.
 */
export function releaseAssets(target: Target): readonly AssetShape[] {
  const whole = `codex-package-${target.triple}`;
  const bare = `codex-${target.triple}${target.exeSuffix}`;
  const zip: readonly AssetShape[] =
    target.os === 'win32'
      ? [{ name: `${bare}.zip`, variant: 'binary', format: 'zip', layout: 'bare' }]
      : [];
  return [
    { name: `${whole}.tar.zst`, variant: 'package', format: 'tar.zst', layout: 'tree' },
    { name: `${whole}.tar.gz`, variant: 'package', format: 'tar.gz', layout: 'tree' },
    ...zip,
    { name: `${bare}.zst`, variant: 'binary', format: 'zst', layout: 'bare' },
    { name: `${bare}.tar.gz`, variant: 'binary', format: 'tar.gz', layout: 'bare' },
  ];
}

/** The npm platform build of one version, under the name that GitHub releases give the same file. */
export function npmAsset(version: string, target: Target): AssetShape {
  return {
    name: `codex-npm-${target.npmTag}-${version}.tgz`,
    variant: 'package',
    format: 'tar.gz',
    layout: 'npm',
  };
}

/**
 * The layer of an image. Its name has the beginning of its digest: the same runtime may be compressed in
 * other ways, and a lockfile must not take one for the other.
 */
export function ociAsset(
  version: string,
  target: Target,
  { format, hex }: { readonly format: LayerFormat; readonly hex: string },
): AssetShape {
  return {
    name: `codex-oci-${target.npmTag}-${version}-${hex.slice(0, 16)}.${format}`,
    variant: 'package',
    format,
    layout: 'image',
  };
}

/** The version of the npm platform build: platforms are versions of one package. */
export function npmPlatformVersion(version: string, target: Target): string {
  return `${version}-${target.npmTag}`;
}

/** The asset of a release that holds `<hex>  <name>` lines for its package archives. */
export const CHECKSUMS_ASSET = 'codex-package_SHA256SUMS';

/** The runtime assets among `found`, for `targets`, in order of preference. */
export function runtimeAssets(
  targets: readonly Target[],
  found: ReadonlyMap<string, Pick<Asset, 'size' | 'digests' | 'sources'>>,
): Asset[] {
  return targets.flatMap((target) =>
    releaseAssets(target).flatMap((shape) => {
      const known = found.get(shape.name);
      return known === undefined ? [] : [{ ...shape, target, ...known }];
    }),
  );
}
