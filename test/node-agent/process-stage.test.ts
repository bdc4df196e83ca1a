import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { blobFile } from '../../common/blob-layout.ts';
import { systemClock } from '../../common/clock.ts';
import { createIdentity, type Identity } from '../../common/identity.ts';
import { silentLogger } from '../../common/log.ts';
import type { StagePayload } from '../../contract/stage.ts';
import { watermarkStage } from '../../contract/stages/watermark.ts';
import { createHubClient, type HubClient } from '../../node-agent/hub-client.ts';
import { createKnownAnswers } from '../../node-agent/known-answers.ts';
import { createStageRunner, type StageRunner } from '../../node-agent/process-stage.ts';
import { openResultOutbox, type ResultOutbox } from '../../node-agent/result-outbox.ts';
import { type BlobCache, openBlobCache } from '../../node-agent/runtime/blob-cache.ts';
import { createIsolate, type Isolate } from '../../node-agent/runtime/isolate.ts';
import { readingInPlace } from '../../node-agent/runtime/near-hub.ts';
import { createScratch } from '../../node-agent/scratch.ts';
import { createSlots } from '../../node-agent/slots.ts';
import { type FakeHub, sha256, startFakeHub } from './support/fake-hub.ts';

const entryPath = fileURLToPath(new URL('./support/test-stages.ts', import.meta.url));
let identity: Identity;
let hub: FakeHub;
let client: HubClient;
let dir: string;
let cache: BlobCache;
let outbox: ResultOutbox;
let isolate: Isolate;
let runner: StageRunner;
let changes: number;

beforeAll(async () => {
  identity = await createIdentity('node');
});
beforeEach(async () => {
  hub = await startFakeHub();
  dir = await mkdtemp(join(tmpdir(), 'millrace-node-'));
  client = createHubClient(identity, { connectMs: 500, callMs: 2_000, silenceMs: 1_000 });
  client.moveTo({ baseUrl: hub.url, pin: '', bearer: `mrn1.${hub.nodeId}.${hub.secret}` });
  isolate = createIsolate({ logger: silentLogger, entryPath });
  await open();
});
afterEach(async () => {
  await runner.stop();
  await outbox.stop();
  isolate.stop();
  await client.close();
  await hub.stop();
  await rm(dir, { recursive: true, force: true });
});

/** All that a process opens on its folder. */
async function open(hubIsNear = false): Promise<void> {
  await mkdir(join(dir, 'scratch'), { recursive: true });
  const source: Parameters<typeof openBlobCache>[0]['source'] = (digest, offset, signal) =>
    client.readBlob(digest, offset, signal);
  cache = await openBlobCache({
    dir: join(dir, 'cache'),
    maxBytes: 1e9,
    freeDiskBytes: async () => 1e12,
    source,
    logger: silentLogger,
  });
  outbox = await openResultOutbox({
    dir: join(dir, 'outbox'),
    hub: client,
    cache,
    logger: silentLogger,
    maxWaiting: 3,
  });
  changes = 0;
  runner = createStageRunner({
    hub: client,
    cache,
    hubIsNear,
    isolate,
    slots: createSlots(() => 8),
    outbox,
    scratch: createScratch(join(dir, 'scratch')),
    hubAccess: () => null,
    answers: createKnownAnswers({ isolate, scratchDir: join(dir, 'scratch'), changed: () => {}, logger: silentLogger }),
    changed: () => {
      changes++;
    },
    clock: systemClock,
    logger: silentLogger,
  });
}

const filesIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((one) => one.isFile())
    .map(({ name }) => name);

