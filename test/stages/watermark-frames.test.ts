/** Animations and documents: the mark on every frame, at the same place; delays, loop count and pages kept. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Progress } from '../../contract/item.ts';
import { createWatermarkStage } from '../../node-agent/stages/watermark.ts';
import { makeAnimation, makeDocument } from '../fixtures/make-fixtures.ts';
import { difference, localInput, pixelsOf, plainLogo, runUnit, watermark } from './support.ts';

const stage = createWatermarkStage({ threads: 1 });
const width = 120;
const height = 90;
const box = [86, 10, 24, 12] as const;
const delay = [50, 100, 150, 200];
let folder: string;
let logo: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-frames-'));
  logo = await plainLogo(join(folder, 'logo.png'), 100, 50);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('animations', () => {
  test.each(['gif', 'webp'] as const)('%s: every frame is marked, delays and loop stay', async (format) => {
    const path = join(folder, `animation.${format}`);
    await makeAnimation(path, { width, height, delaysMs: delay, loop: 3 });
    const result = await watermark(stage, folder, path, {}, logo);
    expect(result.summary).toMatchObject({ width, height, frames: 4, logoBox: box, format });
    expect(await sharp(result.path).metadata()).toMatchObject({ pages: 4, delay, loop: 3 });
    for (let page = 0; page < 4; page++) {
      const found = difference(await pixelsOf(path, { page }), await pixelsOf(result.path, { page }), [box]);
      expect(found.outsideMean).toBeLessThan(8);
      expect(found.insideMean).toBeGreaterThan(60);
    }
  });

  test('frames that do not change stay frames of their own', async () => {
    const path = join(folder, 'still-frames.gif');
    await makeAnimation(path, { width, height, delaysMs: [100, 100, 100], loop: 0, sameFrames: true });
    const result = await watermark(stage, folder, path, {}, logo);
    expect(await sharp(result.path).metadata()).toMatchObject({ pages: 3, delay: [100, 100, 100], loop: 0 });
  });

  test('tiles are on every frame', async () => {
    const path = join(folder, 'tiled.webp');
    await makeAnimation(path, { width, height, delaysMs: [100, 100], loop: 0, lossless: true });
    const result = await watermark(stage, folder, path, { tile: true, padding: 6 }, logo);
    const boxes = [6, 36, 66, 96].flatMap((x) =>
      [6, 24, 42, 60, 78].map((y) => [x, y, Math.min(24, width - x), Math.min(12, height - y)] as const),
    );
    for (let page = 0; page < 2; page++) {
      const found = difference(await pixelsOf(path, { page }), await pixelsOf(result.path, { page }), boxes);
      expect(found.outsideMax).toBe(0);
      expect(found.insideMean).toBeGreaterThan(60);
    }
  });

  test('progress is told in frames and never reaches the total', async () => {
    const path = join(folder, 'progress.gif');
    await makeAnimation(path, { width, height, delaysMs: delay, loop: 0 });
    const told: Progress[] = [];
    await runUnit(stage, folder, {
      inputs: [await localInput('image', path)],
      onProgress: (progress) => told.push(progress),
    });
    expect(told.length).toBeGreaterThan(0);
    for (const { done, total, unit } of told) {
      expect([total, unit]).toEqual([4, 'frames']);
      expect(done).toBeLessThan(4);
    }
  });
});

describe('documents', () => {
  test('all pages of a TIFF are marked', async () => {
    const path = join(folder, 'document.tif');
    await makeAnimation(path, { width, height, delaysMs: [1, 1, 1], loop: 0 });
    const result = await watermark(stage, folder, path, {}, logo);
    expect(result.summary).toMatchObject({ frames: 3, logoBox: box, format: 'tiff' });
    for (let page = 0; page < 3; page++) {
      const found = difference(await pixelsOf(path, { page }), await pixelsOf(result.path, { page }), [box], 25);
      expect(found.outsideMax).toBe(0);
      expect(found.changed).toEqual(box);
    }
  });

  test('pages of different sizes and orientations each get their mark, and stay together', async () => {
    const path = join(folder, 'mixed.tif');
    const sizes = [
      { width: 200, height: 100 },
      { width: 100, height: 200, orientation: 6 },
      { width: 640, height: 480 },
    ];
    await makeDocument(path, sizes);
    const told: Progress[] = [];
    const { outputs, summary } = await runUnit(stage, folder, {
      inputs: [await localInput('image', path), await localInput('logo', logo)],
      onProgress: (progress) => told.push(progress),
    });
    const output = outputs[0]?.path ?? '';
    expect(summary).toMatchObject({ width: 200, height: 100, frames: 3, logoBox: [150, 10, 40, 20] });
    expect((await sharp(output).metadata()).pages).toBe(3);
    const boxes = [
      [150, 10, 40, 20],
      [150, 10, 40, 20],
      [502, 10, 128, 64],
    ] as const;
    for (const [page, pageBox] of boxes.entries()) {
      const found = difference(await pixelsOf(path, { page }), await pixelsOf(output, { page }), [pageBox], 25);
      expect(found.outsideMax).toBe(0);
      expect(found.changed).toEqual(pageBox);
    }
    expect(told.map(({ done }) => done)).toEqual([0, 0, 1, 2]);
  });
});

describe('limits', () => {
  const limited = createWatermarkStage({
    threads: 1,
    limits: { maxPixels: 20_000, maxFrames: 3, maxAnimationPixels: 25_000, maxDocumentPixels: 40_000 },
  });
  test('too many frames, and too many pixels in all of them', async () => {
    const many = join(folder, 'many.gif');
    await makeAnimation(many, { width: 20, height: 20, delaysMs: delay, loop: 0 });
    await expect(watermark(limited, folder, many)).rejects.toMatchObject({
      code: 'input_too_many_frames',
      details: { frames: 4, maxFrames: 3 },
    });
    const large = join(folder, 'large.gif');
    await makeAnimation(large, { width, height, delaysMs: [100, 100, 100], loop: 0 });
    await expect(watermark(limited, folder, large)).rejects.toMatchObject({ code: 'input_too_many_frames' });
    const document = join(folder, 'fits.tif');
    await makeAnimation(document, { width, height, delaysMs: [1, 1, 1], loop: 0 });
    await expect(watermark(limited, folder, document, {}, logo)).resolves.toBeDefined();
  });

  test('a later page beyond the limit', async () => {
    const path = join(folder, 'bomb-on-page-two.tif');
    await makeDocument(path, [
      { width: 20, height: 20 },
      { width: 200, height: 150 },
    ]);
    await expect(watermark(limited, folder, path, {}, logo)).rejects.toMatchObject({ code: 'input_too_many_pixels' });
  });

  test('an animation that was cut off is told so, not shortened in silence', async () => {
    const path = join(folder, 'whole.gif');
    await makeAnimation(path, { width, height, delaysMs: delay, loop: 0 });
    const bytes = await readFile(path);
    const cut = join(folder, 'cut.gif');
    await writeFile(cut, bytes.subarray(0, Math.floor(bytes.length * 0.7)));
    await expect(watermark(stage, folder, cut)).rejects.toMatchObject({ code: 'input_truncated' });
  });
});
