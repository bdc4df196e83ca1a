/** Documents that follow from the code are fresh, and what the pages point at is there. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { renderDocs } from '../../tools/docs.ts';
import { projectFiles, readSource, root } from './source-files.ts';

test('generated documents are fresh (npm run docs)', () => {
  const docs = renderDocs();
  expect(docs.size).toBeGreaterThan(0);
  for (const [path, text] of docs) expect(readSource(path), path).toBe(text);
});

test('links between pages lead somewhere', () => {
  const dead: string[] = [];
  for (const path of projectFiles().filter((file) => file.endsWith('.md'))) {
    for (const [, address = ''] of readSource(path).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      if (/^[a-z]+:/.test(address)) continue;
      if (!existsSync(join(root, dirname(path), address))) dead.push(`${path} → ${address}`);
    }
  }
  expect(dead).toEqual([]);
});
