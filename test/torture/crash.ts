import { realpath, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { installRuntime } from '../../src/index.ts';
import type { LoopbackGitHub } from '../support/loopback-github.ts';
import { type Figures, inParallel, sample } from './experiment.ts';
import { MUTATING_CALLS, type MutationPoint, mutationPoints } from './mutation-points.ts';
import type { SeededRandom } from './seeded-random.ts';
import { installWords, makeSite, NEW, runCommand, type Site, startReleases } from './site.ts';
import { prefixVersion, residue, storeHas } from './site-state.ts';
import { traceCommand } from './traced-command.ts';

export interface CrashOptions {
  /** How many of the other points to try, besides all of the calls that move names. */
  readonly points: number;
  readonly random: SeededRandom;
  /** Runs at the same time. */
  readonly jobs: number;
  /** The points to kill at. Default: all. */
  readonly where?: (point: MutationPoint) => boolean;
  /** The versions that the prefix holds before; null for none, {@link NEW} for a forced installation. */
  readonly from: readonly (string | null)[];
}

/** Calls that make or move names: the moments at which a state can become a mixed one. */
export const NAMING = /^(rename|link|symlink)/;

/**
 * Kills an installation, an upgrade and a forced one at every mutating system call:
 * afterwards store and prefix hold the old state or the new one, whole, and the next run mends
 * everything and leaves nothing behind.
 */
export async function killEverywhere(options: CrashOptions): Promise<Figures> {
  await using github = await startReleases();
  const failures: string[] = [];
  const figures = { points: 0, killed: 0, oldState: 0, newState: 0 };
  for (const before of options.from) {
    const all = (await findPoints(github, before)).filter(options.where ?? (() => true));
    const naming = all.filter(({ call }) => NAMING.test(call));
    const others = all.filter(({ call }) => !NAMING.test(call));
    const chosen = [...naming, ...sample(others, options.points, options.random)];
    figures.points += chosen.length;
    await inParallel(options.jobs, chosen, async (point) => {
      await using site = await prepare(github, before);
      try {
        const { killed, version } = await killAt(site, before, point);
        figures.killed += killed ? 1 : 0;
        figures[version === NEW ? 'newState' : 'oldState'] += 1;
      } catch (error) {
        failures.push(`${before ?? 'fresh'} ${point.text}: ${error}`);
      }
    });
  }
  return { figures, failures };
}

/** A site in the state before the run; `before` is what its prefix holds. */
export async function prepare(github: LoopbackGitHub, before: string | null): Promise<Site> {
  const site = await makeSite(github);
  if (before === null) return site;
  const { home, prefix, env } = site;
  await installRuntime({ version: before, home, prefix, env, cwd: site.root, source: 'github' });
  await renameBuild(prefix, `${before}-before`);
  return site;
}

/** The build of a prefix gets a name that is the same in every run. */
async function renameBuild(prefix: string, name: string): Promise<void> {
  const link = join(prefix, 'node_modules', 'codex-cli-bin');
  const build = join(prefix, '.codex-cli-bin', name);
  await rename(dirname(await realpath(link)), build);
  await rm(link);
  await symlink(join('..', relative(prefix, build), 'codex-cli-bin'), link);
}

/** The mutating calls of an undisturbed run. */
export async function findPoints(
  github: LoopbackGitHub,
  before: string | null,
): Promise<readonly MutationPoint[]> {
  await using site = await prepare(github, before);
  const words = wordsOver(before, site);
  const { status, stderr, trace, pid } = await traceCommand(site, words, {
    trace: MUTATING_CALLS.join(','),
  });
  if (status !== 0) throw new Error(`the undisturbed run failed: ${stderr}`);
  return mutationPoints(trace, { root: site.root, pid });
}

/** Where the prefix holds the version already, only a forced installation has anything to do. */
function wordsOver(before: string | null, site: Site): string[] {
  return [...installWords(site, NEW), ...(before === NEW ? ['--force'] : [])];
}

async function killAt(site: Site, before: string | null, at: MutationPoint) {
  const words = wordsOver(before, site);
  const run = await traceCommand(site, words, {
    trace: at.call,
    fault: { at, what: 'signal=KILL' },
  });
  const version = await checkOldOrNew(site, before);
  await checkHealing(site, before);
  return { killed: run.signal === 'SIGKILL', version };
}

/** Throws unless store and prefix are whole; the version that the prefix holds. */
export async function checkOldOrNew(site: Site, before: string | null): Promise<string | null> {
  await storeHas(site.home, NEW);
  if (before !== null && !(await storeHas(site.home, before))) throw new Error('the store lost it');
  const version = await prefixVersion(site.prefix);
  if (version !== before && version !== NEW) throw new Error(`the prefix holds ${version}`);
  return version;
}

/** Throws unless the next run succeeds and leaves nothing but its result. */
export async function checkHealing(site: Site, before: string | null): Promise<void> {
  await runNext(site);
  if ((await prefixVersion(site.prefix)) !== NEW) throw new Error('the next run changed nothing');
  if (!(await storeHas(site.home, NEW))) throw new Error('the next run stored nothing');
  const versions = before === null ? [NEW] : [before, NEW];
  const left = await residue(site, versions);
  if (left.length > 0) throw new Error(`left after the next run: ${left.join(' ')}`);
}

async function runNext(site: Site): Promise<void> {
  const { status, stdout } = await runCommand(site, installWords(site, NEW));
  if (status !== 0) throw new Error(`the next run: ${status} ${stdout}`);
}
