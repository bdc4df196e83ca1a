/** Who gets in and what they may do: passwords, node users, TLS 1.3 without resumption, limits. Also blocked clients' order. */
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { createIdentity } from '../../common/identity.ts';
import { silentLogger } from '../../common/log.ts';
import { startBroker } from '../../main/broker/start-broker.ts';
import { openDoorLab } from './support/door-lab.ts';
import type { RawClient } from './support/raw-client.ts';

const { cleanups, start, raw } = openDoorLab();

/** What a BullMQ Worker needs and nothing else. */
const NODE_COMMANDS =
  'hello auth ping quit info client|setname client|setinfo client|id evalsha eval script|load multi exec discard exists del unlink type rename persist pttl pexpire pexpireat get incr incrby set time hget hset hmget hmset hgetall hdel hexists hlen hincrby lpush rpush lpop rpop rpoplpush llen lrange lrem ltrim lindex lset lpos sadd srem scard smembers sismember zadd zrem zcard zscore zcount zlexcount zrange zrevrange zrangebyscore zrevrangebyscore zrangebylex zremrangebyscore zremrangebyrank zpopmin bzpopmin xadd xtrim xlen xrange xread xdel hscan sscan';
const nodeRules = (id: string): string[] => [
  'reset',
  'on',
  `>secret-${id}`,
  `~mr:${id}:*`,
  ...NODE_COMMANDS.split(' ').map((name) => `+${name}`),
];

describe('passwords and users', () => {
  it('demands the password first', async () => {
    const broker = await start({ requirepass: 'pässword' });
    const client = await raw(broker.port);
    expect(await client.send(['GET', 'a'])).toBe('-NOAUTH Authentication required.\r\n');
    expect(await client.send(['AUTH', 'wrong'])).toMatch(/^-WRONGPASS/);
    expect(await client.send(['HELLO', '3'])).toMatch(/^-NOAUTH HELLO/);
    const password = Buffer.from('pässword').toString('latin1');
    expect(await client.send(['HELLO', '3', 'AUTH', 'default', password])).toMatch(/^%7/);
    expect(await client.send(['GET', 'a'])).toBe('_\r\n');
  });

  it('limits what an unknown client may send', async () => {
    const broker = await start({ requirepass: 'p' });
    expect(await (await raw(broker.port)).sendRaw('*100\r\n')).toBe(
      '-ERR Protocol error: unauthenticated multibulk length\r\n',
    );
    expect(await (await raw(broker.port)).sendRaw('*1\r\n$100000\r\n')).toBe(
      '-ERR Protocol error: unauthenticated bulk length\r\n',
    );
  });

  it('refuses to listen beyond loopback without a password', async () => {
    await expect(startBroker({ host: '0.0.0.0', inThread: true, logger: silentLogger })).rejects.toThrow(
      /without a password/,
    );
  });

  it('refuses TLS beyond loopback with neither a password nor client certificates', async () => {
    const tls = { ...(await certificate()), host: '0.0.0.0' };
    await expect(startBroker({ tls, inThread: true, logger: silentLogger })).rejects.toThrow(/neither a password/);
  });

  it('lets a node user run a Worker on its own queues and nothing else', async () => {
    const broker = await start({ requirepass: 'hub' });
    await broker.setUser('node:n1', nodeRules('n1'));
    const mine = { host: '127.0.0.1', port: broker.port, username: 'node:n1', password: 'secret-n1' };
    const hub = { host: '127.0.0.1', port: broker.port, password: 'hub' };
    const queue = new Queue('work', { connection: hub, prefix: 'mr:n1' });
    const worker = new Worker('work', async (job) => job.data.n + 1, { connection: mine, prefix: 'mr:n1' });
    const done = new Promise((resolve) => worker.once('completed', (_job, result) => resolve(result)));
    const errors: Error[] = [];
    worker.on('error', (error) => errors.push(error));
    await queue.add('j', { n: 1 }, { attempts: 1, removeOnComplete: { age: 3600, count: 10 } });
    expect(await done).toBe(2);
    expect(errors).toEqual([]);
    await worker.close();
    await queue.close();
    const client = await raw(broker.port);
    await client.send(['AUTH', 'node:n1', 'secret-n1']);
    expect(await client.send(['SET', 'mr:n1:x', '1'])).toBe('+OK\r\n');
    expect(await client.send(['SET', 'mr:n2:x', '1'])).toBe('-NOPERM No permissions to access a key\r\n');
    expect(await client.send(['RENAME', 'mr:n1:x', 'mr:n2:x'])).toMatch(/^-NOPERM/);
    for (const command of [
      'KEYS *',
      'SCAN 0',
      'RANDOMKEY',
      'CONFIG GET *',
      'FLUSHALL',
      'SCRIPT FLUSH',
      'ACL LIST',
      'CLIENT LIST',
      'SHUTDOWN',
    ]) {
      expect(await client.send(command.split(' '))).toMatch(/^-NOPERM User node:n1 has no permissions/);
    }
    const inside = async (script: string): Promise<string> => client.send(['EVAL', script, '0']);
    expect(await inside(`return redis.call('SET', 'mr:n1:y', 1)`)).toBe('+OK\r\n');
    expect(await inside(`return redis.call('GET', 'mr:n2:y')`)).toMatch(/^-.*(access|permissions)/);
    expect(await inside(`return redis.pcall('KEYS', '*')`)).toMatch(/^-.*(run this command|permissions)/);
    expect(await inside(`return redis.call('RANDOMKEY')`)).toMatch(/^-/);
  });

  it('kills the connections of a deleted user at once', async () => {
    const broker = await start({ requirepass: 'hub' });
    await broker.setUser('node:n1', nodeRules('n1'));
    const client = new Redis({
      port: broker.port,
      username: 'node:n1',
      password: 'secret-n1',
      retryStrategy: () => null,
    });
    client.on('error', () => undefined);
    cleanups.push(async () => client.disconnect());
    await client.ping();
    const blocked = client.bzpopmin('mr:n1:q', 0).then(
      () => 'answered',
      () => 'cut',
    );
    const ended = new Promise((resolve) => client.once('end', resolve));
    expect(await broker.deleteUser('node:n1')).toBe(1);
    await ended;
    expect(await blocked).toBe('cut');
    expect(await broker.deleteUser('node:n1')).toBe(0);
    await expect(broker.setUser('x', ['+nonsense'])).rejects.toThrow(
      /ACL SETUSER modifier '\+nonsense': Unknown command/,
    );
  });
});

