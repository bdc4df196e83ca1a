/** The window and its machines: named, trusted, paused, drained, used again, sent away; and what speaks against a file that two of them failed. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { v7 as uuid } from 'uuid';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Capability, protocolVersion } from '../../contract/node.ts';
import type { CheckReport, StageResult } from '../../contract/stage.ts';
import { watermarkStage } from '../../contract/stages/watermark.ts';
import { createHubClient } from '../../main/cli/hub-client.ts';
import { makePhoto } from '../fixtures/make-fixtures.ts';
import { type ApiLab, labCapability, startApiLab } from '../support/api-lab.ts';
import { accessibilityFindings, launchBrowser, openPage, requireWindow, windowDist } from './support/browser.ts';

let lab: ApiLab;
let browser: Browser;
const rightFacts = watermarkStage.knownAnswer?.facts ?? {};
const beating: NodeJS.Timeout[] = [];
beforeAll(async () => {
  browser = await launchBrowser();
});
beforeEach(async (context) => {
  requireWindow(context);
  lab = await startApiLab({ uiFolder: windowDist });
});
afterEach(async () => {
  for (const timer of beating.splice(0)) clearInterval(timer);
  await lab.end();
});
afterAll(async () => {
  await browser?.close();
});

const load = { cpu: 0.2, freeMemoryBytes: 8e9, freeDiskBytes: 1e11, cacheBytes: 0 };

/** A machine that joined, said hello, and is heard of. It does no work by itself. */
async function machine(name: string, pinDigit: string, capability: Capability = labCapability) {
  const { token } = await lab.registry.createToken({ uses: 1, ttlMs: 60_000 });
  const session = uuid();
  const pin = pinDigit.repeat(64);
  const { nodeId } = await lab.registry.join({ protocol: protocolVersion, token, name, pin, capability }, pin, false);
  await lab.registry.hello(nodeId, { protocol: protocolVersion, session, name, capability, attempts: [] });
  const held = () => lab.planner.open.attemptsOfNode(nodeId).map(({ id }) => ({ id, progress: null }));
  const beat = () => lab.registry.heartbeat(nodeId, { session, load, attempts: held(), paused: false });
  await beat();
  beating.push(setInterval(() => void beat(), 1_000));
  return { id: nodeId, name };
}

const open = (path: string) =>
  openPage(browser, `${lab.api.url}/#token=${lab.token}`).then(async (opened) => {
    await opened.page.getByRole('heading', { level: 1 }).waitFor();
    await opened.page.goto(`${lab.api.url}/#${path}`);
    return opened;
  });
const choose = async (page: Page, name: string, item: string) => {
  await page.getByRole('button', { name: `More for ${name}` }).click();
  await page.getByRole('menuitem', { name: item, exact: true }).click();
  await page.getByRole('menu').waitFor({ state: 'detached' });
};
const factsOf = (id: string) => lab.registry.list().find((node) => node.id === id);

test('a machine is named, trusted, drained, paused, resumed, and sent away', async () => {
  const { id } = await machine('pc-17', 'a');
  const { page, complaints, close } = await open('/farm');
  await choose(page, 'pc-17', 'Rename');
  const dialog = page.getByRole('dialog', { name: 'Rename pc-17' });
  await dialog.getByLabel('Name').fill('attic');
  const findings = await accessibilityFindings(page);
  await page.keyboard.press('Enter');
  const card = page.getByRole('article', { name: 'attic' });
  await card.waitFor();
  await dialog.waitFor({ state: 'detached' });
  expect(factsOf(id)?.name).toBe('attic');

  await choose(page, 'attic', 'Trust');
  await card.getByText('Trusted', { exact: true }).waitFor();
  expect(factsOf(id)?.trusted).toBe(true);
  await choose(page, 'attic', 'Trust no longer');
  await card.getByText('Trusted', { exact: true }).waitFor({ state: 'detached' });

  await choose(page, 'attic', 'Finish, then pause');
  await card.getByText('It finished what it had').waitFor();
  expect(factsOf(id)?.hold).toBe('drain');
  await choose(page, 'attic', 'Pause now');
  await card.getByText('You paused it.').waitFor();
  expect(factsOf(id)?.hold).toBe('pause');
  findings.push(...(await accessibilityFindings(page)));
  await card.getByRole('button', { name: 'Resume attic' }).click();
  await card.getByText('Free. It takes the next item.').waitFor();
  expect(factsOf(id)?.hold).toBe('none');

  await choose(page, 'attic', 'Send away');
  await page.getByRole('dialog').getByRole('button', { name: 'Send away' }).click();
  await card.waitFor({ state: 'detached' });
  expect(factsOf(id)).toBeUndefined();
  expect(findings).toEqual([]);
  expect(complaints).toEqual([]);
  await close();
});

