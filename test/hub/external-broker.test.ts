/** A Redis in the embedded broker's place: what the hub says of it, the nodes' users there, and how nodes are told to reach it. */
import { createServer } from 'node:net';
import { setTimeout as after } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { createLogger } from '../../common/log.ts';
import { type ExternalBrokerConfig, externalBroker } from '../../main/hub/queue/external-broker.ts';
import type { HubBroker } from '../../main/hub/queue/hub-broker.ts';
import { freePort, hasRedisServer, startRedisServer, startTlsRedisServer } from '../support/redis-server.ts';

const closers: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const node = { id: '0195-a', local: true, password: 'node-secret' };
const lines: string[] = [];
const logger = createLogger('debug', (line) => void lines.push(line));

async function open(url: string, change: Partial<ExternalBrokerConfig> = {}): Promise<HubBroker> {
  const broker = await externalBroker({ url, ca: null, prefix: 'mr', ...change }, logger);
  closers.push(() => broker.stop());
  return broker;
}

/** Asks once with what a node was given. */
async function asNode(broker: HubBroker, ask: (redis: Redis) => Promise<unknown>): Promise<unknown> {
  const { url, username, password, ca } = broker.access(node, null);
  const redis = new Redis(url ?? '', {
    ...(username !== null && { username }),
    ...(password !== null && { password }),
    ...(ca !== undefined && { tls: { ca } }),
    retryStrategy: null,
    lazyConnect: true,
  });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    return await ask(redis).catch((error: unknown) => String(error));
  } finally {
    redis.disconnect();
  }
}

const notices = (broker: HubBroker): string[] => broker.facts().notices.map(({ code }) => code);

