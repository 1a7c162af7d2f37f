import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { SummaryReporter } from './test/support/summary-reporter.ts';

/** Files that hold the clock against a limit, or keep every core busy by themselves. */
const ALONE = [
  'test/app-server/**/*.test.ts',
  'test/fetch/{gh-source,interrupts,lanes,resume}.test.ts',
  'test/extract/mutants.test.ts',
  'test/fetch/http/{addresses,before-the-head,body,node-client}.test.ts',
  'test/reliability/**/*.test.ts',
  'test/store/hold.test.ts',
];

/**
 * What kills, fills and floods takes minutes and meets the system, not Node: `.ci/run` runs it on
 * one Node only.
 */
const ONCE = [
  'test/reliability/{bit-flips,crash,crowd,disks,layers,links,python-crash,secrets,side-by-side}.test.ts',
  'test/extract/mutants.test.ts',
  'test/publish/{answers,interrupted-publish}.test.ts',
];

// What takes longer hangs: on a machine with much other work all takes four times as long. The few
// tests that need more say so themselves.
const limits = { testTimeout: 120_000, hookTimeout: 120_000 };

export default defineConfig({
  test: {
    // Real runtimes are fetched once per run; see test/support/real-runtime.ts.
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', new SummaryReporter()],
    projects: [
      {
        test: {
          ...limits,
          name: 'together',
          include: ['test/**/*.test.ts'],
          exclude: [...ALONE, ...ONCE],
          maxWorkers: Math.max(2, availableParallelism() - 1),
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...limits,
          name: 'alone',
          include: ALONE,
          exclude: ONCE,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...limits,
          name: 'once',
          include: ONCE,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
