/** The mark's place and size, proved by pixels: corners, padding, size, orientation, opacity, tiles, formats and frames. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWatermarkStage } from '../../node-agent/stages/watermark.ts';
import { makePhoto, scene } from '../fixtures/make-fixtures.ts';
import { at, difference, type Pixels, pixelsOf, plainLogo, watermark } from './support.ts';

const stage = createWatermarkStage({ threads: 1 });
const width = 400;
const height = 300;
let folder: string;
let photo: string;
/** 2:1, so that the box of 20 % (80 × 60) gives 80 × 40. */
let logo: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-watermark-'));
  photo = join(folder, 'photo.png');
  await makePhoto(photo, { width, height, seed: 7 });
  logo = await plainLogo(join(folder, 'logo.png'), 100, 50);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('place and size', () => {
  const cases = [
    ['top-right', 10, [310, 10, 80, 40]],
    ['top-left', 10, [10, 10, 80, 40]],
    ['bottom-right', 10, [310, 250, 80, 40]],
    ['bottom-left', 10, [10, 250, 80, 40]],
    ['center', 10, [160, 130, 80, 40]],
    ['top-right', 0, [320, 0, 80, 40]],
    ['bottom-left', 37, [37, 223, 80, 40]],
    // More padding than there is room: the mark stays whole within the picture.
    ['top-right', 5_000, [0, 260, 80, 40]],
  ] as const;
  test.each(cases)('%s with a padding of %i px', async (corner, padding, box) => {
    const result = await watermark(stage, folder, photo, { corner, padding }, logo);
    expect(result.summary).toMatchObject({ width, height, frames: 1, format: 'png', logoBox: box });
    const found = difference(await pixelsOf(photo), await pixelsOf(result.path), [[...box]], 25);
    expect(found.outsideMax).toBe(0);
    expect(found.changed).toEqual(box);
  });

  test.each([
    [1, [386, 10, 4, 2]],
    [50, [190, 10, 200, 100]],
    [100, [0, 10, 400, 200]],
  ] as const)('%i %% of the picture, scaled down or up', async (size, box) => {
    const result = await watermark(stage, folder, photo, { size }, logo);
    expect(result.summary.logoBox).toEqual(box);
    const found = difference(await pixelsOf(photo), await pixelsOf(result.path), [[...box]], 25);
    expect(found.outsideMax).toBe(0);
    expect(found.changed).toEqual(box);
  });

  test('a tall logo is bound by the height of the box', async () => {
    const tall = await plainLogo(join(folder, 'tall.png'), 10, 90);
    const result = await watermark(stage, folder, photo, {}, tall);
    expect(result.summary.logoBox).toEqual([383, 10, 7, 60]);
  });

  test('a picture of one pixel takes a mark of one pixel', async () => {
    const tiny = join(folder, 'tiny.png');
    await makePhoto(tiny, { width: 1, height: 1 });
    const result = await watermark(stage, folder, tiny, {}, logo);
    expect(result.summary.logoBox).toEqual([0, 0, 1, 1]);
    expect(at(await pixelsOf(result.path), 0, 0)).toEqual([255, 0, 255]);
  });

  test('without a logo the built-in mark is used, and its transparent ground stays the picture', async () => {
    const result = await watermark(stage, folder, photo);
    const [x, y, w, h] = result.summary.logoBox;
    expect([x, y, w, h]).toEqual([330, 10, 60, 60]);
    const [before, after] = [await pixelsOf(photo), await pixelsOf(result.path)];
    const found = difference(before, after, [[x, y, w, h]]);
    expect(found.outsideMax).toBe(0);
    expect(found.insideMean).toBeGreaterThan(20);
    expect(at(after, x, y)).toEqual(at(before, x, y));
  });
});

describe('opacity and tiles', () => {
  test.each([0, 0.25, 0.5, 1])('opacity %f mixes mark and picture in that ratio', async (opacity) => {
    const result = await watermark(stage, folder, photo, { opacity }, logo);
    const [before, after] = [await pixelsOf(photo), await pixelsOf(result.path)];
    const [x, y] = [350, 30];
    const mixed = at(before, x, y).map((value, c) => value * (1 - opacity) + (c === 1 ? 0 : 255) * opacity);
    at(after, x, y).forEach((value, c) => {
      expect(Math.abs(value - (mixed[c] ?? 0))).toBeLessThanOrEqual(1.5);
    });
    expect(difference(before, after, [[310, 10, 80, 40]]).outsideMax).toBe(0);
  });

  test('the opacity of the logo itself counts, too', async () => {
    const half = await plainLogo(join(folder, 'half.png'), 10, 10, { r: 0, g: 0, b: 0, alpha: 0.5 });
    const result = await watermark(stage, folder, photo, { opacity: 0.5 }, half);
    const [before, after] = [await pixelsOf(photo), await pixelsOf(result.path)];
    const [x, y] = result.summary.logoBox;
    at(after, x + 20, y + 20).forEach((value, c) => {
      expect(Math.abs(value - (at(before, x + 20, y + 20)[c] ?? 0) * 0.75)).toBeLessThanOrEqual(2);
    });
  });

  test('tiles repeat over the whole picture with the padding between them', async () => {
    const result = await watermark(stage, folder, photo, { tile: true, size: 20, padding: 10 }, logo);
    expect(result.summary.logoBox).toEqual([10, 10, 80, 40]);
    const boxes = [10, 100, 190, 280, 370].flatMap((x) =>
      [10, 60, 110, 160, 210, 260].map((y) => [x, y, Math.min(80, width - x), Math.min(40, height - y)] as const),
    );
    const after = await pixelsOf(result.path);
    expect(difference(await pixelsOf(photo), after, boxes).outsideMax).toBe(0);
    for (const [x, y, w, h] of boxes) {
      expect(at(after, x, y)).toEqual([255, 0, 255]);
      expect(at(after, x + w - 1, y + h - 1)).toEqual([255, 0, 255]);
    }
  });
});

