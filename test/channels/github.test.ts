import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { githubChannel } from '../../src/channels/github.ts';
import { createHttp } from '../../src/fetch/http/index.ts';
import { parseVersion } from '../../src/pin/version.ts';
import type { GitHubSource } from '../../src/request/source-selection.ts';
import { type LoopbackGitHub, startLoopbackGitHub } from '../support/loopback-github.ts';
import { type LoopbackRelease, miniatureRelease } from '../support/miniature-release.ts';
import { LINUX, loopbackSettings } from '../support/resolve-request.ts';
import { tempDir } from '../support/temp-dir.ts';

const VERSION = parseVersion('0.115.0');
const RELEASE = await miniatureRelease('0.115.0', { targets: [LINUX] });
const UNTOLD = await miniatureRelease('0.115.0', { targets: [LINUX], digests: false });
const STEM = 'x86_64-unknown-linux-musl';
const PACKAGE = `codex-package-${STEM}.tar.gz`;
const TOKEN = 'canary-token';

interface Surroundings {
  readonly release?: LoopbackRelease;
  readonly env?: Readonly<Record<string, string>>;
  readonly sources?: readonly GitHubSource[];
}

async function open({ release = RELEASE, env = {}, sources }: Surroundings = {}) {
  const github = await startLoopbackGitHub({ releases: [release] });
  const settings = loopbackSettings(github, await tempDir(), env);
  const http = createHttp(settings, { retry: { pause: 1 } });
  return { github, channel: githubChannel(settings, http, { chosen: sources ?? null }) };
}

/** A directory with a program that passes for gh. */
async function ghDir(script: string): Promise<string> {
  const dir = await tempDir();
  await writeFile(join(dir, 'gh'), `#!/bin/sh\n${script}\n`);
  await chmod(join(dir, 'gh'), 0o755);
  return dir;
}

function documentOf(github: LoopbackGitHub, digest: string): string {
  const url = `${github.url}/openai/codex/releases/download/rust-v0.115.0/${PACKAGE}`;
  const assets = [{ name: PACKAGE, digest: `sha256:${digest}`, browser_download_url: url }];
  return JSON.stringify({ tag_name: 'rust-v0.115.0', assets });
}

describe('a release on GitHub', () => {
  test('has the runtime assets with size, digest and public URL', async () => {
    const { github, channel } = await open();
    await using _ = github;
    const release = await channel.release(VERSION, [LINUX]);
    const asset = release.assets.find(({ name }) => name === PACKAGE);
    expect(asset).toMatchObject({
      variant: 'package',
      size: expect.any(Number),
      digests: [{ algorithm: 'sha256', origin: 'github' }],
      sources: [
        {
          kind: 'browser',
          url: `${github.url}/openai/codex/releases/download/rust-v0.115.0/${PACKAGE}`,
        },
        { kind: 'gh', host: new URL(github.url).host, repo: 'openai/codex', tag: 'rust-v0.115.0' },
      ],
    });
  });

  test('is asked for with the token, and then has the asset API first', async () => {
    const { github, channel } = await open({ env: { GH_TOKEN: TOKEN } });
    await using _ = github;
    const release = await channel.release(VERSION, [LINUX]);
    expect(github.requests[0]?.authorization).toBe(`Bearer ${TOKEN}`);
    expect(release.assets[0]?.sources.map(({ kind }) => kind)).toEqual(['api', 'browser', 'gh']);
    expect(JSON.stringify(release)).not.toContain(TOKEN);
  });

  test('is unknown where the API says so', async () => {
    const { github, channel } = await open();
    await using _ = github;
    await expect(channel.release(parseVersion('0.115.9'), [LINUX])).rejects.toMatchObject({
      code: 'RELEASE_NOT_FOUND',
      fields: { channel: 'github', version: '0.115.9' },
    });
    expect(github.asked('browser')).toEqual([]);
  });

  test('takes digests from the checksum list where the API gives none', async () => {
    const { github, channel } = await open({ release: UNTOLD });
    await using _ = github;
    const release = await channel.release(VERSION, [LINUX]);
    const digests = release.assets.map(({ name, digests }) => [name, digests[0]?.origin]);
    expect(digests).toContainEqual([PACKAGE, 'sha256sums']);
    expect(digests).toContainEqual([`codex-${STEM}.tar.gz`, undefined]);
  });

  test('keeps its assets without digests when the checksum list does not come', async () => {
    const { github, channel } = await open({ release: UNTOLD });
    await using _ = github;
    github.fail({ route: 'browser', status: 401 });
    const release = await channel.release(VERSION, [LINUX]);
    expect(release.assets.length).toBeGreaterThan(0);
    expect(release.assets.every(({ digests }) => digests.length === 0)).toBe(true);
  });

  test('does not send the token to the CDN that the checksum list redirects to', async () => {
    const { github, channel } = await open({ release: UNTOLD, env: { GITHUB_TOKEN: TOKEN } });
    await using _ = github;
    const release = await channel.release(VERSION, [LINUX]);
    expect(release.assets.find(({ name }) => name === PACKAGE)?.digests).toHaveLength(1);
    const cdn = github.requests.filter(({ route }) => route === 'cdn');
    expect(cdn.map(({ authorization }) => authorization)).toEqual([null]);
  });

  test('leaves out an API URL of another origin, where the token must not go', async () => {
    const { github, channel } = await open({ env: { GH_TOKEN: TOKEN } });
    await using _ = github;
    const asset = {
      name: PACKAGE,
      url: `${github.cdnUrl}/steal`,
      digest: `sha256:${'a'.repeat(64)}`,
    };
    github.fail({
      route: 'release',
      json: JSON.stringify({ tag_name: 'rust-v0.115.0', assets: [asset] }),
    });
    const release = await channel.release(VERSION, [LINUX]);
    expect(release.assets[0]?.sources.map(({ kind }) => kind)).toEqual(['browser', 'gh']);
  });
});

