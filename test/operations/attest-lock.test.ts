import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LOCKFILE_NAME } from '../../src/lockfile/index.ts';
import { downloadAssets } from '../../src/operations/download-assets.ts';
import { installRuntime } from '../../src/operations/install-runtime.ts';
import { pinRuntime } from '../../src/operations/pin-runtime.ts';
import { verifyPin } from '../../src/operations/verify-pin.ts';
import { parseVersion } from '../../src/pin/version.ts';
import { releaseSigner } from '../../src/request/index.ts';
import { TARGETS } from '../../src/target/index.ts';
import { failure } from '../support/failure.ts';
import { startLoopbackGitHub } from '../support/loopback-github.ts';
import { miniatureRelease } from '../support/miniature-release.ts';
import { createSigningAuthority } from '../support/signing-authority.ts';
import { tempDir } from '../support/temp-dir.ts';

const RELEASE = await miniatureRelease('1.2.3');
const SIGNER = releaseSigner('openai/codex', parseVersion('1.2.3'));
const hash = (algorithm: string, content: Buffer | string) =>
  createHash(algorithm).update(content).digest('hex');

/** What one attestation has that is not as it should be. */
type Flaw = Partial<
  Parameters<Awaited<ReturnType<typeof createSigningAuthority>>['attestation']>[0]
>;

/** A release that is attested on GitHub and on npm, and options that trust who attested it. */
async function attested(flaw: Flaw = {}, everything = true) {
  const authority = await createSigningAuthority();
  const attestations = new Map<string, readonly object[]>();
  for (const { name, content } of RELEASE.assets) {
    if (!name.startsWith('codex-package-') || !name.endsWith('.tar.gz')) continue;
    const sha256 = hash('sha256', content);
    const bundle = await authority.attestation({ digest: { sha256 }, signer: SIGNER, ...flaw });
    attestations.set(`sha256:${sha256}`, [bundle]);
  }
  for (const { version, content } of RELEASE.builds) {
    const digest = { sha512: hash('sha512', content) };
    const bundle = await authority.attestation({ digest, signer: SIGNER, ...flaw });
    if (everything) attestations.set(version, [bundle]);
  }
  const github = await startLoopbackGitHub({ releases: [RELEASE], attestations });
  const cwd = await tempDir();
  const options = {
    cwd,
    version: '1.2.3',
    home: join(cwd, 'home'),
    env: {
      HOME: cwd,
      PATH: '/usr/bin:/bin',
      ...github.env,
      CODEX_RUNTIME_TRUSTED_ROOT: await authority.writeTrustedRoot(cwd),
    },
    host: { platform: 'linux', arch: 'x64' },
  };
  const read = async () => JSON.parse(await readFile(join(cwd, LOCKFILE_NAME), 'utf8'));
  return { github, attestations, options, read, [Symbol.asyncDispose]: () => github.close() };
}

const everyTarget = (level: string) =>
  Object.fromEntries(TARGETS.map(({ triple }) => [triple, level]));

