/**
 * How long the broker stops for a snapshot: 1 M small keys, or one key of 1 M elements, each while a client writes to it; and FLUSHALL of
 * 1 M keys. The delay is seen from outside: the longest of the round trips of one client that writes all the time, beside the same
 * without a snapshot. `npm run bench -- broker-snapshot [--elements N] [--only keys|hash|zset|set|list|stream|flushall]`
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';

const runner = join(import.meta.dirname, '..', 'broker', 'support', 'run-broker-process.ts');
const { values } = parseArgs({
  options: { elements: { type: 'string', default: '1000000' }, only: { type: 'string' } },
});
const ELEMENTS = Number(values.elements);
const QUIET_MS = 2000;

type Fill = (n: number) => string[];
/** What is filled and what is written while the snapshot runs. */
const shapes: Readonly<Record<string, { readonly fill: Fill; readonly write: Fill }>> = {
  keys: { fill: (n) => ['SET', `key:${n}`, 'value'], write: (n) => ['SET', `key:${n}`, 'other'] },
  hash: { fill: (n) => ['HSET', 'big', `field:${n}`, 'value'], write: (n) => ['HSET', 'big', `field:${n}`, 'other'] },
  zset: { fill: (n) => ['ZADD', 'big', String(n), `member:${n}`], write: (n) => ['ZADD', 'big', '-1', `member:${n}`] },
  set: { fill: (n) => ['SADD', 'big', `member:${n}`], write: (n) => ['SREM', 'big', `member:${n}`] },
  list: { fill: (n) => ['RPUSH', 'big', `item:${n}`], write: () => ['LPOP', 'big'] },
  stream: { fill: (n) => ['XADD', 'big', `${n + 1}-0`, 'f', 'v'], write: () => ['XADD', 'big', '*', 'f', 'v'] },
};

async function start(dir: string): Promise<{ port: number; stop(): Promise<void> }> {
  const child = spawn(process.execPath, [runner, dir, 'everysec'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout, 'data');
  return {
    port: Number(JSON.parse(String(line)).port),
    stop: async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

async function fill(client: Redis, shape: Fill): Promise<void> {
  for (let at = 0; at < ELEMENTS; at += 10_000) {
    const batch = client.pipeline();
    for (let n = at; n < at + 10_000; n++) batch.call(...(shape(n) as [string, ...string[]]));
    await batch.exec();
  }
}

interface Delays {
  readonly longestMs: number;
  readonly p99Ms: number;
  readonly commands: number;
  readonly tookMs: number;
}

/** Writes one command after the other until `until` settles. */
async function watch(port: number, write: Fill, until: Promise<unknown>): Promise<Delays> {
  const client = new Redis(port);
  await client.ping();
  const times: number[] = [];
  let isOver = false;
  const startedMs = performance.now();
  const ended = until.finally(() => {
    isOver = true;
  });
  for (let n = 0; !isOver; n++) {
    const sentMs = performance.now();
    await client.call(...(write((n * 7919) % ELEMENTS) as [string, ...string[]]));
    times.push(performance.now() - sentMs);
  }
  await ended;
  const tookMs = performance.now() - startedMs;
  client.disconnect();
  times.sort((a, b) => a - b);
  return {
    longestMs: times.at(-1) ?? 0,
    p99Ms: times[Math.floor(times.length * 0.99)] ?? 0,
    commands: times.length,
    tookMs,
  };
}

function print(name: string, what: string, { longestMs, p99Ms, commands, tookMs }: Delays): void {
  const columns = [longestMs.toFixed(1), p99Ms.toFixed(2), String(commands), Math.round(tookMs).toString()];
  process.stdout.write(`${name.padEnd(9)} ${what.padEnd(16)} ${columns.map((text) => text.padStart(10)).join('')}\n`);
}

async function measure(name: string, shape: { readonly fill: Fill; readonly write: Fill }): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'mr-snapshot-'));
  const broker = await start(dir);
  const client = new Redis(broker.port);
  await client.config('SET', 'auto-aof-rewrite-percentage', '0');
  await fill(client, shape.fill);
  const quiet = new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  print(name, 'without snapshot', await watch(broker.port, shape.write, quiet));
  print(name, 'snapshot', await watch(broker.port, shape.write, client.call('SAVE')));
  if (name === 'keys') {
    const later = new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    setTimeout(() => void client.flushall(), 200);
    print('flushall', '', await watch(broker.port, (n) => ['SET', `later:${n}`, 'v'], later));
  }
  client.disconnect();
  await broker.stop();
  await rm(dir, { recursive: true, force: true });
}

process.stdout.write(`${ELEMENTS} elements; ms: longest, p99; commands; whole\n`);
for (const [name, shape] of Object.entries(shapes)) {
  if (values.only === undefined || values.only === name) await measure(name, shape);
}