function order(act: string, text = 'x', change: Partial<StagePayload> = {}): StagePayload {
  const bytes = Buffer.from(JSON.stringify({ do: act, text }));
  const input = { role: 'image', sha256: sha256(bytes), sizeBytes: bytes.length, mediaType: 'image/png' };
  hub.blobs.set(input.sha256, bytes);
  const jobId = randomUUID();
  const stageId = `${jobId}.watermark.main`;
  const ids = { attemptId: `${stageId}~1`, stageId, jobId, kind: watermarkStage.kind, codeVersion: 1 };
  return { ...ids, options: {}, inputs: [input], timeoutMs: 20_000, memoryBytes: 2e9, ...change };
}
const work = (payload: StagePayload): Promise<void> => runner.process(payload, payload.attemptId);
const waitingFiles = async (): Promise<string[]> =>
  (await readdir(join(dir, 'outbox'))).filter((name) => name.endsWith('.json'));

it('brings inputs, runs, sends outputs, posts the result, and leaves nothing behind', async () => {
  const payload = order('copy', 'paper');
  await work(payload);
  expect(hub.results).toHaveLength(1);
  const [{ attemptId, result } = { attemptId: '', result: undefined }] = hub.results;
  expect(attemptId).toBe(payload.attemptId);
  const made = Buffer.from('made of paper');
  const output = { role: 'watermarked', sha256: sha256(made), sizeBytes: made.length, mediaType: 'text/plain' };
  expect(result).toMatchObject({ outcome: 'done', engine: 'test 1', outputs: [{ ...output, extension: '.txt' }] });
  expect(result?.metrics.processingMs).toBeGreaterThan(0);
  expect(result?.metrics.peakMemoryBytes).toBeGreaterThan(1e7);
  expect(hub.blobs.get(sha256(made))?.equals(made)).toBe(true);
  expect(await filesIn(join(dir, 'scratch'))).toEqual([]);
  expect(await waitingFiles()).toEqual([]);
  expect(runner.running()).toEqual([]);
  expect(changes).toBeGreaterThanOrEqual(2);
});

it('keeps outputs for the next stage on this machine', async () => {
  await work(order('copy', 'paper'));
  const made = Buffer.from('made of paper');
  hub.blobs.delete(sha256(made));
  const held = await cache.get({ sha256: sha256(made), sizeBytes: made.length }, new AbortController().signal);
  held.release();
});

it.each([
  ['crash', 'stage_crashed'],
  ['damaged', 'input_damaged'],
  ['bug', 'stage_failed'],
  ['outside', 'stage_invalid_output'],
  ['wrongSummary', 'stage_invalid_output'],
])('reports a stage that fails (%s) as a result', async (act, code) => {
  await work(order(act));
  expect(hub.results).toMatchObject([{ result: { outcome: 'failed', error: { code } } }]);
  await work(order('copy'));
  expect(hub.results[1]).toMatchObject({ result: { outcome: 'done' } });
});

it('proves itself with the known answer before anybody is blamed, and tells what the process wrote last', async () => {
  await work(order('note'));
  await work(order('damaged'));
  const check = { facts: watermarkStage.knownAnswer?.facts, error: null };
  expect(hub.results).toMatchObject([
    { result: { error: { code: 'stage_crashed', log: expect.stringContaining('ghost') }, check } },
    { result: { error: { code: 'input_damaged' } } },
  ]);
  expect(hub.results[1]?.result).not.toHaveProperty('check');
});

it('stops at the order’s time limit', async () => {
  await work(order('hang', 'x', { timeoutMs: 500 }));
  expect(hub.results).toMatchObject([{ result: { outcome: 'failed', error: { code: 'stage_timeout' } } }]);
});

it.each([
  { codeVersion: 2 },
  { kind: 'unheard-of' },
  { options: { size: 'large' } },
])('refuses an order that it does not understand (%o)', async (change) => {
  await work(order('copy', 'x', change));
  expect(hub.results).toMatchObject([{ result: { outcome: 'failed', error: { code: 'stage_invalid_payload' } } }]);
});

