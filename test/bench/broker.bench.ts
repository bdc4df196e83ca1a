/**
 * The broker beside redis-server under BullMQ, in one run: `node test/bench/broker.bench.ts [no|everysec|always]`.
 * Prints figures of both and their ratio (broker / redis, above 1 is faster). Each measure runs on both sides in turn.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { createLogger } from '../../common/log.ts';
import { type Broker, startBroker } from '../../main/broker/start-broker.ts';
import { startRedis, type TestServer } from '../broker/support/servers.ts';

type Fsync = 'no' | 'everysec' | 'always' | 'off';
const asked = process.argv[2] ?? 'off';
const fsync: Fsync = asked === 'no' || asked === 'everysec' || asked === 'always' ? asked : 'off';
const JOBS = 10_000;

const connectionOf = (port: number) => ({ host: '127.0.0.1', port, maxRetriesPerRequest: null });

async function serialAdd(port: number): Promise<number> {
  const queue = new Queue('serial', { connection: connectionOf(port) });
  await queue.waitUntilReady();
  const startedMs = performance.now();
  for (let n = 0; n < 2000; n++) await queue.add('j', { n });
  const rate = 2_000_000 / (performance.now() - startedMs);
  await queue.obliterate({ force: true });
  await queue.close();
  return rate;
}

async function parallelAdd(port: number): Promise<number> {
  const queue = new Queue('parallel', { connection: connectionOf(port) });
  await queue.waitUntilReady();
  let n = 0;
  const startedMs = performance.now();
  await Promise.all(
    Array.from({ length: 50 }, async () => {
      while (n < JOBS) await queue.add('j', { n: n++ });
    }),
  );
  const rate = (JOBS * 1000) / (performance.now() - startedMs);
  await queue.obliterate({ force: true });
  await queue.close();
  return rate;
}

async function bulkAndProcess(port: number): Promise<{ bulk: number; work: number }> {
  const queue = new Queue('work', { connection: connectionOf(port) });
  await queue.waitUntilReady();
  const startedMs = performance.now();
  for (let done = 0; done < JOBS; done += 1000) {
    await queue.addBulk(Array.from({ length: 1000 }, (_, n) => ({ name: 'j', data: { n: done + n } })));
  }
  const bulk = (JOBS * 1000) / (performance.now() - startedMs);
  let left = JOBS;
  const worker = new Worker('work', async () => undefined, {
    connection: connectionOf(port),
    concurrency: 50,
    autorun: false,
  });
  await worker.waitUntilReady();
  const workStartedMs = performance.now();
  await new Promise<void>((resolve) => {
    worker.on('completed', () => {
      if (--left === 0) resolve();
    });
    void worker.run();
  });
  const work = (JOBS * 1000) / (performance.now() - workStartedMs);
  await worker.close();
  await queue.obliterate({ force: true });
  await queue.close();
  return { bulk, work };
}

async function roundTrip(port: number): Promise<{ p50: number; p99: number }> {
  const client = new Redis(connectionOf(port));
  await client.ping();
  const times: number[] = [];
  for (let n = 0; n < 3000; n++) {
    const startedMs = performance.now();
    await client.set('k', String(n));
    times.push(performance.now() - startedMs);
  }
  client.disconnect();
  times.sort((a, b) => a - b);
  return { p50: times[1500] ?? 0, p99: times[2970] ?? 0 };
}

async function measure(port: number): Promise<Record<string, number>> {
  const serial = await serialAdd(port);
  const parallel = await parallelAdd(port);
  const { bulk, work } = await bulkAndProcess(port);
  const trip = await roundTrip(port);
  return {
    'serial add /s': serial,
    '50-way add /s': parallel,
    'addBulk /s': bulk,
    'process c=50 /s': work,
    'trip p50 ms': trip.p50,
    'trip p99 ms': trip.p99,
  };
}

const dir = await mkdtemp(join(tmpdir(), 'mr-bench-'));
const logger = createLogger('warn', (line) => process.stderr.write(line));
const keep = fsync === 'off' ? {} : { dir, appendfsync: fsync };
const broker: Broker = await startBroker({ inThread: true, logger, ...keep });
const redis: TestServer = await startRedis(fsync === 'off' ? [] : ['--appendonly', 'yes', '--appendfsync', fsync]);

const best = (a: Record<string, number>, b: Record<string, number>): Record<string, number> =>
  Object.fromEntries(
    Object.keys(a).map((key) => [
      key,
      key.includes(' ms') ? Math.min(a[key] ?? 0, b[key] ?? 0) : Math.max(a[key] ?? 0, b[key] ?? 0),
    ]),
  );

let ours: Record<string, number> | undefined;
let theirs: Record<string, number> | undefined;
for (let round = 0; round < 2; round++) {
  const mine = await measure(broker.port);
  const redisOnes = await measure(redis.port);
  ours = ours === undefined ? mine : best(ours, mine);
  theirs = theirs === undefined ? redisOnes : best(theirs, redisOnes);
}
console.log(`log: ${fsync}; best of two rounds`);
for (const [name, value] of Object.entries(ours ?? {})) {
  const other = theirs?.[name] ?? Number.NaN;
  const digits = name.includes(' ms') ? 3 : 0;
  console.log(
    `${name.padEnd(18)} broker ${value.toFixed(digits).padStart(8)}   redis ${other.toFixed(digits).padStart(8)}   ratio ${(value / other).toFixed(2)}`,
  );
}
await broker.stop();
await redis.stop();
await rm(dir, { recursive: true, force: true });
process.exit(0);
