import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 180_000,
    // The real runtime is fetched once per run; see test/support/real-runtime.ts.
    globalSetup: ['test/support/global-setup.ts'],
    maxWorkers: 2,
  },
});
