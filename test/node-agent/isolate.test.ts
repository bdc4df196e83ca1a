import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { silentLogger } from '../../common/log.ts';
import { createIsolate, type Isolate, type IsolateOptions, type StageUnit } from '../../node-agent/runtime/isolate.ts';

const entryPath = fileURLToPath(new URL('./support/test-stages.ts', import.meta.url));
let dir: string;
let isolate: Isolate;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'millrace-isolate-'));
  isolate = create();
});
afterEach(async () => {
  isolate.stop();
  await rm(dir, { recursive: true, force: true });
});

const create = (options: Partial<IsolateOptions> = {}): Isolate =>
  createIsolate({ logger: silentLogger, entryPath, ...options });

async function unit(act: string, limits: Partial<StageUnit> = {}): Promise<StageUnit> {
  const path = join(dir, `${act}.json`);
  await writeFile(path, JSON.stringify({ do: act, text: 'x' }));
  const input = { role: 'image', sha256: 'a'.repeat(64), sizeBytes: 1, mediaType: 'image/png', path };
  const base = { kind: 'trial', options: {}, inputs: [input], scratchDir: dir, hub: null };
  return { ...base, timeoutMs: 20_000, memoryBytes: 2_000_000_000, ...limits };
}

const never = new AbortController().signal;
const run = async (act: string, limits: Partial<StageUnit> = {}, signal = never) =>
  await isolate.run(await unit(act, limits), signal, () => {});

const exists = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
async function pidOf(): Promise<number> {
  const outcome = await run('tell');
  return outcome.outcome === 'done' ? Number(outcome.summary['pid']) : Number.NaN;
}

it('runs a unit in a process of its own and measures its memory', async () => {
  const outcome = await run('copy');
  expect(outcome).toMatchObject({
    outcome: 'done',
    engine: 'test 1',
    outputs: [{ role: 'watermarked', extension: '.txt' }],
  });
  expect(outcome.peakMemoryBytes).toBeGreaterThan(10_000_000);
});

it('keeps processes warm, and renews them after so many units', async () => {
  isolate.stop();
  isolate = create({ maxUnits: 3 });
  const pids = [await pidOf(), await pidOf(), await pidOf(), await pidOf()];
  expect(new Set(pids.slice(0, 3)).size).toBe(1);
  expect(pids[3]).not.toBe(pids[0]);
});

it('ends idle processes', async () => {
  isolate.stop();
  isolate = create({ idleMs: 100 });
  const pid = await pidOf();
  await expect.poll(() => exists(pid)).toBe(false);
});

it('gives units that run at once processes of their own', async () => {
  const outcomes = await Promise.all([run('tell'), run('tell')]);
  const pids = outcomes.map((outcome) => (outcome.outcome === 'done' ? outcome.summary['pid'] : null));
  expect(new Set(pids).size).toBe(2);
});

it('passes no secrets on, and lets the owner’s programs go first', async () => {
  process.env['MILLRACE_TOKEN'] = 'secret';
  try {
    const outcome = await run('tell');
    expect(outcome).toMatchObject({ summary: { secret: null } });
    if (process.platform === 'linux') expect(outcome).toMatchObject({ summary: { nice: 10 } });
  } finally {
    delete process.env['MILLRACE_TOKEN'];
  }
});

it.each(['crash', 'exit'])('survives a process that dies (%s)', async (act) => {
  expect(await run(act)).toMatchObject({ outcome: 'failed', error: { code: 'stage_crashed' } });
  expect(await run('copy')).toMatchObject({ outcome: 'done' });
});

it.each(['hang', 'hangInLoop'])('stops a unit at its time limit (%s)', async (act) => {
  const outcome = await run(act, { timeoutMs: 1_000 });
  expect(outcome).toMatchObject({ outcome: 'failed', error: { code: 'stage_timeout' } });
  expect(await run('copy')).toMatchObject({ outcome: 'done' });
});

it('stops a unit that takes more memory than it may', async () => {
  const outcome = await run('hog', { memoryBytes: 300_000_000 });
  expect(outcome).toMatchObject({ outcome: 'failed', error: { code: 'stage_out_of_memory' } });
  expect(outcome.peakMemoryBytes).toBeGreaterThan(300_000_000);
});

it('knows a full heap from a crash', async () => {
  isolate.stop();
  isolate = create({ heapBytes: () => 80_000_000 });
  const outcome = await run('heap', { memoryBytes: 4_000_000_000 });
  expect(outcome).toMatchObject({ outcome: 'failed', error: { code: 'stage_out_of_memory' } });
});

it('kills the process of a unit that is dropped, at once', async () => {
  const pid = await pidOf();
  const abort = new AbortController();
  const running = run('hangInLoop', {}, abort.signal);
  setTimeout(() => abort.abort(new Error('dropped')), 200);
  await expect(running).rejects.toThrow('dropped');
  await expect.poll(() => exists(pid)).toBe(false);
});

it('takes a process that was killed from outside for a crash', async () => {
  const pid = await pidOf();
  const running = run('hang');
  setTimeout(() => process.kill(pid, 'SIGKILL'), 200);
  expect(await running).toMatchObject({ outcome: 'failed', error: { code: 'stage_crashed' } });
});

it('passes on known errors as they are, and names the others', async () => {
  expect(await run('damaged')).toMatchObject({
    error: { code: 'input_damaged', message: 'not a picture', details: { at: 7 } },
  });
  expect(await run('bug')).toMatchObject({ error: { code: 'stage_failed', message: 'x is not a function' } });
});

it('refuses an answer that is none', async () => {
  expect(await run('nonsense')).toMatchObject({ error: { code: 'stage_invalid_output' } });
});

it('passes progress on', async () => {
  const seen: number[] = [];
  await isolate.run(await unit('progress'), never, ({ done }) => seen.push(done));
  expect(seen).toEqual([1]);
});

it('asks for an engine, and hears when there is none', async () => {
  expect(await isolate.engine('trial')).toEqual({ engine: 'test 1', needsHub: false });
  await expect(isolate.engine('broken')).rejects.toThrow('no codec');
  await expect(isolate.engine('missing')).rejects.toThrow('no code');
});

it('leaves no process behind', async () => {
  const pid = await pidOf();
  isolate.stop();
  await expect.poll(() => exists(pid)).toBe(false);
  await expect(run('copy')).rejects.toThrow('stopping');
});
