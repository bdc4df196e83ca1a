/**
 * The two servers that the broker's bench compares, each a process of its own: `millrace broker`, and redis-server (its own, or one that
 * runs already). Their processor time and memory are read from /proc, so they are measured alike.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort, REDIS_BINARY } from '../../broker/support/servers.ts';

export type Fsync = 'no' | 'everysec' | 'always';

/** A server under measurement. */
export interface Side {
  readonly name: 'broker' | 'redis';
  readonly port: number;
  readonly host: string;
  /** Processor time of all its threads so far, in µs. NaN when the process is not on this machine. */
  cpuUs(): number;
  /** Resident memory in bytes. */
  residentBytes(): number;
  /** Stops it and starts it again on its data; resolves with the time until it answers, in ms. */
  restart(): Promise<number>;
  stop(): Promise<void>;
}

const RETRY_MS = 5;
const CLI = join(import.meta.dirname, '..', '..', '..', 'main', 'cli', 'index.ts');

/**
 * Starts the broker as `npm run millrace -- broker` does once npm has done its part: from the sources, whose compiled form the first
 * start of a checkout leaves for those after it.
 */
export function startBrokerSide(fsync: Fsync): Promise<Side> {
  return startProcess('broker', (port, dir) => [
    process.execPath,
    [CLI, 'broker', '--port', String(port), '--dir', dir, '--appendfsync', fsync],
  ]);
}

/** Starts Debian's redis-server with a log of the same setting and no snapshots by time. */
export function startRedisSide(fsync: Fsync): Promise<Side> {
  return startProcess('redis', (port, dir) => [
    REDIS_BINARY,
    ['--port', String(port), '--dir', dir, '--save', '', '--appendonly', 'yes', '--appendfsync', fsync],
  ]);
}

export const canStartRedis = existsSync(REDIS_BINARY);

/** A redis-server that runs already; it must be empty, since the bench empties it. Its settings come back at stop(). */
export async function attachRedisSide(url: string, fsync: Fsync): Promise<Side> {
  const { hostname: host, port: portText } = new URL(url);
  const port = Number(portText === '' ? 6379 : portText);
  const client = new Redis(url);
  if ((await client.dbsize()) > 0) throw new Error(`${url} is not empty: the bench would delete what is there`);
  const before = [await setting(client, 'appendonly'), await setting(client, 'appendfsync')];
  await client.config('SET', 'appendonly', 'yes');
  await client.config('SET', 'appendfsync', fsync);
  const pid = Number(/process_id:(\d+)/.exec(await client.info('server'))?.[1] ?? 0);
  return {
    name: 'redis',
    port,
    host,
    cpuUs: () => cpuUsOf(pid),
    residentBytes: () => residentBytesOf(pid),
    restart: () => Promise.reject(new Error('a server that runs already is not restarted')),
    stop: async () => {
      await client.flushall();
      await client.config('SET', 'appendonly', before[0] ?? 'no');
      await client.config('SET', 'appendfsync', before[1] ?? 'everysec');
      client.disconnect();
    },
  };
}

async function setting(client: Redis, name: string): Promise<string> {
  const reply: unknown = await client.config('GET', name);
  if (Array.isArray(reply)) return String(reply[1]);
  return typeof reply === 'object' && reply !== null ? String(Object.values(reply)[0]) : '';
}

type CommandLine = readonly [string, readonly string[]];

async function startProcess(name: Side['name'], line: (port: number, dir: string) => CommandLine): Promise<Side> {
  const dir = await mkdtemp(join(tmpdir(), `mr-bench-${name}-`));
  const port = await freePort();
  const [binary, args] = line(port, dir);
  let child = spawn(binary, args, { stdio: 'ignore' });
  await untilReady(port);
  const end = async (): Promise<void> => {
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await exited;
  };
  return {
    name,
    port,
    host: '127.0.0.1',
    cpuUs: () => cpuUsOf(pidOf(child)),
    residentBytes: () => residentBytesOf(pidOf(child)),
    restart: async () => {
      await end();
      const startedMs = performance.now();
      child = spawn(binary, args, { stdio: 'ignore' });
      await untilReady(port);
      return performance.now() - startedMs;
    },
    stop: async () => {
      await end();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error('the server did not start');
  return child.pid;
}

/** Resolves once the server answers PING with PONG: it listens and has loaded its data (redis-server says LOADING before). */
async function untilReady(port: number): Promise<void> {
  const client = new Redis({
    port,
    host: '127.0.0.1',
    retryStrategy: () => RETRY_MS,
    maxRetriesPerRequest: null,
    enableReadyCheck: false,
  });
  client.on('error', () => undefined);
  while ((await client.ping().catch(() => 'not yet')) !== 'PONG') {
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
  client.disconnect();
}

/** Sum over threads of the time on a processor; schedstat counts in ns where stat counts in ticks of 10 ms. */
function cpuUsOf(pid: number): number {
  let sumNs = 0;
  try {
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      sumNs += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
    }
  } catch {
    return Number.NaN;
  }
  return sumNs / 1000;
}

function residentBytesOf(pid: number): number {
  try {
    const kib = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kib ?? Number.NaN) * 1024;
  } catch {
    return Number.NaN;
  }
}
