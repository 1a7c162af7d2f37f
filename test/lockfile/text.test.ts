import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { formatLock, type Lock, parseLock, salvageLock } from '../../src/lockfile/index.ts';

const HEX = 'a'.repeat(64);
const SRI = `sha512-${'A'.repeat(86)}==`;
const LOCK: Lock = {
  version: '0.115.0',
  repo: 'openai/codex',
  targets: {
    'x86_64-unknown-linux-musl': {
      assets: [
        { name: 'codex-package-x86_64-unknown-linux-musl.tar.gz', size: 10, sha256: HEX },
        { name: 'codex-npm-linux-x64-0.115.0.tgz', integrity: SRI },
      ],
      entrypoint: { sha256: HEX },
    },
    'aarch64-apple-darwin': {
      assets: [{ name: 'codex-aarch64-apple-darwin.tar.gz', sha256: HEX }],
    },
  },
};

/** A lockfile of `content`, whatever that is, with the checksum that it has to have. */
function sealed(content: object): string {
  const hash = createHash('sha256').update(JSON.stringify(content, sorted)).digest('hex');
  return JSON.stringify({ ...content, checksum: `sha256:${hash}` });
}

function sorted(_key: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function backwards(_key: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toReversed());
}

/** What a lockfile says whose only target is `value`. */
function target(value: unknown): object {
  return { targets: { 'aarch64-apple-darwin': value } };
}

const parse = (text: string) => parseLock(text, 'codex-runtime.lock.json');

describe('formatLock', () => {
  test('writes what parseLock reads', () => {
    expect(parse(formatLock(LOCK))).toEqual(LOCK);
  });

  test('gives one line a target, in the order of the targets, whatever order the object has', () => {
    const lines = formatLock(LOCK).split('\n');
    const triples = lines.flatMap((line) => /^ {4}"([^"]+)": \{/.exec(line)?.[1] ?? []);
    expect(triples).toEqual(['aarch64-apple-darwin', 'x86_64-unknown-linux-musl']);
  });

  test('changes the checksum line and one target line when one digest changes', () => {
    const changed = {
      ...LOCK,
      targets: {
        ...LOCK.targets,
        'aarch64-apple-darwin': {
          assets: [{ name: 'codex-aarch64-apple-darwin.tar.gz', sha256: 'b'.repeat(64) }],
        },
      },
    };
    const [before, after] = [formatLock(LOCK).split('\n'), formatLock(changed).split('\n')];
    const different = after.filter((line, index) => line !== before[index]);
    expect(different).toHaveLength(2);
  });

  const PROVEN: Lock = {
    ...LOCK,
    require: 'npm-signature',
    source: 'oci:registry.example.com/team/codex',
    targets: {
      'aarch64-apple-darwin': {
        assets: [
          { name: 'codex-aarch64-apple-darwin.tar.gz', sha256: HEX, proof: 'sigstore' },
          { name: 'codex-npm-darwin-arm64-0.115.0.tgz', integrity: SRI, proof: 'npm-signature' },
        ],
      },
    },
  };

  test('keeps levels of proof, the least that is required, and a source', () => {
    expect(parse(formatLock(PROVEN))).toEqual(PROVEN);
  });

  test('is of version 2 where it says what version 1 cannot, and of version 1 elsewhere', () => {
    const version = (lock: Lock) => JSON.parse(formatLock(lock)).lockfileVersion;
    expect(version(LOCK)).toBe(1);
    expect(version({ ...LOCK, signature: 'required' })).toBe(1);
    expect(version({ ...LOCK, require: 'npm-signature' })).toBe(2);
    expect(version({ ...LOCK, source: 'oci:host/repo' })).toBe(2);
    expect(version({ ...LOCK, targets: PROVEN.targets })).toBe(2);
  });

  test('keeps the levels of a lockfile that was edited: they are a rule for what comes next', () => {
    const edited = formatLock(PROVEN).replace('"version": "0.115.0"', '"version": "0.116.0"');
    expect(salvageLock(edited, 'lock')).toMatchObject({
      lock: null,
      rules: { version: '0.116.0', require: 'npm-signature', source: PROVEN.source },
      levels: { 'aarch64-apple-darwin': 'sigstore' },
    });
  });

  test.each([
    ['an npm level of a digest that npm does not give', { sha256: HEX, proof: 'npm-signature' }],
    ['a release level of an npm digest', { integrity: SRI, proof: 'github-attestation' }],
    ['a level that is not known', { sha256: HEX, proof: 'trust-me' }],
  ])('refuses a claim without data: %s', (_, asset) => {
    const content = { lockfileVersion: 2, version: '0.115.0', repo: 'openai/codex' };
    const claim = target({ assets: [{ name: 'codex.tar.gz', ...asset }] });
    expect(() => parse(sealed({ ...content, ...claim }))).toThrow(
      expect.objectContaining({
        code: 'LOCK_INVALID',
        message: expect.stringContaining('aarch64'),
      }),
    );
  });

  test.each([
    ['a rule', { policy: 'strict' }],
    ['of a target', { targets: { 'aarch64-apple-darwin': { assets: [], policy: 1 } } }],
    [
      'of an asset',
      { targets: { 'aarch64-apple-darwin': { assets: [{ name: 'a', policy: 1 }] } } },
    ],
  ])('refuses what it does not know to read and to write alike: %s', (_, extra) => {
    const content = { lockfileVersion: 2, version: '0.115.0', repo: 'openai/codex', targets: {} };
    const text = sealed({ ...content, ...extra });
    const refusal = expect.objectContaining({
      code: 'LOCK_INVALID',
      message: expect.stringContaining('policy, which this codex-runtime does not know'),
      hint: expect.stringContaining('Update codex-runtime'),
    });
    expect(() => parse(text)).toThrow(refusal);
    expect(() => salvageLock(text, 'lock')).toThrow(refusal);
  });

  test('says in one sentence that a later format needs a later command', () => {
    const content = { lockfileVersion: 3, version: '0.115.0', repo: 'openai/codex', targets: {} };
    expect(() => parse(sealed(content))).toThrow(
      expect.objectContaining({
        message:
          'codex-runtime.lock.json has lockfileVersion 3, and this codex-runtime reads 1 and 2.',
        hint: 'A newer codex-runtime wrote it: update this one.',
      }),
    );
  });

  test('keeps a signature rule', () => {
    const strict: Lock = { ...LOCK, signature: 'required' };
    expect(parse(formatLock(strict))).toEqual(strict);
  });
});

