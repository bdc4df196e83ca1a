/** A real Chromium with the window in it, and what tests ask of a page: its complaints, drops of files, accessibility. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { z } from 'zod';

const executablePath = '/usr/bin/chromium';
/** Where `npm run build` puts the window. */
export const windowDist = join(import.meta.dirname, '..', '..', '..', 'dist', 'renderer');

interface Skippable {
  skip(note?: string): never;
}

/** Skips the test where there is no Chromium; throws when the window was not built. */
export function requireWindow(context: Skippable): void {
  if (!existsSync(executablePath)) context.skip('needs /usr/bin/chromium');
  if (!existsSync(join(windowDist, 'index.html'))) throw new Error('The window is not built: npm run build -- window');
}

export function launchBrowser(): Promise<Browser> {
  const quiet = ['--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-quic', ...quiet] });
}

export interface OpenPage {
  readonly page: Page;
  /** Errors and warnings of the console, and errors that nobody caught. */
  readonly complaints: string[];
  close(): Promise<void>;
}

/** A page in a context of its own, as large as LOOK.md's small window. */
export async function openPage(
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
): Promise<OpenPage> {
  const context = await browser.newContext({ viewport: { width: 1_280, height: 720 }, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      complaints.push(`${message.text()} ${message.location().url}`);
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(address);
  return { page, complaints, close: () => context.close() };
}

/** Drags files over the window and lets them go, as a file manager does. `between` looks at the window while they hover. */
export async function dropFiles(page: Page, paths: readonly string[], between?: () => Promise<void>): Promise<void> {
  const files = await Promise.all(
    paths.map(async (path) => ({ name: basename(path), base64: (await readFile(path)).toString('base64') })),
  );
  const transfer = await page.evaluateHandle((list) => {
    const types: Record<string, string> = {
      jpg: 'image/jpeg',
      png: 'image/png',
      webp: 'image/webp',
      txt: 'text/plain',
    };
    const data = new DataTransfer();
    for (const { name, base64 } of list) {
      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      data.items.add(new File([bytes], name, { type: types[name.split('.').at(-1) ?? ''] ?? '' }));
    }
    return data;
  }, files);
  await page.dispatchEvent('body', 'dragenter', { dataTransfer: transfer });
  await page.dispatchEvent('body', 'dragover', { dataTransfer: transfer });
  await between?.();
  await page.dispatchEvent('body', 'drop', { dataTransfer: transfer });
}

const axeResult = z.array(
  z.object({
    id: z.string(),
    impact: z.string().nullable(),
    nodes: z.array(z.object({ html: z.string(), failureSummary: z.string().optional() })),
  }),
);

/** What axe finds on the page by WCAG 2.2 AA and its best practices, one line a finding. */
export async function accessibilityFindings(page: Page): Promise<string[]> {
  const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  await page.evaluate(source);
  const found: unknown = await page.evaluate(async () => {
    const axe: { run(root: Document, options: object): Promise<{ violations: unknown[] }> } = Reflect.get(
      window,
      'axe',
    );
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    return (await axe.run(document, { runOnly: { type: 'tag', values: tags } })).violations;
  });
  return axeResult
    .parse(found)
    .flatMap(({ id, impact, nodes }) =>
      nodes.map((node) => `${impact} ${id}: ${node.html.slice(0, 200)} ${node.failureSummary ?? ''}`),
    );
}
