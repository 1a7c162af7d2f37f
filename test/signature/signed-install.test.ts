import { randomBytes } from 'node:crypto';
import { access, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { createLock } from '../../src/channels/index.ts';
import type { ProgressEvent } from '../../src/events.ts';
import { formatLock, LOCKFILE_NAME } from '../../src/lockfile/index.ts';
import { downloadAssets } from '../../src/operations/download-assets.ts';
import { ensureRuntime } from '../../src/operations/ensure-runtime.ts';
import { exactRequest } from '../../src/operations/exact-request.ts';
import { installRuntime } from '../../src/operations/install-runtime.ts';
import { pinRuntime } from '../../src/operations/pin-runtime.ts';
import { verifyPin } from '../../src/operations/verify-pin.ts';
import { parseVersion } from '../../src/pin/version.ts';
import { provisionRuntime } from '../../src/provision/index.ts';
import {
  openRequest,
  parseSources,
  type RuntimeOptions,
  releaseSigner,
  settingsOf,
} from '../../src/request/index.ts';
import { homeLayout, loadManifest } from '../../src/store/index.ts';
import { failure } from '../support/failure.ts';
import {
  type LoopbackFault,
  type LoopbackGitHub,
  startLoopbackGitHub,
} from '../support/loopback-github.ts';
import {
  type LoopbackRelease,
  miniatureCodex,
  miniatureRelease,
} from '../support/miniature-release.ts';
import { LINUX, loopbackSettings, WINDOWS } from '../support/resolve-request.ts';
import { runCli } from '../support/run-cli.ts';
import {
  CODEX_SIGNER,
  createSigningAuthority,
  type SigningAuthority,
} from '../support/signing-authority.ts';
import { tempDir } from '../support/temp-dir.ts';

const PACKAGE = 'codex-package-x86_64-unknown-linux-musl.tar.gz';
const ARCHIVE_BUNDLE = `${PACKAGE}.sigstore`;
const BINARY_BUNDLE = 'codex-x86_64-unknown-linux-musl.sigstore';
const RELEASE = await miniatureRelease('0.115.0', { targets: [LINUX, WINDOWS] });

let authority: SigningAuthority;
beforeAll(async () => {
  authority = await createSigningAuthority();
});

/** The release with more files. */
function withFiles(files: Readonly<Record<string, object>>, release = RELEASE): LoopbackRelease {
  const more = Object.entries(files).map(([name, document]) => ({
    name,
    content: Buffer.isBuffer(document) ? document : Buffer.from(JSON.stringify(document)),
  }));
  return { ...release, assets: [...release.assets, ...more] };
}

function contentOf(name: string): Buffer {
  const content = RELEASE.assets.find((asset) => asset.name === name)?.content;
  if (!Buffer.isBuffer(content)) throw new Error(`the release has no ${name}`);
  return content;
}

const EXECUTABLE = miniatureCodex('0.115.0');
const signedBinary = async () => ({
  [BINARY_BUNDLE]: await authority.legacyBundle({ content: EXECUTABLE }),
});
const signedArchive = async () => ({
  [ARCHIVE_BUNDLE]: await authority.bundle({ content: contentOf(PACKAGE) }),
});

/** A loopback GitHub with the release, and options that ask for it with a signature. */
async function surroundings(
  files: Readonly<Record<string, object>>,
  env: Readonly<Record<string, string>> = {},
  release = RELEASE,
) {
  const home = await tempDir();
  const cwd = await tempDir();
  const github = await startLoopbackGitHub({ releases: [withFiles(files, release)] });
  const events: ProgressEvent[] = [];
  const options: RuntimeOptions = {
    version: '0.115.0',
    home,
    cwd,
    host: { platform: 'linux', arch: 'x64' },
    env: {
      ...{ HOME: home, PATH: '', ...github.env, ...env },
      CODEX_RUNTIME_TRUSTED_ROOT: await authority.writeTrustedRoot(cwd),
    },
    source: 'github',
    verifySignature: true,
    onProgress: (event) => events.push(event),
  };
  return { github, home, cwd, options, events };
}

async function provision(options: RuntimeOptions) {
  return await provisionRuntime(
    await exactRequest(await openRequest(options, settingsOf(options))),
  );
}

/** What is visible below the home: nothing, where a signature was refused. */
async function stored(home: string): Promise<string[]> {
  const { store, staging } = homeLayout(home);
  const lists = [store, staging].map((dir) => readdir(dir).catch(() => []));
  return (await Promise.all(lists)).flat();
}

function asked(github: LoopbackGitHub): string[] {
  return github.requests
    .map(({ path }) => path.split('/').at(-1) ?? '')
    .filter((name) => name.endsWith('.sigstore'));
}

describe('pin --check of a level that takes the archive', () => {
  test('says by name what it did not look at, and trusts what the store has verified', async () => {
    const { github, options, home } = await surroundings(await signedArchive());
    await using _ = github;
    await pinRuntime({ ...options, deep: true });
    expect((await verifyPin(options)).unseen).toEqual([]);
    const elsewhere = await tempDir();
    expect((await verifyPin({ ...options, home: elsewhere })).unseen).toEqual([
      { target: LINUX.triple, asset: PACKAGE, level: 'sigstore' },
    ]);
    const env = { ...options.env, CODEX_RUNTIME_HOME: elsewhere };
    const run = await runCli(['pin', '--check', '--source', 'github'], {
      dir: options.cwd ?? '',
      env,
    });
    expect(run.status).toBe(0);
    expect(run.stderr).toContain(
      `Not looked at: the release signature of ${PACKAGE} (${LINUX.triple});`,
    );
    // A record of an installation that verified nothing is none.
    const plain = await tempDir();
    const { verifySignature: __, ...unsigned } = options;
    await ensureRuntime({ ...unsigned, home: plain, cwd: plain });
    expect((await verifyPin({ ...options, home: plain })).unseen).toHaveLength(1);
    expect(home).not.toBe(plain);
  });
});

describe('a required signature', () => {
  test("over the package's archive is verified and remembered", async () => {
    const { github, options, events } = await surroundings({
      ...(await signedArchive()),
      ...(await signedBinary()),
    });
    await using _ = github;
    const { runtime } = await provision(options);
    expect(runtime.manifest.variant).toBe('package');
    expect((await loadManifest(runtime.dir))?.origin.signature).toEqual({
      ...CODEX_SIGNER,
      over: 'archive',
      bundle: ARCHIVE_BUNDLE,
      integratedTime: expect.any(String),
      logIndex: expect.any(Number),
    });
    expect(events).toContainEqual(expect.objectContaining({ type: 'signed', over: 'archive' }));
  });

  test('over the executable alone is verified on the executable in the package', async () => {
    const { github, options } = await surroundings(await signedBinary());
    await using _ = github;
    const { runtime } = await provision(options);
    expect(runtime.manifest.origin).toMatchObject({
      asset: PACKAGE,
      signature: { over: 'entrypoint', bundle: BINARY_BUNDLE },
    });
  });

  test('is verified on a bare archive', async () => {
    const { github, options } = await surroundings(await signedBinary());
    await using _ = github;
    const { runtime } = await provision({ ...options, variant: 'binary' });
    expect(runtime.manifest).toMatchObject({
      variant: 'binary',
      origin: { signature: { over: 'entrypoint' } },
    });
    expect(asked(github)).not.toContain(ARCHIVE_BUNDLE);
  });

  test('that the release does not have is missing', async () => {
    const { github, home, options } = await surroundings({});
    await using _ = github;
    const error = await failure(provision(options));
    expect(error.code).toBe('SIGNATURE_MISSING');
    expect(error.fields['bundles']).toEqual([ARCHIVE_BUNDLE, BINARY_BUNDLE]);
    expect(await stored(home)).toEqual([]);
  });

  test.each<[string, Omit<LoopbackFault, 'route' | 'path'>]>([
    ['is forbidden', { status: 403 }],
    ['fails on the server', { status: 503 }],
    ['is a login page', { html: true }],
    ['breaks off', { truncateAt: 100 }],
  ])('whose bundle %s is unreachable', async (_what, fault) => {
    const { github, home, options } = await surroundings(await signedBinary());
    await using _ = github;
    github.fail({ route: 'cdn', path: /\.sigstore$/, ...fault });
    const error = await failure(provision(options));
    expect(error.code).toBe('SIGNATURE_UNREACHABLE');
    expect(error.fields['reasons']).toEqual([expect.stringContaining(BINARY_BUNDLE)]);
    expect(await stored(home)).toEqual([]);
  });

  test('whose bundle is larger than any real one is not read to its end', async () => {
    const { github, options } = await surroundings({ [BINARY_BUNDLE]: Buffer.alloc(2 ** 20, ' ') });
    await using _ = github;
    expect((await failure(provision(options))).code).toBe('SIGNATURE_UNREACHABLE');
    const delivered = github.requests.filter(({ route }) => route === 'cdn');
    expect(delivered.filter(({ path }) => path.endsWith('.sigstore'))).toHaveLength(1);
  });

  test.each([
    ['SIGNATURE_MISSING', 404],
    ['SIGNATURE_UNREACHABLE', 403],
  ])('that ends with %s is asked for before the archive, which is not fetched', async (...row) => {
    const [code, status] = row;
    const executable = randomBytes(2 ** 25);
    const release = await miniatureRelease('0.115.0', {
      targets: [LINUX],
      executable: () => executable,
    });
    const { github, home, options } = await surroundings({}, {}, release);
    await using _ = github;
    github.fail({ route: 'browser', path: /\.sigstore$/, status });
    expect((await failure(provision(options))).code).toBe(code);
    const names = github.asked('browser').map((path) => path.split('/').at(-1));
    expect(names).toEqual([ARCHIVE_BUNDLE, BINARY_BUNDLE, PACKAGE]);
    const { partial } = homeLayout(home);
    const sizes = (await readdir(partial)).map(async (name) => await stat(join(partial, name)));
    const kept = (await Promise.all(sizes)).reduce((sum, { size }) => sum + size, 0);
    expect(kept).toBeLessThan(executable.length / 2);
  });

  test('that cannot be fetched is no verdict over a channel that cannot deliver either', async () => {
    const { github, options } = await surroundings(await signedBinary());
    await using _ = github;
    github.fail({ route: 'browser', status: 403 });
    const { runtime } = await provision({ ...options, source: 'github,mirror' });
    expect(runtime.manifest.origin).toMatchObject({
      source: 'mirror',
      signature: { over: 'entrypoint' },
    });
  });

  test('is fetched again where the server fails once', async () => {
    const { github, options } = await surroundings(await signedBinary());
    await using _ = github;
    github.fail({ route: 'cdn', path: /\.sigstore$/, status: 503, times: 1 });
    expect((await provision(options)).runtime.manifest.origin.signature).toBeDefined();
  });

  test.each<[string, () => Promise<object>]>([
    ['digest', () => authority.bundle({ content: Buffer.from('other') })],
    [
      'identity',
      () =>
        authority.bundle({
          content: EXECUTABLE,
          signer: releaseSigner('openai/codex', parseVersion('0.114.0')),
        }),
    ],
    ['malformed', async () => ({})],
  ])('with a wrong %s is invalid, and nothing becomes visible', async (reason, document) => {
    const { github, home, options } = await surroundings({ [BINARY_BUNDLE]: await document() });
    await using _ = github;
    const error = await failure(provision(options));
    expect(error.code).toBe('SIGNATURE_INVALID');
    expect(error.fields['reason']).toBe(reason);
    expect(await stored(home)).toEqual([]);
  });

  test('over an archive that is not valid is not made good by one over the executable', async () => {
    const { github, options } = await surroundings({
      [ARCHIVE_BUNDLE]: await authority.bundle({ content: EXECUTABLE }),
      ...(await signedBinary()),
    });
    await using _ = github;
    expect((await failure(provision(options))).fields['reason']).toBe('digest');
  });

  test('that is refused keeps the executable from being run', async () => {
    const marker = join(await tempDir(), 'ran');
    const executable = Buffer.from(`#!/bin/sh\n: > ${marker}\necho codex-cli 0.115.0\n`);
    const release = await miniatureRelease('0.115.0', {
      targets: [LINUX],
      executable: () => executable,
    });
    const { github, options } = await surroundings(await signedBinary(), {}, release);
    await using _ = github;
    expect((await failure(provision(options))).code).toBe('SIGNATURE_INVALID');
    await expect(access(marker)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('is not waited for after an abort, which leaves nothing', async () => {
    const { github, home, options } = await surroundings(await signedBinary());
    await using _ = github;
    github.fail({ route: 'cdn', path: /\.sigstore$/, delay: 3_000 });
    const controller = new AbortController();
    const asking = setInterval(() => asked(github).length > 1 && controller.abort(), 20);
    const error = await failure(provision({ ...options, signal: controller.signal })).finally(() =>
      clearInterval(asking),
    );
    expect(error.code).toBe('ABORTED');
    expect(await stored(home)).toEqual([]);
  });

  test('for a target that upstream does not sign is missing before anything is asked', async () => {
    const { github, options } = await surroundings({});
    await using _ = github;
    const error = await failure(provision({ ...options, target: 'win32-x64' }));
    expect(error.code).toBe('SIGNATURE_MISSING');
    expect(error.hint).toContain('--verify-signature');
    expect(github.requests).toEqual([]);
  });

  test('without a trusted root that can be read is a usage error', async () => {
    const { github, options, cwd } = await surroundings(await signedBinary());
    await using _ = github;
    const trustedRoot = join(cwd, 'none.json');
    expect((await failure(provision({ ...options, trustedRoot }))).code).toBe('USAGE');
  });

  test('is held against the public trusted root by default, without a request for it', async () => {
    const { github, options } = await surroundings(await signedBinary());
    await using _ = github;
    const env = { ...options.env, CODEX_RUNTIME_TRUSTED_ROOT: undefined };
    const error = await failure(provision({ ...options, env }));
    expect(error.fields['reason']).toBe('chain');
  });
});

describe('where a signature is looked for', () => {
  test('a private repository: through the API with the token', async () => {
    const { github, options } = await surroundings(await signedBinary(), { GH_TOKEN: 'canary' });
    await using _ = github;
    github.fail({ route: 'browser', status: 404 });
    await provision(options);
    expect(asked(github)).toEqual([BINARY_BUNDLE]);
    const last = github.requests.filter(({ route }) => route === 'asset').at(-1);
    expect(last?.authorization).toBe('Bearer canary');
  });

  test('an API that does not answer any more leaves it unreachable', async () => {
    const { github, options } = await surroundings(await signedBinary(), { GH_TOKEN: 'canary' });
    await using _ = github;
    // The first answer is for the asset.
    github.fail({ route: 'release', status: 403, after: 1 });
    github.fail({ route: 'browser', status: 403 });
    expect((await failure(provision(options))).code).toBe('SIGNATURE_UNREACHABLE');
    github.heal();
    github.fail({ route: 'release', status: 403, after: 1 });
    expect((await provision(options)).runtime.manifest.origin.signature).toBeDefined();
  });

  test.each(['mirror', 'npm'])('what %s delivers: on GitHub and the mirror', async (source) => {
    const { github, options } = await surroundings(await signedBinary());
    await using _ = github;
    const { runtime } = await provision({ ...options, source });
    expect(runtime.manifest.origin).toMatchObject({
      source,
      signature: { over: 'entrypoint' },
    });
    github.fail({ route: 'browser', status: 403 });
    expect((await provision({ ...options, source, force: true })).source).toBe(source);
    github.fail({ route: 'mirror', path: /\.sigstore$/, status: 403 });
    const error = await failure(provision({ ...options, source, force: true }));
    expect(error.code).toBe('SIGNATURE_UNREACHABLE');
  });

  test('a directory: beside the asset, and nowhere else', async () => {
    const { github, options, cwd } = await surroundings(await signedBinary());
    await using _ = github;
    const dir = join(cwd, 'releases', '0.115.0');
    await mkdir(dir, { recursive: true });
    for (const name of [PACKAGE, 'codex-package_SHA256SUMS']) {
      await writeFile(join(dir, name), contentOf(name));
    }
    const local = { ...options, source: 'dir:releases' };
    expect((await failure(provision(local))).code).toBe('SIGNATURE_MISSING');
    await writeFile(
      join(dir, BINARY_BUNDLE),
      JSON.stringify((await signedBinary())[BINARY_BUNDLE]),
    );
    expect((await provision(local)).runtime.manifest.origin.signature).toBeDefined();
    expect(github.requests).toEqual([]);
  });

  test('a directory that download has filled: it brought the bundle along', async () => {
    const { github, options, cwd } = await surroundings(await signedBinary());
    await using _ = github;
    const { verifySignature: _flag, ...plain } = options;
    const filled = await downloadAssets({ ...plain, out: join(cwd, 'releases') });
    expect(filled.assets).toMatchObject([{ name: PACKAGE, signature: BINARY_BUNDLE }]);
    const before = github.requests.length;
    const { runtime } = await provision({ ...options, source: 'dir:releases' });
    expect(runtime.manifest.origin.signature).toMatchObject(CODEX_SIGNER);
    expect(github.requests).toHaveLength(before);
  });

  test("a fork: signed by the fork's own workflow", async () => {
    const signer = releaseSigner('acme/codex', parseVersion('0.115.0'));
    const bundle = await authority.legacyBundle({ content: EXECUTABLE, signer });
    const { options } = await surroundings({});
    await using github = await startLoopbackGitHub({
      repo: 'acme/codex',
      releases: [withFiles({ [BINARY_BUNDLE]: bundle })],
    });
    const env = { ...options.env, ...github.env };
    const { runtime } = await provision({ ...options, env, repo: 'acme/codex' });
    expect(runtime.manifest.origin.signature).toMatchObject(signer);
  });
});

describe('what is here already', () => {
  test('is not taken without a signature on record, and then is', async () => {
    const { github, options } = await surroundings(await signedBinary());
    await using _ = github;
    await ensureRuntime({ ...options, verifySignature: false });
    expect((await ensureRuntime(options)).source).not.toBe('store');
    const before = github.requests.length;
    expect((await ensureRuntime(options)).source).toBe('store');
    expect(github.requests).toHaveLength(before);
  });

  test('is not taken with the signature of another repository', async () => {
    const { github, options } = await surroundings(await signedBinary());
    await using _ = github;
    await ensureRuntime(options);
    const other = ensureRuntime({ ...options, repo: 'acme/codex', offline: true });
    expect((await failure(other)).code).toBe('OFFLINE');
  });

  test('in a prefix counts where the store remembers its signature', async () => {
    const { github, options, cwd } = await surroundings(await signedBinary());
    await using _ = github;
    const prefix = join(cwd, 'demo');
    await installRuntime({ ...options, prefix, verifySignature: false });
    expect((await installRuntime({ ...options, prefix })).source).not.toBe('prefix');
    const before = github.requests.length;
    expect((await installRuntime({ ...options, prefix })).source).toBe('prefix');
    expect(github.requests).toHaveLength(before);
  });
});

test('a version that only the prefix names is not taken from there without its signature', async () => {
  const { github, options, cwd } = await surroundings(await signedBinary());
  await using _ = github;
  const { version: _version, ...unnamed } = { ...options, prefix: join(cwd, 'demo') };
  await installRuntime({ ...options, prefix: unnamed.prefix, verifySignature: false });
  expect((await ensureRuntime({ ...unnamed, verifySignature: false })).source).toBe('prefix');
  expect((await installRuntime({ ...unnamed, dryRun: true })).action).toBe('download');
  expect((await failure(ensureRuntime(unnamed))).message).toContain('signature has not been');
  expect((await installRuntime(unnamed)).source).not.toBe('prefix');
  expect((await installRuntime({ ...unnamed, dryRun: true })).action).toBe('none');
  expect((await ensureRuntime(unnamed)).source).toBe('prefix');
});

describe('a lockfile that requires signatures', () => {
  async function locked(files: Readonly<Record<string, object>>) {
    const around = await surroundings(files);
    const settings = loopbackSettings(around.github, around.cwd);
    const version = parseVersion('0.115.0');
    const { lock } = await createLock({ settings, version, sources: parseSources('github') });
    const text = formatLock({ ...lock, signature: 'required' });
    await writeFile(join(around.cwd, LOCKFILE_NAME), text);
    const { verifySignature: _flag, version: _version, ...options } = around.options;
    return { ...around, options };
  }

  test('refuses what has none', async () => {
    const { github, options } = await locked({});
    await using _ = github;
    expect((await failure(provision(options))).code).toBe('SIGNATURE_MISSING');
  });

  test('is content with what has a good one', async () => {
    const { github, options } = await locked(await signedArchive());
    await using _ = github;
    const { runtime } = await provision(options);
    expect(runtime.manifest.origin.signature?.over).toBe('archive');
  });

  test('is written by pinning with a signature, and stays so', async () => {
    const { github, options } = await surroundings(await signedBinary());
    await using _ = github;
    const { lock } = await pinRuntime({ ...options, deep: true });
    expect(lock.signature).toBe('required');
    const { verifySignature: _flag, ...later } = options;
    expect((await pinRuntime(later)).lock.signature).toBe('required');
  });

  test('is not written where a deep pin finds none', async () => {
    const { github, options, cwd } = await surroundings({});
    await using _ = github;
    const error = await failure(pinRuntime({ ...options, deep: true }));
    expect(error.code).toBe('SIGNATURE_MISSING');
    expect(await readdir(cwd)).not.toContain(LOCKFILE_NAME);
  });

  test('lets no directory be filled without them', async () => {
    const { github, options } = await locked({});
    await using _ = github;
    const error = await failure(downloadAssets({ ...options, out: 'releases' }));
    expect(error.code).toBe('SIGNATURE_MISSING');
  });

  test('lets targets pass that upstream does not sign', async () => {
    const { github, options } = await locked({});
    await using _ = github;
    const { runtime } = await provision({ ...options, target: 'win32-x64' });
    expect(runtime.manifest.target).toBe(WINDOWS.triple);
  });
});
