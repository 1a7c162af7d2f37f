import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LOCKFILE_NAME } from '../../src/lockfile/index.ts';
import { TARGETS } from '../../src/target/index.ts';
import { startLoopbackGitHub } from '../support/loopback-github.ts';
import { miniatureRelease } from '../support/miniature-release.ts';
import { document, runCli } from '../support/run-cli.ts';
import { tempDir } from '../support/temp-dir.ts';

const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();

const RELEASES = [
  { ...(await miniatureRelease('1.3.0')), publishedAt: hoursAgo(2) },
  { ...(await miniatureRelease('1.2.4')), publishedAt: hoursAgo(100) },
  { ...(await miniatureRelease('1.2.3')), publishedAt: hoursAgo(1000) },
];

/** A project that pins `pinned`, on a machine that knows nothing but the loopback servers. */
async function project(pinned: string | null) {
  const github = await startLoopbackGitHub({ releases: RELEASES });
  const around = { dir: await tempDir(), env: github.env };
  const run = (...args: string[]) => runCli(['pin', ...args], around);
  if (pinned !== null) expect(await run(pinned)).toMatchObject({ status: 0 });
  const text = () => readFile(join(around.dir, LOCKFILE_NAME), 'utf8');
  return { github, around, run, text, [Symbol.asyncDispose]: () => github.close() };
}

describe('codex-runtime pin --outdated', () => {
  it('says what is pinned, what is allowed by range and age, and what would change', async () => {
    await using here = await project('1.2.3');
    const before = await here.text();
    const run = await here.run('--outdated', '--json', '--min-release-age', '1d');
    expect(run).toMatchObject({ status: 0 });
    expect(document(run)).toMatchObject({
      previous: '1.2.3',
      version: '1.2.4',
      outdated: true,
      passedOver: [{ version: '1.3.0', reason: 'too-young' }],
      changes: TARGETS.map(({ triple }) => ({ target: triple, kind: 'changed', level: 'digest' })),
    });
    const words = await here.run('--outdated', '--min-release-age', '1d');
    expect(words.stdout).toBe(`Codex 1.2.3 in ${LOCKFILE_NAME} may be updated to 1.2.4.\n`);
    expect(await here.text()).toBe(before);
  });

  it.each([
    [['--min-release-age', '1d'], 10],
    [['~1.2.3'], 10],
    [['~1.2.0 <1.2.4'], 0],
  ])('has a status of its own with --exit-code: %j', async (words, status) => {
    await using here = await project('1.2.3');
    expect(await here.run('--outdated', '--exit-code', ...words)).toMatchObject({ status });
    expect(await here.run('--outdated', ...words)).toMatchObject({ status: 0 });
  });

  it('never goes back from what is pinned, however young that is', async () => {
    await using here = await project('1.3.0');
    const run = await here.run('--outdated', '--json', '--exit-code', '--min-release-age', '1d');
    expect(run.status).toBe(0);
    expect(document(run)).toMatchObject({ version: '1.3.0', outdated: false, changes: [] });
  });

  it('needs a lockfile', async () => {
    await using here = await project(null);
    expect(await here.run('--outdated')).toMatchObject({ status: 3 });
  });

  it.each([
    [['--exit-code']],
    [['--outdated', '--update']],
    [['--outdated', '--deep']],
    [['--update', '--check']],
  ])('refuses %j', async (words) => {
    expect(await runCli(['pin', ...words], { dir: await tempDir() })).toMatchObject({ status: 2 });
  });
});

describe('codex-runtime pin --update', () => {
  it('changes version and all digests at once, one line a target, and then nothing more', async () => {
    await using here = await project('1.2.3');
    const before = (await here.text()).split('\n');
    const env = { ...here.around.env, CODEX_RUNTIME_VERSION: '1.2.3' };
    const args = ['pin', '--update', '--min-release-age', '1d', '--exit-code', '--json'];
    const run = await runCli(args, { ...here.around, env });
    expect(run.status).toBe(10);
    expect(document(run)).toMatchObject({ version: '1.2.4', outdated: true, changed: true });
    const after = (await here.text()).split('\n');
    const different = after.filter((line, index) => line !== before[index]);
    // Version, checksum and six targets.
    expect(different).toHaveLength(8);
    expect(after).toHaveLength(before.length);
    const again = await runCli(args, { ...here.around, env });
    expect(again.status).toBe(0);
    expect(document(again)).toMatchObject({ outdated: false, changed: false, changes: [] });
  });
});
