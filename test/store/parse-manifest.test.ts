import { describe, expect, it } from 'vitest';
import type { RuntimeManifest } from '../../src/store/manifest.ts';
import { formatManifest, parseDescription, parseManifest } from '../../src/store/parse-manifest.ts';

const FILE = { path: 'bin/codex', size: 5, mode: 0o755, sha256: 'a'.repeat(64) };
const SIGNATURE = {
  identity: 'workflow',
  issuer: 'issuer',
  over: 'archive',
  bundle: 'codex.sigstore',
  integratedTime: null,
  logIndex: 7,
};
const DIGEST = { algorithm: 'sha512', hex: 'b'.repeat(128), origin: 'npm' };
const ORIGIN = {
  channel: 'npm',
  asset: 'codex.tgz',
  source: 'npm',
  size: 9,
  verified: [DIGEST],
  packageAvailable: true,
  signature: SIGNATURE,
};
const MANIFEST = {
  schemaVersion: 1,
  version: '0.115.0',
  repo: 'owner/codex',
  target: 'x86_64-unknown-linux-musl',
  variant: 'package',
  entrypoint: 'bin/codex',
  files: [FILE],
  packageFiles: [{ ...FILE, path: 'index.js', mode: 0o644 }],
  origin: ORIGIN,
};

/** The text of a manifest whose checksum is right, whatever it says. */
function textOf(manifest: unknown): string {
  return formatManifest(manifest as RuntimeManifest);
}

const FILES: readonly (readonly [string, unknown])[] = [
  ['that is null', null],
  ['that is text', 'bin/codex'],
  ['without a path', { ...FILE, path: undefined }],
  ['whose size is text', { ...FILE, size: '5' }],
  ['of half a byte', { ...FILE, size: 0.5 }],
  ['that is setuid', { ...FILE, mode: 0o4755 }],
  ['whose digest is a list', { ...FILE, sha256: ['a'.repeat(64)] }],
  ['whose digest is short', { ...FILE, sha256: 'abc' }],
  ['whose digest is in capitals', { ...FILE, sha256: 'A'.repeat(64) }],
  ...['', '/etc/passwd', '../x', 'bin/..', 'bin/./x', 'bin//x', 'bin/', '..\\x', 'C:x'].map(
    (path) => [`at ${JSON.stringify(path)}`, { ...FILE, path }] as const,
  ),
];

const DESCRIPTIONS: readonly (readonly [string, object])[] = [
  ['another schema', { schemaVersion: 2 }],
  ['a version that is a number', { version: 115 }],
  ['a version in another spelling', { version: 'v0.115.0' }],
  ['a version that climbs', { version: '../0.115.0' }],
  ['a repository that climbs', { repo: '../codex' }],
  ['a repository that is a list', { repo: ['owner/codex'] }],
  ['an unknown target', { target: 'mips' }],
  ['an unknown variant', { variant: 'other' }],
  ['an entrypoint that is no text', { entrypoint: 1, files: [FILE, { ...FILE, path: 1 }] }],
  ['an entrypoint among no files', { entrypoint: 'bin/other' }],
  ['files that are no list', { files: { 0: FILE } }],
  ['package files that are no list', { packageFiles: { 0: FILE } }],
  ...FILES.map(([what, file]) => [`a file ${what}`, { files: [FILE, file] }] as const),
  ...FILES.map(([what, file]) => [`a package file ${what}`, { packageFiles: [file] }] as const),
];

const ORIGINS: readonly (readonly [string, unknown])[] = [
  ['that is null', null],
  ['without a channel', { ...ORIGIN, channel: undefined }],
  ['without an asset', { ...ORIGIN, asset: undefined }],
  ['without a source', { ...ORIGIN, source: undefined }],
  ['whose size is text', { ...ORIGIN, size: '9' }],
  ['that does not say whether there was a package', { ...ORIGIN, packageAvailable: 'yes' }],
  ['verified by no list', { ...ORIGIN, verified: 'sha256' }],
  ['verified by nothing', { ...ORIGIN, verified: [null] }],
  ...Object.keys(DIGEST).map(
    (key) =>
      [
        `verified by a digest whose ${key} is a number`,
        { ...ORIGIN, verified: [{ ...DIGEST, [key]: 1 }] },
      ] as const,
  ),
  ['whose signature is null', { ...ORIGIN, signature: null }],
  ...Object.entries({
    identity: 1,
    issuer: 1,
    over: 'something',
    bundle: 1,
    integratedTime: 1,
    logIndex: 0.5,
  }).map(
    ([key, value]) =>
      [
        `whose signature has ${key} ${value}`,
        { ...ORIGIN, signature: { ...SIGNATURE, [key]: value } },
      ] as const,
  ),
];

it('a manifest is read as it was written', () => {
  const { origin, ...description } = MANIFEST;
  expect(parseManifest(textOf(MANIFEST))).toEqual(MANIFEST);
  expect(parseDescription(textOf(MANIFEST))).toEqual(description);
  const entrypoint = { ...SIGNATURE, over: 'entrypoint', integratedTime: '2026-01-01T00:00:00Z' };
  const signed = { ...MANIFEST, origin: { ...origin, signature: entrypoint } };
  expect(parseManifest(textOf(signed))).toEqual(signed);
});

describe.each([
  ['parseDescription', parseDescription],
  ['parseManifest', parseManifest],
])('%s refuses', (_, parse) => {
  it.each(['', '{', 'null', '1', '"text"', '[]'])('the document %j', (text) => {
    expect(parse(text)).toBeUndefined();
  });

  it('a document whose checksum is not its own', () => {
    expect(parse(textOf(MANIFEST).replace('"npm"', '"gh"'))).toBeUndefined();
    expect(parse(JSON.stringify(MANIFEST))).toBeUndefined();
  });

  it.each(DESCRIPTIONS)('%s', (_what, change) => {
    expect(parse(textOf({ ...MANIFEST, ...change }))).toBeUndefined();
  });
});

const DEEP = 100_000;

it.each([
  ['lists in lists', `"more":${'['.repeat(DEEP)}${']'.repeat(DEEP)},`],
  ['objects in objects', `"more":${'{"a":'.repeat(DEEP)}0${'}'.repeat(DEEP)},`],
])('a manifest of %s too deep to be walked is no manifest', (_, more) => {
  const text = textOf(MANIFEST).replace('{', `{${more}`);
  expect(parseManifest(text)).toBeUndefined();
  expect(parseDescription(text)).toBeUndefined();
});

describe('parseManifest refuses an origin', () => {
  it.each(ORIGINS)('%s', (_what, origin) => {
    expect(parseManifest(textOf({ ...MANIFEST, origin }))).toBeUndefined();
  });
});
