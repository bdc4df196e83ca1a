import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { createIdentity, type Identity } from '../../common/identity.ts';
import { silentLogger } from '../../common/log.ts';
import { createHubClient, type HubClient } from '../../node-agent/hub-client.ts';
import { type BlobCache, openBlobCache } from '../../node-agent/runtime/blob-cache.ts';
import { type FakeHub, sha256, startFakeHub } from './support/fake-hub.ts';

let identity: Identity;
let hub: FakeHub;
let client: HubClient;
let dir: string;
let cache: BlobCache;
const never = new AbortController().signal;
const plenty = async (): Promise<number> => 1e12;

beforeAll(async () => {
  identity = await createIdentity('node');
  hub = await startFakeHub();
});
afterAll(() => hub.stop());
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'millrace-cache-'));
  client = createHubClient(identity, { connectMs: 1_000, callMs: 2_000, silenceMs: 1_000 });
  client.moveTo({ baseUrl: hub.url, pin: '', bearer: `mrn1.${hub.nodeId}.${hub.secret}` });
  hub.blobs.clear();
  hub.ranges.splice(0);
  hub.faults.splice(0);
  cache = await open();
});
afterEach(async () => {
  await client.close();
  await rm(dir, { recursive: true, force: true });
});

const open = (maxBytes = 1e9, freeDiskBytes = plenty): Promise<BlobCache> =>
  openBlobCache({
    dir,
    maxBytes,
    freeDiskBytes,
    source: (digest, offset, signal) => client.readBlob(digest, offset, signal),
    logger: silentLogger,
  });
function store(sizeBytes: number) {
  const bytes = randomBytes(sizeBytes);
  const blob = { sha256: sha256(bytes), sizeBytes };
  hub.blobs.set(blob.sha256, bytes);
  return { bytes, blob };
}
const partials = (): Promise<string[]> => readdir(join(dir, 'partial'));

it.each([0, 1, 100_000, 3_000_000])('fetches %d bytes once and keeps them', async (sizeBytes) => {
  const { blob, bytes } = store(sizeBytes);
  const held = await cache.get(blob, never);
  expect((await readFile(held.path)).equals(bytes)).toBe(true);
  held.release();
  hub.blobs.clear();
  (await cache.get(blob, never)).release();
  expect(cache.sizeBytes()).toBe(sizeBytes);
});

it.each([200_000, 3_000_000])('goes on where %d bytes were cut', async (sizeBytes) => {
  const { blob, bytes } = store(sizeBytes);
  hub.faults.push({ cutAfter: Math.floor(sizeBytes / 2) });
  const held = await cache.get(blob, never);
  expect((await readFile(held.path)).equals(bytes)).toBe(true);
  expect(hub.ranges[0]).toBeUndefined();
  const resumedAt = Number(/^bytes=(\d+)-$/.exec(hub.ranges[1] ?? '')?.[1]);
  expect(resumedAt).toBeGreaterThan(0);
  expect(resumedAt).toBeLessThanOrEqual(sizeBytes / 2);
  expect(await partials()).toEqual([]);
});

it('goes on with what an earlier process left', async () => {
  const { blob, bytes } = store(3_000_000);
  await writeFile(join(dir, 'partial', blob.sha256), bytes.subarray(0, 1_000_000));
  const held = await cache.get(blob, never);
  expect(hub.ranges).toEqual(['bytes=1000000-']);
  expect((await readFile(held.path)).equals(bytes)).toBe(true);
});

it.each([
  50_000, 3_000_000,
])('refuses a flipped byte of %d, and takes the right bytes at the next try', async (sizeBytes) => {
  const { blob, bytes } = store(sizeBytes);
  hub.faults.push({ flipAt: 1_234 });
  const held = await cache.get(blob, never);
  expect((await readFile(held.path)).equals(bytes)).toBe(true);
  expect(hub.ranges).toHaveLength(2);
});

it('gives up bytes that are wrong twice, and keeps none of them', async () => {
  const { blob } = store(3_000_000);
  hub.faults.push({ flipAt: 5 }, { flipAt: 5 });
  await expect(cache.get(blob, never)).rejects.toMatchObject({ code: 'input_digest_mismatch' });
  expect(await partials()).toEqual([]);
  expect(cache.sizeBytes()).toBe(0);
});

