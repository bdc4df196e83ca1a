/** The window against a real hub and its own node: drop, watch, open, retry; by pointer and by keyboard alone. */
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import type { Browser, FileChooser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { makePhoto, makePhotos } from '../fixtures/make-fixtures.ts';
import { createFarm, type Farm, type FarmHub } from '../support/farm.ts';
import {
  accessibilityFindings,
  dropFiles,
  launchBrowser,
  type OpenPage,
  openPage,
  requireWindow,
} from './support/browser.ts';
import { hasBlobOpen, stageProcesses } from './support/stage-processes.ts';

let farm: Farm;
let hub: FarmHub;
let browser: Browser;
let photos: string[];

beforeAll(async () => {
  farm = await createFarm();
  [hub, browser, photos] = await Promise.all([
    farm.hub(),
    launchBrowser(),
    makePhotos(join(farm.dir, 'photos'), 10, { width: 1_800, height: 1_200, format: 'jpeg' }),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await farm?.close();
});
beforeEach((context) => requireWindow(context));

const openWindow = (path = '/', options = {}): Promise<OpenPage> =>
  openPage(browser, `${hub.url}/#token=${hub.token}`, options).then(async (opened) => {
    await opened.page.getByRole('heading', { level: 1 }).waitFor();
    if (path !== '/') await opened.page.goto(`${hub.url}/#${path}`);
    return opened;
  });

/** Collects what the race draws, from its first rider on. */
const watchRace = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const seen = new Set<string>();
    Reflect.set(window, 'seenRiders', seen);
    new MutationObserver(() => {
      for (const rider of document.querySelectorAll<HTMLElement>('[data-rider]'))
        seen.add(`${rider.dataset['rider']} ${rider.style.getPropertyValue('--share')}`);
    }).observe(document.body, { subtree: true, childList: true, attributes: true });
  });
const ridersSeen = async (page: Page): Promise<string[]> =>
  z.array(z.string()).parse(await page.evaluate(() => [...Reflect.get(window, 'seenRiders')]));

/** Count of finished items as the race's head shows it. */
const doneShown = async (page: Page): Promise<number> =>
  Number(
    /(\d+) done/.exec(
      (await page
        .getByText(/^\d+ done$/)
        .first()
        .textContent()) ?? '',
    )?.[1] ?? -1,
  );

describe('the window of a real hub', () => {
  test('takes its token out of the address, and asks for one where there is none', async () => {
    const { page, complaints, close } = await openWindow();
    expect(page.url()).not.toContain(hub.token);
    await close();

    const other = await openPage(browser, hub.url);
    await other.page.getByLabel('Token', { exact: true }).fill('not-the-token-of-this-hub');
    await other.page.getByRole('button', { name: 'Open' }).click();
    await other.page.getByRole('alert').filter({ hasText: 'does not know this token' }).waitFor();
    expect(await accessibilityFindings(other.page)).toEqual([]);
    await other.page.getByLabel('Token', { exact: true }).fill(hub.token);
    await other.page.getByRole('button', { name: 'Open' }).click();
    await other.page.getByRole('heading', { level: 1, name: /machine ready/ }).waitFor();
    await other.close();
    expect(complaints).toEqual([]);
  });

  test('drops photos, shows them travel, and opens a result before and after', async () => {
    const { page, complaints, close } = await openWindow();
    await page.getByRole('heading', { level: 1, name: '1 machine ready.' }).waitFor();
    await dropFiles(page, photos, () => page.getByText('Let go to add').waitFor());
    await page.getByRole('heading', { name: /^10 files, / }).waitFor();
    await watchRace(page);
    const counts = new Set<number>();
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await expect
      .poll(
        async () => {
          const done = await doneShown(page);
          counts.add(done);
          return done;
        },
        { timeout: 60_000, interval: 40 },
      )
      .toBe(10);
    expect(counts.size, 'the count moves on its way').toBeGreaterThan(2);
    const riders = await ridersSeen(page);
    expect(new Set(riders.map((rider) => rider.split(' ')[0])).size, 'items ride in the lane').toBeGreaterThan(2);
    expect(
      riders.some((rider) => rider.endsWith(' 1')),
      'and leave it at its end',
    ).toBe(true);

    await page
      .getByRole('region', { name: 'Latest results' })
      .getByRole('link')
      .filter({ hasText: 'photo' })
      .first()
      .click();
    const before = page.getByRole('img', { name: /, before$/ });
    const after = page.getByRole('img', { name: /, after$/ });
    await before.waitFor();
    const widths = () =>
      Promise.all([before, after].map((image) => image.evaluate((element: HTMLImageElement) => element.naturalWidth)));
    await expect.poll(widths, { timeout: 20_000 }).toEqual([1_800, 1_800]);
    expect(await before.getAttribute('src')).not.toBe(await after.getAttribute('src'));

    const divider = page.getByRole('slider', { name: 'Divider of before and after' });
    await divider.focus();
    for (let press = 0; press < 10; press += 1) await page.keyboard.press('ArrowRight');
    expect(await divider.getAttribute('aria-valuetext')).toBe('60 % before');
    await page
      .getByRole('complementary', { name: 'How it was made' })
      .getByText('Watermark', { exact: true })
      .waitFor();

    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download' }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/^watermarked_photo.*\.jpe?g$/);
    expect(complaints).toEqual([]);
    await close();
  });

  test('names each file that it does not take, and goes on with the others', async () => {
    const empty = join(farm.dir, 'empty.jpg');
    const text = join(farm.dir, 'letter.txt');
    const good = join(farm.dir, 'good.png');
    await Promise.all([
      writeFile(empty, ''),
      writeFile(text, 'not a picture'),
      makePhoto(good, { width: 300, height: 200, seed: 77 }),
    ]);
    const { page, close } = await openWindow();
    await dropFiles(page, [empty, text, good]);
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    const report = page.getByRole('alert').filter({ hasText: '2 files were not taken' });
    await report.getByText('The file is empty').waitFor();
    await report.getByText('letter.txt').waitFor();
    await page.getByRole('region', { name: 'Latest results' }).getByText('good.png').waitFor({ timeout: 30_000 });
    await close();
  });

  test('shows a failure with its cause, and its retry works', async () => {
    const big = join(farm.dir, 'crashing.png');
    await makePhoto(big, { width: 5_000, height: 4_000, seed: 5 });
    const { page, close } = await openWindow();
    await dropFiles(page, [big]);
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    const retry = page.getByRole('button', { name: 'Try again' });
    // Only while it has the picture open: the machine's own test after each crash must show that the machine is sound.
    const killing = setInterval(() => {
      for (const pid of stageProcesses(hub.child.pid ?? -1)) if (hasBlobOpen(pid)) process.kill(pid, 'SIGKILL');
    }, 20);
    try {
      await page.getByRole('heading', { level: 3, name: /A step broke off/ }).waitFor({ timeout: 60_000 });
    } finally {
      clearInterval(killing);
    }
    expect(await accessibilityFindings(page)).toEqual([]);
    await retry.click();
    await retry.waitFor({ state: 'detached' });
    await page.getByRole('region', { name: 'Latest results' }).getByText('crashing.png').waitFor({ timeout: 60_000 });
    await close();
  });

  test('says why an item waits while the central server refuses, and ends by itself when it takes it', async () => {
    let refuses = true;
    const server: Server = createServer((request, response) => {
      request.resume().on('end', () => response.writeHead(refuses ? 503 : 200).end('{}'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = z.object({ port: z.int() }).parse(server.address());
    const { page, close } = await openWindow('/settings');
    await page.getByLabel('Also send results to').fill(`http://127.0.0.1:${port}/upload-final`);
    await page.keyboard.press('Enter');
    await page.getByText('Saved', { exact: true }).waitFor();
    const photo = join(farm.dir, 'for-elsewhere.png');
    await makePhoto(photo, { width: 400, height: 300, seed: 99 });
    await dropFiles(page, [photo]);
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await page
      .getByText(/It is tried again in \d+ s/)
      .first()
      .waitFor({ timeout: 30_000 });
    refuses = false;
    await page
      .getByRole('region', { name: 'Latest results' })
      .getByText('for-elsewhere.png')
      .waitFor({ timeout: 60_000 });
    await hub.client.call('updateSettings', { body: { centralServerUrl: null } });
    server.close();
    await close();
  });

  test('works by keyboard alone, from choosing files to the result', async () => {
    const photo = join(farm.dir, 'by-keyboard.png');
    await makePhoto(photo, { width: 500, height: 300, seed: 123 });
    const { page, complaints, close } = await openWindow();
    // The browser is told to hand choosers over before the key is pressed; waiting for one alone tells it too late.
    const choosers: FileChooser[] = [];
    page.on('filechooser', (chooser) => choosers.push(chooser));
    await page.evaluate(() => undefined);
    await page.keyboard.press('Control+o');
    await expect.poll(() => choosers.length, { timeout: 10_000 }).toBe(1);
    const [chooser] = choosers;
    if (chooser === undefined) throw new Error('no chooser');
    await chooser.setFiles([photo]);
    await page.getByRole('heading', { name: /^1 file, / }).waitFor();
    await page.keyboard.press('Enter');
    await page
      .getByRole('region', { name: 'Latest results' })
      .getByText('by-keyboard.png')
      .waitFor({ timeout: 30_000 });

    await page.keyboard.press('Control+k');
    await page.getByPlaceholder('Type a command or a name').waitFor();
    await page.keyboard.type('library');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Library' }).waitFor();
    const newest = page.getByRole('list', { name: 'Items' }).getByRole('link').first();
    await newest.waitFor();
    for (let press = 0; press < 40 && !(await newest.evaluate((link) => link === document.activeElement)); press += 1)
      await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Space');
    await page.getByRole('toolbar', { name: '1 selected' }).waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'by-keyboard.png' }).waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    await page.keyboard.press('Escape');
    expect(complaints).toEqual([]);
    await close();
  });

  test.each(['light', 'dark'] as const)('has no accessibility finding on any page, %s', async (colorScheme) => {
    const { page, complaints, close } = await openWindow('/', { colorScheme, reducedMotion: 'reduce' });
    const { rows } = await hub.client.call('listItems', { query: { limit: 1, state: 'done' } });
    const id = rows[0]?.id;
    const places = [
      ['/', '[data-lanes]'],
      ['/library', 'ul a[data-index]'],
      ['/library?view=table', 'ul a[data-index]'],
      [`/library?item=${id}`, 'aside dl'],
      [`/items/${id}`, 'article input[type=range]'],
      ['/farm', 'main li article'],
      ['/farm?add=1', '[role=dialog] pre'],
      ['/settings', 'input[placeholder="https://…"]'],
    ] as const;
    const findings: string[] = [];
    for (const [place, ready] of places) {
      await page.goto(`${hub.url}/#${place}`);
      await page.locator(ready).first().waitFor({ state: 'attached' });
      findings.push(...(await accessibilityFindings(page)).map((finding) => `${place} ${finding}`));
      await page.keyboard.press('Escape');
    }
    expect(findings).toEqual([]);
    expect(complaints).toEqual([]);
    await close();
  });
});
