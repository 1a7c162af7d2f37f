import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { SummaryReporter } from './test/support/summary-reporter.ts';

/** Files that hold the clock against a limit, or keep every core busy by themselves. */
const ALONE = [
  'test/app-server/{bounds,concurrency,hostile,lifecycle,starting}.test.ts',
  'test/fetch/{gh-source,interrupts,lanes,resume}.test.ts',
  'test/fetch/http/{addresses,before-the-head,body,node-client}.test.ts',
  'test/store/hold.test.ts',
];

/**
 * What meets other programs (npm, pip, package managers, gh, registries, shells) and the documents.
 * None of it depends on the Node that runs it: `.ci/run` runs it on one.
 */
const PROGRAMS = [
  'test/app-server/examples.test.ts',
  'test/channels/oci.test.ts',
  'test/ci/**/*.test.ts',
  'test/cli/commands/{list,release}.test.ts',
  'test/cli/completion/**/*.test.ts',
  'test/docs/**/*.test.ts',
  'test/e2e/release.test.ts',
  'test/place/npm-prefix/{bin-owner,managers}.test.ts',
  'test/place/python/**/*.test.ts',
  'test/{house,messages}.test.ts',
  'test/package/publish/**/*.test.ts',
  'test/package/stage/bundled-components.test.ts',
  'test/verify/{handshake-offline,repair-hint}.test.ts',
];

/** What kills, fills and floods takes minutes and meets the system, not Node: on one Node too. */
const ONCE = ['test/extract/mutants.test.ts', 'test/reliability/**/*.test.ts'];

/** What takes about a minute or more by itself: part of `npm run check` and of ci.yml, not of `.ci/run`. */
const LONG = [
  'test/channels/interrupted-oci.test.ts',
  'test/managers/**/*.test.ts',
  'test/code-mode/lost-host.test.ts',
  'test/e2e/images.test.ts',
  'test/package/publish/{answers,install-published,interrupted-images,interrupted-publish,stage-release}.test.ts',
  'test/reliability/python-crash.test.ts',
];

// Many tests wait for a process or a peer (the client's for more than half of their time), so there
// is one worker more than there are cores.
const workers = availableParallelism() + 1;

// What takes longer hangs: on a machine with much other work all takes four times as long. The few
// tests that need more say so themselves.
const limits = { testTimeout: 120_000, hookTimeout: 120_000 };

export default defineConfig({
  test: {
    // Real runtimes are fetched once per run; see test/support/real-runtime.ts.
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', new SummaryReporter()],
    projects: [
      project(
        'together',
        ['test/**/*.test.ts'],
        [...ALONE, ...PROGRAMS, ...ONCE, ...LONG],
        workers,
      ),
      project('alone', ALONE, [...ONCE, ...LONG], 1),
      project('programs', PROGRAMS, LONG, workers),
      project('once', ONCE, LONG, 1),
      project('long', LONG, [], 1),
    ],
  },
});

/** One project after the other: each has the machine to itself. */
function project(name: string, include: string[], exclude: string[], maxWorkers: number) {
  const groupOrder = ['together', 'programs', 'alone', 'once', 'long'].indexOf(name);
  return { test: { ...limits, name, include, exclude, maxWorkers, sequence: { groupOrder } } };
}
