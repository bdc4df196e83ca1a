import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createIdentity, type Identity, selfSignedCertificate } from '../../common/identity.ts';
import { pinnedConnector } from '../../node-agent/pinned-broker.ts';
import { hasRedisServer, startRedisServer } from '../support/redis-server.ts';
import { startTlsRelay, type TlsRelay } from '../support/tls-relay.ts';

if (!hasRedisServer) process.stderr.write('skipped: pinned connections to a broker need /usr/bin/redis-server\n');

describe.skipIf(!hasRedisServer)('ioredis over a pinned connection', () => {
  let hub: Identity;
  let node: Identity;
  let stranger: Identity;
  let redis: Awaited<ReturnType<typeof startRedisServer>>;
  let relay: TlsRelay;
  const clients: Redis[] = [];

  beforeAll(async () => {
    [hub, node, stranger] = await Promise.all([createIdentity('hub'), createIdentity('node'), createIdentity('other')]);
    redis = await startRedisServer();
    relay = await startTlsRelay(hub, redis.port);
  });
  afterAll(async () => {
    await relay?.stop();
    await redis?.stop();
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.disconnect();
  });

  const client = (port: number, pin: string): Redis => {
    const made = new Redis({
      ...pinnedConnector({ host: '127.0.0.1', port, pin, identity: node }),
      maxRetriesPerRequest: null,
      retryStrategy: () => 50,
    });
    made.on('error', () => {});
    clients.push(made);
    return made;
  };

  it('works with the right pin, and shows the node’s key', async () => {
    expect(await client(relay.port, hub.pin).ping()).toBe('PONG');
    expect(relay.pins.at(-1)).toBe(node.pin);
  });

  it('comes back by itself after a cut and after an address that was dead', async () => {
    const first = client(relay.port, hub.pin);
    await first.set('key', 'value');
    relay.cut();
    expect(await first.get('key')).toBe('value');
    let port = 1;
    const second = new Redis({
      ...pinnedConnector(() => ({ host: '127.0.0.1', port, pin: hub.pin, identity: node })),
      maxRetriesPerRequest: null,
      retryStrategy: () => 20,
    });
    clients.push(second);
    await new Promise((resolve) => second.once('error', resolve));
    port = relay.port;
    expect(await second.get('key')).toBe('value');
  });

  it('never sends a byte to another key, however often it tries', async () => {
    const other = await startTlsRelay(stranger, redis.port);
    const made = client(other.port, hub.pin);
    const errors: Error[] = [];
    made.on('error', (error) => errors.push(error));
    made.ping().catch(() => {});
    await expect.poll(() => errors.length).toBeGreaterThan(2);
    expect(errors.map((error) => error.name)).toContain('WrongPeerError');
    expect(new Set(errors.map((error) => error.name)).size).toBe(1);
    made.disconnect();
    await other.stop();
    expect(other.bytes).toBe(0);
  });

  it('takes a certificate that ran out, when the key is right', async () => {
    const dates = { notBefore: new Date('2001-01-01'), notAfter: new Date('2002-01-01') };
    const old = { ...hub, certificatePem: await selfSignedCertificate(hub.keyPem, 'hub', dates) };
    const oldRelay = await startTlsRelay(old, redis.port);
    expect(await client(oldRelay.port, hub.pin).ping()).toBe('PONG');
    await oldRelay.stop();
  });

  it('ends when it is told to while it connects', async () => {
    const made = client(relay.port, hub.pin);
    const ended = new Promise((resolve) => made.once('end', resolve));
    made.disconnect();
    await ended;
    expect(made.status).toBe('end');
  });

  it('carries BullMQ’s workers, with their duplicated connection, over a cut', async () => {
    const direct = new Redis(redis.port, '127.0.0.1', { maxRetriesPerRequest: null });
    clients.push(direct);
    const queue = new Queue('work', { connection: direct, prefix: 'mr:test' });
    const connection = client(relay.port, hub.pin);
    const done: string[] = [];
    const worker = new Worker('work', async (job) => void done.push(job.name), {
      connection,
      prefix: 'mr:test',
      runRetryDelay: 100,
      // A marker that a dying connection took with it is made up for after this many seconds.
      drainDelay: 1,
      // A job whose start the broker counted but whose answer was cut off is handed out again when its lock ends. (The node's own
      // workers do not wait for that; see workers.test.ts.)
      lockDuration: 1_000,
      stalledInterval: 500,
      maxStalledCount: 1e6,
    });
    worker.on('error', () => {});
    await queue.add('one', {});
    await expect.poll(() => done, { timeout: 10_000 }).toEqual(['one']);
    const before = relay.pins.length;
    relay.cut();
    await queue.add('two', {});
    await expect.poll(() => done, { timeout: 10_000 }).toEqual(['one', 'two']);
    expect(relay.pins.length).toBeGreaterThanOrEqual(before + 2);
    expect(new Set(relay.pins)).toEqual(new Set([node.pin]));
    await worker.close();
    await queue.close();
  });
});
