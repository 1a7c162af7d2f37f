import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import {
  compareLock,
  createLock,
  verifyLockComparison,
  withEntrypoints,
} from '../../src/channels/index.ts';
import { formatLock, type Lock, parseLock } from '../../src/lockfile/index.ts';
import { parseVersion } from '../../src/pin/index.ts';
import { parseSources } from '../../src/request/index.ts';
import { TARGETS } from '../../src/target/index.ts';
import { schemaViolations } from '../support/json-schema.ts';
import { startLoopbackGitHub } from '../support/loopback-github.ts';
import { type LoopbackRelease, miniatureRelease } from '../support/miniature-release.ts';
import { loopbackSettings } from '../support/resolve-request.ts';
import { tempDir } from '../support/temp-dir.ts';

const VERSION = parseVersion('0.115.0');
const RELEASE = await miniatureRelease('0.115.0');
const TRIPLE = 'x86_64-unknown-linux-musl';
const PACKAGE = `codex-package-${TRIPLE}.tar.gz`;
const NPM = 'codex-npm-linux-x64-0.115.0.tgz';

async function loopback(release: LoopbackRelease = RELEASE, sources = 'github,mirror,npm') {
  const github = await startLoopbackGitHub({ releases: [release] });
  const settings = loopbackSettings(github, await tempDir());
  return { github, request: { settings, version: VERSION, sources: parseSources(sources) } };
}

/** The release with one asset's digest told differently. */
function told(name: string, digest: string | null): LoopbackRelease {
  const assets = RELEASE.assets.map((asset) =>
    asset.name === name ? { ...asset, digest } : asset,
  );
  return { ...RELEASE, assets };
}

