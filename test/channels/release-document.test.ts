import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readReleaseDocument } from '../../src/channels/release-document.ts';

const HEX = 'a'.repeat(64);
const GOOD = {
  name: 'codex-x86_64-unknown-linux-musl.tar.gz',
  state: 'uploaded',
  size: 3,
  digest: `sha256:${HEX}`,
  url: 'https://api.example/repos/o/n/releases/assets/1',
  browser_download_url: 'https://example/a',
};

function read(asset: unknown) {
  const document = readReleaseDocument({ tag_name: 'rust-v0.115.0', assets: [asset] });
  return [...(document?.assets.values() ?? [])];
}

describe('readReleaseDocument', () => {
  test('reads what GitHub writes', () => {
    const document = readReleaseDocument({ tag_name: 'rust-v0.115.0', assets: [GOOD] });
    expect(document?.version.semver).toBe('0.115.0');
    expect(read(GOOD)).toEqual([
      {
        name: GOOD.name,
        size: 3,
        sha256: HEX,
        apiUrl: GOOD.url,
        browserUrl: GOOD.browser_download_url,
      },
    ]);
  });

  test.each([
    ['null', null],
    ['an array', []],
    ['no tag', { assets: [] }],
    ['a tag that is no version', { tag_name: 'nightly', assets: [] }],
    ['no assets', { tag_name: 'rust-v0.115.0' }],
    ['assets of another kind', { tag_name: 'rust-v0.115.0', assets: {} }],
  ])('is no release: %s', (_what, value) => {
    expect(readReleaseDocument(value)).toBeUndefined();
  });

  test.each([
    '../codex',
    'a/b',
    'a\\b',
    '.hidden',
    '-option',
    'a\nb',
    'a\0b',
    '',
    'x'.repeat(300),
    7,
    null,
  ])('leaves out an asset with the name %j', (name) => {
    expect(read({ ...GOOD, name })).toEqual([]);
  });

  test('leaves out an asset that is still being uploaded', () => {
    expect(read({ ...GOOD, state: 'open' })).toEqual([]);
  });

  test.each([-1, 1.5, Number.NaN, 2 ** 60, '3', null])('takes the size %j for unknown', (size) => {
    expect(read({ ...GOOD, size })[0]?.size).toBeNull();
  });

  test.each([
    null,
    HEX,
    `sha256:${HEX}0`,
    `sha512:${HEX}`,
    'sha256:',
    7,
    `sha256:${'g'.repeat(64)}`,
    [`sha256:${HEX}`],
  ])('takes the digest %j for none', (digest) => {
    expect(read({ ...GOOD, digest })[0]?.sha256).toBeNull();
  });

  test.each([
    'http://example.com/a',
    'file:///etc/passwd',
    'ftp://example.com/a',
    'https://user:password@example.com/a',
    'https://user@example.com/a',
    'https://:password@example.com/a',
    ['https://example.com/a'],
    'javascript:alert(1)',
    'not a url',
    7,
  ])('takes the URL %j for none', (url) => {
    expect(read({ ...GOOD, url, browser_download_url: url })[0]).toMatchObject({
      apiUrl: null,
      browserUrl: null,
    });
  });

  test.each(['http://127.0.0.1:8080/a', 'http://localhost:1/a', 'http://[::1]:1/a'])(
    'takes %j, which is on this machine',
    (url) => {
      expect(read({ ...GOOD, url })[0]?.apiUrl).toBe(url);
    },
  );

  test('takes the first of two assets with one name', () => {
    const document = readReleaseDocument({
      tag_name: 'rust-v0.115.0',
      assets: [GOOD, { ...GOOD, size: 4 }],
    });
    expect(document?.assets.get(GOOD.name)?.size).toBe(3);
  });

  test('gives only checked fields, whatever the document holds', () => {
    const field = fc.oneof(fc.jsonValue(), fc.constantFrom(...Object.values(GOOD)));
    const asset = fc.record(
      { name: field, size: field, digest: field, url: field, browser_download_url: field },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(asset, fc.jsonValue())), (assets) => {
        const document = readReleaseDocument({ tag_name: 'rust-v0.115.0', assets });
        for (const read of document?.assets.values() ?? []) {
          expect(read.name).toMatch(/^[A-Za-z0-9_][A-Za-z0-9._+-]*$/);
          expect(read.size === null || Number.isSafeInteger(read.size)).toBe(true);
          expect(read.sha256 ?? HEX).toMatch(/^[0-9a-f]{64}$/);
          expect(read.browserUrl ?? 'https:').toMatch(/^https:/);
        }
      }),
    );
  });
});
