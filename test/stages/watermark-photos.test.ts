/** Every real photo of the shared media is watermarked; the mark's place and size are checked by pixels. */
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createWatermarkStage } from '../../node-agent/stages/watermark.ts';
import { requireShared } from '../support/requirements.ts';
import { difference, pixelsOf, plainLogo, watermark } from './support.ts';

const stage = createWatermarkStage({ threads: 1 });
let folder: string;
let logo: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-photos-'));
  logo = await plainLogo(join(folder, 'logo.png'), 300, 300);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('every photo: the mark where it belongs, and nothing else touched', { timeout: 120_000 }, async (context) => {
  const given = process.env['MILLRACE_MEDIA'];
  const photos =
    given !== undefined && existsSync(join(given, 'photos'))
      ? join(given, 'photos')
      : requireShared(context, 'media', 'photos');
  const names = (await readdir(photos)).filter((name) => extname(name) !== '.json');
  expect(names.length).toBeGreaterThanOrEqual(19);
  for (const name of names) {
    const path = join(photos, name);
    const before = await pixelsOf(path);
    const isLossless = extname(name) === '.png';
    const result = await watermark(stage, folder, path, {}, logo);
    const side = Math.min(Math.round(before.width * 0.2), Math.round(before.height * 0.2));
    const box = [before.width - side - 10, 10, side, side] as const;
    expect([name, result.summary.width, result.summary.height, ...result.summary.logoBox]).toEqual([
      name,
      before.width,
      before.height,
      ...box,
    ]);
    const after = await pixelsOf(result.path);
    const { outsideMean, insideMean, changed } = difference(before, after, [box], isLossless ? 25 : 90);
    expect([name, isLossless ? outsideMean === 0 : outsideMean < 4, insideMean > 50]).toEqual([name, true, true]);
    // JPEG smears into the neighbouring 16 × 16 blocks at most.
    const slack = isLossless ? 0 : 16;
    const [left = 0, top = 0, width = 0, height = 0] = changed ?? [];
    expect(Math.abs(left - box[0])).toBeLessThanOrEqual(slack);
    expect(Math.abs(top - box[1])).toBeLessThanOrEqual(slack);
    expect(Math.abs(left + width - box[0] - box[2])).toBeLessThanOrEqual(slack);
    expect(Math.abs(top + height - box[1] - box[3])).toBeLessThanOrEqual(slack);

    const builtIn = await watermark(stage, folder, path);
    expect(builtIn.summary.logoBox).toEqual(box);
    const marked = difference(before, await pixelsOf(builtIn.path), [box]);
    expect([name, marked.outsideMean < 4, marked.insideMean > 15]).toEqual([name, true, true]);
  }
});