describe('createLock', () => {
  test('locks every asset of every target and channel without a download', async () => {
    const { github, request } = await loopback();
    await using _ = github;
    const { lock, missing, silent } = await createLock(request);
    expect({ missing, silent }).toEqual({ missing: [], silent: [] });
    expect(Object.keys(lock.targets)).toEqual(TARGETS.map(({ triple }) => triple));
    expect(lock.targets[TRIPLE]?.assets).toContainEqual({
      name: PACKAGE,
      size: expect.any(Number),
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(lock.targets[TRIPLE]?.assets).toContainEqual({
      name: NPM,
      integrity: expect.stringMatching(/^sha512-/),
    });
    const routes = new Set(github.requests.map(({ route }) => route));
    expect(routes).toEqual(new Set(['release', 'mirror-release', 'npm-document', 'npm-keys']));
  });

  test('is written as the published schema says, and reads back as itself', async () => {
    const { github, request } = await loopback();
    await using _ = github;
    const { lock } = await createLock(request);
    const rules = {
      signature: 'required',
      require: 'npm-signature',
      source: 'oci:host/repo',
    } as const;
    const full = withEntrypoints({ ...lock, ...rules }, { [TRIPLE]: 'a'.repeat(64) });
    const text = formatLock(full);
    expect(parseLock(text, 'lock')).toEqual(full);
    const path = new URL('../../codex-runtime.lock.schema.json', import.meta.url);
    const schema = JSON.parse(await readFile(path, 'utf8'));
    expect(schemaViolations(JSON.parse(text), schema)).toEqual([]);
    expect(schemaViolations({ ...JSON.parse(text), extra: 1 }, schema)).toEqual(['$.extra']);
  });

  test('says for which targets there is nothing to lock', async () => {
    const only = TARGETS.filter(({ triple }) => triple === TRIPLE);
    const { github, request } = await loopback(
      await miniatureRelease('0.115.0', { targets: only }),
    );
    await using _ = github;
    const { lock, missing } = await createLock(request);
    expect(Object.keys(lock.targets)).toEqual([TRIPLE]);
    expect(missing).toHaveLength(5);
  });

  test('does not lock what nobody vouches for', async () => {
    const untold = await miniatureRelease('0.115.0', { packages: false, digests: false });
    const { github, request } = await loopback(untold, 'github,npm');
    await using _ = github;
    const { lock, silent } = await createLock(request);
    expect(lock.targets[TRIPLE]?.assets.map(({ name }) => name)).toEqual([NPM]);
    expect(silent).toMatchObject([{ channel: 'github', kind: 'unvouched' }]);
    // A lock of nothing would look like a pin.
    await expect(createLock({ ...request, sources: parseSources('github') })).rejects.toMatchObject(
      { code: 'DIGEST_MISSING', fields: { channels: ['github'] } },
    );
  });

  test('names the channels that did not answer', async () => {
    const { github, request } = await loopback();
    await using _ = github;
    github.fail({ route: 'npm-document', status: 401 });
    const { silent } = await createLock(request);
    expect(silent).toMatchObject([{ channel: 'npm', kind: 'unavailable' }]);
  });

  test('refuses to pin when two channels have different bytes under one name', async () => {
    const { github, request } = await loopback();
    await using _ = github;
    const other = 'b'.repeat(64);
    const document = {
      tag_name: 'rust-v0.115.0',
      assets: [{ name: PACKAGE, digest: `sha256:${other}` }],
    };
    github.fail({ route: 'mirror-release', json: JSON.stringify(document) });
    await expect(createLock(request)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringMatching(/github says sha256 .*, mirror says sha256 b{64}\.$/),
      fields: { asset: PACKAGE, actual: other, expected: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
  });

  test('refuses bytes that have changed since the previous lock of the same version', async () => {
    const first = await loopback();
    const { lock } = await createLock(first.request);
    await first.github.close();
    const later = await loopback(told(PACKAGE, `sha256:${'b'.repeat(64)}`), 'github');
    await using _ = later.github;
    await expect(createLock({ ...later.request, previous: lock })).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
    const before: Lock = { ...lock, version: '0.114.0' };
    await expect(createLock({ ...later.request, previous: before })).resolves.toMatchObject({
      lock: { version: '0.115.0' },
    });
  });

  test('keeps what the previous lock of the same version knew', async () => {
    const { github, request } = await loopback();
    await using _ = github;
    const previous = withEntrypoints((await createLock(request)).lock, {
      [TRIPLE]: 'a'.repeat(64),
    });
    const { lock } = await createLock({ ...request, sources: parseSources('npm'), previous });
    expect(lock).toEqual(previous);
  });

  test("takes nothing from another repository's lock of the version", async () => {
    const { github, request } = await loopback();
    await using _ = github;
    const asset = { name: PACKAGE, sha256: 'b'.repeat(64) };
    const targets = { [TRIPLE]: { assets: [asset], entrypoint: { sha256: 'b'.repeat(64) } } };
    const previous: Lock = { version: '0.115.0', repo: 'acme/codex', targets };
    const { lock } = await createLock(request);
    expect((await createLock({ ...request, previous })).lock).toEqual(lock);
  });

  test('ends with an abort, which is no channel that says nothing', async () => {
    const { github, request } = await loopback();
    await using _ = github;
    const work = createLock({ ...request, signal: AbortSignal.abort() });
    await expect(work).rejects.toMatchObject({ code: 'ABORTED' });
  });

  test('finds no version to lock where no channel has it', async () => {
    const { github, request } = await loopback();
    await using _ = github;
    const version = parseVersion('0.115.9');
    await expect(createLock({ ...request, version })).rejects.toMatchObject({
      code: 'RELEASE_NOT_FOUND',
      fields: { suggestions: ['0.115.0'] },
    });
  });
});

describe('withEntrypoints', () => {
  test('refuses another executable than the locked one', async () => {
    const { github, request } = await loopback();
    await using _ = github;
    const lock = withEntrypoints((await createLock(request)).lock, { [TRIPLE]: 'a'.repeat(64) });
    expect(() => withEntrypoints(lock, { [TRIPLE]: 'b'.repeat(64) })).toThrow(
      expect.objectContaining({ code: 'DIGEST_MISMATCH' }),
    );
  });

  test('keeps those that nobody looked at, and takes the same again', async () => {
    const { github, request } = await loopback();
    await using _ = github;
    const found = { [TRIPLE]: 'a'.repeat(64) };
    const lock = withEntrypoints((await createLock(request)).lock, found);
    expect(withEntrypoints(lock, {})).toEqual(lock);
    expect(withEntrypoints(lock, found)).toEqual(lock);
  });
});

describe('compareLock', () => {
  test('finds nothing wrong with a fresh lock', async () => {
    const { github, request } = await loopback();
    await using _ = github;
    const { lock } = await createLock(request);
    const check = await compareLock({ ...request, lock });
    expect(check).toEqual({ findings: [], absent: [], silent: [] });
    expect(() => verifyLockComparison(lock, check)).not.toThrow();
  });

  test('finds what is missing, unlocked, changed and gone', async () => {
    const first = await loopback();
    const { lock } = await createLock(first.request);
    await first.github.close();
    const renamed = RELEASE.assets.filter(
      ({ name }) => name !== 'codex-x86_64-apple-darwin.tar.gz',
    );
    const later = await loopback({ ...told(PACKAGE, `sha256:${'b'.repeat(64)}`) });
    await using _ = later.github;
    const { 'aarch64-apple-darwin': _mac, ...targets } = lock.targets;
    const check = await compareLock({ ...later.request, lock: { ...lock, targets } });
    const kinds = check.findings.map(({ kind }) => kind);
    expect(kinds).toContain('missing');
    expect(kinds).toContain('unlocked');
    expect(check.findings).toContainEqual(
      expect.objectContaining({ kind: 'changed', asset: PACKAGE, channel: 'github' }),
    );
    expect(() => verifyLockComparison(lock, check)).toThrow(
      expect.objectContaining({ code: 'DIGEST_MISMATCH' }),
    );
    const shrunk = await loopback({ ...RELEASE, assets: renamed });
    await using __ = shrunk.github;
    const gone = await compareLock({ ...shrunk.request, lock });
    expect(gone.findings).toEqual([
      { kind: 'gone', target: 'x86_64-apple-darwin', asset: 'codex-x86_64-apple-darwin.tar.gz' },
    ]);
    expect(() => verifyLockComparison(lock, gone)).toThrow(
      expect.objectContaining({ code: 'LOCK_INCOMPLETE' }),
    );
  });

  test('takes a target that no channel has for absent, and for missing while one is silent', async () => {
    const only = TARGETS.filter(({ triple }) => triple === TRIPLE);
    const release = await miniatureRelease('0.115.0', { targets: only });
    const { github, request } = await loopback(release);
    await using _ = github;
    const { lock } = await createLock(request);
    const check = await compareLock({ ...request, lock });
    expect(check).toMatchObject({ findings: [], absent: { length: 5 } });
    github.fail({ route: 'release', status: 401 });
    github.fail({ route: 'browser', status: 401 });
    const unsure = await compareLock({ ...request, lock });
    expect(unsure.absent).toEqual([]);
    expect(unsure.findings.map(({ kind }) => kind)).toEqual(Array(5).fill('missing'));
  });

  test('calls nothing gone that only a silent or unasked channel carries', async () => {
    const { github, request } = await loopback();
    await using _ = github;
    const { lock } = await createLock(request);
    github.fail({ route: 'release', status: 401 });
    github.fail({ route: 'browser', status: 401 });
    const check = await compareLock({ ...request, sources: parseSources('github,npm'), lock });
    expect(check.findings).toEqual([]);
    expect(check.silent).toMatchObject([{ channel: 'github' }]);
  });
});
