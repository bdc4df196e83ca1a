/**
 * BullMQ's scripts on realistic states, on the broker and on redis-server: after every step the whole keyspace must be equal. Steps run
 * one after the other and job ids are given, so that only times and lock tokens differ; those are taken out.
 */
import { setImmediate } from 'node:timers/promises';
import { FlowProducer, Queue, Worker } from 'bullmq';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readKeyspace } from './random/keyspace.ts';
import { Player } from './random/player.ts';
import { parseTree, type ReplyTree, show, sorted } from './random/reply-tree.ts';
import { redisIsInstalled, startOurs, startRedis, type TestServer } from './support/servers.ts';

interface Bench {
  readonly queue: Queue;
  readonly other: Queue;
  readonly flow: FlowProducer;
  readonly worker: Worker;
  /** Takes the next job, undefined when there is none. */
  next(): ReturnType<Worker['getNextJob']>;
}

type Step = readonly [name: string, run: (bench: Bench) => Promise<unknown>];

const TOKEN = 'token';
const OWN = { token: TOKEN, fetchNext: false };

/** Sets of finished jobs are ordered by the millisecond: two in the same one would be ordered by their ids, on one side only. */
const nextMillisecond = async (): Promise<void> => {
  for (const nowMs = Date.now(); Date.now() === nowMs; ) await setImmediate();
};
const finish = async ({ next }: Bench, value: unknown): Promise<void> => {
  const job = await next();
  await job?.moveToCompleted(value, TOKEN, OWN.fetchNext);
  await nextMillisecond();
};
const fail = async ({ next }: Bench, message: string): Promise<void> => {
  const job = await next();
  const error = new Error(message);
  error.stack = message;
  await job?.moveToFailed(error, TOKEN, OWN.fetchNext);
};
const jobOf = async ({ queue }: Bench, id: string) => {
  const job = await queue.getJob(id);
  if (job === undefined) throw new Error(`job ${id} is not there`);
  return job;
};

const ADDING: readonly Step[] = [
  ['plain', ({ queue }) => queue.add('a', { n: 1 })],
  ['with an id', ({ queue }) => queue.add('a', { text: 'ü\0"' }, { jobId: 'mine' })],
  ['the same id again', ({ queue }) => queue.add('a', {}, { jobId: 'mine' })],
  ['in front', ({ queue }) => queue.add('lifo', {}, { lifo: true })],
  ['with a priority', ({ queue }) => queue.add('p', {}, { priority: 5 })],
  ['with a higher priority', ({ queue }) => queue.add('p', {}, { priority: 1 })],
  ['delayed', ({ queue }) => queue.add('d', {}, { delay: 3_600_000, jobId: 'late' })],
  ['delayed with a priority', ({ queue }) => queue.add('d', {}, { delay: 3_600_000, priority: 3, jobId: 'late-p' })],
  ['deduplicated', ({ queue }) => queue.add('x', { n: 1 }, { deduplication: { id: 'once' } })],
  ['deduplicated again', ({ queue }) => queue.add('x', { n: 2 }, { deduplication: { id: 'once' } })],
  ['deduplicated for a time', ({ queue }) => queue.add('x', {}, { deduplication: { id: 'ttl', ttl: 3_600_000 } })],
  [
    'debounced',
    ({ queue }) =>
      queue.add(
        'x',
        {},
        { delay: 3_600_000, deduplication: { id: 'deb', ttl: 3_600_000, extend: true, replace: true } },
      ),
  ],
  ['in bulk', ({ queue }) => queue.addBulk([1, 2, 3].map((n) => ({ name: 'bulk', data: { n } })))],
  [
    'with attempts and limits',
    ({ queue }) => queue.add('r', {}, { attempts: 3, removeOnComplete: 2, removeOnFail: { age: 10 } }),
  ],
  ['a scheduler', ({ queue }) => queue.upsertJobScheduler('beat', { pattern: '0 0 1 1 *' }, { name: 'beat' })],
  [
    'the scheduler once more',
    ({ queue }) => queue.upsertJobScheduler('beat', { pattern: '0 0 2 1 *' }, { name: 'beat' }),
  ],
];