async function certificate(): Promise<{ key: string; cert: string }> {
  const { keyPem, certificatePem } = await createIdentity('broker');
  return { key: keyPem, cert: certificatePem };
}

describe('TLS', () => {
  const open = (port: number, more: object = {}): Promise<TLSSocket> =>
    new Promise((resolve, reject) => {
      const socket: TLSSocket = tlsConnect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...more }, () =>
        resolve(socket),
      );
      socket.once('error', reject);
    });

  it('speaks TLS 1.3 only and never resumes a session', async () => {
    const broker = await start({ tls: { ...(await certificate()), host: '127.0.0.1' } });
    const port = broker.tlsPort ?? 0;
    const first = await open(port);
    expect(first.getProtocol()).toBe('TLSv1.3');
    const offered = new Promise<Buffer>((resolve) => first.once('session', resolve));
    const answer = new Promise<string>((resolve) => first.once('data', (data: Buffer) => resolve(data.toString())));
    first.write('PING\r\n');
    expect(await answer).toBe('+PONG\r\n');
    // OpenSSL may still offer an id; what counts is that nobody who shows one is let off proving the key.
    const session = await offered;
    first.destroy();
    const second = await open(port, { session });
    expect(second.isSessionReused()).toBe(false);
    second.destroy();
    await expect(open(port, { maxVersion: 'TLSv1.2' })).rejects.toThrow();
    const client = new Redis({ port, host: '127.0.0.1', tls: { rejectUnauthorized: false } });
    expect(await client.set('a', 'b')).toBe('OK');
    client.disconnect();
  });
});

