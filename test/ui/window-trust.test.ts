/** The window and who may come in: a machine's code is compared and approved, an API token is made, shown once and revoked. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { protocolVersion } from '../../contract/node.ts';
import { type ApiLab, labCapability, startApiLab } from '../support/api-lab.ts';
import { accessibilityFindings, launchBrowser, openPage, requireWindow, windowDist } from './support/browser.ts';

let lab: ApiLab;
let browser: Browser;
beforeAll(async () => {
  [lab, browser] = await Promise.all([startApiLab({ uiFolder: windowDist }), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await lab?.end();
});
beforeEach((context) => requireWindow(context));

const open = (path: string) =>
  openPage(browser, `${lab.api.url}/?x=${path.length}#token=${lab.token}`).then(async (opened) => {
    await opened.page.getByRole('heading', { level: 1 }).waitFor();
    await opened.page.goto(`${lab.api.url}/?x=${path.length}#${path}`);
    return opened;
  });

test('a machine that asks is shown with its code, and let in when the owner says that they are the same', async () => {
  const { page } = await open('/library');
  const pin = 'a'.repeat(64);
  const from = { peerPin: pin, local: false, remoteAddress: '10.0.0.7' };
  const machine = { protocol: protocolVersion, name: 'attic', pin, capability: labCapability };
  const { requestId } = lab.registry.requests.ask(machine, from);
  const told = { nonce: 'b'.repeat(64), waitMs: 0 };
  await lab.registry.requests.wait(requestId, told, from);
  const code = lab.registry.requests.list().rows[0]?.code ?? '';
  // Told on every page, and leading to the farm's.
  await page
    .getByRole('navigation')
    .getByRole('link', { name: /1 machine asks to join, Farm/ })
    .waitFor();
  const notice = page.getByRole('region', { name: '“attic” asks to join.' });
  await notice.waitFor();
  expect(await accessibilityFindings(page)).toEqual([]);
  await notice.getByRole('link', { name: 'Compare' }).click();
  await notice.waitFor({ state: 'detached' });
  const card = page.getByRole('region', { name: /attic/ });
  await card.getByText(`${code.slice(0, 3)} ${code.slice(3)}`).waitFor();
  expect(await accessibilityFindings(page)).toEqual([]);
  await card.getByRole('button', { name: 'Yes, the same' }).click();
  await page.getByText('attic is let in.').waitFor();
  expect(await lab.registry.requests.wait(requestId, told, from)).toMatchObject({ state: 'approved' });
  await card.waitFor({ state: 'detached' });
});

test('an API token is made, shown once, opens what it may, and is revoked', async () => {
  const { page } = await open('/settings');
  await page.getByLabel('What it is for').fill('backup');
  await page.getByRole('button', { name: 'Make a token' }).click();
  const token = await page.locator('code', { hasText: 'mrk1.' }).innerText();
  const status = async (): Promise<number> =>
    (await fetch(`${lab.api.url}/api/v1/nodes`, { headers: { authorization: `Bearer ${token}` } })).status;
  expect(await status()).toBe(200);
  expect(await accessibilityFindings(page)).toEqual([]);
  await page.reload();
  await page.getByRole('button', { name: 'Revoke backup' }).waitFor();
  expect(await page.locator('code', { hasText: 'mrk1.' }).count()).toBe(0);
  await page.getByRole('button', { name: 'Revoke backup' }).click();
  await page.getByText('backup opens nothing any more.').waitFor();
  expect(await status()).toBe(401);
});
