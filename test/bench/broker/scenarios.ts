/** What BullMQ does to a server, each scenario with its figures: rates by the wall clock, beside them the server's processor time. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { FlowProducer, Queue, QueueEvents, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { Side } from './sides.ts';

export interface Figure {
  readonly name: string;
  readonly value: number;
  /** Server's processor time an operation, in µs. */
  readonly cpuUs?: number;
  /** What is better. */
  readonly better: 'more' | 'less';
}

export interface Scenario {
  readonly key: string;
  /** `scale` 1 is the full size. */
  run(side: Side, scale: number): Promise<Figure[]>;
}

const WORKER_PROCESSES = 10;
const BULK = 1000;
const SERIAL_MS = 1500;

const connectionOf = (side: Side) => ({ host: side.host, port: side.port, maxRetriesPerRequest: null });

/** Runs `work`, which gives the number of operations that it did on the server. */
async function rate(side: Side, name: string, work: () => Promise<number>): Promise<Figure> {
  const cpuBefore = side.cpuUs();
  const startedMs = performance.now();
  const ops = await work();
  const tookMs = performance.now() - startedMs;
  return { name, value: (ops * 1000) / tookMs, cpuUs: (side.cpuUs() - cpuBefore) / ops, better: 'more' };
}

/** A queue for one scenario; the server is emptied after it. */
async function withQueue<T>(side: Side, work: (queue: Queue) => Promise<T>): Promise<T> {
  const queue = new Queue('bench', { connection: connectionOf(side) });
  await queue.waitUntilReady();
  try {
    return await work(queue);
  } finally {
    await queue.close();
    await empty(side);
  }
}

/** Removes everything from the server. */
export async function empty(side: Side): Promise<void> {
  const client = new Redis(connectionOf(side));
  await client.flushall();
  client.disconnect();
}

/** Adds `count` jobs in bulks. */
export async function fill(queue: Queue, count: number): Promise<void> {
  for (let done = 0; done < count; done += BULK) {
    await queue.addBulk(
      Array.from({ length: Math.min(BULK, count - done) }, (_, n) => ({ name: 'j', data: { n: done + n } })),
    );
  }
}

const serialAdd: Scenario = {
  key: 'serial',
  run: (side, scale) =>
    withQueue(side, async (queue) => {
      const count = Math.round(4000 * scale);
      // With `always` each add waits for the disk: time decides then.
      const untilMs = performance.now() + SERIAL_MS;
      const add = async (): Promise<number> => {
        let n = 0;
        while (n < count && performance.now() < untilMs) await queue.add('j', { n: n++ });
        return n;
      };
      return [await rate(side, 'serial add /s', add)];
    }),
};

const parallelAdd: Scenario = {
  key: 'parallel',
  run: (side, scale) =>
    withQueue(side, async (queue) => {
      const count = Math.round(20_000 * scale);
      let n = 0;
      const lane = async (): Promise<void> => {
        while (n < count) await queue.add('j', { n: n++ });
      };
      const add = (): Promise<number> => Promise.all(Array.from({ length: 50 }, lane)).then(() => count);
      return [await rate(side, '50-way add /s', add)];
    }),
};

const bulkAndProcess: Scenario = {
  key: 'work',
  run: (side, scale) =>
    withQueue(side, async (queue) => {
      const count = Math.round(20_000 * scale);
      const bulk = await rate(side, 'addBulk /s', () => fill(queue, count).then(() => count));
      const worker = new Worker(queue.name, async () => undefined, {
        connection: connectionOf(side),
        concurrency: 50,
        autorun: false,
      });
      await worker.waitUntilReady();
      let left = count;
      const all = new Promise<number>((resolve) => worker.on('completed', () => --left === 0 && resolve(count)));
      const work = await rate(side, 'process, concurrency 50 /s', () => {
        void worker.run();
        return all;
      });
      await worker.close();
      return [bulk, work];
    }),
};

const flow: Scenario = {
  key: 'flow',
  run: async (side, scale) => {
    const count = Math.round(2000 * scale);
    const producer = new FlowProducer({ connection: connectionOf(side) });
    await producer.waitUntilReady();
    const child = { name: 'c', queueName: 'children', data: { n: 1 } };
    const tree = { name: 'p', queueName: 'parents', data: {}, children: [child, child, child, child] };
    let n = 0;
    const lane = async (): Promise<void> => {
      while (n++ < count) await producer.add(tree);
    };
    const figure = await rate(side, 'flow of 1 + 4 /s', () =>
      Promise.all(Array.from({ length: 10 }, lane)).then(() => count),
    );
    await producer.close();
    await empty(side);
    return [figure];
  },
};

/** From add() to the processor of a worker that was waiting. */
const roundTrip: Scenario = {
  key: 'trip',
  run: (side, scale) =>
    withQueue(side, async (queue) => {
      const count = Math.round(1000 * scale);
      let taken = (): void => undefined;
      const worker = new Worker(queue.name, async () => taken(), { connection: connectionOf(side) });
      await worker.waitUntilReady();
      const timesMs: number[] = [];
      const cpuBefore = side.cpuUs();
      for (let n = 0; n < count; n++) {
        // Time for the worker to finish and to wait again: it must be idle.
        await new Promise((resolve) => setTimeout(resolve, 4));
        const arrived = new Promise<void>((resolve) => {
          taken = resolve;
        });
        const startedMs = performance.now();
        await Promise.all([queue.add('j', { n }), arrived.then(() => timesMs.push(performance.now() - startedMs))]);
      }
      const cpuUs = (side.cpuUs() - cpuBefore) / count;
      await worker.close();
      timesMs.sort((a, b) => a - b);
      const at = (share: number): number => timesMs[Math.floor(count * share)] ?? Number.NaN;
      return [
        { name: 'round trip p50 ms', value: at(0.5), cpuUs, better: 'less' },
        { name: 'round trip p99 ms', value: at(0.99), better: 'less' },
      ];
    }),
};

/** Ten worker processes share a queue; they are started once and serve every run. */
export function createTenProcesses(): Scenario & { stop(): void } {
  const children: ChildProcess[] = [];
  const tell = async (child: ChildProcess, message: object): Promise<void> => {
    child.send(message);
    await once(child, 'message');
  };
  return {
    key: 'ten',
    stop: () => {
      for (const child of children) child.disconnect();
    },
    run: (side, scale) =>
      withQueue(side, async (queue) => {
        const file = join(import.meta.dirname, 'worker-process.ts');
        while (children.length < WORKER_PROCESSES) children.push(fork(file));
        const count = Math.round(10_000 * scale);
        await fill(queue, count);
        await queue.pause();
        const events = new QueueEvents(queue.name, { connection: connectionOf(side) });
        await events.waitUntilReady();
        const order = { do: 'run', queue: queue.name, host: side.host, port: side.port };
        await Promise.all(children.map((child) => tell(child, order)));
        const done = new Promise((resolve) => events.once('drained', resolve));
        const figure = await rate(side, '10 worker processes /s', async () => {
          await queue.resume();
          await done;
          return count;
        });
        await Promise.all(children.map((child) => tell(child, { do: 'close' })));
        await events.close();
        return [figure];
      }),
  };
}

export const bullmqScenarios: readonly Scenario[] = [serialAdd, parallelAdd, bulkAndProcess, flow, roundTrip];
