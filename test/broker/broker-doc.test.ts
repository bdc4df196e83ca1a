/** docs/BROKER.md agrees with the command table. */
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { renderBrokerDoc } from '../../main/broker/render-doc.ts';

it('docs/BROKER.md is what the command table says', async () => {
  expect(await readFile(new URL('../../docs/BROKER.md', import.meta.url), 'utf8')).toBe(renderBrokerDoc());
});
