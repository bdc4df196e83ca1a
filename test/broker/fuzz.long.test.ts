/** The storm of fuzz.test.ts for ten minutes (or FUZZ_SECONDS, from FUZZ_SEED), with a million unread answers at a time. Prints its figures. */
import { expect, it } from 'vitest';
import { fuzz } from './fuzz/harness.ts';

const ROUND_MS = 30_000;

it('lives through ten minutes of nonsense with flat memory', async () => {
  const seconds = Number(process.env['FUZZ_SECONDS'] ?? 600);
  const seed = Number(process.env['FUZZ_SEED'] ?? 1);
  const rounds = await fuzz(Math.max(2, Math.round((seconds * 1000) / ROUND_MS)), {
    seed,
    forMs: ROUND_MS,
    attackers: 24,
    unreadPings: 1_000_000,
  });
  process.stdout.write(`${rounds.map((round) => JSON.stringify(round)).join('\n')}\n`);
  expect(rounds.flatMap((round) => round.wrongAnswers)).toEqual([]);
  expect(rounds.map((round) => round.clientsLeft)).toEqual(rounds.map(() => 0));
  const [, second] = rounds;
  expect(rounds.at(-1)?.heapAfter ?? Infinity).toBeLessThan((second?.heapAfter ?? 0) + 16_000_000);
});
