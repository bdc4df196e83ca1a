/** Several clients at once, against redis-server: who is woken, in which order, by what, and what subscribers hear. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { play } from './support/dialogue.ts';
import { redisIsInstalled, startOurs, startRedis, type TestServer } from './support/servers.ts';
import { readDialogues } from './support/tables.ts';

describe.skipIf(!redisIsInstalled)('dialogues', () => {
  let ours: TestServer;
  let redis: TestServer;
  beforeAll(async () => {
    [ours, redis] = await Promise.all([startOurs(), startRedis()]);
  });
  afterAll(() => Promise.all([ours?.stop(), redis?.stop()]));
  for (const [title, steps] of Object.entries(readDialogues())) {
    for (const resp of ['2', '3'] as const) {
      it(`${title} (RESP${resp})`, async () => {
        const [mine, theirs] = await Promise.all([play(ours.port, resp, steps), play(redis.port, resp, steps)]);
        expect(mine).toEqual(theirs);
      });
    }
  }
});