const WORKING: readonly Step[] = [
  ['takes and completes', (bench) => finish(bench, { ok: true })],
  ['takes and fails', (bench) => fail(bench, 'no')],
  [
    'progress, log, data',
    async (bench) => {
      const job = await bench.next();
      await job?.updateProgress({ percent: 40 });
      await job?.log('a line');
      await job?.updateData({ changed: true });
      await job?.extendLock(TOKEN, 60_000);
      await job?.moveToDelayed(Date.now() + 3_600_000, TOKEN).catch(() => undefined);
    },
  ],
  [
    'completes three',
    async (bench) => {
      for (let n = 0; n < 3; n++) await finish(bench, n);
    },
  ],
  [
    'back to waiting',
    async (bench) => {
      const job = await bench.next();
      await job?.moveToWait(TOKEN);
    },
  ],
  ['retries the failed', ({ queue }) => queue.retryJobs({ state: 'failed' })],
  ['promotes', async (bench) => (await jobOf(bench, 'late')).promote()],
  ['changes a delay', async (bench) => (await jobOf(bench, 'late-p')).changeDelay(7_200_000)],
  ['changes a priority', async (bench) => (await jobOf(bench, 'late')).changePriority({ priority: 7 })],
  ['promotes all', ({ queue }) => queue.promoteJobs()],
  ['pauses', ({ queue }) => queue.pause()],
  ['adds while paused', ({ queue }) => queue.add('paused', {})],
  ['resumes', ({ queue }) => queue.resume()],
  ['a global limit', ({ queue }) => queue.setGlobalConcurrency(2)],
  [
    'a rate limit',
    async (bench) => {
      await bench.queue.rateLimit(3_600_000);
      await bench.next();
      await bench.queue.removeRateLimitKey();
    },
  ],
  ['no global limit', ({ queue }) => queue.removeGlobalConcurrency()],
  ['removes a deduplication', ({ queue }) => queue.removeDeduplicationKey('once')],
  ['removes a scheduler', ({ queue }) => queue.removeJobScheduler('beat')],
  ['removes a job', async (bench) => (await jobOf(bench, 'late-p')).remove()],
];

const FLOWS: readonly Step[] = [
  [
    'a flow',
    ({ flow }) =>
      flow.add({
        name: 'parent',
        queueName: 'second',
        opts: { jobId: 'parent' },
        children: [
          { name: 'c1', queueName: 'first', opts: { jobId: 'c1' } },
          { name: 'c2', queueName: 'first', opts: { jobId: 'c2', failParentOnFailure: true } },
          { name: 'c3', queueName: 'first', opts: { jobId: 'c3', priority: 2, ignoreDependencyOnFailure: true } },
          { name: 'c4', queueName: 'first', opts: { jobId: 'c4', delay: 3_600_000, removeDependencyOnFailure: true } },
        ],
      }),
  ],
  [
    'children complete',
    async (bench) => {
      for (let n = 0; n < 12; n++) await finish(bench, n);
    },
  ],
  [
    'dependencies',
    async ({ other }) => {
      const parent = await other.getJob('parent');
      return [await parent?.getDependenciesCount(), await parent?.getChildrenValues()];
    },
  ],
  ['the last child is removed', async (bench) => (await jobOf(bench, 'c4')).remove()],
];

const ASKING: readonly Step[] = [
  [
    'a scheduler is read',
    async ({ queue }) => {
      await queue.upsertJobScheduler('read', { pattern: '0 0 1 1 *' }, { name: 'read' });
      return (await queue.getJobScheduler('read'))?.pattern;
    },
  ],
  ['limits', async ({ queue }) => [await queue.isMaxed(), await queue.getRateLimitTtl()]],
  [
    'a retry by attempts',
    async (bench) => {
      await bench.queue.add('again', {}, { jobId: 'again', attempts: 3, lifo: true });
      await fail(bench, 'first');
      await fail(bench, 'second');
      await fail(bench, 'third');
    },
  ],
  ['a failed job is retried', async (bench) => (await jobOf(bench, 'again')).retry()],
  [
    'a parent that waits for its children',
    async (bench) => {
      const tree = { name: 'p2', queueName: 'first', opts: { jobId: 'p2' }, children: [] };
      await bench.flow.add({ ...tree, children: [{ name: 'k1', queueName: 'second', opts: { jobId: 'k1' } }] });
      const parent = await jobOf(bench, 'p2');
      const page = await parent.getDependencies({ unprocessed: { count: 10 } });
      const kid = await bench.other.getJob('k1');
      await kid?.removeChildDependency();
      return [page.unprocessed ?? [], await parent.getState()];
    },
  ],
  [
    'children that never ran are removed',
    async (bench) => {
      await bench.flow.add({
        name: 'p3',
        queueName: 'first',
        opts: { jobId: 'p3' },
        children: [{ name: 'k2', queueName: 'second', opts: { jobId: 'k2' } }],
      });
      await (await jobOf(bench, 'p3')).removeUnprocessedChildren();
    },
  ],
  [
    'a deduplication is given up',
    async (bench) => {
      const job = await bench.queue.add('x', {}, { jobId: 'dd', deduplication: { id: 'dd' } });
      await job.removeDeduplicationKey();
    },
  ],
];

