/** docs/BROKER.md agrees with the command table. */
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { renderBrokerDoc } from '../../main/broker/render-doc.ts';

it('docs/BROKER.md is what the command table says', async () => {
  const text = (name: string): Promise<string> => readFile(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
  expect(await text('BROKER.md')).toBe(renderBrokerDoc(await text('broker-notes.md')));
});
