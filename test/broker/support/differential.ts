/** Runs the same requests on the broker and on redis-server, in RESP2 and RESP3, and compares the replies byte for byte. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { splitInline } from '../../../main/broker/resp.ts';
import { comparable } from './comparable.ts';
import { RawClient } from './raw-client.ts';
import { redisIsInstalled, startOurs, startRedis, type TestServer } from './servers.ts';

/** A step: a request as an inline line (quotes and escapes as in redis-cli) or as arguments. */
export type Step = string | readonly string[];

export function argsOf(step: Step): readonly string[] {
  return typeof step === 'string' ? (splitInline(step) ?? []) : step;
}

/** Declares one test for each case; every case starts on empty databases. */
export function differential(title: string, cases: Readonly<Record<string, readonly Step[]>>): void {
  describe.skipIf(!redisIsInstalled)(title, () => {
    let ours: TestServer;
    let redis: TestServer;
    beforeAll(async () => {
      [ours, redis] = await Promise.all([startOurs(), startRedis()]);
    });
    afterAll(async () => {
      await Promise.all([ours?.stop(), redis?.stop()]);
    });
    for (const resp of ['2', '3']) {
      for (const [name, steps] of Object.entries(cases)) {
        it(`${name} (RESP${resp})`, async () => {
          const clients = await Promise.all([RawClient.open(ours.port), RawClient.open(redis.port)]);
          const [mine, theirs] = clients;
          for (const client of clients) {
            await client.send(['HELLO', resp]);
            await client.send(['FLUSHALL']);
          }
          const differences: string[] = [];
          for (const step of steps) {
            const args = argsOf(step);
            const [got, wanted] = await Promise.all([mine.send(args), theirs.send(args)]);
            const a = comparable(args, got);
            const b = comparable(args, wanted);
            if (a !== b)
              differences.push(
                `${args.join(' ').slice(0, 200)}\n   broker: ${JSON.stringify(a)}\n   redis:  ${JSON.stringify(b)}`,
              );
          }
          for (const client of clients) client.close();
          expect(differences.join('\n')).toBe('');
        });
      }
    }
  });
}
