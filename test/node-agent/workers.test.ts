import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createIdentity, type Identity } from '../../common/identity.ts';
import { createLogger, silentLogger } from '../../common/log.ts';
import { type Broker, startBroker } from '../../main/broker/start-broker.ts';
import { createWorkers, type Workers, type WorkersParts } from '../../node-agent/workers.ts';
import { hasRedisServer, startRedisServer } from '../support/redis-server.ts';
import { startTlsRelay } from '../support/tls-relay.ts';

let identity: Identity;
let dir: string;
let broker: Broker;
let admin: Redis;
let queue: Queue;
let workers: Workers | undefined;
let done: string[];
const never = new AbortController().signal;
const prefix = 'mr:n1';

beforeAll(async () => {
  identity = await createIdentity('node');
  if (!hasRedisServer) process.stderr.write('skipped: workers on an external broker need /usr/bin/redis-server\n');
});
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'millrace-workers-'));
  broker = await start();
  open(broker.port);
  done = [];
});
afterEach(async () => {
  await workers?.close();
  workers = undefined;
  await queue.close();
  admin.disconnect();
  await broker.stop();
  await rm(dir, { recursive: true, force: true });
});

const start = (port = 0): Promise<Broker> =>
  startBroker({ dir, port, requirepass: 'owner', appendfsync: 'everysec', inThread: true, logger: silentLogger });
function open(port: number): void {
  admin = new Redis({ port, password: 'owner', maxRetriesPerRequest: null, retryStrategy: () => 200 });
  admin.on('error', () => {});
  queue = new Queue('watermark', { connection: admin, prefix });
  queue.on('error', () => {});
}
const add = (id: string) => queue.add('watermark', { id }, { jobId: id, removeOnComplete: true });

async function create(change: Partial<WorkersParts> = {}): Promise<Workers> {
  workers = createWorkers({
    access: { port: broker.port, tls: false, url: null, username: 'default', password: 'owner', prefix },
    hubHost: '127.0.0.1',
    pin: '',
    identity,
    nodeName: 'node 1 (spare)',
    queues: [{ queue: 'watermark', concurrency: 2 }],
    process: async (_order, jobId) => void done.push(jobId),
    logger: silentLogger,
    watchIntervalMs: 200,
    ...change,
  });
  return workers;
}

it('pulls jobs and hands them on', async () => {
  await (await create()).ready(never);
  await add('a~1');
  await add('b~1');
  await expect.poll(() => done).toEqual(['a~1', 'b~1']);
  await expect.poll(() => queue.getActiveCount()).toBe(0);
});

it('goes on when a processor rejects', async () => {
  await create({
    process: async (_order, jobId) => {
      done.push(jobId);
      if (jobId === 'a~1') throw new Error('the disk is full');
    },
  });
  await add('a~1');
  await add('b~1');
  await expect.poll(() => done).toEqual(['a~1', 'b~1']);
});

it('works again soon after the broker was stopped and started', { timeout: 60_000 }, async () => {
  await (await create()).ready(never);
  await add('a~1');
  await expect.poll(() => done).toEqual(['a~1']);
  const { port } = broker;
  await broker.stop();
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  broker = await start(port);
  await add('b~1');
  await expect.poll(() => done, { timeout: 30_000 }).toEqual(['a~1', 'b~1']);
});

it('finishes a job whose broker was away meanwhile, and takes the next', { timeout: 60_000 }, async () => {
  let finish = (): void => {};
  const gate = new Promise<void>((resolve) => {
    finish = resolve;
  });
  await create({
    process: async (_order, jobId) => {
      if (jobId === 'a~1') await gate;
      done.push(jobId);
    },
  });
  await add('a~1');
  await expect.poll(() => queue.getActiveCount()).toBe(1);
  const { port } = broker;
  await broker.stop();
  finish();
  await expect.poll(() => done).toEqual(['a~1']);
  broker = await start(port);
  await add('b~1');
  await expect.poll(() => done, { timeout: 30_000 }).toEqual(['a~1', 'b~1']);
  await expect.poll(() => queue.getActiveCount(), { timeout: 30_000 }).toBe(0);
});

