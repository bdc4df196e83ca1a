/**
 * Random programs: the same commands on the broker and on redis-server, every reply compared, and at the end the whole keyspace. Few keys
 * and small values, so that types clash and collections meet. Commands whose replies are random by nature are left out.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { comparable } from './support/differential.ts';
import { RawClient } from './support/raw-client.ts';
import { redisIsInstalled, startOurs, startRedis, type TestServer } from './support/servers.ts';

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const value = fc.oneof(
  fc.constantFrom('', '0', '1', '-1', '10', '3.5', 'x', 'yy', '\xff\x00'),
  fc.integer({ min: -20, max: 20 }).map(String),
);
const member = fc.constantFrom('m', 'n', 'o', 'p', '1', '2', '');
const index = fc.integer({ min: -6, max: 6 }).map(String);
const score = fc.oneof(fc.integer({ min: -5, max: 5 }).map(String), fc.constantFrom('inf', '-inf', '1.5', '0.25'));
const bound = fc.oneof(
  score,
  score.map((text) => `(${text}`),
);
const lexBound = fc.constantFrom('-', '+', '[m', '(m', '[o', '(p');
const streamId = fc.tuple(fc.nat(9), fc.nat(3)).map(([ms, seq]) => `${ms}-${seq}`);

type Part = string | fc.Arbitrary<string> | fc.Arbitrary<string[]>;

function request(...parts: readonly Part[]): fc.Arbitrary<string[]> {
  return fc
    .tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part)))
    .map((each) => each.flat());
}
const some = <T>(each: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(each, { minLength: 1, maxLength: 4 });
const maybe = (...words: readonly string[]): fc.Arbitrary<string[]> => fc.subarray([...words]);

const pairs = (left: fc.Arbitrary<string>, right: fc.Arbitrary<string>): fc.Arbitrary<string[]> =>
  some(fc.tuple(left, right)).map((list) => list.flat());

const command = fc.oneof(
  request('SET', key, value, maybe('NX', 'GET')),
  request('SET', key, value, maybe('XX', 'KEEPTTL')),
  request(
    fc.constantFrom(
      'GET',
      'STRLEN',
      'INCR',
      'DECR',
      'TYPE',
      'DEL',
      'EXISTS',
      'PERSIST',
      'TTL',
      'GETDEL',
      'LLEN',
      'SCARD',
      'ZCARD',
      'HLEN',
      'XLEN',
      'HGETALL',
      'HKEYS',
      'SMEMBERS',
    ),
    key,
  ),
  request(
    fc.constantFrom('APPEND', 'INCRBY', 'DECRBY', 'GETSET', 'SETNX', 'LPUSHX', 'RPUSHX', 'INCRBYFLOAT'),
    key,
    value,
  ),
  request('SETRANGE', key, fc.nat(8).map(String), value),
  request('GETRANGE', key, index, index),
  request(fc.constantFrom('MSET', 'MSETNX'), pairs(key, value)),
  request('MGET', some(key)),
  request(fc.constantFrom('RENAME', 'RENAMENX', 'COPY', 'RPOPLPUSH', 'LCS'), key, key),
  request('EXPIRE', key, fc.constantFrom('1000', '0', '5000'), maybe('NX')),
  request(fc.constantFrom('LPUSH', 'RPUSH', 'SADD', 'SREM'), key, some(value)),
  request(
    fc.constantFrom('LPOP', 'RPOP'),
    key,
    fc.oneof(
      fc.constant<string[]>([]),
      index.map((n) => [n]),
    ),
  ),
  request(fc.constantFrom('LRANGE', 'LTRIM', 'ZRANGE', 'ZREVRANGE', 'ZREMRANGEBYRANK'), key, index, index),
  request('LREM', key, index, value),
  request('LSET', key, index, value),
  request('LINDEX', key, index),
  request('LINSERT', key, fc.constantFrom('BEFORE', 'AFTER'), value, value),
  request(
    'LPOS',
    key,
    value,
    fc.constantFrom<string[]>([], ['RANK', '-1'], ['COUNT', '0'], ['RANK', '2', 'COUNT', '2']),
  ),
  request('LMOVE', key, key, fc.constantFrom('LEFT', 'RIGHT'), fc.constantFrom('LEFT', 'RIGHT')),
  request('HSET', key, pairs(member, value)),
  request(
    fc.constantFrom('HGET', 'HDEL', 'HEXISTS', 'HSTRLEN', 'SISMEMBER', 'ZSCORE', 'ZRANK', 'ZREVRANK', 'ZREM'),
    key,
    member,
  ),
  request(fc.constantFrom('HINCRBY', 'HINCRBYFLOAT', 'HSETNX'), key, member, value),
  request(fc.constantFrom('HMGET', 'SMISMEMBER', 'ZMSCORE'), key, some(member)),
  request(fc.constantFrom('SINTER', 'SUNION', 'SDIFF'), some(key)),
  request(fc.constantFrom('SINTERSTORE', 'SUNIONSTORE', 'SDIFFSTORE'), key, some(key)),
  request('SMOVE', key, key, value),
  request('ZADD', key, maybe('XX', 'CH', 'GT'), pairs(score, member)),
  request('ZADD', key, maybe('NX', 'CH'), pairs(score, member)),
  request('ZADD', key, 'INCR', score, member),
  request('ZINCRBY', key, score, member),
  request(fc.constantFrom('ZRANGEBYSCORE', 'ZREVRANGEBYSCORE', 'ZCOUNT', 'ZREMRANGEBYSCORE'), key, bound, bound),
  request('ZRANGEBYSCORE', key, bound, bound, 'WITHSCORES', 'LIMIT', index, index),
  // Lexical ranges are defined for equal scores only.
  request('ZADD', 'lex', '0', member),
  request(fc.constantFrom('ZRANGEBYLEX', 'ZLEXCOUNT', 'ZREMRANGEBYLEX', 'ZREVRANGEBYLEX'), 'lex', lexBound, lexBound),
  request(fc.constantFrom('ZPOPMIN', 'ZPOPMAX'), key, fc.nat(3).map(String)),
  request(fc.constantFrom('ZUNION', 'ZINTER', 'ZDIFF'), '2', key, key, 'WITHSCORES'),
  request(
    fc.constantFrom('ZUNIONSTORE', 'ZINTERSTORE'),
    key,
    '2',
    key,
    key,
    'WEIGHTS',
    '2',
    '0.5',
    'AGGREGATE',
    fc.constantFrom('SUM', 'MIN', 'MAX'),
  ),
  request('XADD', key, streamId, pairs(member, value)),
  request('XADD', key, 'MAXLEN', fc.nat(5).map(String), streamId, 'f', value),
  request('XTRIM', key, fc.constantFrom('MAXLEN', 'MINID'), fc.nat(6).map(String)),
  request('XDEL', key, some(streamId)),
  request(
    fc.constantFrom('XRANGE', 'XREVRANGE'),
    key,
    fc.oneof(streamId, fc.constantFrom('-', '+')),
    fc.oneof(streamId, fc.constantFrom('-', '+')),
  ),
  request('XREAD', 'COUNT', '3', 'STREAMS', key, streamId),
  request('XGROUP', 'CREATE', key, 'g', fc.oneof(streamId, fc.constant('$')), maybe('MKSTREAM')),
  request(
    'XREADGROUP',
    'GROUP',
    'g',
    fc.constantFrom('me', 'you'),
    'COUNT',
    '2',
    'STREAMS',
    key,
    fc.oneof(fc.constant('>'), streamId),
  ),
  request('XACK', key, 'g', some(streamId)),
  request('XPENDING', key, 'g'),
  request('XCLAIM', key, 'g', 'you', '0', some(streamId), 'JUSTID'),
  request(fc.constantFrom('SORT', 'BITCOUNT'), key),
  request('SORT', key, 'ALPHA', 'DESC'),
  request('SETBIT', key, fc.nat(20).map(String), fc.constantFrom('0', '1')),
  request('BITPOS', key, fc.constantFrom('0', '1')),
  request(
    'EVAL',
    `return redis.pcall(ARGV[1], KEYS[1], ARGV[2])`,
    '1',
    key,
    fc.constantFrom('INCRBY', 'LPUSH', 'SADD', 'HDEL', 'GET'),
    value,
  ),
);

/** Every key with its type and content, read by the same commands on both sides. */
async function keyspace(client: RawClient): Promise<string> {
  const read: Record<string, (name: string) => string[]> = {
    string: (name) => ['GET', name],
    list: (name) => ['LRANGE', name, '0', '-1'],
    hash: (name) => ['HGETALL', name],
    set: (name) => ['SMEMBERS', name],
    zset: (name) => ['ZRANGE', name, '0', '-1', 'WITHSCORES'],
    stream: (name) => ['XRANGE', name, '-', '+'],
  };
  const parts: string[] = [];
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    const type = (await client.send(['TYPE', name])).slice(1, -2);
    const asked = read[type]?.(name);
    parts.push(`${name} ${type} ${asked === undefined ? '' : comparable(asked, await client.send(asked))}`);
  }
  return parts.join('\n');
}

