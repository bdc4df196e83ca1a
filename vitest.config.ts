/** Test projects, one after the other: `unit` runs in parallel; `flow`, `lan` and `ui` start real processes, one file at a time. */
import { defineConfig } from 'vitest/config';

const serial = { maxWorkers: 1, fileParallelism: false } as const;
const longTests = ['**/*.long.test.ts'];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/{broker,hub,node-agent,stages,contract,common,renderer,repo,cli}/**/*.test.ts'],
          exclude: longTests,
          testTimeout: 30_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'flow',
          include: ['test/flow/**/*.test.ts'],
          exclude: longTests,
          testTimeout: 120_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 2 },
          ...serial,
        },
      },
      {
        test: {
          name: 'lan',
          include: ['test/lan/**/*.test.ts'],
          exclude: longTests,
          testTimeout: 240_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 3 },
          ...serial,
        },
      },
      {
        test: {
          name: 'ui',
          include: ['test/ui/**/*.test.ts'],
          exclude: longTests,
          testTimeout: 120_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 4 },
          ...serial,
        },
      },
      {
        test: {
          name: 'long',
          include: ['test/**/*.long.test.ts'],
          testTimeout: 3_600_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 5 },
          ...serial,
        },
      },
    ],
  },
});
