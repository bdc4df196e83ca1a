/** Servers for the broker's tests: Debian's redis-server as the oracle, and the broker itself. Free ports, own folders, ended by the test. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../../common/log.ts';
import { startBroker } from '../../../main/broker/start-broker.ts';

export interface TestServer {
  readonly name: string;
  readonly port: number;
  stop(): Promise<void>;
}

export const REDIS_BINARY = '/usr/bin/redis-server';
export const redisIsInstalled = existsSync(REDIS_BINARY);

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}

/** Starts redis-server without persistence (or with the arguments given) and waits until it takes connections. */
export async function startRedis(args: readonly string[] = [], binary = REDIS_BINARY): Promise<TestServer> {
  const port = await freePort();
  const dir = await mkdtemp(join(tmpdir(), 'mr-redis-'));
  const child = spawn(binary, ['--port', String(port), '--save', '', '--dir', dir, '--bind', '127.0.0.1', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('Ready to accept connections')) resolve();
    });
    child.once('exit', () => reject(new Error(`redis-server ended: ${text}`)));
  });
  return {
    name: 'redis-server',
    port,
    stop: async () => {
      child.kill('SIGKILL');
      await exited;
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Starts the broker in a thread of its own; with `appendfsync` it keeps a log in a folder of its own. */
export async function startOurs(appendfsync?: 'always' | 'everysec' | 'no'): Promise<TestServer> {
  const dir = appendfsync === undefined ? undefined : await mkdtemp(join(tmpdir(), 'mr-broker-'));
  const log = dir === undefined || appendfsync === undefined ? {} : { dir, appendfsync };
  const broker = await startBroker({ inThread: true, logger: silentLogger, ...log });
  return {
    name: 'broker',
    port: broker.port,
    stop: async () => {
      await broker.stop();
      if (dir !== undefined) await rm(dir, { recursive: true, force: true });
    },
  };
}