test('a machine that failed its own test says so with the reason, and is used again at the owner’s word', async () => {
  const check: CheckReport = { facts: { ...rightFacts, red: 7 }, error: null };
  const kinds = labCapability.kinds.map((kind) => ({ ...kind, check }));
  const { id } = await machine('crooked', 'b', { ...labCapability, kinds });
  const { page, complaints, close } = await open('/farm');
  const card = page.getByRole('article', { name: 'crooked' });
  await card.getByText('Set aside: it failed its own test.').waitFor();
  await card.getByText('What was said').click();
  await card.getByText('red is 7 instead of 255').waitFor();
  expect(await accessibilityFindings(page)).toEqual([]);
  await card.getByRole('button', { name: 'Use again: crooked for “Watermark”' }).click();
  await card.getByText('Set aside: it failed its own test.').waitFor({ state: 'detached' });
  expect(lab.planner.checks.benchesOf(id)).toEqual([]);
  expect(complaints).toEqual([]);
  await close();
});

/** What a machine answers whose process died, and which then proved itself. */
const crashed = (log: string): StageResult => ({
  outcome: 'failed',
  error: { code: 'stage_crashed', message: 'The process ended with SIGSEGV.', log },
  metrics: { processingMs: 10, transferMs: 1, peakMemoryBytes: 1 },
  check: { facts: rightFacts, error: null },
});

test('a file that failed shows each try: machine, error, last lines, and the machine’s own test', async () => {
  const anvil = await machine('anvil', 'c');
  const path = join(lab.dir, 'anvil.png');
  await makePhoto(path, { width: 200, height: 100, seed: 8 });
  const client = createHubClient(lab.api.url, lab.token);
  const batch = await client.call('createBatch', { body: { pipeline: 'watermark' } });
  const bytes = await readFile(path);
  const { files } = await client.call('addFileToBatch', {
    params: { id: batch.id },
    query: { name: 'anvil.png' },
    body: { bytes, sizeBytes: bytes.length },
  });
  const [file] = files;
  if (file === undefined || 'problem' in file) throw new Error('the photo was not taken');
  for (const line of ['first words\n', 'reading tile 7\nsegmentation fault\n']) {
    await expect.poll(() => lab.planner.open.attemptsOfNode(anvil.id).length).toBe(1);
    const [attempt] = lab.planner.open.attemptsOfNode(anvil.id);
    await lab.planner.record(attempt?.id ?? '', anvil, crashed(line));
  }
  await client.close();

  const { page, complaints, close } = await open(`/items/${file.item.id}`);
  const tries = page.getByRole('region', { name: 'What was tried' }).getByRole('listitem');
  await tries.nth(1).waitFor();
  expect(await tries.count()).toBe(2);
  const last = tries.nth(1);
  for (const text of ['Watermark on anvil', 'A step broke off', 'SIGSEGV', 'passed its own test', 'segmentation fault'])
    await last.getByText(text).waitFor();
  await tries.first().getByText('first words').waitFor({ state: 'hidden' });
  await tries.first().getByText('Its last lines').click();
  await tries.first().getByText('first words').waitFor();
  expect(await accessibilityFindings(page)).toEqual([]);
  expect(complaints).toEqual([]);
  await close();
});

test('the hub’s broker is away: told above every page until it is back', async () => {
  const { page, close } = await open('/library');
  lab.troubles.push({ code: 'broker_away' });
  // Any event lets the window look again; without one it does so now and then.
  lab.emit({ name: 'settings.changed', data: {} });
  const notice = page.getByRole('region', { name: 'The queue cannot be reached.' });
  await notice.waitFor();
  lab.troubles.length = 0;
  lab.emit({ name: 'settings.changed', data: {} });
  await notice.waitFor({ state: 'detached' });
  await close();
});
