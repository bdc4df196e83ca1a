/** `millrace broker --check` and `--repair`: what they say of a folder, what they change, and that the start agrees with them. */
import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../common/log.ts';
import { startBroker } from '../../main/broker/start-broker.ts';
import { runCommand } from '../../main/cli/program.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'mr-check-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function millrace(...args: string[]): Promise<{ code: number; text: string }> {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  const code = await runCommand(
    ['broker', ...args],
    { terminal: { out: stream, err: stream }, environment: {} },
    '0.0.0',
  );
  return { code, text: Buffer.concat(chunks).toString() };
}

/** Runs a broker on the folder. */
async function withBroker<T>(work: (client: Redis) => Promise<T>): Promise<T> {
  const broker = await startBroker({ dir, inThread: false, logger: silentLogger });
  const client = new Redis({ port: broker.port, host: '127.0.0.1' });
  try {
    return await work(client);
  } finally {
    client.disconnect();
    await broker.stop();
  }
}

/** 10 records, a snapshot of them, 10 more: 000002.base and 000002.log. */
async function fill(): Promise<void> {
  await withBroker(async (client) => {
    for (let n = 0; n < 10; n++) await client.rpush('early', n);
    await client.call('SAVE');
    for (let n = 0; n < 10; n++) await client.set(`late${n}`, n);
  });
}

async function flip(name: string, at: number): Promise<void> {
  const bytes = await readFile(join(dir, name));
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(join(dir, name), bytes);
}

const start = () => withBroker(async (client) => [await client.llen('early'), await client.dbsize()]);

describe('--check and --repair', () => {
  it('say that a whole folder is whole and leave it alone', async () => {
    await fill();
    const before = await readFile(join(dir, '000002.log'));
    const checked = await millrace('--check', dir);
    expect(checked.code).toBe(0);
    expect(checked.text).toMatch(/000002\.base +whole[\s\S]*000002\.log +whole +\d+ +10/);
    expect(checked.text).toContain('with 11 keys can be read');
    const repaired = await millrace('--repair', dir);
    expect(repaired).toMatchObject({ code: 0, text: expect.stringContaining('Nothing to repair.') });
    expect((await readFile(join(dir, '000002.log'))).equals(before)).toBe(true);
    expect((await readdir(dir)).sort()).toEqual(['000002.base', '000002.log', 'manifest.json']);
  });

  it('take an empty folder for a new one, and name a folder that is not there or in use', async () => {
    expect((await millrace('--check', dir)).code).toBe(0);
    expect((await millrace('--check', join(dir, 'nothing'))).text).toContain('There is no folder');
    const broker = await startBroker({ dir, inThread: true, logger: silentLogger });
    const busy = await millrace('--repair', dir);
    expect(busy.code).not.toBe(0);
    expect(busy.text).toContain(`in use by process ${process.pid}`);
    await broker.stop();
  });

  it('find a torn tail, which the start cuts too', async () => {
    await fill();
    // The mark of the clean stop goes, and the last three bytes of the last record.
    const { length } = await readFile(join(dir, '000002.log'));
    await truncate(join(dir, '000002.log'), length - 23);
    await appendFile(join(dir, '000002.log'), 'zz');
    const checked = await millrace('--check', dir);
    expect(checked.code).toBe(1);
    expect(checked.text).toMatch(
      /000002\.log +torn +\d+ +9 +the record at offset \d+ is not whole, and none follows it/,
    );
    expect(checked.text).toContain('a start cuts it by itself');
    expect(await start()).toEqual([10, 10]);
    expect((await millrace('--check', dir)).code).toBe(0);
  });

  it('find damage in the middle of the log, say what a repair loses, and the start agrees', async () => {
    await fill();
    const whole = await readFile(join(dir, '000002.log'));
    await flip('000002.log', Math.floor(whole.length / 2));
    const spoilt = await readFile(join(dir, '000002.log'));
    await expect(start()).rejects.toThrow('000002.log is damaged');
    const checked = await millrace('--check', dir, '--json');
    expect(checked.code).toBe(1);
    const report = JSON.parse(checked.text.split('\n')[0] ?? '');
    const log = report.files[1];
    expect(report).toMatchObject({ ok: false, startable: false, manifest: 'whole' });
    expect(log).toMatchObject({ state: 'damaged', recordsAfter: 10 - log.records - 1 });
    expect(log.records).toBeGreaterThan(2);
    const repaired = await millrace('--repair', dir);
    expect(repaired.code).toBe(0);
    expect(repaired.text).toContain(
      `Repaired: ${log.recordsAfter} whole records and ${whole.length - log.offset} bytes were cut off`,
    );
    expect((await readFile(join(dir, '000002.log.before-repair-1'))).equals(spoilt)).toBe(true);
    expect((await millrace('--check', dir)).code).toBe(0);
    expect(await start()).toEqual([10, log.records + 1]);
  });

  it.each([
    ['in the middle', async () => flip('000002.base', 60)],
    [
      'at its end',
      async () => truncate(join(dir, '000002.base'), (await readFile(join(dir, '000002.base'))).length - 21),
    ],
    ['in its header', async () => flip('000002.base', 3)],
    ['by being gone', async () => rm(join(dir, '000002.base'))],
  ])('repair a snapshot damaged %s: what was written after it goes too', async (_where, spoil) => {
    await fill();
    await spoil();
    await expect(start()).rejects.toThrow('000002.base is damaged');
    expect((await millrace('--check', dir)).code).toBe(1);
    const repaired = await millrace('--repair', dir);
    expect(repaired.code).toBe(0);
    expect(repaired.text).toContain('000002.log.before-repair-1');
    expect((await millrace('--check', dir)).code).toBe(0);
    const [, keys] = await start();
    expect(keys).toBe(0);
  });

  it.each([
    ['is gone', async () => rm(join(dir, 'manifest.json'))],
    ['is nonsense', async () => writeFile(join(dir, 'manifest.json'), '{"format":2')],
  ])('repair a folder whose manifest %s, without loss', async (_what, spoil) => {
    await fill();
    await spoil();
    await expect(start()).rejects.toThrow(/manifest/);
    expect((await millrace('--check', dir)).code).toBe(1);
    expect((await millrace('--repair', dir)).code).toBe(0);
    expect(await start()).toEqual([10, 11]);
  });

  it('repair a log that is gone', async () => {
    await fill();
    await rm(join(dir, '000002.log'));
    await expect(start()).rejects.toThrow('is missing');
    expect((await millrace('--repair', dir)).code).toBe(0);
    expect(await start()).toEqual([10, 1]);
  });
});
