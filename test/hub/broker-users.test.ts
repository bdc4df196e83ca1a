/** A node's user exactly as the hub makes it: BullMQ's Worker runs with it, and nothing of others can be seen, changed or held up. */
import { Queue, Worker } from 'bullmq';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger } from '../../common/log.ts';
import { type Broker, startBroker } from '../../main/broker/start-broker.ts';
import { nodeRules, userName } from '../../main/hub/queue/broker-users.ts';
import { queuePrefix } from '../../main/hub/queue/node-queues.ts';
import { RawClient } from '../broker/support/raw-client.ts';

const prefix = queuePrefix('mr', 'n1');
const mine = `${prefix}:mine`;
const foreign = `${queuePrefix('mr', 'n2')}:theirs`;

let broker: Broker;
let node: RawClient;

beforeAll(async () => {
  broker = await startBroker({ requirepass: 'hub', inThread: true, logger: silentLogger });
  await broker.setUser(userName('n1'), nodeRules(prefix, 'secret'), 200);
  await broker.setUser(userName('n2'), nodeRules(queuePrefix('mr', 'n2'), 'secret'), 200);
  const other = await RawClient.open(broker.port);
  await other.send(['AUTH', userName('n2'), 'secret']);
  await other.send(['SET', foreign, 'secret of n2']);
  other.close();
  node = await RawClient.open(broker.port);
  expect(await node.send(['AUTH', userName('n1'), 'secret'])).toBe('+OK\r\n');
  expect(await node.send(['SET', mine, '1'])).toBe('+OK\r\n');
});

afterAll(async () => {
  node?.close();
  await broker?.stop();
});

/** Whole commands: not for nodes at all. */
const NOT_FOR_NODES = [
  'KEYS *',
  `KEYS ${prefix}:*`,
  'SCAN 0',
  'RANDOMKEY',
  'DBSIZE',
  'CONFIG GET *',
  'CONFIG SET maxmemory 1',
  'FLUSHALL',
  'FLUSHDB',
  'SWAPDB 0 1',
  'SCRIPT FLUSH',
  'SCRIPT KILL',
  'ACL LIST',
  'ACL SETUSER x on',
  'ACL WHOAMI',
  'CLIENT KILL TYPE normal',
  'CLIENT PAUSE 1000',
  'CLIENT UNBLOCK 1',
  'CLIENT NO-EVICT on',
  'SHUTDOWN NOSAVE',
  'SAVE',
  'BGREWRITEAOF',
  'SLOWLOG GET',
  'MEMORY USAGE x',
  `COPY ${foreign} ${mine}`,
  `MOVE ${mine} 1`,
  `SORT ${mine} BY x* GET ${foreign}`,
  `SORT_RO ${mine} GET ${foreign}`,
  `OBJECT ENCODING ${mine}`,
  `XREADGROUP GROUP g c STREAMS ${mine} >`,
  'SUBSCRIBE c',
  'PSUBSCRIBE *',
  'SSUBSCRIBE c',
  'PUBLISH c x',
  'PUBSUB CHANNELS',
  `LCS ${mine} ${foreign}`,
  `WATCH ${foreign}`,
];

/** Commands that nodes have, on keys that they have not: as the only key, as the second, as source and as destination. */
const ON_FOREIGN_KEYS = [
  ...[
    'GET',
    'TYPE',
    'HGETALL',
    'SMEMBERS',
    'LLEN',
    'ZCARD',
    'XLEN',
    'TTL',
    'PERSIST',
    'DEL',
    'UNLINK',
    'INCR',
    'LPOP',
  ].map((name) => `${name} ${foreign}`),
  `EXISTS ${mine} ${foreign}`,
  `DEL ${mine} ${foreign}`,
  `SET ${foreign} x`,
  `SET ${foreign.toUpperCase()} x`,
  `RENAME ${mine} ${foreign}`,
  `RENAME ${foreign} ${mine}`,
  `RPOPLPUSH ${mine} ${foreign}`,
  `LMOVE ${foreign} ${mine} LEFT LEFT`,
  `BZPOPMIN ${mine} ${foreign} 0.01`,
  `XREAD COUNT 1 STREAMS ${mine} ${foreign} 0 0`,
  `XREAD COUNT 1 BLOCK 1 STREAMS ${foreign} $`,
  `EVAL return\\x201 1 ${foreign}`,
  'SET mr:n1 x',
  'GET mr:n11:a',
];

async function sendLine(line: string): Promise<string> {
  return node.send(line.split(' ').map((word) => word.replaceAll('\\x20', ' ')));
}

describe("a node's user", () => {
  it.each(NOT_FOR_NODES)('may not: %s', async (line) => {
    const name = /^(acl|client|config|memory|object|pubsub|script|slowlog) /i.test(line)
      ? line.split(' ').slice(0, 2).join('|')
      : line.split(' ')[0];
    const refusal = `-NOPERM User node:n1 has no permissions to run the '${name?.toLowerCase()}' command\r\n`;
    expect(await sendLine(line)).toBe(refusal);
    // The same from within a script.
    const words = line.split(' ').map((word) => `'${word}'`);
    const inScript = await node.send(['EVAL', `return redis.call(${words.join(',')})`, '0']);
    expect(inScript).toMatch(/^-ERR (ACL failure in script: |This Redis command is not allowed from script)/);
  });

  it.each(ON_FOREIGN_KEYS)('may not: %s', async (line) => {
    expect(await sendLine(line)).toBe('-NOPERM No permissions to access a key\r\n');
    if (line.startsWith('EVAL')) return;
    // A script may build the key's name itself: what counts is what it calls.
    const words = line.split(' ').map((word) => `'${word.slice(0, 2)}'..'${word.slice(2)}'`);
    const inScript = await node.send(['EVAL', `return redis.call(${words.join(',')})`, '0']);
    expect(inScript).toMatch(/^-ERR ACL failure in script: No permissions to access a key/);
  });

  it('may not in a transaction either', async () => {
    expect(await node.send(['MULTI'])).toBe('+OK\r\n');
    expect(await node.send(['GET', foreign])).toMatch(/^-NOPERM/);
    expect(await node.send(['EXEC'])).toMatch(/^-EXECABORT/);
  });

  it('has touched nothing, and cannot hold the broker up', async () => {
    const owner = await RawClient.open(broker.port);
    await owner.send(['AUTH', userName('n2'), 'secret']);
    const running = node.send(['EVAL', `redis.call('SET', '${mine}', 2) while true do end`, '0']);
    expect(await owner.send(['GET', foreign])).toBe('$12\r\nsecret of n2\r\n');
    expect(await running).toMatch(/^-ERR Script stopped: it ran longer than its user's limit of 200 ms/);
    owner.close();
  });

  it("is enough for BullMQ's Worker", async () => {
    const connection = { host: '127.0.0.1', port: broker.port };
    const queue = new Queue('work', { connection: { ...connection, password: 'hub' }, prefix });
    const worker = new Worker('work', async (job) => job.data.n + 1, {
      connection: { ...connection, username: userName('n1'), password: 'secret' },
      prefix,
    });
    const errors: Error[] = [];
    worker.on('error', (error) => errors.push(error));
    const done = new Promise((resolve) => worker.once('completed', (_job, result) => resolve(result)));
    await queue.add('j', { n: 1 }, { attempts: 1, removeOnComplete: { age: 3600, count: 1000 } });
    expect(await done).toBe(2);
    expect(errors).toEqual([]);
    await worker.close();
    await queue.close();
  });
});
