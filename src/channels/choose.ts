import type { ArchiveFormat, Asset, Release, VariantChoice } from '../asset.ts';
import { CodexRuntimeError } from '../errors.ts';
import type { Target } from '../target/index.ts';
import { placeOf } from './release-channel.ts';

export interface AssetWish {
  readonly target: Target;
  readonly variant: VariantChoice;
  /** Whether this Node inflates zstd (22.15 and newer: `zlib.createZstdDecompress` exists). */
  readonly zstd: boolean;
}

/** The asset to take, and whether a complete package exists for the target. */
export interface Choice {
  readonly asset: Asset;
  readonly packageAvailable: boolean;
}

/**
 * Chooses one asset of `release` for `wish.target`. A release lists its assets in order of
 * preference; an asset that nothing vouches for is taken only where no other is left, with its
 * empty digests, so that the download refuses it by name.
 * @throws CodexRuntimeError `ASSET_NOT_FOUND` naming what the release has.
 */
export function chooseAsset(release: Release, wish: AssetWish): Choice {
  const forTarget = release.assets.filter(({ target }) => target.triple === wish.target.triple);
  const packageAvailable = forTarget.some(({ variant }) => variant === 'package');
  const wanted = wish.variant === 'auto' ? (packageAvailable ? 'package' : 'binary') : wish.variant;
  const readable = forTarget.filter(
    ({ variant, format }) => variant === wanted && (wish.zstd || !isZstd(format)),
  );
  const asset = readable.find(({ digests }) => digests.length > 0) ?? readable[0];
  if (asset === undefined) throw notFound(release, wish);
  return { asset, packageAvailable };
}

function isZstd(format: ArchiveFormat): boolean {
  return format === 'tar.zst' || format === 'zst';
}

function notFound(release: Release, { target, variant }: AssetWish): CodexRuntimeError {
  const what = variant === 'auto' ? 'runtime' : variant;
  const available = release.assets.map(({ name }) => name);
  // A release may have been read for this target alone: what it has for others is not known then.
  const holds = available.length === 0 ? '' : `; it has ${available.join(', ')}`;
  return new CodexRuntimeError(
    'ASSET_NOT_FOUND',
    `Codex ${release.version.semver} ${placeOf([release.channel])} has no ${what} for ${target.triple}${holds}.`,
    {
      hint: 'Choose another version, target, variant or source.',
      fields: {
        version: release.version.semver,
        channel: release.channel,
        target: target.triple,
        variant,
        available,
      },
    },
  );
}
