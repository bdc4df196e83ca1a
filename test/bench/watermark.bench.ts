/**
 * Watermarking through the whole system against a bare sharp loop in the same run, how quickly POST answers, and what a large upload
 * costs the hub in memory. `npm run bench -- watermark [speed] [accept] [memory]`; all three unless some are named.
 */
import { execFile } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { Pool } from 'undici';
import { makePhotos } from '../fixtures/make-fixtures.ts';
import { createFarm, eventOf, type Farm, type FarmHub } from '../support/farm.ts';

const run = promisify(execFile);
const cores = availableParallelism();
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

/** Runs `work` over all inputs, so many at once. */
async function inParallel<T>(
  inputs: readonly T[],
  atOnce: number,
  work: (input: T, index: number) => Promise<void>,
): Promise<void> {
  const left = inputs.map((input, index) => ({ input, index }));
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let next = left.shift(); next; next = left.shift()) await work(next.input, next.index);
    }),
  );
}

async function bareLoop(photos: readonly string[], folder: string, threads: number): Promise<number> {
  await mkdir(folder, { recursive: true });
  const program = join(import.meta.dirname, 'bare-watermark.ts');
  const { stdout } = await run(process.execPath, [program, String(threads), folder, ...photos], { maxBuffer: 1 << 20 });
  return JSON.parse(stdout).ms;
}

/** From the first POST to the last picture marked, uploaded and logged. */
async function throughSystem(hub: FarmHub, photos: readonly string[]): Promise<number> {
  let done = 0;
  const allDone = eventOf(
    hub,
    (name, data) => name === 'job.state' && data['state'] === 'done' && ++done === photos.length,
  );
  const startMs = performance.now();
  const batch = await hub.client.call('createBatch', { body: { pipeline: 'watermark' } });
  await inParallel(photos, 4, async (path) => {
    const bytes = await readFile(path);
    await hub.client.call('addFileToBatch', {
      params: { id: batch.id },
      query: { name: path.slice(path.lastIndexOf('/') + 1) },
      body: { bytes, sizeBytes: bytes.length },
    });
  });
  await allDone;
  return performance.now() - startMs;
}

interface PictureSet {
  readonly name: string;
  readonly count: number;
  readonly width: number;
  readonly height: number;
}
const sets: readonly PictureSet[] = [
  { name: '200 of 0.48 megapixel', count: 200, width: 800, height: 600 },
  { name: '20 of 12 megapixel', count: 20, width: 4_000, height: 3_000 },
];

async function warmUp(farm: Farm, hub: FarmHub, threads: number): Promise<void> {
  const folder = join(farm.dir, `warm-${threads}`);
  await throughSystem(
    hub,
    await makePhotos(folder, coldPictures, { width: 640, height: 480, seed: 99_999, format: 'jpeg' }),
  );
}

async function compare(farm: Farm, hub: FarmHub, set: PictureSet, threads: number): Promise<void> {
  const folder = join(farm.dir, `set-${set.width}-${threads}`);
  const photos = await makePhotos(folder, set.count, {
    width: set.width,
    height: set.height,
    seed: set.width,
    format: 'jpeg',
  });
  const before = await bareLoop(photos, join(folder, 'bare-1'), threads);
  const systemMs = await throughSystem(hub, photos);
  const after = await bareLoop(photos, join(folder, 'bare-2'), threads);
  const bareMs = (before + after) / 2;
  const rate = (ms: number): string => ((set.count * 1_000) / ms).toFixed(1);
  say(
    `${set.name}, ${threads} thread${threads === 1 ? '' : 's'}: bare sharp ${rate(bareMs)}/s (${rate(before)}, ${rate(after)}), whole system ${rate(systemMs)}/s, ratio ${(bareMs / systemMs).toFixed(2)}`,
  );
}

/** A hub that has just started compiles while it works: half a second of two cores. These many requests or pictures are left out. */
const coldRequests = 250;
const coldPictures = 200;

