/** The second stage against a central server elsewhere: the form, the retries on their own, and the user's retry. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makePhotos } from '../fixtures/make-fixtures.ts';
import { createFarm, drop, ended, type Farm, type FarmHub } from '../support/farm.ts';

interface Received {
  readonly key: string | undefined;
  readonly body: string;
  readonly atMs: number;
}

let farm: Farm;
let hub: FarmHub;
let server: Server;
let photos: string[];
const received: Received[] = [];
/** How the server answers next; 200 when empty. */
const answers: number[] = [];

async function take(request: IncomingMessage): Promise<void> {
  const body = (await buffer(request)).toString('latin1');
  received.push({ key: request.headers['idempotency-key']?.toString(), body, atMs: performance.now() });
}

beforeAll(async () => {
  server = createServer((request, response) => {
    take(request).then(
      () => response.writeHead(answers.shift() ?? 200).end('{}'),
      () => response.destroy(),
    );
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  farm = await createFarm();
  photos = await makePhotos(join(farm.dir, 'photos'), 2, { width: 640, height: 480, seed: 3, format: 'jpeg' });
  hub = await farm.hub([], {
    environment: { CENTRAL_SERVER_URL: `http://127.0.0.1:${address.port}/upload-final`, HOSTNAME: 'worker-1' },
  });
});
afterAll(async () => {
  await farm?.close();
  server?.closeAllConnections();
  server?.close();
});

test('a refused upload is tried again after 10 s with the same key; the watermark is not made again', async () => {
  answers.push(503);
  const [first = ''] = photos;
  const [job] = await ended(hub, await drop(hub, [first]), 60_000);
  expect(job?.state).toBe('done');
  expect(received).toHaveLength(2);
  const [one, two] = received;
  expect(one?.key).toBe(two?.key);
  expect((two?.atMs ?? 0) - (one?.atMs ?? 0)).toBeGreaterThanOrEqual(9_900);
  expect(two?.body).toContain('name="worker_name"');
  expect(two?.body).toContain(`filename="watermarked_${job?.item}"`);
  const stages = job?.stageList.map((stage) => [stage.kind, stage.attempts.map((attempt) => attempt.state)]);
  expect(stages).toEqual([
    ['watermark', ['done']],
    ['upload-final', ['failed', 'done']],
  ]);
});

test('while it waits the job says why, and can be stopped and tried again', async () => {
  answers.push(500);
  const before = received.length;
  const [jobId = ''] = await drop(hub, photos.slice(1));
  let job = await hub.client.call('getJob', { params: { id: jobId }, query: {} });
  while (job.waiting?.code !== 'back_off')
    job = await hub.client.call('getJob', { params: { id: jobId }, query: { waitMs: 200 } });
  expect(job.reason).toMatch(/^It is tried again in \d+ s: .*500/);
  await hub.client.call('cancelJob', { params: { id: jobId } });
  await hub.client.call('retryJob', { params: { id: jobId } });
  const [done] = await ended(hub, [jobId], 30_000);
  expect(done?.state).toBe('done');
  expect(received.length - before).toBe(2);
});
