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

// What takes longer hangs: with much other work on the machine all takes ten times as long.
const limits = { testTimeout: 240_000, hookTimeout: 240_000 };

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
          exclude: ALONE,
          maxWorkers: Math.max(2, availableParallelism() - 1),
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...limits,
          name: 'alone',
          include: ALONE,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