/** Latency of POST with 50 at once, every picture new. */
async function acceptLatency(farm: Farm): Promise<void> {
  const hub = await farm.hub(['--no-local-node'], { dataDir: join(farm.dir, 'accept') });
  const photos = await makePhotos(join(farm.dir, 'accept-photos'), 50, {
    width: 640,
    height: 480,
    seed: 5,
    format: 'jpeg',
  });
  const bytes = await Promise.all(photos.map((path) => readFile(path)));
  const batch = await hub.client.call('createBatch', { body: { pipeline: 'watermark' } });
  // Bare requests: the typed client would use as much of the two cores as the hub that is measured.
  const pool = new Pool(hub.url, { connections: 50 });
  const headers = { authorization: `Bearer ${hub.token}`, 'content-type': 'application/octet-stream' };
  const latencies: number[] = [];
  await inParallel(
    Array.from({ length: coldRequests + 1_000 }, (_, i) => i),
    50,
    async (index) => {
      const picture = bytes[index % bytes.length] ?? Buffer.alloc(0);
      // A picture of its own: bytes after the end of a JPEG are no part of it.
      const body = Buffer.concat([picture, Buffer.from(String(index))]);
      const path = `/api/v1/batches/${batch.id}/files?name=p${index}.jpg`;
      const startMs = performance.now();
      const answer = await pool.request({ method: 'POST', path, headers, body });
      await answer.body.dump();
      if (answer.statusCode !== 202) throw new Error(`POST answered ${answer.statusCode}`);
      if (index >= coldRequests) latencies.push(performance.now() - startMs);
    },
  );
  latencies.sort((a, b) => a - b);
  say(
    `accept latency of POST, 50 at once: p50 ${percentile(latencies, 0.5).toFixed(1)} ms, p99 ${percentile(latencies, 0.99).toFixed(1)} ms`,
  );
  await pool.close();
  await hub.stop();
}

const residentBytes = async (pid: number): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1_024;
};

/** Most that the hub's resident memory rises above idle while 2 GB come in. */
async function uploadMemory(farm: Farm): Promise<void> {
  const hub = await farm.hub(['--no-local-node'], { dataDir: join(farm.dir, 'large') });
  const pid = hub.child.pid ?? 0;
  const batch = await hub.client.call('createBatch', { body: { pipeline: 'watermark' } });
  const idleBytes = await residentBytes(pid);
  let mostBytes = idleBytes;
  const timer = setInterval(() => {
    residentBytes(pid).then(
      (bytes) => {
        mostBytes = Math.max(mostBytes, bytes);
      },
      () => undefined,
    );
  }, 20);
  const chunk = Buffer.alloc(1 << 20, 7);
  const sizeBytes = 2_000 * chunk.length;
  const startMs = performance.now();
  await hub.client.call('addFileToBatch', {
    params: { id: batch.id },
    query: { name: 'large.bin' },
    body: {
      bytes: Readable.from(
        (function* () {
          for (let i = 0; i < 2_000; i++) yield chunk;
        })(),
        { objectMode: false },
      ),
      sizeBytes,
    },
  });
  clearInterval(timer);
  const seconds = (performance.now() - startMs) / 1_000;
  say(
    `upload of 2 GB: hub idle ${(idleBytes / 1e6).toFixed(0)} MB, at most ${((mostBytes - idleBytes) / 1e6).toFixed(0)} MB above, ${(sizeBytes / 1e6 / seconds).toFixed(0)} MB/s`,
  );
  await hub.stop();
}

const parts = process.argv.slice(2);
const wanted = (part: string): boolean => parts.length === 0 || parts.includes(part);
const farm = await createFarm();
try {
  say(`${cores} cores, Node ${process.version}`);
  if (wanted('speed')) {
    for (const threads of new Set([1, cores])) {
      const environment = { MILLRACE_STAGE_THREADS: '1', WORKER_CONCURRENCY: `watermark=${threads}` };
      const hub = await farm.hub([], { environment, dataDir: join(farm.dir, `hub-${threads}`) });
      await warmUp(farm, hub, threads);
      for (const set of sets) await compare(farm, hub, set, threads);
      await hub.stop();
    }
  }
  if (wanted('accept')) await acceptLatency(farm);
  if (wanted('memory')) await uploadMemory(farm);
} finally {
  await farm.close();
}
