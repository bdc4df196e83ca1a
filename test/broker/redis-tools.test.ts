/** Redis's own tools against the broker: redis-cli in its ways of speaking, over TLS too, and redis-benchmark's whole default list. */
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger } from '../../common/log.ts';
import { type Broker, startBroker } from '../../main/broker/start-broker.ts';
import { createServerCertificate } from '../support/tls-authority.ts';
import { redisIsInstalled } from './support/servers.ts';

const execute = promisify(execFile);

describe.skipIf(!redisIsInstalled)('Redis’s tools', () => {
  let broker: Broker;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mr-tools-'));
    const { certificatePem, keyPem, authorityPem } = await createServerCertificate();
    await writeFile(join(folder, 'ca.pem'), authorityPem);
    broker = await startBroker({
      inThread: true,
      logger: silentLogger,
      requirepass: 'secret',
      tls: { cert: certificatePem, key: keyPem, host: '127.0.0.1' },
    });
  });
  afterAll(async () => {
    await broker.stop();
    await rm(folder, { recursive: true });
  });

  const environment = { ...process.env, REDISCLI_AUTH: 'secret' };
  async function cli(...args: string[]): Promise<string> {
    const { stdout } = await execute('redis-cli', ['-p', String(broker.port), ...args], {
      env: environment,
      maxBuffer: 100_000_000,
    });
    return stdout.trimEnd();
  }
  /** With lines on stdin. */
  function cliWith(input: string, ...args: string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      const child = spawn('redis-cli', ['-p', String(broker.port), ...args], { env: environment });
      let text = '';
      child.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      child.once('error', reject);
      child.once('close', () => resolve(text.trimEnd()));
      child.stdin.end(input);
    });
  }

  /** Keys seen by a SCAN of one key a step: a walk that leans on the one before it runs out of stack. */
  async function stepwise(db: number): Promise<number> {
    const client = new Redis({ port: broker.port, password: 'secret', db });
    let seen = 0;
    try {
      for await (const page of client.scanStream({ count: 1 })) seen += page.length;
    } finally {
      client.disconnect();
    }
    return seen;
  }

  it('redis-cli reads commands line by line, and shows errors as Redis’s', async () => {
    const said = await cliWith('SET a 41\nINCR a\nRPUSH l x "y z"\nLRANGE l 0 -1\nNONSENSE\nGET l\n');
    expect(said.split('\n').filter((line) => line !== '')).toEqual([
      ...['OK', '42', '2', 'x', 'y z'],
      "ERR unknown command 'NONSENSE', with args beginning with: ",
      'WRONGTYPE Operation against a key holding the wrong kind of value',
    ]);
  });

  it('redis-cli speaks RESP3, CSV and JSON', async () => {
    await cli('HSET', 'h', 'f', 'v');
    await cli('ZADD', 'z', '1.5', 'm');
    expect(await cli('--json', '-3', 'HGETALL', 'h')).toBe('{"f":"v"}');
    expect(await cli('--json', '-3', 'ZRANGE', 'z', '0', '-1', 'WITHSCORES')).toBe('[["m",1.5]]');
    expect(await cli('--csv', 'HGETALL', 'h')).toBe('"f","v"');
  });

  it('redis-cli --eval, -x and -n', async () => {
    const script = join(folder, 'script.lua');
    await writeFile(script, 'return {KEYS[1], ARGV[1], redis.call("GET", KEYS[1])}');
    await cliWith('bytes \0 and lines\r\n', '-x', 'SET', 'k');
    expect(await cli('--eval', script, 'k', ',', 'arg')).toContain('bytes \0 and lines');
    expect(await cli('-n', '3', 'DBSIZE')).toBe('0');
  });

  it('redis-cli --pipe takes in many commands; --scan, --bigkeys and --memkeys walk them all', async () => {
    const keys = 50_000;
    const command = (key: string): string => `*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$1\r\nv\r\n`;
    const input = Array.from({ length: keys }, (_, n) => command(`mass:${n}`)).join('');
    expect(await cliWith(input, '-n', '5', '--pipe')).toContain(`errors: 0, replies: ${keys}`);
    expect(new Set((await cli('-n', '5', '--scan')).split('\n')).size).toBe(keys);
    expect(await stepwise(5)).toBe(keys);
    expect((await cli('-n', '5', '--scan', '--pattern', 'mass:7*')).split('\n')).toHaveLength(1_111);
    for (const flag of ['--bigkeys', '--memkeys']) expect(await cli('-n', '5', flag)).toContain(`Sampled ${keys} keys`);
  });

  it('redis-cli --stat and --latency', async () => {
    expect(await cli('--latency', '--raw', '-i', '0.2')).toMatch(/^\d+ \d+ [\d.]+ \d+$/);
    expect(await cli('INFO', 'stats')).toMatch(/total_commands_processed:\d+/);
  });

  it('redis-cli over TLS, by an authority of its own', async () => {
    const args = ['-p', String(broker.tlsPort), '--tls', '--cacert', join(folder, 'ca.pem'), 'PING'];
    const { stdout } = await execute('redis-cli', args, { env: environment });
    expect(stdout).toBe('PONG\n');
    const untrusted = execute('redis-cli', ['-p', String(broker.tlsPort), '--tls', 'PING'], { env: environment });
    await expect(untrusted).rejects.toThrow(/certificate verify failed/);
  });

  it('redis-benchmark runs its whole default list', async () => {
    const args = ['-p', String(broker.port), '-a', 'secret', '-q', '-n', '500', '-c', '10', '-r', '100', '-P', '4'];
    const { stdout, stderr } = await execute('redis-benchmark', args, { env: environment });
    const done = [...`${stdout}`.matchAll(/([A-Z_]+[^:\r\n]*): [\d.]+ requests per second/g)].map(([, name]) => name);
    expect(stderr).not.toMatch(/error/i);
    for (const name of ['PING_MBULK', 'SET', 'GET', 'INCR', 'LPUSH', 'RPOP', 'SADD', 'HSET', 'SPOP', 'ZADD', 'ZPOPMIN'])
      expect(done).toContain(name);
    expect(done.some((name) => name?.startsWith('MSET'))).toBe(true);
  });
});