describe('orientation', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('EXIF orientation %i is applied and reset', async (orientation) => {
    const turned = join(folder, `turned-${orientation}.jpg`);
    await makePhoto(turned, { width, height, orientation, quality: 95 });
    const result = await watermark(stage, folder, turned, {}, logo);
    const [w, h] = orientation >= 5 ? [height, width] : [width, height];
    const box = orientation >= 5 ? ([230, 10, 60, 30] as const) : ([310, 10, 80, 40] as const);
    expect(result.summary).toMatchObject({ width: w, height: h, logoBox: box, format: 'jpeg' });
    const metadata = await sharp(result.path).metadata();
    expect(metadata).toMatchObject({ width: w, height: h, orientation: 1 });
    const found = difference(await pixelsOf(turned), await pixelsOf(result.path), [[...box]]);
    expect(found.outsideMean).toBeLessThan(4);
    expect(found.insideMean).toBeGreaterThan(60);
  });
});

describe('formats', () => {
  test.each([
    ['jpeg', 'image/jpeg', 6],
    ['png', 'image/png', 0],
    ['webp', 'image/webp', 8],
    ['avif', 'image/avif', 8],
    ['tiff', 'image/tiff', 0],
  ] as const)('%s stays %s', async (format, mediaType, tolerance) => {
    const path = join(folder, `own.${format}`);
    await makePhoto(path, { width, height, format });
    const result = await watermark(stage, folder, path, {}, logo);
    expect(result).toMatchObject({ role: 'watermarked', mediaType, summary: { format, logoBox: [310, 10, 80, 40] } });
    expect(result.extension).toBeUndefined();
    expect(result.summaryBytes).toBeLessThan(1_024);
    const found = difference(await pixelsOf(path), await pixelsOf(result.path), [[310, 10, 80, 40]]);
    expect(found.outsideMean).toBeLessThanOrEqual(tolerance);
    expect(found.insideMean).toBeGreaterThan(60);
  });

  test('a still GIF keeps its place', async () => {
    const path = join(folder, 'still.gif');
    await makePhoto(path, { width, height });
    const result = await watermark(stage, folder, path, {}, logo);
    expect(result.summary).toMatchObject({ format: 'gif', frames: 1, logoBox: [310, 10, 80, 40] });
    const found = difference(await pixelsOf(path), await pixelsOf(result.path), [[310, 10, 80, 40]]);
    expect(found.outsideMean).toBeLessThan(6);
    expect(found.insideMean).toBeGreaterThan(60);
  });

  test('alpha is kept where the mark is not, and covered where it is', async () => {
    const path = join(folder, 'alpha.png');
    await makePhoto(path, { width, height, alpha: true });
    const result = await watermark(stage, folder, path, { corner: 'top-left' }, logo);
    const [before, after] = [await pixelsOf(path), await pixelsOf(result.path)];
    expect(after.channels).toBe(4);
    // As seen, that is weighed by alpha: what is invisible has no colour to keep. Composing rounds by one.
    expect(difference(asSeen(before), asSeen(after), [[10, 10, 80, 40]]).outsideMax).toBeLessThanOrEqual(1);
    expect(at(after, 12, 12)).toEqual([255, 0, 255, 255]);
    expect(at(after, 0, 100)[3]).toBe(0);
  });

  test('lossless WebP stays lossless', async () => {
    const path = join(folder, 'lossless.webp');
    await scene(width, height).webp({ lossless: true }).toFile(path);
    const result = await watermark(stage, folder, path, {}, logo);
    expect(difference(await pixelsOf(path), await pixelsOf(result.path), [[310, 10, 80, 40]]).outsideMax).toBe(0);
  });

  test('a BMP cannot be written: it becomes PNG and says so', async () => {
    const path = await makeBmp(join(folder, 'picture.bmp'));
    const result = await watermark(stage, folder, path, {}, logo);
    expect(result).toMatchObject({
      mediaType: 'image/png',
      extension: '.png',
      summary: { format: 'png', convertedFrom: 'bmp' },
    });
    const found = difference(await pixelsOf(photo), await pixelsOf(result.path), [[310, 10, 80, 40]]);
    expect(found.outsideMax).toBe(0);
    expect(found.insideMean).toBeGreaterThan(60);
  });
});

function asSeen(pixels: Pixels): Pixels {
  const weigh = (value: number, n: number): number =>
    n % 4 === 3 ? value : (value * (pixels.data[(n & ~3) + 3] ?? 0)) / 255;
  return { ...pixels, data: Uint8Array.from(pixels.data, weigh) };
}

/** The photo as a 24-bit bitmap, rows from the bottom. */
async function makeBmp(path: string): Promise<string> {
  const { data } = await pixelsOf(photo);
  const stride = Math.ceil((width * 3) / 4) * 4;
  const file = Buffer.alloc(54 + stride * height);
  file.write('BM');
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(54, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(height, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(24, 28);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = ((height - 1 - y) * width + x) * 3;
      for (let c = 0; c < 3; c++) file[54 + y * stride + x * 3 + 2 - c] = data[from + c] ?? 0;
    }
  }
  await writeFile(path, file);
  return path;
}
