/**
 * What clients see of how Redis lays values out in memory, against redis-server: how much approximate trimming leaves of a stream,
 * and when a scan returns a collection whole. BullMQ's own tests rely on both.
 */
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redisIsInstalled, startOurs, startRedis, type TestServer } from './support/servers.ts';

describe.skipIf(!redisIsInstalled)('layouts of values', () => {
  let servers: TestServer[] = [];
  let clients: Redis[] = [];

  beforeAll(async () => {
    servers = [await startOurs(), await startRedis()];
    clients = servers.map(({ port }) => new Redis(port));
  });
  afterAll(async () => {
    for (const client of clients) client.disconnect();
    for (const server of servers) await server.stop();
  });
  /** The same commands on both, in one pipeline each; their replies. */
  async function onBoth(commands: readonly (readonly (string | number)[])[]): Promise<[unknown[], unknown[]]> {
    const run = async (client: Redis | undefined): Promise<unknown[]> =>
      (
        await client?.pipeline(commands.map(([name = '', ...rest]) => [String(name).toLowerCase(), ...rest])).exec()
      )?.map(([, reply]) => reply) ?? [];
    return [await run(clients[0]), await run(clients[1])];
  }

  it('XADD MAXLEN ~ leaves as many entries, whatever their fields, ids and deletions', async () => {
    let seed = 7;
    const below = (n: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
      return seed % n;
    };
    const pick = <T>(items: readonly [T, ...T[]]): T => items[below(items.length)] ?? items[0];
    for (let round = 0; round < 20; round++) {
      const commands: (string | number)[][] = [['DEL', 's']];
      const length = 5 + below(60);
      let ms = 1_700_000_000_000;
      let seq = 0;
      for (let n = 0; n < 300; n++) {
        if (below(3) > 0) {
          ms += pick([1, 5, 200, 70_000]);
          seq = 0;
        } else seq += 1 + below(300);
        const fields: string[] = [];
        for (let left = 1 + below(5); left > 0; left--) {
          fields.push(pick(['event', 'jobId', 'prev', 'x'.repeat(below(80)), `f${below(9)}`]));
          fields.push(
            pick([
              '12',
              String(-below(100_000)),
              'waiting',
              'y'.repeat(below(300)),
              '007',
              String(below(2 ** 31) * 4_000),
              '',
            ]),
          );
        }
        commands.push(['XADD', 's', 'MAXLEN', '~', length, `${ms}-${seq}`, ...fields], ['XLEN', 's']);
        if (below(10) === 0) commands.push(['XDEL', 's', `${ms}-${seq}`]);
      }
      const [ours, theirs] = await onBoth(commands);
      expect(ours).toEqual(theirs);
    }
  });

  const long = 'v'.repeat(65);
  it.each([
    ['a small hash', 'HSCAN', [['HSET', 'k', ...numbered(100).flatMap((n) => [n, 'x'])]]],
    ['a hash with a long value', 'HSCAN', [['HSET', 'k', ...numbered(72).flatMap((n) => [n, 'x']), 'one', long]]],
    ['a large hash', 'HSCAN', [['HSET', 'k', ...numbered(600).flatMap((n) => [n, 'x'])]]],
    ['a set of whole numbers', 'SSCAN', [['SADD', 'k', ...numbered(300)]]],
    ['a set with a long member', 'SSCAN', [['SADD', 'k', ...numbered(72).map((n) => `m${n}`), long]]],
    ['a large set', 'SSCAN', [['SADD', 'k', ...numbered(600).map((n) => `m${n}`)]]],
    ['a small sorted set', 'ZSCAN', [['ZADD', 'k', ...numbered(100).flatMap((n) => [n, `m${n}`])]]],
    [
      'a sorted set with a long member',
      'ZSCAN',
      [['ZADD', 'k', ...numbered(72).flatMap((n) => [n, `m${n}`]), '1', long]],
    ],
  ] as const)('%s: %s returns it whole, or a page with a cursor', async (_name, scan, fill) => {
    const commands = [['DEL', 'k'], ...fill, [scan, 'k', '0', 'COUNT', '10']];
    const [ours, theirs] = (await onBoth(commands)).map((replies) => {
      const [cursor, items] = replies.at(-1) as [string, string[]];
      return { more: cursor !== '0', whole: items.length > 60 };
    });
    expect(ours).toEqual(theirs);
  });
});

/** `0` … `count - 1`, as texts. */
function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, n) => String(n));
}
