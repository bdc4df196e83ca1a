/** Test projects: `unit` runs in parallel; `flow`, `lan` and `ui` start real processes and run one file at a time. */
import { defineConfig } from 'vitest/config';

const serial = { maxWorkers: 1, fileParallelism: false } as const;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/{broker,hub,node-agent,stages,contract,common,repo,cli}/**/*.test.ts'],
          exclude: ['**/*.long.test.ts'],
          testTimeout: 30_000,
          maxWorkers: 2,
        },
      },
      { test: { name: 'flow', include: ['test/flow/**/*.test.ts'], exclude: ['**/*.long.test.ts'], testTimeout: 120_000, hookTimeout: 60_000, ...serial } },
      { test: { name: 'lan', include: ['test/lan/**/*.test.ts'], exclude: ['**/*.long.test.ts'], testTimeout: 240_000, hookTimeout: 60_000, ...serial } },
      { test: { name: 'ui', include: ['test/ui/**/*.test.ts'], exclude: ['**/*.long.test.ts'], testTimeout: 120_000, hookTimeout: 60_000, ...serial } },
      { test: { name: 'long', include: ['test/**/*.long.test.ts'], testTimeout: 3_600_000, hookTimeout: 120_000, ...serial } },
    ],
  },
});
