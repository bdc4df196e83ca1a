/**
 * 50 rounds of kill -9 under load for each fsync setting, every other one with a spoilt tail. Prints its figures.
 * `npm run test:long`, or one setting alone: MILLRACE_KILL_ROUNDS and vitest's -t.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { killRound, nothingAcknowledged, type Spoil } from './support/kill-rounds.ts';

const ROUNDS = Number(process.env['MILLRACE_KILL_ROUNDS'] ?? 50);
const SPOILS: readonly Spoil[] = ['nothing', 'random bytes', 'nothing', 'cut', 'nothing', 'bit flip'];

describe.each(['always', 'everysec', 'no'] as const)('kill -9, appendfsync %s', (appendfsync) => {
  it(`${ROUNDS} rounds`, async () => {
    const figures = { rounds: 0, spoilt: 0, acknowledged: 0, lost: 0, halves: 0, refused: 0 };
    let dir = '';
    let told = nothingAcknowledged();
    for (let round = 0; round < ROUNDS; round++) {
      // Ten rounds on one folder: what the first was told must outlive all of them.
      if (round % 10 === 0) {
        if (dir !== '') await rm(dir, { recursive: true, force: true });
        dir = await mkdtemp(join(tmpdir(), 'mr-kill-'));
        told = nothingAcknowledged();
      }
      const spoil = SPOILS[round % SPOILS.length] ?? 'nothing';
      const outcome = await killRound(dir, appendfsync, spoil, told, round);
      figures.rounds++;
      figures.acknowledged += outcome.acknowledged;
      figures.halves += outcome.halves;
      if (spoil !== 'nothing') figures.spoilt++;
      if (outcome.refused !== undefined) figures.refused++;
      expect(outcome.refused, spoil).toBeUndefined();
      expect(outcome.halves, spoil).toBe(0);
      // Cutting and flipping take the last record, which may have been acknowledged.
      const mayLose = spoil === 'cut' || spoil === 'bit flip' ? 1 : 0;
      expect(outcome.lost, spoil).toBeLessThanOrEqual(mayLose);
      if (mayLose === 0) figures.lost += outcome.lost;
      // What a spoilt tail took away on purpose is not asked for again.
      if (mayLose > 0) dir = await fresh(dir);
      if (mayLose > 0) told = nothingAcknowledged();
    }
    await rm(dir, { recursive: true, force: true });
    process.stdout.write(`${appendfsync}: ${JSON.stringify(figures)}\n`);
  });
});

async function fresh(old: string): Promise<string> {
  await rm(old, { recursive: true, force: true });
  return mkdtemp(join(tmpdir(), 'mr-kill-'));
}
