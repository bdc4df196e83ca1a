/**
 * Random programs on the broker and on redis-server: every reply and the whole keyspace must be equal, but for what
 * random/justified-differences.ts lists. One seed is fixed, one is new at every run and told when it fails.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Rig, startRig } from './random/rig.ts';
import { redisIsInstalled } from './support/servers.ts';

const FIXED_SEED = 1_729;

describe.skipIf(!redisIsInstalled)('random programs', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(async () => rig?.stop());

  it('answer as redis-server does: 20 000 commands of a fixed seed', async () => {
    const { programs, parted } = await rig.run(FIXED_SEED, 20_000);
    expect(parted).toBeLessThan(programs / 50);
  }, 120_000);

  it('answer as redis-server does: 5 000 commands of a new seed', async () => {
    const seed = Number(process.env['BROKER_RANDOM_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
    const { commands } = await rig.run(seed, 5_000);
    expect(commands).toBeGreaterThanOrEqual(5_000);
  }, 120_000);
});