describe('blocked clients', () => {
  it('are served in the order in which they came, after the command that fed them', async () => {
    const broker = await start();
    const [a, b, c, feeder] = await Promise.all([
      raw(broker.port),
      raw(broker.port),
      raw(broker.port),
      raw(broker.port),
    ]);
    const served: string[] = [];
    const wait = async (name: string, client: RawClient): Promise<string> => {
      const reply = await client.send(['BLPOP', 'k', 'k2', '5']);
      served.push(name);
      return reply;
    };
    const blockedCount = async (): Promise<string> =>
      (await feeder.send(['INFO', 'clients'])).match(/blocked_clients:(\d+)/)?.[1] ?? '';
    const replies: Promise<string>[] = [];
    for (const [name, client] of [
      ['a', a],
      ['b', b],
      ['c', c],
    ] as const) {
      replies.push(wait(name, client));
      await expect.poll(blockedCount).toBe(String(replies.length));
    }
    expect(await feeder.send(['RPUSH', 'k', '1', '2'])).toBe(':2\r\n');
    expect(await Promise.all(replies.slice(0, 2))).toEqual([
      '*2\r\n$1\r\nk\r\n$1\r\n1\r\n',
      '*2\r\n$1\r\nk\r\n$1\r\n2\r\n',
    ]);
    await feeder.send(['MULTI']);
    await feeder.send(['LPUSH', 'k2', 'x']);
    await feeder.send(['DEL', 'k2']);
    await feeder.send(['LPUSH', 'k2', 'y']);
    await feeder.send(['EXEC']);
    expect(await replies[2]).toBe('*2\r\n$2\r\nk2\r\n$1\r\ny\r\n');
    expect(served).toEqual(['a', 'b', 'c']);
  });

  it('never time out early', async () => {
    const broker = await start();
    const client = await raw(broker.port);
    for (const seconds of ['0.001', '0.0137', '0.037', '0.1']) {
      const startedMs = performance.now();
      expect(await client.send(['BZPOPMIN', 'none', seconds])).toBe('*-1\r\n');
      expect(performance.now() - startedMs).toBeGreaterThanOrEqual(Number(seconds) * 1000);
    }
  });

  it('keep later requests waiting and answer them in order', async () => {
    const broker = await start();
    const client = await raw(broker.port);
    const other = await raw(broker.port);
    const replies = Promise.all([
      client.send(['BLPOP', 'q', '5']),
      client.send(['INCR', 'n']),
      client.send(['ECHO', 'x']),
    ]);
    await expect.poll(async () => (await other.send(['INFO', 'clients'])).includes('blocked_clients:1')).toBe(true);
    expect(await other.send(['GET', 'n'])).toBe('$-1\r\n');
    await other.send(['LPUSH', 'q', 'v']);
    expect(await replies).toEqual(['*2\r\n$1\r\nq\r\n$1\r\nv\r\n', ':1\r\n', '$1\r\nx\r\n']);
  });
});

describe('the protocol', () => {
  it.each([
    ['*1\r\n+a\r\n', "-ERR Protocol error: expected '$', got '+'\r\n"],
    ['*x\r\n', '-ERR Protocol error: invalid multibulk length\r\n'],
    ['*1\r\n$x\r\n', '-ERR Protocol error: invalid bulk length\r\n'],
    ['set "a\r\n', '-ERR Protocol error: unbalanced quotes in request\r\n'],
  ])('refuses %j', async (bytes, reply) => {
    expect(await (await raw((await start()).port)).sendRaw(bytes)).toBe(reply);
  });

  it('takes inline requests, split packets and long pipelines', async () => {
    const broker = await start();
    const client = await raw(broker.port);
    expect(await client.sendRaw('SET key "a\\x00b c"\r\n')).toBe('+OK\r\n');
    expect(await client.sendRaw('GET key\n')).toBe('$5\r\na\0b c\r\n');
    const request = '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$10\r\n0123456789\r\n';
    for (let cut = 1; cut < request.length; cut += 7) {
      const reply = client.sendRaw(request.slice(0, cut));
      await new Promise((resolve) => setImmediate(resolve));
      const rest = client.sendRaw(`${request.slice(cut)}*1\r\n$4\r\nPING\r\n`);
      expect([await reply, await rest]).toEqual(['+OK\r\n', '+PONG\r\n']);
    }
    const big = 'x'.repeat(3_000_000);
    expect(await client.send(['SET', 'big', big])).toBe('+OK\r\n');
    expect(await client.send(['GET', 'big'])).toBe(`$3000000\r\n${big}\r\n`);
    const many = await Promise.all(Array.from({ length: 5000 }, () => client.send(['INCR', 'n'])));
    expect(many.at(-1)).toBe(':5000\r\n');
  });
});