it('says when the hub does not have the bytes', async () => {
  const blob = { sha256: 'f'.repeat(64), sizeBytes: 5 };
  await expect(cache.get(blob, never)).rejects.toMatchObject({ code: 'blob_unavailable' });
});

it('waits for a hub that is away', async () => {
  const { blob } = store(1_000);
  await hub.goAway();
  const fetched = cache.get(blob, never);
  await new Promise((resolve) => setTimeout(resolve, 300));
  await hub.comeBack();
  (await fetched).release();
});

it('fetches once for all who ask at once; one who gives up does not stop the others', async () => {
  const { blob } = store(3_000_000);
  hub.faults.push({ cutAfter: 1_000_000 });
  const abort = new AbortController();
  const first = cache.get(blob, abort.signal);
  const second = cache.get(blob, never);
  abort.abort(new Error('dropped'));
  await expect(first).rejects.toThrow('dropped');
  (await second).release();
  expect(hub.ranges).toHaveLength(2);
});

it('ends a download that nobody waits for, and can begin it again', async () => {
  const { blob } = store(2_000_000);
  await hub.goAway();
  const abort = new AbortController();
  const fetched = cache.get(blob, abort.signal);
  setTimeout(() => abort.abort(new Error('dropped')), 50);
  await expect(fetched).rejects.toThrow('dropped');
  await hub.comeBack();
  (await cache.get(blob, never)).release();
});

it('evicts what was not used for longest, never what is in use', async () => {
  cache = await open(250_000);
  const [a, b, c, d] = [store(100_000), store(100_000), store(100_000), store(100_000)];
  const heldA = await cache.get(a.blob, never);
  (await cache.get(b.blob, never)).release();
  (await cache.get(c.blob, never)).release();
  await expect.poll(() => cache.sizeBytes()).toBe(200_000);
  expect(cache.hold(b.blob.sha256)).toBeUndefined();
  expect(cache.hold(a.blob.sha256)).toBeDefined();
  (await cache.get(c.blob, never)).release();
  (await cache.get(d.blob, never)).release();
  await expect.poll(() => cache.sizeBytes()).toBe(200_000);
  expect(cache.hold(c.blob.sha256)).toBeUndefined();
  expect((await readFile(heldA.path)).equals(a.bytes)).toBe(true);
});

it('takes at most half of the free disk', async () => {
  cache = await open(1e9, async () => 200_000 - cacheBytes());
  const cacheBytes = (): number => cache?.sizeBytes() ?? 0;
  const blobs = [store(60_000), store(60_000), store(60_000)];
  cache = await open(1e9, async () => 120_000);
  for (const { blob } of blobs) (await cache.get(blob, never)).release();
  cache = await open(1e9, async () => 40_000);
  expect(cache.sizeBytes()).toBeLessThanOrEqual(110_000);
});

it('survives a restart, and does not trust what it finds', async () => {
  const [good, bad] = [store(10_000), store(20_000)];
  const paths = [];
  for (const { blob } of [good, bad]) {
    const held = await cache.get(blob, never);
    paths.push(held.path);
    held.release();
  }
  await writeFile(paths[1] ?? '', randomBytes(20_000));
  cache = await open();
  expect(cache.sizeBytes()).toBe(30_000);
  hub.ranges.splice(0);
  expect((await readFile((await cache.get(good.blob, never)).path)).equals(good.bytes)).toBe(true);
  expect(hub.ranges).toHaveLength(0);
  expect((await readFile((await cache.get(bad.blob, never)).path)).equals(bad.bytes)).toBe(true);
  expect(hub.ranges).toHaveLength(1);
});

it('fetches again what somebody removed behind its back', async () => {
  const { blob, bytes } = store(10_000);
  const held = await cache.get(blob, never);
  held.release();
  await rm(held.path);
  expect((await readFile((await cache.get(blob, never)).path)).equals(bytes)).toBe(true);
});

it('adopts a file, and can be wiped', async () => {
  const bytes = randomBytes(5_000);
  const path = join(dir, 'made');
  await writeFile(path, bytes);
  const blob = { sha256: sha256(bytes), sizeBytes: 5_000 };
  const held = await cache.adopt(path, blob);
  expect((await readFile(held.path)).equals(bytes)).toBe(true);
  held.release();
  await cache.wipe();
  expect(cache.sizeBytes()).toBe(0);
  expect((await readdir(dir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())).toEqual([]);
});