it('answers an order that is none, by the job’s id', async () => {
  const { attemptId } = order('copy');
  await runner.process({ attemptId: 7 }, attemptId);
  expect(hub.results).toMatchObject([{ attemptId, result: { error: { code: 'stage_invalid_payload' } } }]);
  await runner.process('nonsense', 'no attempt at all');
  expect(hub.results).toHaveLength(1);
});

it('says what failed when the bytes cannot be had', async () => {
  const payload = order('copy');
  hub.blobs.clear();
  await work(payload);
  expect(hub.results).toMatchObject([{ result: { error: { code: 'blob_unavailable' } } }]);
});

it('works once on an attempt that comes twice', async () => {
  const payload = order('progress');
  await Promise.all([work(payload), work(payload)]);
  await work(payload);
  expect(hub.results).toHaveLength(1);
});

it('tells its progress while it runs', async () => {
  const running = work(order('progress'));
  await expect.poll(() => runner.running()[0]?.progress).toEqual({ done: 1, total: 4, unit: 'parts' });
  await running;
});

it('drops at once what the hub takes back, and delivers nothing of it', async () => {
  const payload = order('hangInLoop');
  const running = work(payload);
  await expect.poll(() => runner.running().length).toBe(1);
  await new Promise((resolve) => setTimeout(resolve, 300));
  await runner.drop([payload.attemptId]);
  await running;
  expect(runner.running()).toEqual([]);
  expect(hub.results).toEqual([]);
  expect(await filesIn(join(dir, 'scratch'))).toEqual([]);
});

it('drops a download that waits for the hub', async () => {
  const payload = order('copy');
  await hub.goAway();
  const running = work(payload);
  await expect.poll(() => runner.running().length).toBe(1);
  await runner.drop([payload.attemptId]);
  await running;
});

it('uploads what was cut from where it was cut', async () => {
  hub.uploadCuts.push(2_000_000);
  await work(order('large', 'z'));
  expect(hub.results).toMatchObject([{ result: { outcome: 'done' } }]);
  const made = Buffer.alloc(5_000_000, 'z');
  expect(hub.blobs.get(sha256(made))?.equals(made)).toBe(true);
});

it('keeps results while the hub is away, and delivers each once and in order', async () => {
  const payloads = [order('copy', 'a'), order('copy', 'b'), order('damaged'), order('copy', 'c')];
  const abort = new AbortController().signal;
  for (const { inputs } of payloads) for (const input of inputs) (await cache.get(input, abort)).release();
  await hub.goAway();
  for (const payload of payloads) await work(payload);
  expect(await waitingFiles()).toHaveLength(4);
  expect(outbox.held()).toEqual(payloads.map(({ attemptId }) => attemptId));
  await hub.comeBack();
  outbox.wake();
  await expect.poll(() => outbox.held(), { timeout: 10_000 }).toEqual([]);
  expect(hub.results.map(({ attemptId }) => attemptId)).toEqual(payloads.map(({ attemptId }) => attemptId));
  for (const text of ['a', 'b', 'c']) expect(hub.blobs.has(sha256(`made of ${text}`))).toBe(true);
  expect(await waitingFiles()).toEqual([]);
  expect(runner.running()).toEqual([]);
});

it('delivers after its own restart, with the outputs from its disk', async () => {
  const payload = order('copy', 'kept');
  (await cache.get(payload.inputs[0] ?? { sha256: '', sizeBytes: 0 }, new AbortController().signal)).release();
  await hub.goAway();
  await work(payload);
  await outbox.stop();
  await open();
  expect(outbox.held()).toEqual([payload.attemptId]);
  await work(payload);
  await hub.comeBack();
  await expect.poll(() => hub.results.length, { timeout: 10_000 }).toBe(1);
  await expect.poll(() => outbox.held()).toEqual([]);
  expect(hub.blobs.has(sha256('made of kept'))).toBe(true);
});

it('forgets a result whose attempt was closed meanwhile', async () => {
  hub.refusals.set('result', 'attempt_closed');
  await work(order('copy'));
  expect(hub.results).toEqual([]);
  expect(outbox.held()).toEqual([]);
  expect(await waitingFiles()).toEqual([]);
});

