/** A hub whose disk fills up: files are refused with a clear answer, what is at work ends well, and intake goes on when there is room. */
import { execFileSync } from 'node:child_process';
import { statfsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makePhotos } from '../fixtures/make-fixtures.ts';
import { createFarm, drop, ended, type Farm, joinToken } from '../support/farm.ts';
import { requireSmallDisk } from '../support/requirements.ts';

let farm: Farm;
let photos: string[];
let folder: string;
const disks: string[] = [];
beforeEach(async () => {
  farm = await createFarm();
  folder = await mkdtemp(join(tmpdir(), 'mr-full-'));
  photos = await makePhotos(folder, 3, { width: 1_200, height: 900, seed: 3, format: 'jpeg' });
});
afterEach(async () => {
  await Promise.all(farm.running().map((one) => one.kill()));
  for (const disk of disks.splice(0)) execFileSync('umount', ['-l', disk]);
  await farm.close();
  await rm(folder, { recursive: true });
});

test('disk full: 507 with a hint, readiness says so, work at hand ends; with room again files are taken', async (context) => {
  const dataDir = requireSmallDisk(context, join(farm.dir, 'small'), 160);
  disks.push(dataDir);
  const hub = await farm.hub(['--no-local-node'], { dataDir });
  const filler = join(dataDir, 'filler');
  await farm.node('one', ['--hub', hub.url, '--token', await joinToken(hub), '--concurrency', '1']);
  const jobs = await drop(hub, photos.slice(0, 2));
  const { bavail, bsize } = statfsSync(dataDir);
  // Less than a tenth is left: enough for the work at hand.
  await writeFile(filler, Buffer.alloc(bavail * bsize - 12_000_000));
  await expect(drop(hub, photos.slice(2))).rejects.toMatchObject({ code: 'disk_full' });
  const ready = await fetch(`${hub.url}/readyz`);
  expect(ready.status).toBe(503);
  expect(await ready.text()).toContain('no files are taken until');
  expect((await ended(hub, jobs, 90_000)).map((job) => job.state)).toEqual(['done', 'done']);
  await rm(filler);
  const more = await drop(hub, photos.slice(2));
  expect((await fetch(`${hub.url}/readyz`)).status).toBe(200);
  expect((await ended(hub, more, 90_000)).map((job) => job.state)).toEqual(['done']);
});
