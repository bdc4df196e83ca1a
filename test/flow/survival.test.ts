/** Work survives: a node killed in the middle of a step, the hub killed in the middle of a batch, the broker's memory lost. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { JobDetail } from '../../contract/item.ts';
import { makePhotos } from '../fixtures/make-fixtures.ts';
import { createFarm, drop, ended, eventOf, type Farm, type FarmHub, joinToken } from '../support/farm.ts';

let farm: Farm;
let photos: string[];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mr-survival-'));
  // Large enough that a step takes a good part of a second.
  photos = await makePhotos(folder, 8, { width: 4_000, height: 3_000, seed: 1, format: 'jpeg' });
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  farm = await createFarm();
});
afterEach(() => farm.close());

/** Nothing lost, nothing twice: each job is done, each step counts one result, each picture was stored and logged once. */
async function expectEachOnce(hub: FarmHub, jobs: readonly JobDetail[]): Promise<void> {
  expect(jobs.map((job) => job.state)).toEqual(photos.map(() => 'done'));
  for (const job of jobs) {
    for (const stage of job.stageList)
      expect(stage.attempts.filter((attempt) => attempt.state === 'done')).toHaveLength(1);
  }
  const names = jobs.map((job) => `watermarked_${job.item}`).sort();
  expect((await readdir(join(hub.dataDir, 'central_storage'))).sort()).toEqual(names);
  const log = (await readFile(join(hub.dataDir, 'worker_activity.log'), 'utf8')).trim().split('\n');
  expect(log.map((line) => line.slice(line.lastIndexOf(' ') + 1)).sort()).toEqual(names);
}

const running = (hub: FarmHub, nodeId: string) =>
  eventOf(hub, (name, data) => name === 'attempt.state' && data['state'] === 'running' && data['nodeId'] === nodeId);
const doneOnes = async (hub: FarmHub, count: number): Promise<void> => {
  let seen = 0;
  await eventOf(hub, (name, data) => name === 'job.state' && data['state'] === 'done' && ++seen === count);
};

test('a node that is killed in the middle of a step: its work is done elsewhere', async () => {
  const hub = await farm.hub(['--no-local-node']);
  const token = await joinToken(hub, 2);
  const node = await farm.node('doomed', ['--hub', hub.url, '--token', token, '--concurrency', '1']);
  await farm.node('steady', ['--hub', hub.url, '--token', token, '--concurrency', '1']);
  const { rows } = await hub.client.call('listNodes', {});
  const begun = running(hub, rows.find((row) => row.name === 'doomed')?.id ?? '');
  const jobs = await drop(hub, photos);
  await begun;
  await node.kill();
  const details = await ended(hub, jobs, 90_000);
  await expectEachOnce(hub, details);
  expect(
    details
      .flatMap((job) => job.stageList.flatMap((stage) => stage.attempts))
      .some((attempt) => attempt.state === 'lost'),
  ).toBe(true);
});

test('a hub that is killed in the middle of a batch goes on where it was, and its nodes come back by themselves', async () => {
  const first = await farm.hub(['--no-local-node']);
  const token = await joinToken(first, 2);
  for (const name of ['one', 'two'])
    await farm.node(name, ['--hub', first.url, '--token', token, '--concurrency', '1']);
  const some = doneOnes(first, 2);
  const jobs = await drop(first, photos);
  await some;
  await first.kill();
  const second = await farm.hub(['--no-local-node']);
  await expectEachOnce(second, await ended(second, jobs, 90_000));
});

test('a broker that has lost everything: the catalog brings it back', async () => {
  const first = await farm.hub(['--no-local-node']);
  const token = await joinToken(first, 1);
  await farm.node('one', ['--hub', first.url, '--token', token, '--concurrency', '1']);
  const some = doneOnes(first, 1);
  const jobs = await drop(first, photos);
  await some;
  await first.kill();
  await rm(join(first.dataDir, 'broker'), { recursive: true });
  const second = await farm.hub(['--no-local-node']);
  await expectEachOnce(second, await ended(second, jobs, 90_000));
});

test('the hub’s own node ends with it, even when it is killed, and comes back with it', async () => {
  const first = await farm.hub();
  const some = doneOnes(first, 1);
  const jobs = await drop(first, photos);
  await some;
  await first.kill();
  const second = await farm.hub();
  await expectEachOnce(second, await ended(second, jobs, 90_000));
});
