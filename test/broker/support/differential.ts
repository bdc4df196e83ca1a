/** Runs the same requests on the broker and on redis-server, in RESP2 and RESP3, and compares the replies byte for byte. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { splitInline } from '../../../main/broker/resp.ts';
import { RawClient, replyEnd } from './raw-client.ts';
import { redisIsInstalled, startOurs, startRedis, type TestServer } from './servers.ts';

/** A step: a request as an inline line (quotes and escapes as in redis-cli) or as arguments. */
export type Step = string | readonly string[];

export function argsOf(step: Step): readonly string[] {
  return typeof step === 'string' ? (splitInline(step) ?? []) : step;
}

/** Commands whose replies have no order in Redis: their items are compared sorted. */
const UNORDERED = /^(smembers|sinter|sunion|sdiff|keys|hgetall|hkeys|hvals|sort_?|command|config)$/i;

function sortedItems(reply: string): string {
  if (!/^[*~%]/.test(reply)) return reply;
  const head = reply.indexOf('\r\n') + 2;
  const items: string[] = [];
  for (let at = head; at < reply.length; ) {
    const end = replyEnd(reply, at);
    if (end === undefined) break;
    items.push(reply.slice(at, end));
    at = end;
  }
  return reply.slice(0, head) + items.sort().join('');
}

/** Redis 7.0 prints doubles with 17 digits, 7.2 (and the broker) the shortest: compare values. */
function shortDoubles(reply: string): string {
  const shorten = (text: string): string => (/\.\d{10,}|e/.test(text) ? String(Number(text)) : text);
  return reply
    .replace(/^,(-?\d[\d.e+-]*)\r\n/gm, (_, text: string) => `,${shorten(text)}\r\n`)
    .replace(
      /\$\d+\r\n(-?\d[\d.]*(?:e[+-]\d+)?)\r\n/g,
      (_, text: string) => `$${shorten(text).length}\r\n${shorten(text)}\r\n`,
    );
}

export function comparable(args: readonly string[], reply: string): string {
  const name = args[0] ?? '';
  return shortDoubles(UNORDERED.test(name) ? sortedItems(reply) : reply);
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
