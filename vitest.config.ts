import { defineConfig } from 'vitest/config';
import { SummaryReporter } from './test/support/summary-reporter.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // What takes longer hangs: with much other work on the machine all takes ten times as long.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    // Real runtimes are fetched once per run; see test/support/real-runtime.ts.
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', new SummaryReporter()],
  },
});
