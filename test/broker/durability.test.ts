/** kill -9, torn tails, damage, rewriting: what was acknowledged comes back, and what is broken is said. */
import { appendFile, mkdtemp, open, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../common/log.ts';
import { type Broker, startBroker } from '../../main/broker/start-broker.ts';
import { connect as connectTo, killRound, nothingAcknowledged, startProcess } from './support/kill-rounds.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'mr-aof-'));
  cleanups.push(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

async function startHere(dir: string): Promise<{ broker: Broker; client: Redis }> {
  const broker = await startBroker({ dir, inThread: false, logger: silentLogger });
  cleanups.push(() => broker.stop());
  return { broker, client: connect(broker.port) };
}

function connect(port: number): Redis {
  const client = connectTo(port);
  cleanups.push(async () => client.disconnect());
  return client;
}

async function lastLog(dir: string): Promise<string> {
  const logs = (await readdir(dir)).filter((name) => name.endsWith('.log')).sort();
  return join(dir, logs.at(-1) ?? '');
}

describe.each([
  ['always', 'cut'],
  ['everysec', 'bit flip'],
  ['no', 'cut'],
] as const)('kill -9 under load, appendfsync %s', (appendfsync, last) => {
  it('loses nothing acknowledged and no half unit, in three rounds on one folder', { timeout: 60_000 }, async () => {
    const dir = await folder();
    const told = nothingAcknowledged();
    for (const [round, spoil] of (['nothing', 'random bytes', last] as const).entries()) {
      const outcome = await killRound(dir, appendfsync, spoil, told, round);
      expect(outcome).toMatchObject({ refused: undefined, halves: 0 });
      // A cut or a flipped bit takes the last record, which may have been acknowledged.
      expect(outcome.lost).toBeLessThanOrEqual(spoil === last ? 1 : 0);
    }
    expect(told.total).toBeGreaterThan(60);
  });
});

/** Everything a keyspace holds, in a form that can be compared. */
async function picture(client: Redis): Promise<unknown> {
  const out: Record<string, unknown> = {};
  for (const db of [0, 3]) {
    await client.select(db);
    for (const key of (await client.keys('*')).sort()) {
      const type = await client.type(key);
      const read: Record<string, () => Promise<unknown>> = {
        string: () => client.getBuffer(key),
        list: () => client.lrangeBuffer(key, 0, -1),
        hash: () => client.hgetall(key),
        set: async () => (await client.smembers(key)).sort(),
        zset: () => client.call('ZRANGE', key, '0', '-1', 'WITHSCORES'),
        stream: async () => [await client.xrange(key, '-', '+'), await client.call('XINFO', 'STREAM', key, 'FULL')],
      };
      const value = await read[type]?.();
      // Idle times and "seen" stamps move on; delivery data must not.
      out[`${db}:${key}`] = [
        type,
        JSON.stringify(value).replace(/"(seen|active)-time",-?\d+/g, ''),
        await client.call('PEXPIRETIME', key),
      ];
    }
  }
  await client.select(0);
  return out;
}

async function fill(client: Redis): Promise<void> {
  await client.set('s', Buffer.from([0, 255, 13, 10, 128]));
  await client.set('ttl', 'x', 'EX', 1000);
  await client.set('gone', 'x', 'PX', 1);
  await client.incrbyfloat('f', 0.1);
  await client.rpush('l', 'a', 'b', Buffer.from([200, 0]));
  await client.lmove('l', 'l2', 'LEFT', 'RIGHT');
  await client.call('HSET', 'h', 'a', '1', 'ü', 'ß');
  await client.hincrbyfloat('h', 'n', 2.5);
  await client.sadd('set', 1, 2, 3, 'x');
  await client.spop('set', 2);
  await client.zadd('z', 1.1, 'a', '-inf', 'b', 'inf', 'c', 0.1 + 0.2, 'd');
  await client.zpopmin('z');
  await client.xadd('st', '*', 'k', 'v');
  await client.xadd('st', '*', 'k', 'w');
  await client.xgroup('CREATE', 'st', 'g', '0');
  await client.xreadgroup('GROUP', 'g', 'me', 'COUNT', 1, 'STREAMS', 'st', '>');
  await client.xgroup('CREATE', 'empty', 'g', '$', 'MKSTREAM');
  await client.select(3);
  await client.set('other', '1');
  await client.select(0);
  await client.multi().set('m1', '1').incr('m1').rename('m1', 'm2').expire('m2', 500).exec();
}

describe('the log', () => {
  it('brings every type back, by replay and by a rewritten log', async () => {
    const dir = await folder();
    const first = await startHere(dir);
    await fill(first.client);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const before = await picture(first.client);
    first.client.disconnect();
    await first.broker.stop();
    const second = await startHere(dir);
    expect(await picture(second.client)).toEqual(before);
    const rewritten = second.client.call('BGREWRITEAOF');
    await second.client.set('during', '1');
    await rewritten;
    await expect.poll(async () => (await readdir(dir)).filter((name) => name.endsWith('.base')).length).toBe(1);
    const later = await picture(second.client);
    second.client.disconnect();
    await second.broker.stop();
    const third = await startHere(dir);
    expect(await picture(third.client)).toEqual(later);
  });

  it('snapshots one instant while commands go on', async () => {
    const dir = await folder();
    const { broker, client } = await startHere(dir);
    const filling = client.pipeline();
    for (let n = 0; n < 20_000; n++) filling.set(`k${n}`, '0');
    await filling.exec();
    await client.call('BGREWRITEAOF');
    for (let round = 1; round <= 20; round++) {
      const changing = client.pipeline();
      for (let n = 0; n < 500; n++) changing.incr(`k${(round * 997 + n * 31) % 20_000}`);
      changing.del(`k${round}`);
      await changing.exec();
    }
    await expect
      .poll(async () => (await readdir(dir)).some((name) => name.endsWith('.base')), { timeout: 10_000 })
      .toBe(true);
    const names = Array.from({ length: 20_000 }, (_, n) => `k${n}`);
    const before = await client.mget(names);
    client.disconnect();
    await broker.stop();
    const again = await startHere(dir);
    expect(await again.client.mget(names)).toEqual(before);
  });

  it('snapshots one instant of large keys, of an emptied database and of exchanged ones', async () => {
    const dir = await folder();
    const { broker, client } = await startHere(dir);
    const items = Array.from({ length: 30_000 }, (_, n) => `item-${n}`);
    for (let at = 0; at < items.length; at += 5000) {
      const part = items.slice(at, at + 5000);
      await client.rpush('list', ...part);
      await client.sadd('set', ...part);
      await client.hset('hash', Object.fromEntries(part.map((item) => [item, item])));
      await client.zadd('zset', ...part.flatMap((item, n) => [at + n, item]));
    }
    await client.select(3);
    await client.mset(Object.fromEntries(items.map((item) => [item, '3'])));
    await client.select(5);
    await client.set('five', '5');
    await client.select(0);
    const saved = client.call('SAVE');
    const other = connect(broker.port);
    const busy = await other.call('BGSAVE').catch((error: Error) => error.message);
    expect(busy).toBe('ERR Background save already in progress');
    // All of it changes while the snapshot runs.
    await other
      .pipeline()
      .lpop('list')
      .srem('set', 'item-7')
      .hset('hash', 'item-9', 'new')
      .zrem('zset', 'item-1')
      .exec();
    await other.swapdb(3, 5);
    await other.select(5);
    await other.flushdb();
    await other.set('after', '1');
    expect(await saved).toBe('OK');
    const look = async (reader: Redis): Promise<unknown> => {
      await reader.select(0);
      const zero = [await reader.llen('list'), await reader.scard('set'), await reader.hget('hash', 'item-9')];
      const more = [await reader.lindex('list', 0), await reader.zcard('zset'), await reader.hlen('hash')];
      await reader.select(3);
      const three = await reader.keys('*');
      await reader.select(5);
      return [zero, more, three, await reader.keys('*')];
    };
    const before = await look(other);
    expect(before).toEqual([[29_999, 29_999, 'new'], ['item-1', 29_999, 30_000], ['five'], ['after']]);
    expect(await other.info('persistence')).toMatch(/rdb_saves:1\r\n[\s\S]*aof_last_bgrewrite_status:ok/u);
    client.disconnect();
    other.disconnect();
    await broker.stop();
    const again = await startHere(dir);
    expect(await look(again.client)).toEqual(before);
  });

  it('cuts a torn tail and refuses damage in the middle with its offset', async () => {
    const dir = await folder();
    const first = await startHere(dir);
    for (let n = 0; n < 10; n++) await first.client.rpush('l', n);
    first.client.disconnect();
    await first.broker.stop();
    const path = await lastLog(dir);
    const whole = await readFile(path);
    // A clean stop ends the file with a mark of 20 bytes; three more are the last record's.
    await truncate(path, whole.length - 23);
    const second = await startHere(dir);
    expect(await second.client.llen('l')).toBe(9);
    await second.client.rpush('l', 'new');
    second.client.disconnect();
    await second.broker.stop();
    await appendFile(path, Buffer.from('garbage that is no record'));
    const third = await startHere(dir);
    expect(await third.client.lrange('l', -2, -1)).toEqual(['8', 'new']);
    third.client.disconnect();
    await third.broker.stop();
    const handle = await open(path, 'r+');
    await handle.write(Buffer.from([0x55]), 0, 1, Math.floor(whole.length / 2));
    await handle.close();
    await expect(startBroker({ dir, inThread: false, logger: silentLogger })).rejects.toThrow(
      /damaged: the record at offset \d+.* --check .*--repair/,
    );
    await expect(startBroker({ dir, inThread: true, logger: silentLogger })).rejects.toThrow(/damaged/);
  });

  it('lets one process have a folder', async () => {
    const dir = await folder();
    const other = await startProcess(dir, 'everysec');
    cleanups.push(() => other.kill());
    await expect(startBroker({ dir, inThread: true, logger: silentLogger })).rejects.toThrow(
      `${dir} is in use by process ${other.child.pid}.`,
    );
    await other.kill();
    // The lock of a process that is gone holds nobody up.
    await startHere(dir);
    await expect(startBroker({ dir, inThread: true, logger: silentLogger })).rejects.toThrow(
      `${process.pid} (this one)`,
    );
  });
});
