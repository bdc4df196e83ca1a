/** Measures without BullMQ's client in the way: redis-benchmark, and memory and restart with many waiting jobs. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Queue } from 'bullmq';
import { empty, type Figure, fill, type Scenario } from './scenarios.ts';
import type { Side } from './sides.ts';

const PIPELINES = [1, 16] as const;
const LOADED_JOBS = 100_000;
const WARM_UP_JOBS = 10_000;
const RESTARTS = 3;

/** Debian's redis-benchmark with its usual 50 connections. */
export const redisBenchmark: Scenario = {
  key: 'raw',
  async run(side, scale) {
    const figures: Figure[] = [];
    for (const pipeline of PIPELINES) {
      const requests = Math.round((pipeline === 1 ? 60_000 : 200_000) * scale);
      const { stdout } = await promisify(execFile)('redis-benchmark', [
        ...['-h', side.host, '-p', String(side.port), '-n', String(requests), '-P', String(pipeline), '--csv'],
        ...['-t', 'set,get,lpush,lpop,zadd', '-r', '100000'],
      ]);
      const streams = await promisify(execFile)('redis-benchmark', [
        ...['-h', side.host, '-p', String(side.port), '-n', String(requests), '-P', String(pipeline), '--csv'],
        ...['XADD', 'mystream', 'MAXLEN', '~', '10000', '*', 'field', 'value'],
      ]);
      figures.push(...readCsv(stdout, pipeline), ...readCsv(streams.stdout, pipeline));
      await empty(side);
    }
    return figures;
  },
};

function readCsv(text: string, pipeline: number): Figure[] {
  return [...text.matchAll(/^"(\w+)[^"]*","([\d.]+)"/gm)].map((match) => ({
    name: `redis-benchmark ${match[1]?.toUpperCase()} -P ${pipeline} /s`,
    value: Number(match[2]),
    better: 'more',
  }));
}

/** Both sides give back what a burst left behind within a few seconds of calm; what is resident then is what stays. */
const REST_MS = 5000;

async function residentAtRest(side: Side): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, REST_MS));
  return side.residentBytes();
}

/**
 * Resident bytes a waiting job, and the time of a restart on them. The side is fresh and is used up: its data stays. Memory is the
 * difference between two rests of the same server: after a first ten thousand jobs, and after all the others.
 */
export async function loadedFigures(side: Side, scale: number): Promise<Figure[]> {
  const count = Math.round(LOADED_JOBS * scale);
  const connection = { host: side.host, port: side.port, maxRetriesPerRequest: null };
  const queue = new Queue('loaded', { connection });
  // Scripts, compiled code, buffers and connections are not the jobs'.
  await fill(queue, WARM_UP_JOBS);
  const before = await residentAtRest(side);
  await fill(queue, count);
  const bytes = ((await residentAtRest(side)) - before) / count;
  await queue.close();
  const name = `restart with ${count + WARM_UP_JOBS} waiting jobs, ms`;
  const restarts: Figure[] = [];
  for (let n = 0; n < RESTARTS; n++) {
    restarts.push({ name, value: await side.restart(), cpuUs: side.cpuUs(), better: 'less' });
  }
  const check = new Queue('loaded', { connection });
  const waiting = await check.getWaitingCount();
  await check.close();
  if (waiting !== count + WARM_UP_JOBS)
    throw new Error(`${side.name} came back with ${waiting} of ${count + WARM_UP_JOBS} jobs`);
  return [{ name: 'resident bytes a waiting job', value: bytes, better: 'less' }, ...restarts];
}