describe('pin --require', () => {
  it('asks for no attestation where none is required', async () => {
    await using here = await attested();
    await pinRuntime(here.options);
    expect(here.github.asked('attestations')).toEqual([]);
    expect(here.github.asked('npm-attestations')).toEqual([]);
  });

  it("records GitHub's attestations with at most two requests a target, and installs by them", async () => {
    await using here = await attested();
    const { levels } = await pinRuntime({ ...here.options, require: 'github-attestation' });
    expect(levels).toEqual(everyTarget('github-attestation'));
    expect(here.github.asked('attestations')).toHaveLength(6);
    expect(here.github.asked('npm-attestations')).toHaveLength(6);
    const prefix = join(here.options.cwd, 'prefix');
    expect(await installRuntime({ ...here.options, prefix, frozen: true })).toMatchObject({
      source: 'browser',
    });
    const npm = installRuntime({ ...here.options, prefix, source: 'npm', force: true });
    expect(await failure(npm)).toMatchObject({
      code: 'LOCK_INCOMPLETE',
      fields: { level: 'npm-provenance', required: 'github-attestation' },
    });
  });

  it("records npm's provenance, and asks GitHub for nothing", async () => {
    await using here = await attested();
    const npm = { ...here.options, source: 'npm', require: 'npm-provenance' };
    expect(await pinRuntime(npm)).toMatchObject({ levels: everyTarget('npm-provenance') });
    expect(here.github.asked('attestations')).toEqual([]);
  });

  it('takes the word of a timestamp authority in place of the log', async () => {
    await using here = await attested({ timestamped: true });
    const { levels } = await pinRuntime({ ...here.options, require: 'github-attestation' });
    expect(levels).toEqual(everyTarget('github-attestation'));
  });

  it('reads what download has put beside the archive in a directory', async () => {
    await using here = await attested();
    await pinRuntime({ ...here.options, require: 'github-attestation' });
    const out = join(here.options.cwd, 'assets');
    const { assets } = await downloadAssets({ ...here.options, out, targets: 'all' });
    expect(assets.map(({ name, attestations }) => [name, attestations])).toEqual(
      assets.map(({ name }) => [name, `${name}.attestations.jsonl`]),
    );
    const before = here.github.requests.length;
    const cwd = join(here.options.cwd, 'elsewhere');
    await mkdir(cwd);
    const offline = {
      ...here.options,
      cwd,
      source: `dir:${out}`,
      lockfile: join(cwd, LOCKFILE_NAME),
    };
    expect(await pinRuntime({ ...offline, require: 'github-attestation' })).toMatchObject({
      levels: everyTarget('github-attestation'),
    });
    expect(here.github.requests).toHaveLength(before);
  });

  it.each<[string, Flaw, string]>([
    ['another digest', { digest: { sha256: '0'.repeat(64), sha512: '0'.repeat(128) } }, 'digest'],
    [
      'another repository',
      { signer: releaseSigner('acme/codex', parseVersion('1.2.3')) },
      'identity',
    ],
    [
      'a version that only begins alike',
      { signer: releaseSigner('openai/codex', parseVersion('1.2.30')) },
      'identity',
    ],
    [
      'another issuer',
      { signer: { ...SIGNER, issuer: 'https://accounts.example.com' } },
      'identity',
    ],
    ['an expired certificate', { loggedAfter: 60 * 24 * 365 }, 'chain'],
    [
      'another predicate',
      { predicateType: 'https://in-toto.io/attestation/release/v0.2' },
      'format',
    ],
    ['another payload', { payloadType: 'application/json' }, 'format'],
  ])('refuses an attestation of %s', async (_, flaw, reason) => {
    await using here = await attested(flaw);
    const pinning = pinRuntime({
      ...here.options,
      source: 'github',
      require: 'github-attestation',
    });
    const error = await failure(pinning);
    expect(error).toMatchObject({ code: 'SIGNATURE_INVALID', fields: { reason } });
    const named = flaw.predicateType ?? flaw.payloadType;
    if (named !== undefined) expect(error.message).toContain(named);
  });

  it('tells an attestation that is missing from one that cannot be asked for', async () => {
    await using here = await attested({}, false);
    const npm = { ...here.options, source: 'npm', require: 'npm-provenance' };
    expect(await failure(pinRuntime(npm))).toMatchObject({ code: 'SIGNATURE_MISSING' });
    here.github.fail({ route: 'npm-attestations', status: 403 });
    expect(await failure(pinRuntime(npm))).toMatchObject({ code: 'SIGNATURE_UNREACHABLE' });
  });

  it('trusts nobody by default who is not of the public Sigstore', async () => {
    await using here = await attested();
    const env = { ...here.options.env, CODEX_RUNTIME_TRUSTED_ROOT: undefined };
    const pinning = pinRuntime({ ...here.options, env, require: 'github-attestation' });
    expect(await failure(pinning)).toMatchObject({ code: 'SIGNATURE_INVALID' });
  });
});

describe('pin --check', () => {
  it('shows the levels that the lockfile has', async () => {
    await using here = await attested();
    await pinRuntime({ ...here.options, require: 'github-attestation' });
    const before = here.github.asked('attestations').length;
    expect(await verifyPin(here.options)).toMatchObject({ version: '1.2.3' });
    expect(here.github.asked('attestations').length - before).toBe(6);
  });

  it('asks for no attestation where the lockfile says nothing of one', async () => {
    await using here = await attested();
    await pinRuntime(here.options);
    await verifyPin(here.options);
    expect(here.github.asked('attestations')).toEqual([]);
  });

  it('refuses a level that cannot be shown: written by hand, or withdrawn', async () => {
    await using here = await attested();
    await pinRuntime({ ...here.options, require: 'npm-provenance' });
    here.attestations.clear();
    expect(await failure(verifyPin(here.options))).toMatchObject({
      code: 'SIGNATURE_MISSING',
      message: expect.stringMatching(/says .*(provenance|attestation) of .*, but only its digest/),
      fields: { findings: expect.arrayContaining([expect.objectContaining({ kind: 'unproven' })]) },
    });
  });

  it('refuses a level whose attestation is of another repository', async () => {
    await using here = await attested();
    await pinRuntime({ ...here.options, require: 'github-attestation' });
    await using other = await attested({ signer: releaseSigner('a/fork', parseVersion('1.2.3')) });
    for (const [key, value] of other.attestations) here.attestations.set(key, value);
    expect(await failure(verifyPin(here.options))).toMatchObject({ code: 'SIGNATURE_INVALID' });
  });
});
