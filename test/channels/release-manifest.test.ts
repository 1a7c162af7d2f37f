import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { dirChannel } from '../../src/channels/dir.ts';
import { githubChannel } from '../../src/channels/github.ts';
import { mirrorChannel } from '../../src/channels/mirror.ts';
import type { ProgressEvent } from '../../src/events.ts';
import { createHttp } from '../../src/fetch/http/index.ts';
import { parseVersion } from '../../src/pin/version.ts';
import { startLoopbackGitHub } from '../support/loopback-github.ts';
import { miniatureRelease } from '../support/miniature-release.ts';
import { LINUX, loopbackSettings } from '../support/resolve-request.ts';
import { document, runCli } from '../support/run-cli.ts';
import { tempDir } from '../support/temp-dir.ts';

const VERSION = parseVersion('0.115.0');
const RELEASE = await miniatureRelease('0.115.0', { targets: [LINUX] });
const NAME = 'codex-package-x86_64-unknown-linux-musl.tar.gz';
const HEX = digestOf(RELEASE.assets.find(({ name }) => name === NAME)?.content ?? '');
const SIGNED = 'packslip.sigstore.json';
const BARE = 'packslip.statement.json';

function digestOf(content: Buffer | string): string {
  return createHash('sha256').update(content).digest('hex');
}

interface Statement {
  readonly hex?: string;
  readonly name?: string;
  readonly type?: string;
  readonly version?: string;
  readonly predicate?: object;
}

function statement({
  hex = HEX,
  name = NAME,
  type,
  version = '0.115.0',
  predicate,
}: Statement = {}) {
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name, digest: { sha256: hex } }],
    predicateType: type ?? 'https://packslip.dev/release/v1',
    predicate: {
      project: 'github.com/openai/codex',
      version,
      published_at: '2026-09-01T00:00:00Z',
      artifacts: [
        { name, os: 'linux', arch: 'x86_64', size: 5, format: 'tar.gz', bin: ['bin/codex'] },
      ],
      identity: { scheme: 'sigstore-oidc', key_id: 'releases@example.com' },
      a_later_field: { x: 1 },
      ...predicate,
    },
  };
}

/** As a Sigstore bundle carries it. */
function bundle(content: object): string {
  return JSON.stringify({
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    dsseEnvelope: {
      payloadType: 'application/vnd.in-toto+json',
      payload: Buffer.from(JSON.stringify(content)).toString('base64'),
      signatures: [],
    },
  });
}

type Files = Readonly<Record<string, string>>;

async function github(files: Files, options: { readonly digests?: boolean } = {}) {
  const release = await miniatureRelease('0.115.0', { targets: [LINUX], ...options });
  const more = Object.entries(files).map(([name, text]) => ({ name, content: Buffer.from(text) }));
  const server = await startLoopbackGitHub({
    releases: [{ ...release, assets: [...release.assets, ...more] }],
  });
  const events: ProgressEvent[] = [];
  const settings = loopbackSettings(server, await tempDir());
  const onProgress = (event: ProgressEvent) => events.push(event);
  const channel = githubChannel(settings, createHttp(settings, { retry: { pause: 1 } }), {
    onProgress,
  });
  return { server, channel, events, settings };
}

