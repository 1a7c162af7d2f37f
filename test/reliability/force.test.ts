import { describe, expect, it } from 'vitest';
import type { LoopbackGitHub } from '../support/loopback-github.ts';
import { MUTATING_CALLS, type MutationPoint, mutationPoints } from '../torture/mutation-points.ts';
import {
  installWords,
  makeSite,
  NEW,
  runCommand,
  type Site,
  startReleases,
} from '../torture/site.ts';
import { prefixVersion, residue, storeHas } from '../torture/site-state.ts';
import { traceCommand, whyNoTrace } from '../torture/traced-command.ts';

const skipped = whyNoTrace();
const note = skipped === null ? '' : ` (skipped: ${skipped})`;

/** A site that has what `before` releases, about to be forced to what `after` releases. */
async function forcedSite(before: LoopbackGitHub, after: LoopbackGitHub) {
  const site = await makeSite(before);
  const { status, stdout } = await runCommand(site, installWords(site, NEW));
  if (status !== 0) throw new Error(stdout);
  return { ...site, env: { ...site.env, ...after.env } };
}

/** The renames of a forced installation below `below`. */
async function renamesBelow(below: string, before: LoopbackGitHub, after: LoopbackGitHub) {
  const site = await forcedSite(before, after);
  const words = [...installWords(site, NEW), '--force'];
  const { status, trace, pid } = await traceCommand(site, words, {
    trace: MUTATING_CALLS.join(','),
  });
  await site[Symbol.asyncDispose]();
  expect(status).toBe(0);
  const points = mutationPoints(trace, { root: site.root, pid });
  return points.filter(({ call, text }) => call === 'rename' && text.includes(below));
}

function removalWords({ prefix }: Pick<Site, 'prefix'>): string[] {
  return ['uninstall', '--prefix', prefix, '--json'];
}

async function killedAt(at: MutationPoint, before: LoopbackGitHub, after: LoopbackGitHub) {
  const site = await forcedSite(before, after);
  const words = [...installWords(site, NEW), '--force'];
  const fault = { at, what: 'signal=KILL' };
  const { signal } = await traceCommand(site, words, { trace: at.call, fault });
  expect(signal).toBe('SIGKILL');
  return site;
}

describe.skipIf(skipped !== null)(`a forced installation that is killed${note}`, () => {
  it('at any rename leaves the store whole when the files are the same', async () => {
    await using github = await startReleases();
    const points = await renamesBelow('/home/store/', github, github);
    expect(points.length).toBeGreaterThan(2);
    for (const at of points) {
      const site = await killedAt(at, github, github);
      expect(await storeHas(site.home, NEW), at.text).toBe(true);
      expect(await prefixVersion(site.prefix)).toBe(NEW);
      await site[Symbol.asyncDispose]();
    }
  });

  it('at any rename in the prefix leaves nothing to the next run, which has nothing to do or removes all', async () => {
    await using github = await startReleases();
    const points = await renamesBelow('/prefix/', github, github);
    expect(points.some(({ path }) => path.endsWith('/package.json.new'))).toBe(true);
    for (const at of points) {
      for (const next of [installWords, removalWords]) {
        const site = await killedAt(at, github, github);
        const { status, stdout } = await runCommand(site, next(site, NEW));
        expect(status, stdout).toBe(0);
        expect(await residue(site, [NEW]), at.text).toEqual([]);
        await site[Symbol.asyncDispose]();
      }
    }
  });

  it('between its renames of other files heals without a network', async () => {
    await using before = await startReleases({ padding: 64 });
    await using after = await startReleases({ padding: 64 });
    const points = await renamesBelow('/home/store/', before, after);
    expect(points).toHaveLength(2);
    for (const at of points) {
      const site = await killedAt(at, before, after);
      const next = await runCommand(site, ['which', NEW, '--offline']);
      expect(next, at.text).toMatchObject({ status: 0 });
      expect(await storeHas(site.home, NEW)).toBe(true);
      await site[Symbol.asyncDispose]();
    }
  });
});