const ENDING: readonly Step[] = [
  ['counts', ({ queue }) => queue.getJobCounts()],
  ['counts by priority', ({ queue }) => queue.getCountsPerPriority([0, 1, 5, 7])],
  [
    'ranges',
    async ({ queue }) => (await queue.getJobs(['completed', 'waiting', 'delayed'], 0, 50, true)).map((job) => job.id),
  ],
  ['metrics', async ({ queue }) => (await queue.getMetrics('completed')).count],
  ['states', async ({ queue }) => [await queue.getJobState('mine'), await queue.getJobState('none')]],
  ['cleans', ({ queue }) => queue.clean(0, 2, 'completed')],
  ['cleans the waiting', ({ queue }) => queue.clean(0, 2, 'wait')],
  ['trims events', ({ queue }) => queue.trimEvents(3)],
  ['drains', ({ queue }) => queue.drain(true)],
  ['obliterates', ({ queue }) => queue.obliterate({ force: true })],
  ['obliterates the second', ({ other }) => other.obliterate({ force: true })],
];

/** Times and ids made of them, delays that began a little earlier; with a scheduler also the milliseconds until its date. */
function withoutTimes(text: string): string {
  const still = text
    .replace(/\b1[789]\d{11}(-\d+|\.\d+)?\b/g, 'T')
    .replace(/\d{15,}/g, 'N')
    .replace(/\b35999\d\d\b/g, '3600000');
  return still.includes('repeat') ? still.replace(/\b\d{9,12}\b/g, 'D') : still;
}

/** cjson writes the fields of an object in the order of Lua's hashes: here in the order of their names. */
function canonical(tree: ReplyTree): ReplyTree {
  if (tree.items.length > 0) return { ...tree, items: tree.items.map(canonical) };
  if (!/^[{[]/.test(tree.text)) return tree;
  const sortedFields = (_key: string, value: unknown): unknown =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value;
  return { ...tree, text: JSON.stringify(JSON.parse(tree.text), sortedFields) };
}

async function keyspaceOf(player: Player): Promise<string[]> {
  return (await readKeyspace(player)).map(([request, reply]) => {
    const tree = canonical(parseTree(reply));
    const unordered = /^(SMEMBERS|KEYS)$/.test(request[0] ?? '');
    const pairs = request[0] === 'HGETALL';
    const ordered = unordered ? sorted(tree) : pairs ? sorted(tree, 2) : tree;
    const shown = request[0] === 'PEXPIRETIME' ? String(tree.text !== '-1') : show(ordered);
    return withoutTimes(`${request.join(' ')}: ${request[0] === 'XINFO' ? tree.items.length : shown}`);
  });
}

async function benchOn(server: TestServer): Promise<{ bench: Bench; player: Player; close(): Promise<void> }> {
  const connection = { host: '127.0.0.1', port: server.port };
  const queue = new Queue('first', { connection });
  const other = new Queue('second', { connection });
  const flow = new FlowProducer({ connection });
  const worker = new Worker('first', null, { connection, name: 'w' });
  await worker.waitUntilReady();
  const player = await Player.open(server.port);
  return {
    bench: { queue, other, flow, worker, next: () => worker.getNextJob(TOKEN, { block: false }) },
    player,
    close: async () => {
      player.close();
      await Promise.all([queue, other, flow, worker].map((each) => each.close()));
    },
  };
}

describe.skipIf(!redisIsInstalled)('scripts of BullMQ', () => {
  let ours: TestServer;
  let redis: TestServer;
  beforeAll(async () => {
    [ours, redis] = await Promise.all([startOurs(), startRedis()]);
  });
  afterAll(async () => {
    await Promise.all([ours?.stop(), redis?.stop()]);
  });

  test('leave the same keyspace as on redis-server, step by step', async () => {
    const [mine, theirs] = await Promise.all([benchOn(ours), benchOn(redis)]);
    for (const [name, step] of [...ADDING, ...WORKING, ...FLOWS, ...ASKING, ...ENDING]) {
      const run = async (bench: Bench): Promise<string> => {
        const result = await step(bench).catch((error: unknown) => `error: ${String(error)}`);
        return typeof result === 'string' || Array.isArray(result)
          ? withoutTimes(JSON.stringify(result))
          : typeof result;
      };
      const [a, b] = await Promise.all([run(mine.bench), run(theirs.bench)]);
      expect(a, name).toBe(b);
      const [left, right] = await Promise.all([keyspaceOf(mine.player), keyspaceOf(theirs.player)]);
      expect(left, name).toEqual(right);
    }
    await Promise.all([mine.close(), theirs.close()]);
  }, 60_000);
});
