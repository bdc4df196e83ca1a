/** `kill -9` of a broker in a process of its own, and of the hub: nodes work again by themselves, within the promised time. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { makePhotos } from '../fixtures/make-fixtures.ts';
import { createFarm, drop, ended, eventOf, type Farm, type FarmHub, joinToken } from '../support/farm.ts';

const cli = join(import.meta.dirname, '..', '..', 'main', 'cli', 'index.ts');
/** The promise is 10 s; tests on busy machines allow three times that. */
const againMs = 30_000;

let farm: Farm;
let photos: string[];
let folder: string;
const brokers: ChildProcess[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mr-killed-'));
  photos = await makePhotos(folder, 12, { width: 3_000, height: 2_000, seed: 7, format: 'jpeg' });
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  farm = await createFarm();
});
afterEach(async () => {
  await farm.close();
  for (const broker of brokers.splice(0)) broker.kill('SIGKILL');
});

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function startBroker(port: number): Promise<ChildProcess> {
  const args = [cli, 'broker', '--port', String(port), '--dir', join(farm.dir, 'broker'), '--requirepass', 'owner'];
  const broker = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  brokers.push(broker);
  if (!broker.stdout) throw new Error('no stdout');
  const died = once(broker, 'exit').then(() => {
    throw new Error('the broker ended before it was ready');
  });
  await Promise.race([once(createInterface({ input: broker.stdout }), 'line'), died]);
  died.catch(() => {});
  return broker;
}

const doneOnes = async (hub: FarmHub, count: number): Promise<void> => {
  let seen = 0;
  await eventOf(hub, (name, data) => name === 'job.state' && data['state'] === 'done' && ++seen === count);
};
/** When the next unit of work is finished, ms from now. */
async function nextDone(hub: FarmHub): Promise<number> {
  const fromMs = performance.now();
  await eventOf(hub, (name, data) => name === 'attempt.state' && data['state'] === 'done');
  return performance.now() - fromMs;
}

async function expectAllOnce(hub: FarmHub, jobs: readonly string[]): Promise<void> {
  const details = await ended(hub, jobs, 120_000);
  expect(details.map((job) => job.state)).toEqual(jobs.map(() => 'done'));
  for (const job of details)
    for (const stage of job.stageList)
      expect(stage.attempts.filter((attempt) => attempt.state === 'done')).toHaveLength(1);
  expect(await readdir(join(hub.dataDir, 'central_storage'))).toHaveLength(jobs.length);
}

test('a broker that is killed three times in a batch', { timeout: 240_000 }, async () => {
  const port = await freePort();
  let broker = await startBroker(port);
  const hub = await farm.hub(['--no-local-node', '--broker', `redis://:owner@127.0.0.1:${port}`]);
  await farm.node('one', ['--hub', hub.url, '--token', await joinToken(hub), '--concurrency', '1']);
  const some = doneOnes(hub, 1);
  const jobs = await drop(hub, photos);
  await some;
  for (let round = 0; round < 3; round++) {
    const dead = once(broker, 'exit');
    broker.kill('SIGKILL');
    await dead;
    broker = await startBroker(port);
    expect(await nextDone(hub)).toBeLessThan(againMs);
  }
  await expectAllOnce(hub, jobs);
});

test('a hub that is killed three times in a batch', { timeout: 240_000 }, async () => {
  let hub = await farm.hub(['--no-local-node']);
  await farm.node('one', ['--hub', hub.url, '--token', await joinToken(hub), '--concurrency', '1']);
  const some = doneOnes(hub, 1);
  const jobs = await drop(hub, photos);
  await some;
  for (let round = 0; round < 3; round++) {
    await hub.kill();
    hub = await farm.hub(['--no-local-node']);
    expect(await nextDone(hub)).toBeLessThan(againMs);
  }
  await expectAllOnce(hub, jobs);
});
