import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { resolveVersion } from '../../src/channels/index.ts';
import { releaseAgeFor } from '../../src/channels/release-age.ts';
import type { ProgressEvent } from '../../src/events.ts';
import { parseSpec } from '../../src/pin/spec.ts';
import { parseSources } from '../../src/request/index.ts';
import { failure } from '../support/failure.ts';
import { startLoopbackGitHub } from '../support/loopback-github.ts';
import { loopbackSettings } from '../support/resolve-request.ts';
import { tempDir } from '../support/temp-dir.ts';

const DAY = 86_400_000;
const daysAgo = (days: number) => new Date(Date.now() - days * DAY).toISOString();

/** As the channels list them: the first stable one is `latest`. */
const AGES: readonly (readonly [string, number | null])[] = [
  ['0.117.0-alpha.3', 0.1],
  ['0.117.0-alpha.2', 4],
  ['0.116.1', 1.25],
  ['0.116.0', 2],
  ['0.115.0', 30],
];

interface Wish {
  readonly spec: string;
  readonly sources?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly npmrc?: string;
  readonly ages?: typeof AGES;
}

async function resolve({ spec, sources = 'github', env = {}, npmrc, ages = AGES }: Wish) {
  const github = await startLoopbackGitHub({
    releases: ages.map(([version, days]) => ({
      version,
      publishedAt: days === null ? null : daysAgo(days),
      assets: [],
      builds: [],
    })),
  });
  const dir = await tempDir();
  if (npmrc !== undefined) await writeFile(join(dir, '.npmrc'), npmrc);
  const events: ProgressEvent[] = [];
  const work = resolveVersion({
    settings: loopbackSettings(github, dir, env),
    sources: parseSources(sources),
    spec: parseSpec(spec),
    onProgress: (event) => events.push(event),
  });
  return { github, work, events };
}

const THREE_DAYS = { CODEX_RUNTIME_MIN_RELEASE_AGE: '3d' };

describe('a minimum release age', () => {
  test.each([
    ['latest', 'github', '0.115.0'],
    ['latest', 'npm', '0.115.0'],
    ['latest', 'mirror,npm', '0.115.0'],
    ['alpha', 'github', '0.117.0-alpha.2'],
    ['alpha', 'npm', '0.117.0-alpha.2'],
    ['*', 'github', '0.115.0'],
    ['>=0.115.0', 'npm', '0.115.0'],
    ['0.117.0-alpha.3', 'github', '0.117.0-alpha.3'],
  ])('lets %s of %s mean %s', async (spec, sources, expected) => {
    const { github, work } = await resolve({ spec, sources, env: THREE_DAYS });
    await using _ = github;
    expect((await work).semver).toBe(expected);
  });

  test('tells in one event what was passed over, and why', async () => {
    const { github, work, events } = await resolve({ spec: 'latest', env: THREE_DAYS });
    await using _ = github;
    await work;
    expect(events).toEqual([
      {
        type: 'passed-over',
        spec: 'latest',
        versions: [
          expect.objectContaining({ version: '0.116.1', reason: 'too-young' }),
          expect.objectContaining({ version: '0.116.0', reason: 'too-young' }),
        ],
        reason:
          'Passing over 0.116.1 (published 30 hours ago), 0.116.0 (published 2 days ago): CODEX_RUNTIME_MIN_RELEASE_AGE asks for 3 days.',
      },
    ]);
  });

  test('asks one question where the latest is old enough', async () => {
    const env = { CODEX_RUNTIME_MIN_RELEASE_AGE: '12h' };
    const { github, work } = await resolve({ spec: 'latest', env });
    await using _ = github;
    expect((await work).semver).toBe('0.116.1');
    expect(github.requests.map(({ route }) => route)).toEqual(['latest']);
  });

  test('ends where nothing is old enough, naming what there is', async () => {
    const { github, work } = await resolve({ spec: '~0.116.0', env: THREE_DAYS });
    await using _ = github;
    expect(await failure(work)).toMatchObject({
      code: 'RELEASE_NOT_FOUND',
      message: expect.stringContaining('0.116.1 (published 30 hours ago)'),
      hint: expect.stringContaining('0.116.1'),
      fields: { passedOver: [{ version: '0.116.1' }, { version: '0.116.0' }] },
    });
  });

  test('takes no release without a date by a moving name', async () => {
    const ages = AGES.map(([version]) => [version, null] as const);
    const { github, work } = await resolve({
      spec: 'latest',
      sources: 'npm',
      ages,
      env: THREE_DAYS,
    });
    await using _ = github;
    expect(await failure(work)).toMatchObject({
      code: 'RELEASE_NOT_FOUND',
      message: expect.stringContaining('taken only by its exact version'),
    });
  });

  test('lets a channel with dates answer for one without', async () => {
    const { github, work } = await resolve({
      spec: '*',
      sources: 'npm,github',
      env: THREE_DAYS,
    });
    await using _ = github;
    const { versions } = { versions: Object.fromEntries(AGES.map(([v]) => [v, { version: v }])) };
    github.fail({ route: 'npm-list', json: JSON.stringify({ versions }) });
    expect((await work).semver).toBe('0.115.0');
  });

  test('passes over a date that this clock has not reached, and says so', async () => {
    const ages = [['0.116.0', -3] as const, ['0.115.0', 9] as const];
    const { github, work, events } = await resolve({ spec: 'latest', ages, env: THREE_DAYS });
    await using _ = github;
    expect((await work).semver).toBe('0.115.0');
    expect(events[0]).toMatchObject({ reason: expect.stringContaining("this machine's clock") });
  });

  test('is too young for all once a channel has said so', async () => {
    const young = [['0.116.0', 1] as const];
    const { github, work } = await resolve({
      spec: '*',
      sources: 'github,npm',
      ages: young,
      env: THREE_DAYS,
    });
    await using _ = github;
    github.fail({
      route: 'npm-list',
      json: JSON.stringify({
        versions: { '0.116.0': {} },
        time: { '0.116.0': daysAgo(100) },
      }),
    });
    expect(await failure(work)).toMatchObject({ code: 'RELEASE_NOT_FOUND' });
  });
});

