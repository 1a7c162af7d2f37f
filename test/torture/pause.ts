import { setTimeout as sleep } from 'node:timers/promises';
import type { LoopbackGitHub } from '../support/loopback-github.ts';
import { checkHealing, checkOldOrNew, findPoints, NAMING, prepare } from './crash.ts';
import { type Figures, inParallel, sample } from './experiment.ts';
import type { MutationPoint } from './mutation-points.ts';
import type { SeededRandom } from './seeded-random.ts';
import { type Ended, installWords, NEW, OLD, runCommand, startReleases } from './site.ts';
import { prefixVersion } from './site-state.ts';
import { traceCommand } from './traced-command.ts';

export interface PauseOptions {
  /** How many places to pause at: half of them where names are made or moved. */
  readonly points: number;
  readonly random: SeededRandom;
  /** Runs at the same time. */
  readonly jobs: number;
}

/** Exit statuses of a paused run that may end with an error: a disk failure, told as one. */
const CLEAN: readonly (number | null)[] = [0, 8];

/**
 * Stops an installer (SIGSTOP) at a system call, lets another one finish, and wakes it up: the
 * other one succeeds, the woken one succeeds or ends with a clean error, and both leave one whole
 * package and a store in which nothing is missing.
 */
export async function pauseHolders(options: PauseOptions): Promise<Figures> {
  await using github = await startReleases();
  const figures = { points: 0, paused: 0, wokenSucceeded: 0, wokenFailed: 0 };
  const failures: string[] = [];
  for (const before of [null, OLD]) {
    const all = await findPoints(github, before);
    const quarter = Math.ceil(options.points / 4);
    const chosen = [
      ...sample(
        all.filter(({ call }) => NAMING.test(call)),
        quarter,
        options.random,
      ),
      ...sample(
        all.filter(({ call }) => !NAMING.test(call)),
        quarter,
        options.random,
      ),
    ];
    figures.points += chosen.length;
    await inParallel(options.jobs, chosen, async (point) => {
      try {
        const { paused, woken } = await pauseAt(github, before, point);
        figures.paused += paused ? 1 : 0;
        figures[woken.status === 0 ? 'wokenSucceeded' : 'wokenFailed'] += 1;
      } catch (error) {
        failures.push(`${before ?? 'fresh'} ${point.text}: ${error}`);
      }
    });
  }
  return { figures, failures };
}

async function pauseAt(github: LoopbackGitHub, before: string | null, at: MutationPoint) {
  await using site = await prepare(github, before);
  const words = installWords(site, NEW);
  let paused = false;
  const woken = await traceCommand(site, words, {
    trace: at.call,
    fault: { at, what: 'signal=STOP' },
    meanwhile: async ({ pid, ended, readTrace }) => {
      paused = await untilStopped(readTrace, ended);
      if (!paused) return;
      try {
        const other = await runCommand(site, words);
        if (other.status !== 0) throw new Error(`the other one: ${other.status} ${other.stdout}`);
        if ((await prefixVersion(site.prefix)) !== NEW)
          throw new Error('the other one did nothing');
      } finally {
        process.kill(pid, 'SIGCONT');
      }
    },
  });
  if (!CLEAN.includes(woken.status)) {
    throw new Error(`the woken one: ${woken.status ?? woken.signal} ${woken.stdout}`);
  }
  await checkOldOrNew(site, before);
  if ((await prefixVersion(site.prefix)) !== NEW) throw new Error('the new package is gone');
  await checkHealing(site, before);
  return { paused, woken };
}

/** Whether the process came to a stop, and not to its end. */
async function untilStopped(readTrace: () => Promise<string>, ended: Promise<Ended>) {
  let over = false;
  void ended.then(() => {
    over = true;
  });
  while (!over) {
    if ((await readTrace().catch(() => '')).includes('--- stopped by SIGSTOP')) return true;
    await sleep(20);
  }
  return false;
}
