/** What stands still or has its clock set loses nothing: suspended hubs, nodes and stages; clocks that jump, on either side. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { JobDetail } from '../../contract/item.ts';
import { leaseMs } from '../../contract/node.ts';
import { makePhotos } from '../fixtures/make-fixtures.ts';
import { createFarm, drop, ended, eventOf, type Farm, type FarmHub, joinToken } from '../support/farm.ts';

const stepClock = join(import.meta.dirname, '..', 'support', 'step-clock.mjs');
const suspendMs = leaseMs + 5_000;

let farm: Farm;
let photos: string[];
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mr-still-'));
  photos = await makePhotos(folder, 8, { width: 4_000, height: 3_000, seed: 5, format: 'jpeg' });
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  farm = await createFarm();
});
afterEach(() => farm.close());

const done = (hub: FarmHub) => eventOf(hub, (name, data) => name === 'job.state' && data['state'] === 'done');
const attemptsOf = (jobs: readonly JobDetail[]) =>
  jobs.flatMap((job) => job.stageList.flatMap((stage) => stage.attempts));

async function expectEachOnce(hub: FarmHub, jobs: readonly JobDetail[]): Promise<void> {
  expect(jobs.map((job) => job.state)).toEqual(jobs.map(() => 'done'));
  for (const job of jobs)
    for (const stage of job.stageList)
      expect(stage.attempts.filter((attempt) => attempt.state === 'done')).toHaveLength(1);
  expect(await readdir(join(hub.dataDir, 'central_storage'))).toHaveLength(photos.length);
}

/** The process and all its children stand still, as in a suspended machine, and go on. */
async function suspend(pid: number | undefined, ms: number): Promise<void> {
  const family = [pid ?? 0, ...(await childrenOf(pid ?? 0))];
  for (const one of family) process.kill(one, 'SIGSTOP');
  await wait(ms);
  for (const one of family) process.kill(one, 'SIGCONT');
}
async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  const direct = text.trim().split(' ').filter(Boolean).map(Number);
  return [...direct, ...(await Promise.all(direct.map(childrenOf))).flat()];
}

test('a hub that stands still longer than a lease takes no work from its nodes', { timeout: 180_000 }, async () => {
  const hub = await farm.hub(['--no-local-node']);
  await farm.node('one', ['--hub', hub.url, '--token', await joinToken(hub), '--concurrency', '1']);
  const first = done(hub);
  const jobs = await drop(hub, photos);
  await first;
  await suspend(hub.child.pid, suspendMs);
  const details = await ended(hub, jobs, 120_000);
  await expectEachOnce(hub, details);
  expect(attemptsOf(details).map(({ state }) => state)).not.toContain('lost');
});

test('a node that stands still longer than a lease: others do its work, and its late results change nothing', {
  timeout: 180_000,
}, async () => {
  const hub = await farm.hub(['--no-local-node']);
  const token = await joinToken(hub, 2);
  const sleeper = await farm.node('sleeper', ['--hub', hub.url, '--token', token, '--concurrency', '1']);
  await farm.node('waker', ['--hub', hub.url, '--token', token, '--concurrency', '1']);
  const { rows } = await hub.client.call('listNodes', {});
  const sleeperId = rows.find((row) => row.name === 'sleeper')?.id;
  const begun = eventOf(
    hub,
    (name, data) => name === 'attempt.state' && data['state'] === 'running' && data['nodeId'] === sleeperId,
  );
  const jobs = await drop(hub, photos);
  await begun;
  await suspend(sleeper.child.pid, suspendMs);
  const details = await ended(hub, jobs, 120_000);
  await expectEachOnce(hub, details);
  expect(attemptsOf(details).some(({ state }) => state === 'lost')).toBe(true);
});

test.each([
  { who: 'hub', stepMs: 600_000 },
  { who: 'hub', stepMs: -600_000 },
  { who: 'node', stepMs: 600_000 },
  { who: 'node', stepMs: -600_000 },
])('the clock of the $who is set by $stepMs ms while it works: nothing is lost, nothing done twice', {
  timeout: 180_000,
}, async ({ who, stepMs }) => {
  const clock = join(farm.dir, 'clock');
  await writeFile(clock, '0');
  const environment = { NODE_OPTIONS: `--import=${pathToFileURL(stepClock)}`, MILLRACE_TEST_CLOCK: clock };
  const hub = await farm.hub(['--no-local-node'], who === 'hub' ? { environment } : {});
  const args = ['--hub', hub.url, '--token', await joinToken(hub), '--concurrency', '1'];
  await farm.node('one', args, who === 'node' ? { environment } : {});
  const first = done(hub);
  const jobs = await drop(hub, photos);
  await first;
  await writeFile(clock, String(stepMs));
  const details = await ended(hub, jobs, 120_000);
  await expectEachOnce(hub, details);
  expect(attemptsOf(details).map(({ state }) => state)).not.toContain('lost');
  expect(attemptsOf(details).every(({ state }) => state === 'done')).toBe(true);
});