it('starts before its broker does', { timeout: 60_000 }, async () => {
  const { port } = broker;
  await broker.stop();
  await create();
  await new Promise((resolve) => setTimeout(resolve, 700));
  broker = await start(port);
  await add('a~1');
  await expect.poll(() => done, { timeout: 30_000 }).toEqual(['a~1']);
});

it('makes a worker anew that the broker refused, and stays awake meanwhile', { timeout: 60_000 }, async () => {
  // Without INFO, BullMQ's first look at the broker fails; its worker never recovers, and asks again without ever pausing.
  await broker.setUser('n1', ['on', '>pass', '~*', '&*', '+@all', '-info']);
  const access = { port: broker.port, tls: false, url: null, username: 'n1', password: 'pass', prefix };
  await (await create({ access })).ready(never);
  await add('a~1');
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(done).toEqual([]);
  await broker.setUser('n1', ['+info']);
  await expect.poll(() => done, { timeout: 15_000 }).toEqual(['a~1']);
  const clients = String(await admin.client('LIST'))
    .split('\n')
    .filter((line) => line.includes('user=n1'));
  expect(clients.length).toBeLessThanOrEqual(3);
});

it('takes up a job whose start was lost with a connection, once', { timeout: 60_000 }, async () => {
  await add('a~1');
  const connection = admin.duplicate();
  const lost = new Worker('watermark', null, {
    connection,
    prefix,
    autorun: false,
    lockDuration: 3_000,
  });
  lost.on('error', () => {});
  expect((await lost.getNextJob('token'))?.id).toBe('a~1');
  await lost.close(true);
  connection.disconnect();
  await (await create()).ready(never);
  await add('b~1');
  await expect.poll(() => done, { timeout: 10_000 }).toEqual(['b~1', 'a~1']);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(done).toHaveLength(2);
});

it('takes nothing while paused, and goes on afterwards', async () => {
  const made = await create();
  await made.ready(never);
  made.setPaused(true);
  await add('a~1');
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(done).toEqual([]);
  made.setPaused(false);
  await expect.poll(() => done, { timeout: 10_000 }).toEqual(['a~1']);
});

it('loses no job to a line that is cut again and again', { timeout: 120_000 }, async () => {
  const hub = await createIdentity('hub');
  const relay = await startTlsRelay(hub, broker.port);
  const lines: string[] = [];
  const access = { port: relay.port, tls: true, url: null, username: 'default', password: 'owner', prefix };
  const logger = createLogger('warn', (line) => void lines.push(line));
  await (await create({ access, pin: hub.pin, watchIntervalMs: 500, logger })).ready(never);
  try {
    for (let round = 1; round <= 12; round++) {
      relay.cut();
      await add(`job-${round}~1`);
      await expect.poll(() => done, { timeout: 15_000, message: lines.join('') }).toContain(`job-${round}~1`);
    }
    expect(new Set(done).size).toBe(12);
  } finally {
    await workers?.close();
    await relay.stop();
  }
});

describe.skipIf(!hasRedisServer)('with a Redis of its own', () => {
  it('pulls by URL, and by pinned TLS', async () => {
    const redis = await startRedisServer();
    const hub = await createIdentity('hub');
    const relay = await startTlsRelay(hub, redis.port);
    const other = new Redis(redis.port, '127.0.0.1', { maxRetriesPerRequest: null });
    const otherQueue = new Queue('watermark', { connection: other, prefix });
    try {
      const url = `redis://127.0.0.1:${redis.port}`;
      await create({ access: { port: null, tls: false, url, username: null, password: null, prefix } });
      await otherQueue.add('watermark', {}, { jobId: 'a~1' });
      await expect.poll(() => done, { timeout: 10_000 }).toEqual(['a~1']);
      await workers?.close();
      const access = { port: relay.port, tls: true, url: null, username: null, password: null, prefix };
      await create({ access, pin: hub.pin });
      await otherQueue.add('watermark', {}, { jobId: 'b~1' });
      await expect.poll(() => done, { timeout: 10_000 }).toEqual(['a~1', 'b~1']);
      expect(relay.pins).toContain(identity.pin);
    } finally {
      await workers?.close();
      await otherQueue.close();
      other.disconnect();
      await relay.stop();
      await redis.stop();
    }
  });
});