describe.skipIf(!hasRedisServer)('an external broker (redis-server)', () => {
  it('that evicts and keeps nothing on disk is warned about, in the log too', async () => {
    const redis = await startRedisServer({ args: ['--maxmemory-policy', 'allkeys-lru'] });
    closers.push(redis.stop);
    const broker = await open(`redis://127.0.0.1:${redis.port}`);
    expect(broker.facts()).toMatchObject({ kind: 'external', address: `127.0.0.1:${redis.port}` });
    expect(broker.facts().server).toMatch(/^Redis \d+\.\d+/);
    expect(notices(broker)).toEqual(['evicts', 'not_persistent']);
    expect(lines.join('')).toContain('maxmemory-policy to noeviction');
  });

  it.each([
    ['--appendonly', 'yes', '--appenddirname', `mr-test-${process.pid}`],
    ['--save', '3600 1'],
  ])('that is set up well is not (%s %s)', async (...args) => {
    const redis = await startRedisServer({ args });
    closers.push(redis.stop);
    expect(notices(await open(`redis://127.0.0.1:${redis.port}`))).toEqual([]);
  });

  it('gives each node a user that sees its own queues alone, also under a prefix and after a restart', async () => {
    const redis = await startRedisServer();
    closers.push(redis.stop);
    const broker = await open(`redis://127.0.0.1:${redis.port}/3`, { prefix: 'studio:mr' });
    await broker.admit(node.id, node.password);
    const access = broker.access(node, null);
    expect(access).toMatchObject({
      username: `node:${node.id}`,
      prefix: `studio:mr:${node.id}`,
      url: expect.stringMatching(/\/3$/),
    });
    const own = (client: Redis) => client.set(`${access.prefix}:watermark:x`, '1');
    expect(await asNode(broker, own)).toBe('OK');
    expect(await asNode(broker, (client) => client.set('studio:mr:other:x', '1'))).toMatch(/NOPERM/);
    expect(await asNode(broker, (client) => client.flushall())).toMatch(/NOPERM/);

    await redis.stop();
    const again = await startRedisServer({ port: redis.port });
    closers.push(again.stop);
    // The new process knows no users; the hub's connection makes them again.
    await expect.poll(() => asNode(broker, own).catch(String), { timeout: 10_000 }).toBe('OK');
    await broker.expel(node.id);
    await expect(asNode(broker, own)).rejects.toThrow();
  });

  it('that allows no users is used with the hub’s own credentials, and that is said', async () => {
    const redis = await startRedisServer();
    closers.push(redis.stop);
    const admin = new Redis(redis.port);
    closers.push(() => admin.disconnect());
    await admin.call('ACL', 'SETUSER', 'hub', 'on', '>se/cret', '~*', '&*', '+@all', '-acl');
    const broker = await open(`redis://hub:${encodeURIComponent('se/cret')}@127.0.0.1:${redis.port}`);
    let told = 0;
    broker.onAccessChanged(() => told++);
    expect(broker.access(node, null).username).toBe(`node:${node.id}`);
    await broker.admit(node.id, node.password);
    expect(told).toBe(1);
    expect(notices(broker)).toContain('not_isolated');
    expect(broker.access(node, null)).toMatchObject({ username: 'hub', password: 'se/cret' });
    expect(broker.access(node, null).url).not.toContain('cret');
    expect(await asNode(broker, (client) => client.ping())).toBe('PONG');
  });

  it('on loopback is reached by other machines through the hub’s door; elsewhere by its own address', async () => {
    const redis = await startRedisServer();
    closers.push(redis.stop);
    const broker = await open(`redis://127.0.0.1:${redis.port}/2`);
    expect(broker.connectInside).not.toBeNull();
    expect(broker.access({ ...node, local: false }, 4_567)).toMatchObject({ port: 4_567, tls: true, url: null, db: 2 });
    expect(broker.access(node, 4_567)).toMatchObject({
      port: null,
      tls: false,
      url: `redis://127.0.0.1:${redis.port}/2`,
    });
    const socket = broker.connectInside?.();
    socket?.write('PING\r\n');
    expect(String(await new Promise((resolve) => socket?.once('data', resolve)))).toBe('+PONG\r\n');
    socket?.destroy();
  });

  it('over TLS with an authority of its own; without that authority it is refused with a sentence', async () => {
    const redis = await startTlsRedisServer(['--requirepass', 'pass']);
    closers.push(redis.stop);
    const url = `rediss://:pass@127.0.0.1:${redis.port}`;
    await expect(open(url)).rejects.toThrow(/127\.0\.0\.1:\d+ refuses the hub: .*certificate.*--broker-ca/);
    const broker = await open(url, { ca: redis.authorityPem });
    await broker.admit(node.id, node.password);
    expect(await asNode(broker, (client) => client.ping())).toBe('PONG');
    const socket = broker.connectInside?.();
    socket?.write('*3\r\n$4\r\nAUTH\r\n$7\r\ndefault\r\n$4\r\npass\r\n');
    expect(String(await new Promise((resolve) => socket?.once('data', resolve)))).toBe('+OK\r\n');
    socket?.destroy();
  });

  it.each(['redis://127.0.0.1', 'redis://:wrong@127.0.0.1'])('refuses the hub at the start: %s', async (url) => {
    const redis = await startRedisServer({ args: ['--requirepass', 'pass'] });
    closers.push(redis.stop);
    await expect(open(`${url}:${redis.port}`)).rejects.toThrow(/refuses the hub: (NOAUTH|WRONGPASS)/);
  });

  it('whose database is not there is refused', async () => {
    const redis = await startRedisServer();
    closers.push(redis.stop);
    await expect(open(`redis://127.0.0.1:${redis.port}/99`)).rejects.toThrow(/refuses the hub: ERR DB index/);
  });

  it('that is not there yet is waited for, and nodes that joined meanwhile get their users then', async () => {
    const port = await freePort();
    lines.length = 0;
    const broker = await open(`redis://127.0.0.1:${port}`);
    expect(lines.join('')).toMatch(/cannot be reached; it is tried on/);
    expect(broker.facts().server).toBeNull();
    await broker.admit(node.id, node.password);
    const redis = await startRedisServer({ port });
    closers.push(redis.stop);
    await expect.poll(() => broker.facts().server, { timeout: 10_000 }).toMatch(/^Redis/);
    await expect.poll(() => asNode(broker, (client) => client.ping()).catch(String), { timeout: 10_000 }).toBe('PONG');
  });
});

describe('an external broker of another kind', () => {
  /** Answers INFO alone: no such old server is at hand. */
  async function serverOf(info: string): Promise<number> {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (data) => {
        const count = data.toString().match(/^\*\d/gm)?.length ?? 0;
        const isInfo = /info/i.test(data.toString());
        for (let n = 0; n < count; n++)
          socket.write(isInfo ? `$${info.length}\r\n${info}\r\n` : '-ERR unknown command\r\n');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => server.close());
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  it('older than Redis 6.2 is refused with a sentence', async () => {
    const port = await serverOf('redis_version:6.0.16\r\n');
    await expect(open(`redis://127.0.0.1:${port}`)).rejects.toThrow(
      /Redis 6\.0\.16: Millrace needs Redis 6\.2 or newer/,
    );
  });

  it('is named Valkey when it is one, and what it hides is said', async () => {
    const port = await serverOf('redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.0.1\r\n');
    const broker = await open(`redis://127.0.0.1:${port}`);
    expect(broker.facts().server).toBe('Valkey 8.0.1');
    expect(notices(broker)).toEqual(['unknown_setup']);
    await after(0);
  });
});
