/**
 * Rounds of kill -9 on a broker under load, and the check of what it left: several connections write by INCR, RPUSH, MULTI and EVAL, and
 * BullMQ adds jobs, each noting what was acknowledged; the process is killed at a random moment; its tail may be spoilt; it starts again.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, open, readdir, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import type { AppendFsync } from '../../../main/broker/aof.ts';

const runner = join(import.meta.dirname, 'run-broker-process.ts');
const SCRIPT = `redis.call('INCR', KEYS[1]) redis.call('RPUSH', KEYS[2], ARGV[1]) return redis.call('ZADD', KEYS[3], ARGV[1], ARGV[1])`;

export type Spoil = 'nothing' | 'random bytes' | 'cut' | 'bit flip';

export interface RunningBroker {
  readonly port: number;
  readonly child: ChildProcess;
  /** Kills it with SIGKILL and waits for its end. */
  kill(): Promise<void>;
}

/** A broker in a process of its own. @throws Error with what it said when it refuses to start. */
export async function startProcess(dir: string, appendfsync: AppendFsync): Promise<RunningBroker> {
  const child = spawn(process.execPath, [runner, dir, appendfsync], { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.once('data', (chunk: Buffer) => resolve(Number(JSON.parse(chunk.toString()).port)));
    void exited.then(() => reject(new Error(`the broker ended: ${said}`)));
  });
  return {
    port,
    child,
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

export function connect(port: number): Redis {
  const client = new Redis({ port, host: '127.0.0.1', retryStrategy: () => null, maxRetriesPerRequest: 0 });
  client.on('error', () => undefined);
  return client;
}

/** What the clients were told. */
export interface Acknowledged {
  /** Numbers of scripts and of transactions. */
  readonly scripts: number[];
  readonly transactions: number[];
  readonly pushes: number[];
  increments: number;
  readonly jobs: string[];
  total: number;
}

export const nothingAcknowledged = (): Acknowledged => ({
  scripts: [],
  transactions: [],
  pushes: [],
  increments: 0,
  jobs: [],
  total: 0,
});

/** Repeats `step` until the connection breaks. */
async function untilBroken(step: () => Promise<void>): Promise<void> {
  try {
    for (;;) await step();
  } catch {
    // The broker is gone.
  }
}

/** Writes over several connections until the broker is killed after `forMs`. */
async function loadUntilKilled(broker: RunningBroker, forMs: number, told: Acknowledged, round: number): Promise<void> {
  const clients = Array.from({ length: 6 }, () => connect(broker.port));
  const queue = new Queue('kill', {
    connection: { port: broker.port, host: '127.0.0.1', retryStrategy: () => null, maxRetriesPerRequest: 0 },
    skipWaitingForReady: true,
  });
  queue.on('error', () => undefined);
  let next = round * 1_000_000;
  const writers = clients.flatMap((client, which) =>
    Array.from({ length: 4 }, () =>
      untilBroken(async () => {
        const n = next++;
        if (which % 3 === 0) {
          await client.eval(SCRIPT, 3, 'script:count', 'script:list', 'script:zset', n);
          told.scripts.push(n);
        } else if (which % 3 === 1) {
          const done = await client
            .multi()
            .incr('multi:count')
            .rpush('multi:list', n)
            .hset('multi:hash', n, 'x')
            .exec();
          if (done === null) throw new Error('not run');
          told.transactions.push(n);
        } else {
          await client.rpush('pushes', n);
          told.pushes.push(n);
          await client.incr('increments');
          told.increments++;
        }
        told.total++;
      }),
    ),
  );
  const adding = untilBroken(async () => {
    const jobId = `job-${next++}`;
    await queue.add('work', { filler: 'x'.repeat(200) }, { jobId });
    told.jobs.push(jobId);
    told.total++;
  });
  // Now and then the kill falls into a switch of files.
  const switching =
    round % 3 === 0
      ? setTimeout(forMs / 2)
          .then(() => clients[0]?.call('BGREWRITEAOF'))
          .catch(() => undefined)
      : undefined;
  await setTimeout(forMs);
  await broker.kill();
  await Promise.allSettled([...writers, adding, switching]);
  for (const client of clients) client.disconnect();
  await queue.close().catch(() => undefined);
}

/** Spoils the end of the log that was written last. @returns false when there is nothing to spoil. */
async function spoilTail(dir: string, spoil: Spoil): Promise<boolean> {
  const logs = (await readdir(dir)).filter((name) => name.endsWith('.log')).sort();
  const sizes = await Promise.all(logs.map(async (name) => ({ name, size: (await stat(join(dir, name))).size })));
  const last = sizes.findLast(({ size }) => size > 200);
  if (spoil === 'nothing' || last === undefined) return spoil === 'nothing';
  const path = join(dir, last.name);
  if (spoil === 'random bytes') {
    await appendFile(path, Buffer.from(Array.from({ length: 77 }, () => Math.floor(Math.random() * 256))));
  } else if (spoil === 'cut') {
    await truncate(path, last.size - 1 - Math.floor(Math.random() * 20));
  } else {
    const file = await open(path, 'r+');
    // The last record is longer than this.
    const at = last.size - 1 - Math.floor(Math.random() * 20);
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, at);
    await file.write(Buffer.from([(byte[0] ?? 0) ^ (1 << Math.floor(Math.random() * 8))]), 0, 1, at);
    await file.close();
  }
  return true;
}

export interface Findings {
  /** Acknowledged writes that are not there. */
  readonly lost: number;
  /** Scripts or transactions that are there in part. */
  readonly halves: number;
}

/** Compares what the broker holds with what it said. */
async function inspect(port: number, told: Acknowledged): Promise<Findings> {
  const client = connect(port);
  const list = async (key: string): Promise<Set<number>> => new Set((await client.lrange(key, 0, -1)).map(Number));
  const [scripts, transactions, pushes] = await Promise.all(['script:list', 'multi:list', 'pushes'].map(list));
  const missing = (all: readonly number[], there: Set<number> | undefined): number =>
    all.filter((n) => there?.has(n) !== true).length;
  let lost = missing(told.scripts, scripts) + missing(told.transactions, transactions) + missing(told.pushes, pushes);
  lost += Math.max(0, told.increments - Number(await client.get('increments')));
  for (const id of told.jobs) lost += (await client.exists(`bull:kill:${id}`)) === 1 ? 0 : 1;
  const sizes = [
    [scripts?.size, await client.zcard('script:zset'), Number(await client.get('script:count'))],
    [transactions?.size, await client.hlen('multi:hash'), Number(await client.get('multi:count'))],
    [await client.llen('bull:kill:wait'), (await client.keys('bull:kill:job-*')).length],
  ];
  const halves = sizes.filter((each) => new Set(each).size !== 1).length;
  client.disconnect();
  return { lost, halves };
}

export interface Outcome extends Findings {
  readonly acknowledged: number;
  /** Why the start was refused, when it was. */
  readonly refused: string | undefined;
}

/** One round: start, load, kill, spoil, start again, compare, kill. `told` holds what earlier rounds on this folder were told. */
export async function killRound(
  dir: string,
  appendfsync: AppendFsync,
  spoil: Spoil,
  told: Acknowledged,
  round: number,
): Promise<Outcome> {
  const before = told.total;
  const broker = await startProcess(dir, appendfsync);
  await loadUntilKilled(broker, 150 + Math.random() * 500, told, round);
  await spoilTail(dir, spoil);
  const acknowledged = told.total - before;
  try {
    const again = await startProcess(dir, appendfsync);
    const findings = await inspect(again.port, told).finally(() => again.kill());
    return { ...findings, acknowledged, refused: undefined };
  } catch (error) {
    return { lost: 0, halves: 0, acknowledged, refused: String(error) };
  }
}
