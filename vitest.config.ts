import { defineConfig } from 'vitest/config';
import { SummaryReporter } from './test/support/summary-reporter.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 180_000,
    // Real runtimes are fetched once per run; see test/support/real-runtime.ts.
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', new SummaryReporter()],
  },
});