describe('parseLock', () => {
  test('names the repository in the command that repairs a lock of a fork', () => {
    const edited = formatLock({ ...LOCK, repo: 'owner/fork' }).replace('"0.115.0"', '"0.116.0"');
    expect(() => parse(edited)).toThrow(
      expect.objectContaining({
        code: 'LOCK_INVALID',
        hint: expect.stringContaining('"codex-runtime pin 0.116.0 --repo owner/fork"'),
      }),
    );
  });

  test.each(['../codex', 'owner/..', '-owner/codex', 'owner', 'owner/a/b', 'owner/a b'])(
    'refuses the repository %s, which would become part of URLs',
    (repo) => {
      expect(() => parse(formatLock({ ...LOCK, repo }))).toThrow(
        expect.objectContaining({ code: 'LOCK_INVALID' }),
      );
    },
  );

  test('refuses a version that was edited without its digests, and says how to repair it', () => {
    const edited = formatLock(LOCK).replace('"version": "0.115.0"', '"version": "0.116.0"');
    expect(() => parse(edited)).toThrow(
      expect.objectContaining({
        code: 'LOCK_INVALID',
        hint: expect.stringContaining('codex-runtime pin 0.116.0'),
      }),
    );
  });

  test('refuses a version that was replaced everywhere in the text', () => {
    expect(() => parse(formatLock(LOCK).replaceAll('0.115.0', '0.116.0'))).toThrow(
      expect.objectContaining({ code: 'LOCK_INVALID' }),
    );
  });

  test('takes the same content in another layout, and a $schema', () => {
    const document = JSON.parse(formatLock(LOCK));
    const schema = './schema.json';
    const found = parse(JSON.stringify({ $schema: schema, ...document }));
    expect(found).toEqual({ ...LOCK, schema });
    expect(parse(JSON.stringify(document, backwards))).toEqual(LOCK);
  });

  test.each([
    ['no JSON', '<<<<<<< HEAD'],
    ['no object', '[]'],
    ['nothing', 'null'],
    ['no version', '{"lockfileVersion": 1}'],
    ['too much text', `${formatLock(LOCK)}${' '.repeat(2 ** 20)}`],
    ['a version in another spelling', formatLock({ ...LOCK, version: 'v0.115.0' })],
    ['a repository that is none', formatLock({ ...LOCK, repo: 'openai' })],
    ['another signature rule', formatLock({ ...LOCK, signature: 'maybe' as 'required' })],
    ['no targets', formatLock(LOCK).replace('"targets"', '"aims"')],
  ])('refuses %s', (_what, text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'LOCK_INVALID' }));
  });

  test.each<[string, object]>([
    ['no version', { version: undefined }],
    ['a list of repositories', { repo: ['openai/codex'] }],
    ['no targets', { targets: undefined }],
    ['targets that are a number', { targets: 5 }],
    ['a target that is nothing', target(null)],
    ['a target without assets', target({})],
    ['an asset that is nothing', target({ assets: [null] })],
    ['an asset whose name is a number', target({ assets: [{ name: 5, sha256: HEX }] })],
    ['a list of digests', target({ assets: [{ name: 'x', sha256: [HEX] }] })],
    ['a list of integrities', target({ assets: [{ name: 'x', integrity: [SRI] }] })],
    ['an executable that is nothing', target({ assets: [], entrypoint: null })],
    ['an executable without a digest', target({ assets: [], entrypoint: {} })],
  ])('refuses %s even under a right checksum', (_what, changes) => {
    const content = { lockfileVersion: 1, version: '0.115.0', repo: 'openai/codex', targets: {} };
    expect(parse(sealed(content)).targets).toEqual({});
    expect(() => parse(sealed({ ...content, ...changes }))).toThrow(
      expect.objectContaining({ code: 'LOCK_INVALID' }),
    );
  });

  test('names a format version that it does not know', () => {
    expect(() => parse('{"lockfileVersion": 3}')).toThrow(/lockfileVersion 3/);
  });

  test.each<[string, object]>([
    ['a name that is a path', { name: '../x', sha256: HEX }],
    ['a name that is an option', { name: '-x', sha256: HEX }],
    ['a negative size', { name: 'x', size: -1, sha256: HEX }],
    ['a malformed digest', { name: 'x', sha256: 'ABC' }],
    ['a weak integrity', { name: 'x', integrity: 'sha1-aaaa' }],
    ['an asset without a digest', { name: 'x', size: 1 }],
  ])('refuses %s even under a right checksum', (_what, asset) => {
    const targets = { 'aarch64-apple-darwin': { assets: [asset] } } as unknown as Lock['targets'];
    expect(() => parse(formatLock({ ...LOCK, targets }))).toThrow(
      expect.objectContaining({ code: 'LOCK_INVALID' }),
    );
  });
});
