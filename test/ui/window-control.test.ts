/** The window in the owner's hand, on a real hub: everything and single drops are paused and go on, where a drop may run is chosen, a full disk is told. */
import { execFileSync } from 'node:child_process';
import { statfsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { makePhotos } from '../fixtures/make-fixtures.ts';
import { createFarm, drop, ended, type Farm, type FarmHub } from '../support/farm.ts';
import { requireSmallDisk } from '../support/requirements.ts';
import { accessibilityFindings, dropFiles, launchBrowser, openPage, requireWindow } from './support/browser.ts';

let farm: Farm;
let hub: FarmHub;
let browser: Browser;
let photos: string[];

beforeAll(async () => {
  farm = await createFarm();
  [hub, browser, photos] = await Promise.all([
    farm.hub(),
    launchBrowser(),
    makePhotos(join(farm.dir, 'photos'), 4, { width: 900, height: 600, format: 'jpeg' }),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await farm?.close();
});
beforeEach((context) => requireWindow(context));

const openWindow = (of: FarmHub = hub) =>
  openPage(browser, `${of.url}/#token=${of.token}`).then(async (opened) => {
    await opened.page.getByRole('heading', { level: 1 }).waitFor();
    return opened;
  });
const bannerOf = (page: Page) => page.getByRole('region', { name: 'Paused: nothing new is started.' });
const stateOfJobs = async (ids: readonly string[]) =>
  new Set(await Promise.all(ids.map(async (id) => (await hub.client.call('getJob', { params: { id } })).state)));

test('everything is paused with one click, says so on every page, and goes on', async () => {
  const { page, complaints, close } = await openWindow();
  await page.getByRole('button', { name: 'Pause everything' }).click();
  // Its tooltip goes.
  await page.mouse.move(700, 600);
  const banner = bannerOf(page);
  await banner.waitFor();
  expect((await hub.client.call('getSettings', {})).paused).toBe(true);

  const ids = await drop(hub, photos.slice(0, 1));
  await page.getByRole('heading', { level: 1, name: 'All work is paused. 1 item to go.' }).waitFor();
  const findings = await accessibilityFindings(page);
  for (const place of ['Library', 'Settings', 'Farm']) {
    await page.getByRole('navigation').getByRole('link', { name: place }).click();
    await page.getByRole('heading', { level: 1, name: place }).waitFor();
    await banner.waitFor();
  }
  await page.getByRole('article').getByText('All work is paused.').waitFor();
  findings.push(...(await accessibilityFindings(page)));
  expect(await stateOfJobs(ids)).toEqual(new Set(['waiting']));

  await banner.getByRole('button', { name: 'Resume' }).click();
  await banner.waitFor({ state: 'detached' });
  await ended(hub, ids, 60_000);
  expect(await stateOfJobs(ids)).toEqual(new Set(['done']));
  expect(findings).toEqual([]);
  expect(complaints).toEqual([]);
  await close();
});

test('a drop that may run here only is paused as a whole, one of it goes on, then the rest', async () => {
  const { page, complaints, close } = await openWindow();
  await hub.client.call('updateSettings', { body: { paused: true } });
  await bannerOf(page).waitFor();
  await dropFiles(page, photos.slice(1));
  await page.getByRole('radiogroup', { name: 'Where' }).getByText('This machine').click();
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  const batchRow = page.getByRole('region', { name: 'Under way' }).getByRole('listitem');
  await batchRow.getByText('Watermark, 3 items').waitFor();
  await batchRow.getByRole('button', { name: 'Pause: Watermark, 3 items' }).click();
  await batchRow.getByText('Paused', { exact: true }).waitFor();
  const findings = await accessibilityFindings(page);

  const [batch] = (await hub.client.call('listBatches', { query: { state: 'open' } })).rows;
  expect(batch).toMatchObject({ paused: true, privacy: 'this-machine' });
  const { rows } = await hub.client.call('listJobs', { query: { batchId: batch?.id ?? '' } });
  const ids = rows.map((job) => job.id);
  expect(await stateOfJobs(ids)).toEqual(new Set(['paused']));
  await hub.client.call('updateSettings', { body: { paused: false } });
  await bannerOf(page).waitFor({ state: 'detached' });

  const [first] = rows;
  await page.goto(`${hub.url}/#/library?state=paused`);
  await page.getByRole('list', { name: 'Items' }).getByRole('listitem').nth(2).waitFor();
  await page.goto(`${hub.url}/#/items/${first?.itemId}`);
  await page.getByText('It is paused; resume it to go on.').waitFor();
  await page.getByText('This machine', { exact: true }).waitFor();
  findings.push(...(await accessibilityFindings(page)));
  await page.getByRole('button', { name: 'Resume', exact: true }).click();
  await ended(hub, [first?.id ?? ''], 60_000);
  expect(await stateOfJobs(ids)).toEqual(new Set(['done', 'paused']));

  await page.goto(`${hub.url}/#/`);
  await page.getByRole('button', { name: 'Resume: Watermark, 3 items' }).click();
  await ended(hub, ids, 60_000);
  expect(await stateOfJobs(ids)).toEqual(new Set(['done']));
  await batchRow.waitFor({ state: 'detached' });
  expect((await hub.client.call('listBatches', { query: { state: 'open' } })).total).toBe(0);

  await dropFiles(page, photos.slice(0, 1));
  await page.getByRole('radio', { name: 'This machine', checked: true }).waitFor({ state: 'attached' });
  expect(findings).toEqual([]);
  expect(complaints).toEqual([]);
  await close();
});

test('a full disk of the hub is told above every page, until there is room', async (context) => {
  const dataDir = requireSmallDisk(context, join(farm.dir, 'small'), 120);
  try {
    const small = await farm.hub(['--no-local-node'], { dataDir });
    const { bavail, bsize } = statfsSync(dataDir);
    const filler = join(dataDir, 'filler');
    await writeFile(filler, Buffer.alloc(bavail * bsize - 8_000_000));
    const { page, close } = await openWindow(small);
    const notice = page.getByRole('region', { name: 'The hub’s disk is full.' });
    await notice.getByText(/takes no more files until 1\d MB are free/).waitFor();
    expect(await accessibilityFindings(page)).toEqual([]);
    await rm(filler);
    await notice.waitFor({ state: 'detached' });
    await close();
    await small.kill();
  } finally {
    execFileSync('umount', ['-l', dataDir]);
  }
});
