import { describe, expect, test } from 'vitest';
import { runtimeAssets } from '../../src/channels/asset-name.ts';
import { type AssetWish, chooseAsset } from '../../src/channels/choose.ts';
import { parseVersion } from '../../src/pin/version.ts';
import { LINUX, WINDOWS } from '../support/resolve-request.ts';

const DIGEST = { algorithm: 'sha256', hex: 'a'.repeat(64), origin: 'github' } as const;
const STEM = 'x86_64-unknown-linux-musl';

/** A release with these assets; a name that starts with `?` has no digest. */
function release(...names: string[]) {
  const found = new Map(
    names.map((name) => [
      name.replace(/^\?/, ''),
      { size: null, digests: name.startsWith('?') ? [] : [DIGEST], sources: [] },
    ]),
  );
  const version = parseVersion('0.115.0');
  return { channel: 'github', version, assets: runtimeAssets([LINUX, WINDOWS], found) } as const;
}

function choice(names: string[], wish: Partial<AssetWish> = {}) {
  const { asset, packageAvailable } = chooseAsset(release(...names), {
    target: LINUX,
    variant: 'auto',
    zstd: true,
    ...wish,
  });
  return [asset.name, packageAvailable];
}

const ALL = ['tar.zst', 'tar.gz']
  .map((end) => `codex-package-${STEM}.${end}`)
  .concat(`codex-${STEM}.zst`, `codex-${STEM}.tar.gz`);

describe('chooseAsset', () => {
  test.each<[string, string[], Partial<AssetWish>, string, boolean]>([
    ['the package as zstd where Node can', ALL, {}, `codex-package-${STEM}.tar.zst`, true],
    [
      'the package as gzip where it cannot',
      ALL,
      { zstd: false },
      `codex-package-${STEM}.tar.gz`,
      true,
    ],
    ['the binary where it is asked for', ALL, { variant: 'binary' }, `codex-${STEM}.zst`, true],
    ['the binary where there is no package', ALL.slice(2), {}, `codex-${STEM}.zst`, false],
    [
      'the gzip that has a digest before the zstd that has none',
      [`?codex-package-${STEM}.tar.zst`, `codex-package-${STEM}.tar.gz`],
      {},
      `codex-package-${STEM}.tar.gz`,
      true,
    ],
    [
      'the package that nobody vouches for, not the incomplete binary',
      [`?codex-package-${STEM}.tar.gz`, `codex-${STEM}.tar.gz`],
      {},
      `codex-package-${STEM}.tar.gz`,
      true,
    ],
    [
      "Windows' zip, which brings the helpers, before its zstd",
      ['codex-x86_64-pc-windows-msvc.exe.zst', 'codex-x86_64-pc-windows-msvc.exe.zip'],
      { target: WINDOWS },
      'codex-x86_64-pc-windows-msvc.exe.zip',
      false,
    ],
  ])('takes %s', (_what, names, wish, name, packageAvailable) => {
    expect(choice(names, wish)).toEqual([name, packageAvailable]);
  });

  test.each<[string, string[], Partial<AssetWish>]>([
    ['the target has nothing', ['codex-x86_64-pc-windows-msvc.exe.zip'], {}],
    ['the variant is missing', [`codex-${STEM}.tar.gz`], { variant: 'package' }],
    ['only zstd is there and Node cannot', [`codex-${STEM}.zst`], { zstd: false }],
  ])('names what the release has when %s', (_what, names, wish) => {
    expect(() => choice(names, wish)).toThrow(
      expect.objectContaining({
        code: 'ASSET_NOT_FOUND',
        fields: expect.objectContaining({ available: names }),
      }),
    );
  });
});