describe('a release with a packslip manifest', () => {
  test.each([
    ['signed', { [SIGNED]: bundle(statement()) }],
    ['bare', { [BARE]: JSON.stringify(statement()) }],
    ['of one product among several', { 'packslip.cli.sigstore.json': bundle(statement()) }],
  ])('has its digests beside those of GitHub: %s', async (_what, files) => {
    const { server, channel } = await github(files);
    await using _ = server;
    const { assets } = await channel.release(VERSION, [LINUX]);
    expect(assets.find(({ name }) => name === NAME)?.digests).toEqual([
      { algorithm: 'sha256', hex: HEX, origin: 'github' },
      { algorithm: 'sha256', hex: HEX, origin: 'packslip' },
    ]);
    expect(server.asked('browser')).toHaveLength(1);
  });

  test('is asked for nothing more where there is none', async () => {
    const { server, channel } = await github({});
    await using _ = server;
    await channel.release(VERSION, [LINUX]);
    expect(server.requests).toHaveLength(1);
  });

  test('is read once where it is there signed and bare', async () => {
    const { server, channel } = await github({
      [SIGNED]: bundle(statement()),
      [BARE]: JSON.stringify(statement({ hex: 'f'.repeat(64) })),
    });
    await using _ = server;
    await channel.release(VERSION, [LINUX]);
    expect(server.asked('browser')).toEqual([expect.stringContaining(SIGNED)]);
  });

  test.each([
    ["GitHub's digest", {}, 'github'],
    ['the checksum list', { digests: false }, 'sha256sums'],
  ])('is refused where it contradicts %s, and both are named', async (_what, options, origin) => {
    const wrong = 'f'.repeat(64);
    const { server, channel } = await github(
      { [SIGNED]: bundle(statement({ hex: wrong })) },
      options,
    );
    await using _ = server;
    await expect(channel.release(VERSION, [LINUX])).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      exitStatus: 6,
      message: expect.stringContaining(`packslip says sha256 ${wrong}`),
      fields: { expected: HEX, actual: wrong, origins: [origin, 'packslip'], asset: NAME },
    });
  });

  test('is refused where two manifests contradict each other', async () => {
    const { server, channel } = await github({
      'packslip.a.sigstore.json': bundle(statement({ name: 'other.tar.gz', hex: 'a'.repeat(64) })),
      'packslip.b.sigstore.json': bundle(statement({ name: 'other.tar.gz', hex: 'b'.repeat(64) })),
    });
    await using _ = server;
    await expect(channel.release(VERSION, [LINUX])).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
  });

  const { subject } = statement();
  const [artifact] = statement().predicate.artifacts;
  test.each([
    ['no JSON', SIGNED, '<html>'],
    ['no bundle', SIGNED, JSON.stringify(statement())],
    ['another payload', SIGNED, bundle(statement()).replace('in-toto', 'other')],
    ['a list', BARE, '[]'],
    [
      'an older statement',
      BARE,
      JSON.stringify({ ...statement(), _type: 'https://in-toto.io/Statement/v0.1' }),
    ],
    ['no type', BARE, JSON.stringify({ ...statement(), predicateType: 1 })],
    ['a version that is not semver', BARE, JSON.stringify(statement({ version: '1.2' }))],
    [
      'a project with a scheme',
      BARE,
      JSON.stringify(statement({ predicate: { project: 'https://github.com/openai/codex' } })),
    ],
    [
      'a host without a dot',
      BARE,
      JSON.stringify(statement({ predicate: { project: 'localhost/codex' } })),
    ],
    ['no artifacts', BARE, JSON.stringify(statement({ predicate: { artifacts: [] } }))],
    [
      'an artifact without a digest',
      BARE,
      JSON.stringify(statement({ predicate: { artifacts: [{ ...artifact, name: 'else' }] } })),
    ],
    [
      'an artifact twice',
      BARE,
      JSON.stringify(statement({ predicate: { artifacts: [artifact, artifact] } })),
    ],
    [
      'a size that is no number',
      BARE,
      JSON.stringify(statement({ predicate: { artifacts: [{ ...artifact, size: '5' }] } })),
    ],
    ['a file twice', BARE, JSON.stringify({ ...statement(), subject: [...subject, ...subject] })],
    ['half a digest', BARE, JSON.stringify(statement({ hex: 'abc' }))],
  ])('is an error of its own where it is malformed: %s', async (_what, name, text) => {
    const { server, channel } = await github({ [name]: text });
    await using _ = server;
    await expect(channel.release(VERSION, [LINUX])).rejects.toMatchObject({
      code: 'MANIFEST_INVALID',
      exitStatus: 6,
      message: expect.stringContaining(name),
      fields: { name },
    });
  });

  test.each([
    [
      'of a later format',
      { type: 'https://packslip.dev/release/v2' },
      'has the unknown type https://packslip.dev/release/v2',
    ],
    ['about another version', { version: '2.0.0' }, 'is about version 2.0.0'],
  ])('is passed over by name: %s', async (_what, content, reason) => {
    const { server, channel, events } = await github({
      [SIGNED]: bundle(statement({ ...content, hex: 'f'.repeat(64) })),
    });
    await using _ = server;
    const { assets } = await channel.release(VERSION, [LINUX]);
    expect(assets[0]?.digests.map(({ origin }) => origin)).toEqual(['github']);
    expect(events).toEqual([{ type: 'manifest-ignored', channel: 'github', name: SIGNED, reason }]);
  });

  test('is passed over by name where it cannot be had', async () => {
    const { server, channel, events } = await github({ [SIGNED]: bundle(statement()) });
    await using _ = server;
    server.fail({ route: 'browser', status: 404 });
    await channel.release(VERSION, [LINUX]);
    expect(events).toMatchObject([{ type: 'manifest-ignored', name: SIGNED }]);
  });

  test('is read on the mirror', async () => {
    const { server, settings } = await github({
      [SIGNED]: bundle(statement({ hex: 'f'.repeat(64) })),
    });
    await using _ = server;
    await expect(
      mirrorChannel(settings, createHttp(settings)).release(VERSION, [LINUX]),
    ).rejects.toMatchObject({ fields: { origins: ['mirror', 'packslip'] } });
  });

  test('is what a directory without a checksum list is held to', async () => {
    const root = await tempDir();
    const dir = join(root, '0.115.0');
    await mkdir(dir);
    await writeFile(join(dir, NAME), 'archive');
    await writeFile(join(dir, BARE), JSON.stringify(statement()));
    const { assets } = await dirChannel(root, '/').release(VERSION, [LINUX]);
    expect(assets[0]?.digests).toEqual([{ algorithm: 'sha256', hex: HEX, origin: 'packslip' }]);
    await writeFile(join(dir, 'SHA256SUMS'), `${'f'.repeat(64)}  ${NAME}\n`);
    await expect(dirChannel(root, '/').release(VERSION, [LINUX])).rejects.toMatchObject({
      fields: { origins: ['dir', 'packslip'] },
    });
  });

  test('ends an installation with 6, and says what it passed over', async () => {
    const wrong = await github({ [SIGNED]: bundle(statement({ hex: 'f'.repeat(64) })) });
    await using _ = wrong.server;
    const args = ['install', '0.115.0', '--target', 'linux-x64', '--prefix', 'p'];
    const refused = await runCli([...args, '--json'], {
      dir: await tempDir(),
      env: wrong.server.env,
    });
    expect([refused.status, document(refused)['code']]).toEqual([6, 'DIGEST_MISMATCH']);
    const later = await github({
      [SIGNED]: bundle(statement({ type: 'https://packslip.dev/release/v2' })),
    });
    await using __ = later.server;
    const done = await runCli(args, { dir: await tempDir(), env: later.server.env });
    expect(done.status).toBe(0);
    expect(done.stderr).toContain(
      'Passing over packslip.sigstore.json of the release: it has the unknown type https://packslip.dev/release/v2.',
    );
  });
});
