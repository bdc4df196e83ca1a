/** Real BullMQ against the broker and against redis-server: the same body, so a difference is the broker's. */
import { type ConnectionOptions, FlowProducer, type Job, Queue, QueueEvents, Worker } from 'bullmq';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { redisIsInstalled, startOurs, startRedis, type TestServer } from './support/servers.ts';

const servers: readonly (readonly [string, () => Promise<TestServer>, boolean])[] = [
  ['broker', () => startOurs(), true],
  ['broker, appendfsync always', () => startOurs('always'), true],
  ['redis-server', () => startRedis(), redisIsInstalled],
];

/** Resolves with the job when `count` jobs have ended in this way. */
function settled(worker: Worker, event: 'completed' | 'failed', count: number): Promise<Job[]> {
  return new Promise((resolve) => {
    const jobs: Job[] = [];
    const note = (job: Job | undefined): void => {
      if (job !== undefined) jobs.push(job);
      if (jobs.length === count) resolve(jobs);
    };
    if (event === 'completed') worker.on('completed', note);
    else worker.on('failed', note);
  });
}

describe.each(servers)('BullMQ on %s', (_name, start, available) => {
  let server: TestServer;
  let connection: ConnectionOptions;
  let closers: { close(): Promise<unknown> }[] = [];
  let queueName = '';
  let counter = 0;

  beforeAll(async () => {
    if (!available) return;
    server = await start();
    connection = { host: '127.0.0.1', port: server.port };
  });
  afterAll(async () => server?.stop());
  beforeEach(() => {
    queueName = `q${counter++}`;
  });
  afterEach(async () => {
    for (const each of closers.reverse()) await each.close();
    closers = [];
  });

  const keep = <T extends { close(): Promise<unknown> }>(thing: T): T => {
    closers.push(thing);
    return thing;
  };
  const queue = (): Queue => keep(new Queue(queueName, { connection }));
  const worker = (work: (job: Job) => Promise<unknown>, more: object = {}): Worker =>
    keep(new Worker(queueName, work, { connection, ...more }));
  const test = available ? it : it.skip;

  test('adds and processes with concurrency, keeps return values', async () => {
    const q = queue();
    await q.addBulk(Array.from({ length: 200 }, (_, n) => ({ name: 'n', data: { n } })));
    let running = 0;
    let most = 0;
    const w = worker(
      async (job) => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        return job.data.n * 2;
      },
      { concurrency: 20 },
    );
    const jobs = await settled(w, 'completed', 200);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(20);
    expect(new Set(jobs.map((job) => job.data.n)).size).toBe(200);
    expect(await q.getCompletedCount()).toBe(200);
    const first = await q.getJob(jobs[0]?.id ?? '');
    expect(first?.returnvalue).toBe((first?.data.n ?? Number.NaN) * 2);
    expect(await q.getJobCounts()).toMatchObject({ waiting: 0, active: 0, completed: 200, failed: 0 });
  });

  test('keeps the order of a queue with one worker, and puts LIFO and priorities in front', async () => {
    const q = queue();
    await q.add('a', {});
    await q.add('b', {});
    await q.add('c', {}, { lifo: true });
    await q.add('low', {}, { priority: 10 });
    await q.add('high', {}, { priority: 1 });
    const order: string[] = [];
    const w = worker(async (job) => {
      order.push(job.name);
    });
    await settled(w, 'completed', 5);
    expect(order).toEqual(['c', 'a', 'b', 'high', 'low']);
  });

  test('runs delayed jobs no earlier than asked', async () => {
    const q = queue();
    const w = worker(async () => Date.now());
    await w.waitUntilReady();
    const done = settled(w, 'completed', 3);
    const addedAtMs = Date.now();
    await q.addBulk([200, 100, 150].map((delay) => ({ name: 'd', data: { delay }, opts: { delay } })));
    const jobs = await done;
    expect(jobs.map((job) => job.data.delay)).toEqual([100, 150, 200]);
    for (const job of jobs) expect(job.returnvalue - addedAtMs).toBeGreaterThanOrEqual(job.data.delay);
  });

  test('retries with back-off and then fails', async () => {
    const q = queue();
    let tries = 0;
    const w = worker(async (job) => {
      if (job.name === 'twice' && ++tries < 3) throw new Error(`try ${tries}`);
      if (job.name === 'never') throw new Error('no');
      return 'fine';
    });
    const completed = settled(w, 'completed', 1);
    await q.add('twice', {}, { attempts: 3, backoff: { type: 'fixed', delay: 20 } });
    const [job] = await completed;
    expect(job?.attemptsMade).toBe(3);
    const failed = settled(w, 'failed', 2);
    await q.add('never', {}, { attempts: 2 });
    const last = (await failed).at(-1);
    expect(last?.failedReason).toBe('no');
    expect(await q.getFailedCount()).toBe(1);
    const retried = settled(w, 'failed', 1);
    await last?.retry('failed');
    await retried;
  });

  test('gives a stalled job back', async () => {
    const q = queue();
    const hung = new Worker(queueName, () => new Promise(() => undefined), {
      connection,
      lockDuration: 300,
      skipLockRenewal: true,
      skipStalledCheck: true,
    });
    const active = new Promise<void>((resolve) => hung.once('active', () => resolve()));
    await q.add('stall', {});
    await active;
    await hung.close(true);
    const w = worker(async () => 'recovered', { stalledInterval: 100, lockDuration: 5000 });
    const [job] = await settled(w, 'completed', 1);
    expect(job?.returnvalue).toBe('recovered');
    expect(job?.name).toBe('stall');
  });

  test('runs flows: children before parents, values upwards', async () => {
    const flow = keep(new FlowProducer({ connection }));
    const q = queue();
    const w = worker(async (job) => {
      if (job.name !== 'parent') return job.data.value;
      const values = Object.values(await job.getChildrenValues<number>());
      return values.reduce((a, b) => a + b, 0);
    });
    const done = settled(w, 'completed', 5);
    await flow.add({
      name: 'parent',
      queueName,
      children: [1, 2, 3, 4].map((value) => ({ name: 'child', queueName, data: { value } })),
    });
    const parent = (await done).find((job) => job.name === 'parent');
    expect(parent?.returnvalue).toBe(10);
    expect(await q.getWaitingChildrenCount()).toBe(0);
  });

  test('tells events', async () => {
    const q = queue();
    const events = keep(new QueueEvents(queueName, { connection, lastEventId: '0-0' }));
    await events.waitUntilReady();
    const seen: string[] = [];
    for (const event of ['added', 'active', 'completed'] as const) events.on(event, () => seen.push(event));
    const progressed = new Promise<unknown>((resolve) => events.on('progress', ({ data }) => resolve(data)));
    worker(async (job) => {
      await job.updateProgress(42);
      return 'x';
    });
    const job = await q.add('e', {});
    expect(await job.waitUntilFinished(events, 5000)).toBe('x');
    expect(await progressed).toBe(42);
    expect(seen.slice(0, 2)).toEqual(['added', 'active']);
  });

  test('pauses, resumes, drains, cleans, obliterates', async () => {
    const q = queue();
    await q.pause();
    await q.addBulk(Array.from({ length: 10 }, (_, n) => ({ name: `j${n}`, data: {} })));
    expect(await q.isPaused()).toBe(true);
    const page = await q.getJobs('waiting', 2, 4, true);
    expect(page.map((job) => job.name)).toEqual(['j2', 'j3', 'j4']);
    await q.drain();
    expect(await q.count()).toBe(0);
    await q.add('keep', {});
    const w = worker(async () => 1);
    const done = settled(w, 'completed', 1);
    await q.resume();
    await done;
    expect(await q.clean(0, 100, 'completed')).toHaveLength(1);
    await w.close();
    await q.add('rest', {});
    await q.pause();
    await q.obliterate();
    expect(Object.values(await q.getJobCounts()).reduce((a, b) => a + b, 0)).toBe(0);
  });

  test('limits the rate', async () => {
    const q = queue();
    const w = worker(async () => Date.now(), { limiter: { max: 2, duration: 200 } });
    await w.waitUntilReady();
    const done = settled(w, 'completed', 5);
    await q.addBulk(Array.from({ length: 5 }, () => ({ name: 'r', data: {} })));
    const times = (await done).map((job) => Number(job.returnvalue));
    expect((times[4] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(300);
  });

  test('repeats by a scheduler, deduplicates, removes', async () => {
    const q = queue();
    const w = worker(async () => 'tick');
    const done = settled(w, 'completed', 3);
    await q.upsertJobScheduler('beat', { every: 50 }, { name: 'beat' });
    await done;
    expect(await q.removeJobScheduler('beat')).toBe(true);
    await w.close();
    await q.drain(true);
    const first = await q.add('once', {}, { deduplication: { id: 'same' } });
    const second = await q.add('once', {}, { deduplication: { id: 'same' } });
    expect(second.id).toBe(first.id);
    await first.remove();
    expect(await q.getJob(first.id ?? '')).toBeUndefined();
  });

  test('keeps binary and Unicode data', async () => {
    const q = queue();
    const data = { text: 'Grüße, 写真 📷 \u0000 "\\/', list: [1.5, -1e21, null, true, {}], empty: [] };
    const job = await q.add('ü', data);
    const read = await q.getJob(job.id ?? '');
    expect(read?.name).toBe('ü');
    expect(read?.data).toEqual(data);
  });
});