it('puts a result aside that the hub refuses, and goes on', async () => {
  hub.refusals.set('result', 'request_invalid');
  await work(order('copy'));
  hub.refusals.clear();
  await work(order('copy', 'next'));
  expect(hub.results).toHaveLength(1);
  expect(await readdir(join(dir, 'outbox', 'refused'))).toHaveLength(1);
});

it('holds on to a result while the hub’s disk is full', async () => {
  hub.refusals.set('putBlob', 'disk_full');
  await work(order('copy', 'full'));
  expect(outbox.held()).toHaveLength(1);
  hub.refusals.clear();
  outbox.wake();
  await expect.poll(() => hub.results.length, { timeout: 10_000 }).toBe(1);
});

it('is full when too many results wait, and has room again when the hub takes them', async () => {
  hub.refusals.set('putBlob', 'disk_full');
  for (const text of ['a', 'b']) await work(order('copy', text));
  expect(outbox.isFull()).toBe(false);
  await work(order('copy', 'c'));
  expect(outbox.isFull()).toBe(true);
  hub.refusals.delete('putBlob');
  outbox.wake();
  await expect.poll(() => hub.results.length, { timeout: 20_000 }).toBe(3);
  expect(outbox.isFull()).toBe(false);
});

it('drops a kept result that the hub does not want any more', async () => {
  hub.refusals.set('result', 'not_ready');
  const payload = order('copy');
  await work(payload);
  await outbox.drop([payload.attemptId]);
  hub.refusals.clear();
  expect(outbox.held()).toEqual([]);
  expect(await waitingFiles()).toEqual([]);
});

it('puts aside what it cannot read', async () => {
  await outbox.stop();
  await writeFile(join(dir, 'outbox', '000000000007-x.json'), '{"attemptId":');
  await open();
  expect(outbox.held()).toEqual([]);
  expect(await readdir(join(dir, 'outbox', 'refused'))).toEqual(['000000000007-x.json']);
});

describe('beside its hub', () => {
  beforeEach(async () => {
    await outbox.stop();
    await open(true);
  });

  it('sends no outputs: the hub takes them from the cache', async () => {
    const made = Buffer.from('made of paper');
    // As if the hub had taken it.
    hub.blobs.set(sha256(made), made);
    hub.refusals.set('putBlob', 'request_invalid');
    await work(order('copy', 'paper'));
    expect(hub.results).toHaveLength(1);
    expect(await readFile(blobFile(join(dir, 'cache'), sha256(made)), 'utf8')).toBe('made of paper');
  });

  it('sends them after all when the hub could not take them', async () => {
    await work(order('copy', 'glass'));
    await expect.poll(() => hub.results.length, { timeout: 10_000 }).toBe(1);
    expect(hub.blobs.get(sha256('made of glass'))?.toString()).toBe('made of glass');
    expect(outbox.held()).toEqual([]);
  });

  it('reads inputs where the hub keeps them, and fetches those that are not there in full', async () => {
    const hubDir = join(dir, 'hub-blobs');
    const near = readingInPlace(cache, hubDir);
    const abort = new AbortController().signal;
    const put = async (text: string, onDisk: string): Promise<{ sha256: string; sizeBytes: number }> => {
      const path = blobFile(hubDir, sha256(text));
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, onDisk);
      hub.blobs.set(sha256(text), Buffer.from(text));
      return { sha256: sha256(text), sizeBytes: text.length };
    };
    const whole = await near.get(await put('whole', 'whole'), abort);
    const torn = await near.get(await put('torn away', 'torn'), abort);
    expect([whole.path, await readFile(torn.path, 'utf8')]).toEqual([blobFile(hubDir, sha256('whole')), 'torn away']);
    expect(hub.ranges).toHaveLength(1);
    torn.release();
  });
});