describe("npm's configuration", () => {
  test.each([
    ['min-release-age=3', '0.115.0'],
    ['min-release-age=1.5', '0.116.0'],
    ['min-release-age=3\nmin-release-age-exclude[]=@openai/*', '0.116.1'],
    ['min-release-age=3\nmin-release-age-exclude[]=@openai/codex', '0.116.1'],
    ['min-release-age=3\nmin-release-age-exclude[]=!@myorg/*', '0.115.0'],
    ['min-release-age=0', '0.116.1'],
    [`before=${daysAgo(3)}`, '0.115.0'],
    ['', '0.116.1'],
  ])('counts on GitHub too: %s takes %s', async (npmrc, expected) => {
    const { github, work } = await resolve({ spec: 'latest', npmrc });
    await using _ = github;
    expect((await work).semver).toBe(expected);
  });

  test.each(['min-release-age=soon', 'min-release-age=-3', 'before=nonsense'])(
    'is a usage error where it is malformed: %s',
    async (npmrc) => {
      const { github, work } = await resolve({ spec: 'latest', npmrc });
      await using _ = github;
      const error = await failure(work);
      expect(error.code).toBe('USAGE');
      expect(error.message).toContain(npmrc.split('=')[0]);
      expect(github.requests).toEqual([]);
    },
  );

  test.each([
    ['0', '0.116.1'],
    ['1d', '0.116.1'],
    ['36h', '0.116.0'],
  ])('gives way to our own setting %s', async (age, expected) => {
    const env = { CODEX_RUNTIME_MIN_RELEASE_AGE: age };
    const { github, work } = await resolve({ spec: 'latest', npmrc: 'min-release-age=60', env });
    await using _ = github;
    expect((await work).semver).toBe(expected);
  });

  test('exempts upstream by its name, and not a fork', async () => {
    const dir = await tempDir();
    await writeFile(
      join(dir, '.npmrc'),
      'min-release-age=3\nmin-release-age-exclude[]=@openai/codex\n',
    );
    const settings = loopbackSettings({ env: {} }, dir);
    const github = { ...settings.github, repo: 'acme/codex' };
    expect(await releaseAgeFor(settings)).toBeNull();
    expect(await releaseAgeFor({ ...settings, github })).toMatchObject({
      rule: "npm's min-release-age asks for 3 days",
    });
  });
});
