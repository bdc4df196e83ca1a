/** A full disk, for real: a broker on a small tmpfs. Writes are refused, reads go on, nothing acknowledged is lost, and it recovers by itself. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { requireTmpfs } from '../support/requirements.ts';
import { connect, type RunningBroker, startProcess } from './support/kill-rounds.ts';

const SIZE_KB = 4096;

let dir = '';
let running: RunningBroker[] = [];
beforeEach((context) => {
  requireTmpfs(context);
  dir = mkdtempSync(join(tmpdir(), 'mr-full-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_KB}k`, 'tmpfs', dir]);
});
afterEach(async () => {
  for (const broker of running) await broker.kill();
  running = [];
  if (dir === '') return;
  execFileSync('umount', [dir]);
  rmdirSync(dir);
  dir = '';
});

async function start(appendfsync: 'always' | 'everysec' | 'no'): Promise<RunningBroker> {
  const broker = await startProcess(dir, appendfsync);
  running.push(broker);
  return broker;
}

/** Takes all space but `leftBytes` away by another file. */
function fillDisk(leftBytes: number): void {
  const { bavail, bsize } = statfsSync(dir);
  writeFileSync(join(dir, 'ballast'), Buffer.alloc(Math.max(0, bavail * bsize - leftBytes)));
}

/** Writes until one is not acknowledged; says why. */
async function writeUntilRefused(port: number, acknowledged: string[], name: string): Promise<string> {
  const client = connect(port);
  try {
    for (let n = 0; ; n++) {
      const key = `${name}-${n}`;
      await client.multi().set(key, 'x'.repeat(3000)).rpush('keys', key).exec();
      acknowledged.push(key);
      if (n > 10_000) return 'never';
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    client.disconnect();
  }
}

async function expectAll(client: Redis, acknowledged: readonly string[]): Promise<void> {
  const keys = new Set(await client.lrange('keys', 0, -1));
  expect(acknowledged.filter((key) => !keys.has(key))).toEqual([]);
  // No half transaction: each key named in the list is there.
  for (const key of keys) expect(await client.strlen(key)).toBe(3000);
}

describe.each(['always', 'everysec', 'no'] as const)('a full disk, appendfsync %s', (appendfsync) => {
  it('refuses writes, lets reads, loses nothing acknowledged and recovers when space returns', async () => {
    const broker = await start(appendfsync);
    const acknowledged: string[] = [];
    fillDisk(500_000);
    // The write that does not fit is not answered: its connection ends, or the next one is told why.
    expect(await writeUntilRefused(broker.port, acknowledged, 'a')).not.toBe('never');
    expect(acknowledged.length).toBeGreaterThan(50);
    const client = connect(broker.port);
    await expect(client.set('k', 'v')).rejects.toThrow(/^MISCONF /);
    await expect(client.eval('return redis.call("SET", "k", "v")', 0)).rejects.toThrow(/MISCONF /);
    await expect(client.multi().set('k', 'v').exec()).rejects.toThrow(/EXECABORT/);
    expect(await client.strlen(acknowledged[0] ?? '')).toBe(3000);
    expect(await client.info('persistence')).toContain('aof_last_write_status:err');
    rmSync(join(dir, 'ballast'));
    await expect.poll(() => client.set('k', 'v').catch(String), { timeout: 5000 }).toBe('OK');
    await expectAll(client, acknowledged);
    // Full once more, and killed there: what was acknowledged is what comes back.
    fillDisk(100_000);
    await writeUntilRefused(broker.port, acknowledged, 'b');
    client.disconnect();
    await broker.kill();
    rmSync(join(dir, 'ballast'));
    const again = connect((await start(appendfsync)).port);
    await expectAll(again, acknowledged);
    expect(await again.get('k')).toBe('v');
    again.disconnect();
  });

  it('fails a snapshot cleanly and takes one later', async () => {
    const broker = await start(appendfsync);
    const client = connect(broker.port);
    for (let n = 0; n < 200; n++) await client.set(`k${n}`, 'x'.repeat(3000));
    fillDisk(300_000);
    await expect(client.call('SAVE')).rejects.toThrow('the snapshot failed');
    expect(readdirSync(dir).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    await client.set('still', 'writing');
    expect(await client.info('persistence')).toContain('aof_last_bgrewrite_status:err');
    rmSync(join(dir, 'ballast'));
    expect(await client.call('SAVE')).toBe('OK');
    client.disconnect();
    await broker.kill();
    const again = connect((await start(appendfsync)).port);
    expect(await again.dbsize()).toBe(201);
    again.disconnect();
  });
});