describe('a release that the API does not tell', () => {
  test.each<
    [string, { status?: number; html?: boolean; json?: string; headers?: Record<string, string> }]
  >([
    [
      'is rate-limited',
      { status: 403, headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '9999999999' } },
    ],
    ['fails', { status: 503 }],
    ['answers with a login page', { html: true }],
    [
      "answers with another release's document",
      { json: '{"tag_name":"rust-v0.114.0","assets":[]}' },
    ],
    ['answers with something else', { json: '[]' }],
  ])('is derived from its checksum list when the API %s', async (_what, fault) => {
    const { github, channel } = await open();
    await using _ = github;
    github.fail({ route: 'release', ...fault });
    const release = await channel.release(VERSION, [LINUX]);
    expect(release.assets).toMatchObject([
      {
        name: PACKAGE,
        size: null,
        digests: [{ origin: 'sha256sums' }],
        sources: [{ kind: 'browser' }, { kind: 'gh' }],
      },
    ]);
  });

  test('is unavailable, with every reason, when there is no such list either', async () => {
    const { github, channel } = await open({
      release: await miniatureRelease('0.115.0', { targets: [LINUX], packages: false }),
    });
    await using _ = github;
    github.fail({ route: 'release', status: 401 });
    await expect(channel.release(VERSION, [LINUX])).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      fields: { reasons: [expect.any(String), 'gh is not installed.', expect.any(String)] },
    });
  });

  test('is told by gh, with the credentials that gh has', async () => {
    const github = await startLoopbackGitHub({ releases: [RELEASE] });
    await using _ = github;
    const digest = 'c'.repeat(64);
    const log = join(await tempDir(), 'log');
    const dir = await ghDir(`echo "$@" > '${log}'; echo '${documentOf(github, digest)}'`);
    const env = { PATH: `${dir}:/bin:/usr/bin`, GITHUB_API_URL: github.url };
    const settings = loopbackSettings(github, await tempDir(), env);
    github.fail({ route: 'release', status: 404 });
    const http = createHttp(settings);
    const release = await githubChannel(settings, http).release(VERSION, [LINUX]);
    expect(release.assets[0]?.digests[0]?.hex).toBe(digest);
  });

  test.each([
    [
      'is not signed in',
      'echo "To get started with GitHub CLI, please run: gh auth login" >&2; exit 4',
    ],
    ['prints no JSON', 'echo "<html>"'],
    ["prints another release's document", `echo '{"tag_name":"rust-v0.1.0","assets":[]}'`],
    ['is killed', 'kill -9 $$'],
  ])('is derived when gh %s', async (_what, script) => {
    const env = { PATH: `${await ghDir(script)}:/bin:/usr/bin` };
    const { github, channel } = await open({ env });
    await using _ = github;
    github.fail({ route: 'release', status: 401 });
    const release = await channel.release(VERSION, [LINUX]);
    expect(release.assets[0]?.digests[0]?.origin).toBe('sha256sums');
  });

  test('hands gh no variable that it does not need', async () => {
    const seen = join(await tempDir(), 'env');
    const env = {
      PATH: `${await ghDir(`env > '${seen}'; exit 1`)}:/bin:/usr/bin`,
      NPM_TOKEN: TOKEN,
    };
    const { github, channel } = await open({ env, sources: ['gh'] });
    await using _ = github;
    await expect(channel.release(VERSION, [LINUX])).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
    });
    const { readFile } = await import('node:fs/promises');
    expect(await readFile(seen, 'utf8')).toContain('GH_PROMPT_DISABLED=1');
    expect(await readFile(seen, 'utf8')).not.toContain(TOKEN);
  });
});

describe('chosen sources', () => {
  test('gh alone asks neither the API nor a public URL', async () => {
    const { github, channel } = await open({ sources: ['gh'] });
    await using _ = github;
    await expect(channel.release(VERSION, [LINUX])).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      fields: { reason: 'missing-tool' },
    });
    expect(github.requests).toEqual([]);
  });

  test('keep their order in the assets', async () => {
    const { github, channel } = await open({ sources: ['gh', 'browser', 'api'] });
    await using _ = github;
    const release = await channel.release(VERSION, [LINUX]);
    expect(release.assets[0]?.sources.map(({ kind }) => kind)).toEqual(['gh', 'browser', 'api']);
  });
});

describe('versions on GitHub', () => {
  test('are listed over all pages, without drafts and other tags', async () => {
    const many = Array.from({ length: 101 }, (_, index) => ({
      version: `0.1.${index}`,
      assets: [],
      builds: [],
    }));
    const github = await startLoopbackGitHub({ releases: many });
    await using _ = github;
    const settings = loopbackSettings(github, await tempDir());
    const versions = await githubChannel(settings, createHttp(settings)).versions();
    expect(versions).toHaveLength(101);
    expect(github.asked('list')).toHaveLength(4);
    const odd = [
      { tag_name: 'rust-v0.9.0', draft: true },
      { tag_name: 'sdk-v1' },
      null,
      { tag_name: 'rust-v0.2.0' },
    ];
    github.fail({ route: 'list', json: JSON.stringify(odd) });
    const [only, ...others] =
      (await githubChannel(settings, createHttp(settings)).versions()) ?? [];
    expect([only?.semver, others]).toEqual(['0.2.0', []]);
  });
});