describe.skipIf(!redisIsInstalled)('random programs', () => {
  let ours: TestServer;
  let redis: TestServer;
  beforeAll(async () => {
    [ours, redis] = await Promise.all([startOurs(), startRedis()]);
  });
  afterAll(async () => {
    await Promise.all([ours?.stop(), redis?.stop()]);
  });

  it.each(['2', '3'])('answer as redis-server does (RESP%s)', async (resp) => {
    const mine = await RawClient.open(ours.port);
    const theirs = await RawClient.open(redis.port);
    for (const client of [mine, theirs]) await client.send(['HELLO', resp]);
    const runs = Number(process.env['BROKER_RANDOM_RUNS'] ?? '200');
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 30, maxLength: 80 }), async (program) => {
        await Promise.all([mine.send(['FLUSHALL']), theirs.send(['FLUSHALL'])]);
        const [got, wanted] = await Promise.all(
          [mine, theirs].map((client) => Promise.all(program.map((args) => client.send(args)))),
        );
        program.forEach((args, n) => {
          const a = comparable(args, got?.[n] ?? '');
          const b = comparable(args, wanted?.[n] ?? '');
          if (a !== b)
            throw new Error(
              `${n}: ${JSON.stringify(args)}\nbroker: ${JSON.stringify(a)}\nredis:  ${JSON.stringify(b)}`,
            );
        });
        expect(await keyspace(mine)).toBe(await keyspace(theirs));
      }),
      { numRuns: runs },
    );
    mine.close();
    theirs.close();
  }, 120_000);
});
