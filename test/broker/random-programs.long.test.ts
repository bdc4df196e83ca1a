/**
 * Random programs for as long as it takes to compare BROKER_RANDOM_COMMANDS (300 000) commands, in portions of one seed each;
 * tells the seed of each portion, so that it can be run again with BROKER_RANDOM_SEED.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Rig, startRig } from './random/rig.ts';
import { redisIsInstalled } from './support/servers.ts';

const WANTED = Number(process.env['BROKER_RANDOM_COMMANDS'] ?? 300_000);
const PORTION = 20_000;

describe.skipIf(!redisIsInstalled)('random programs, long', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(async () => rig?.stop());

  it(`${WANTED} commands answer as on redis-server`, async () => {
    const first = Number(process.env['BROKER_RANDOM_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
    const startedMs = performance.now();
    let commands = 0;
    let programs = 0;
    let parted = 0;
    for (let portion = 0; commands < WANTED; portion++) {
      // Seeds of one portion and the next are far apart: a portion that falls short goes on with the numbers that follow.
      const seed = first + portion * 1_000;
      const tally = await rig.run(seed, PORTION);
      commands += tally.commands;
      programs += tally.programs;
      parted += tally.parted;
      const seconds = Math.round((performance.now() - startedMs) / 1_000);
      process.stderr.write(
        `seed ${seed}: ${commands} commands in ${programs} programs compared, ${parted} parted ways, ${seconds} s\n`,
      );
    }
    expect(commands).toBeGreaterThanOrEqual(WANTED);
    expect(parted).toBeLessThan(programs / 50);
  }, 3_600_000);
});
