import { describe, expect, test } from 'vitest';
import {
  npmAsset,
  npmPlatformVersion,
  releaseAssets,
  runtimeAssets,
} from '../../src/channels/asset-name.ts';
import { parseTarget, TARGETS } from '../../src/target/index.ts';

const EXPECTED: Record<string, readonly (readonly [string, string, string, string])[]> = {
  'aarch64-apple-darwin': [
    ['codex-package-aarch64-apple-darwin.tar.zst', 'package', 'tar.zst', 'tree'],
    ['codex-package-aarch64-apple-darwin.tar.gz', 'package', 'tar.gz', 'tree'],
    ['codex-aarch64-apple-darwin.zst', 'binary', 'zst', 'bare'],
    ['codex-aarch64-apple-darwin.tar.gz', 'binary', 'tar.gz', 'bare'],
  ],
  'x86_64-apple-darwin': [
    ['codex-package-x86_64-apple-darwin.tar.zst', 'package', 'tar.zst', 'tree'],
    ['codex-package-x86_64-apple-darwin.tar.gz', 'package', 'tar.gz', 'tree'],
    ['codex-x86_64-apple-darwin.zst', 'binary', 'zst', 'bare'],
    ['codex-x86_64-apple-darwin.tar.gz', 'binary', 'tar.gz', 'bare'],
  ],
  'aarch64-unknown-linux-musl': [
    ['codex-package-aarch64-unknown-linux-musl.tar.zst', 'package', 'tar.zst', 'tree'],
    ['codex-package-aarch64-unknown-linux-musl.tar.gz', 'package', 'tar.gz', 'tree'],
    ['codex-aarch64-unknown-linux-musl.zst', 'binary', 'zst', 'bare'],
    ['codex-aarch64-unknown-linux-musl.tar.gz', 'binary', 'tar.gz', 'bare'],
  ],
  'x86_64-unknown-linux-musl': [
    ['codex-package-x86_64-unknown-linux-musl.tar.zst', 'package', 'tar.zst', 'tree'],
    ['codex-package-x86_64-unknown-linux-musl.tar.gz', 'package', 'tar.gz', 'tree'],
    ['codex-x86_64-unknown-linux-musl.zst', 'binary', 'zst', 'bare'],
    ['codex-x86_64-unknown-linux-musl.tar.gz', 'binary', 'tar.gz', 'bare'],
  ],
  'aarch64-pc-windows-msvc': [
    ['codex-package-aarch64-pc-windows-msvc.tar.zst', 'package', 'tar.zst', 'tree'],
    ['codex-package-aarch64-pc-windows-msvc.tar.gz', 'package', 'tar.gz', 'tree'],
    ['codex-aarch64-pc-windows-msvc.exe.zip', 'binary', 'zip', 'bare'],
    ['codex-aarch64-pc-windows-msvc.exe.zst', 'binary', 'zst', 'bare'],
    ['codex-aarch64-pc-windows-msvc.exe.tar.gz', 'binary', 'tar.gz', 'bare'],
  ],
  'x86_64-pc-windows-msvc': [
    ['codex-package-x86_64-pc-windows-msvc.tar.zst', 'package', 'tar.zst', 'tree'],
    ['codex-package-x86_64-pc-windows-msvc.tar.gz', 'package', 'tar.gz', 'tree'],
    ['codex-x86_64-pc-windows-msvc.exe.zip', 'binary', 'zip', 'bare'],
    ['codex-x86_64-pc-windows-msvc.exe.zst', 'binary', 'zst', 'bare'],
    ['codex-x86_64-pc-windows-msvc.exe.tar.gz', 'binary', 'tar.gz', 'bare'],
  ],
};

describe('releaseAssets', () => {
  test.each(TARGETS)('names the assets of $triple in order of preference', (target) => {
    const named = releaseAssets(target).map(
      ({ name, variant, format, layout }) => [name, variant, format, layout] as const,
    );
    expect(named).toEqual(EXPECTED[target.triple]);
  });
});

describe('npmAsset', () => {
  test.each([
    ['aarch64-apple-darwin', '0.115.0-darwin-arm64', 'codex-npm-darwin-arm64-0.115.0.tgz'],
    ['x86_64-apple-darwin', '0.115.0-darwin-x64', 'codex-npm-darwin-x64-0.115.0.tgz'],
    ['aarch64-unknown-linux-musl', '0.115.0-linux-arm64', 'codex-npm-linux-arm64-0.115.0.tgz'],
    ['x86_64-unknown-linux-musl', '0.115.0-linux-x64', 'codex-npm-linux-x64-0.115.0.tgz'],
    ['aarch64-pc-windows-msvc', '0.115.0-win32-arm64', 'codex-npm-win32-arm64-0.115.0.tgz'],
    ['x86_64-pc-windows-msvc', '0.115.0-win32-x64', 'codex-npm-win32-x64-0.115.0.tgz'],
  ])('names the platform build of %s', (triple, build, name) => {
    const target = parseTarget(triple);
    expect(npmPlatformVersion('0.115.0', target)).toBe(build);
    expect(npmAsset('0.115.0', target)).toEqual({
      name,
      variant: 'package',
      format: 'tar.gz',
      layout: 'npm',
    });
  });
});

describe('runtimeAssets', () => {
  test('takes no helper whose name only starts like the runtime', () => {
    const known = { size: null, digests: [], sources: [] };
    const names = [
      'codex-responses-api-proxy-x86_64-unknown-linux-musl.tar.gz',
      'codex-app-server-x86_64-unknown-linux-musl.tar.gz',
      'codex-symbols-x86_64-unknown-linux-musl.tar.gz',
      'codex-x86_64-unknown-linux-musl.tar.gz.sigstore',
      'codex-x86_64-unknown-linux-musl.tar.gz',
      'bwrap-x86_64-unknown-linux-musl.tar.gz',
      'codex-aarch64-apple-darwin.dmg',
    ];
    const assets = runtimeAssets(TARGETS, new Map(names.map((name) => [name, known])));
    expect(assets.map(({ name }) => name)).toEqual(['codex-x86_64-unknown-linux-musl.tar.gz']);
  });
});
