import { defineConfig } from 'vitest/config';

// Tests run against the built package in dist/, as a user would: `npm test` builds first.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
    // What runs in tests is not to be remembered in the user's cache folder
    env: { LAZULI_CACHE: 'off' },
  },
});
