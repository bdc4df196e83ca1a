/** Hub and node agree on every sort of picture: what the door lets in, the stage marks, at the size that the door told. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stageSummarySchema } from '../../contract/stage.ts';
import { watermarkStage } from '../../contract/stages/watermark.ts';
import { inspectFile, safeName } from '../../main/hub/planner/inspect-file.ts';
import { loadStage } from '../../node-agent/stages/index.ts';
import { makeVariety } from '../fixtures/make-variety.ts';
import { localInput, runUnit } from './support.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-variety-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('what the door lets in, the stage of the registry marks', { timeout: 60_000 }, async () => {
  const stage = await loadStage('watermark');
  if (stage === undefined) throw new Error('the registry has no watermark stage');
  expect(stage.engine()).toMatch(/^sharp [\d.]+ \/ libvips [\d.]+$/);
  for (const [what, path] of await makeVariety(join(folder, 'variety'))) {
    const name = safeName(basename(path));
    expect(name).toBe(basename(path).normalize('NFC'));
    const seen = await inspectFile(path, name, { maxPixels: 300_000_000 });
    const { outputs, summary } = await runUnit(stage, folder, {
      inputs: [await localInput('image', path, seen.mediaType)],
    });
    const { width, height, logoBox } = watermarkStage.summary.parse(stageSummarySchema.parse(summary));
    expect({ what, width, height }).toEqual({ what, width: seen.width, height: seen.height });
    expect(outputs[0]?.mediaType, what).toBe(seen.mediaType);
    const [x, y, w, h] = logoBox;
    expect([what, x >= 0, y >= 0, x + w <= width, y + h <= height]).toEqual([what, true, true, true, true]);
    // The output is whole: the door lets it in again, with the same size.
    const output = outputs[0]?.path ?? '';
    expect(await inspectFile(output, name, { maxPixels: 300_000_000 }), what).toMatchObject({ width, height });
    await expect(sharp(output, { pages: 1, failOn: 'warning' }).stats(), what).resolves.toBeDefined();
  }
});
