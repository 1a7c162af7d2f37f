/**
 * `npm run torture`: every experiment in its full form. It prints figures, kernel, Node version and
 * seed, ends by itself, and exits with 1 when anything was seen that must not happen.
 *
 *   npm run torture -- --only crash,mutants --seed 7 --mutants 1000 --jobs 2
 *   npm run torture -- --only corpus --corpus DIR   (foreign archives, never a part of this project)
 */
import { availableParallelism, release } from 'node:os';
import { parseArgs } from 'node:util';
import { flipBits } from './bit-flips.ts';
import { unpackCorpus } from './corpus.ts';
import { killEverywhere } from './crash.ts';
import { crowd } from './crowd.ts';
import { injectErrors } from './errno.ts';
import type { Figures } from './experiment.ts';
import { fillDisks, whyNoTmpfs } from './full-disk.ts';
import { runHostileSessions } from './hostile-sessions.ts';
import { giveHostileWords } from './hostile-words.ts';
import { unpackMutants } from './mutants.ts';
import { pauseHolders } from './pause.ts';
import { killPythonInstalls, killPythonUninstalls } from './python-crash.ts';
import { watchSecrets } from './secrets.ts';
import { SeededRandom } from './seeded-random.ts';
import { runSideBySide } from './side-by-side.ts';
import { NEW, OLD } from './site.ts';
import { checkPythonSyncOrder, checkSyncOrder } from './sync-order.ts';
import { whyNoTrace } from './traced-command.ts';
import { checkUmasks } from './umask.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    jobs: { type: 'string', default: '4' },
    /** Places to kill at, besides renames and links. */
    points: { type: 'string', default: '10000' },
    faults: { type: 'string', default: '10000' },
    pauses: { type: 'string', default: '80' },
    installers: { type: 'string', default: '64' },
    kills: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '200' },
    flips: { type: 'string', default: '10000' },
    mutants: { type: 'string', default: '100000' },
    words: { type: 'string', default: '10000' },
    sessions: { type: 'string', default: '5000' },
    /** A directory tree of foreign archives. */
    corpus: { type: 'string' },
    minutes: { type: 'string', default: '30' },
  },
});

const seed = Number(values.seed);
const jobs = Number(values.jobs);
const minutes = Number(values.minutes);
const random = new SeededRandom(seed);
const DISK_SIZES = [16, 64, 256, 512, 768, 1024, 1536, 2048, 2560, 3072, 4096, 8192];

interface Experiment {
  /** Why it cannot run here, or null. */
  readonly skip?: string | null;
  readonly run: () => Promise<Figures>;
}

const EXPERIMENTS: Readonly<Record<string, Experiment>> = {
  syncs: { skip: whyNoTrace(), run: checkSyncOrder },
  'python-syncs': { skip: whyNoTrace(), run: checkPythonSyncOrder },
  umasks: { run: checkUmasks },
  crash: {
    skip: whyNoTrace(),
    run: () =>
      killEverywhere({ points: Number(values.points), random, jobs, from: [null, OLD, NEW] }),
  },
  python: {
    skip: whyNoTrace(),
    // pip makes a thousand calls in a directory that nobody sees: a hundred of them will do.
    run: () =>
      killPythonInstalls({
        ...{ points: Math.min(Number(values.points), 100), random, jobs },
        from: [null, OLD],
      }),
  },
  removals: {
    skip: whyNoTrace(),
    run: () => killPythonUninstalls({ points: Number(values.points), random, jobs }),
  },
  errno: {
    skip: whyNoTrace(),
    run: () => injectErrors({ faults: Number(values.faults), random, jobs }),
  },
  disks: { skip: whyNoTmpfs(), run: () => fillDisks({ sizes: DISK_SIZES }) },
  crowd: {
    run: () => crowd({ installers: Number(values.installers), kills: Number(values.kills) }),
  },
  pauses: {
    skip: whyNoTrace(),
    run: () => pauseHolders({ points: Number(values.pauses), random, jobs: 2 * jobs }),
  },
  'side-by-side': { run: () => runSideBySide({ rounds: Number(values.rounds), random }) },
  flips: { run: () => flipBits({ flips: Number(values.flips), random }) },
  secrets: { skip: whyNoTrace(), run: () => watchSecrets({ faults: Number(values.faults), jobs }) },
  words: { run: () => giveHostileWords({ words: Number(values.words), jobs }) },
  sessions: { run: () => runHostileSessions({ sessions: Number(values.sessions), random }) },
  mutants: {
    run: () =>
      unpackMutants({
        mutants: Number(values.mutants),
        seed,
        workers: availableParallelism(),
        minutes,
      }),
  },
  corpus: {
    skip: values.corpus === undefined ? 'it needs --corpus DIR' : null,
    run: () => unpackCorpus({ directory: values.corpus ?? '', jobs }),
  },
};

const overtime = setTimeout(() => {
  console.log(`not done after ${minutes} minutes`);
  process.exit(1);
}, minutes * 60_000);

console.log(`kernel ${release()}  Node ${process.versions.node}  seed ${seed}`);
const only = values.only?.split(',') ?? Object.keys(EXPERIMENTS);
let failed = 0;
for (const name of only) {
  const experiment = EXPERIMENTS[name];
  if (experiment === undefined) throw new Error(`no experiment is called ${name}`);
  if (typeof experiment.skip === 'string') {
    console.log(`${name}: skipped, ${experiment.skip}`);
    continue;
  }
  const started = performance.now();
  const { figures, failures, notes = [] } = await experiment.run();
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  const told = Object.entries(figures).map(([key, value]) => `${key} ${value}`);
  console.log(`${name}: ${told.join('  ')}  violations ${failures.length}  ${seconds} s`);
  for (const note of notes) console.log(`  ${note}`);
  for (const failure of failures.slice(0, 20)) console.log(`  - ${failure.slice(0, 600)}`);
  failed += failures.length;
}
clearTimeout(overtime);
console.log(failed === 0 ? 'nothing broke' : `${failed} violations`);
process.exitCode = failed === 0 ? 0 : 1;
