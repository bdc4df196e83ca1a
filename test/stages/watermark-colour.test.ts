/** What a marked picture keeps: profile, colour space, depth, chroma, metadata; and what it must lose: the stale preview. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWatermarkStage } from '../../node-agent/stages/watermark.ts';
import { makePhoto, scene } from '../fixtures/make-fixtures.ts';
import { at, difference, pixelsOf, plainLogo, watermark } from './support.ts';

const stage = createWatermarkStage({ threads: 1 });
const width = 400;
const height = 300;
const box = [310, 10, 80, 40] as const;
let folder: string;
let logo: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-colour-'));
  logo = await plainLogo(join(folder, 'logo.png'), 100, 50, { r: 200, g: 40, b: 60, alpha: 1 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** 16-bit samples that use all bits. */
const deepSamples = (channels: 1 | 3): Uint16Array<ArrayBuffer> =>
  Uint16Array.from({ length: width * height * channels }, (_, n) => (n * 40_503) % 65_536);

describe('colour', () => {
  test('a P3 profile is kept, and the logo has the same colour in it', async () => {
    const path = join(folder, 'p3.png');
    await scene(width, height).withIccProfile('p3').png().toFile(path);
    const result = await watermark(stage, folder, path, {}, logo);
    const [before, after] = await Promise.all([sharp(path).metadata(), sharp(result.path).metadata()]);
    expect(after.icc).toEqual(before.icc);
    expect(difference(await pixelsOf(path), await pixelsOf(result.path), [box], 25).outsideMax).toBe(0);
    // Read through the profile it is what the logo is in sRGB; as stored it is not.
    const { data, info } = await sharp(result.path).raw().toBuffer({ resolveWithObject: true });
    const seen = Array.from(data.subarray((30 * info.width + 350) * 3, (30 * info.width + 350) * 3 + 3));
    for (const [c, value] of [200, 40, 60].entries()) expect(Math.abs((seen[c] ?? 0) - value)).toBeLessThanOrEqual(3);
    expect(at(await pixelsOf(result.path), 350, 30)).not.toEqual([200, 40, 60]);
  });

  test.each(['jpeg', 'tiff'] as const)('CMYK %s stays CMYK with its profile', async (format) => {
    const path = join(folder, `cmyk.${format}`);
    const picture = scene(width, height).withIccProfile('cmyk');
    await (format === 'jpeg' ? picture.jpeg({ quality: 95 }) : picture.tiff({ compression: 'lzw' })).toFile(path);
    const result = await watermark(stage, folder, path, {}, logo);
    const [before, after] = await Promise.all([sharp(path).metadata(), sharp(result.path).metadata()]);
    expect(after).toMatchObject({ space: 'cmyk', channels: 4, format });
    expect(after.icc?.equals(before.icc ?? Buffer.alloc(0))).toBe(true);
    const found = difference(await pixelsOf(path, {}, 'cmyk'), await pixelsOf(result.path, {}, 'cmyk'), [box]);
    expect(found.outsideMean).toBeLessThanOrEqual(format === 'tiff' ? 0 : 3);
    expect(found.insideMean).toBeGreaterThan(30);
    // Red stays red on paper: little cyan, much magenta and yellow.
    const [cyan = 255, magenta = 0] = at(await pixelsOf(result.path, {}, 'cmyk'), 350, 30);
    expect(magenta - cyan).toBeGreaterThan(80);
  });

  test.each(['png', 'tiff'] as const)('16 bits a sample stay in %s', async (format) => {
    const path = join(folder, `deep.${format}`);
    const picture = sharp(deepSamples(3), { raw: { width, height, channels: 3 } }).toColourspace('rgb16');
    await (format === 'png' ? picture.png() : picture.tiff({ compression: 'lzw' })).toFile(path);
    const result = await watermark(stage, folder, path, {}, logo);
    expect(await sharp(result.path).metadata()).toMatchObject({ depth: 'ushort', channels: 3, space: 'rgb16' });
    const after = await pixelsOf(result.path, {}, 'rgb16');
    expect(difference(await pixelsOf(path, {}, 'rgb16'), after, [box]).outsideMax).toBe(0);
    for (const [c, value] of [200, 40, 60].entries()) {
      expect(Math.abs((at(after, 350, 30)[c] ?? 0) / 257 - value)).toBeLessThan(2);
    }
  });

  test('10-bit AVIF stays 10-bit', async () => {
    const path = join(folder, 'deep.avif');
    await scene(width, height).avif({ bitdepth: 10, quality: 90, effort: 0 }).toFile(path);
    const result = await watermark(stage, folder, path, {}, logo);
    expect((await sharp(result.path).metadata()).bitsPerSample).toBe(10);
    const found = difference(await pixelsOf(path), await pixelsOf(result.path), [box]);
    expect(found.outsideMean).toBeLessThan(6);
    expect(found.insideMean).toBeGreaterThan(40);
  });

  test.each(['jpeg', 'png', 'tiff'] as const)('grey %s stays grey', async (format) => {
    const path = join(folder, `grey.${format}`);
    await scene(width, height, 1)
      .toFormat(format, format === 'tiff' ? { compression: 'lzw' } : {})
      .toFile(path);
    const result = await watermark(stage, folder, path, {}, logo);
    expect(await sharp(result.path).metadata()).toMatchObject({ space: 'b-w', channels: 1 });
    const found = difference(await pixelsOf(path, {}, 'b-w'), await pixelsOf(result.path, {}, 'b-w'), [box]);
    expect(found.outsideMean).toBeLessThanOrEqual(format === 'jpeg' ? 5 : 0);
    expect(found.insideMean).toBeGreaterThan(20);
  });

  test('16-bit grey stays so', async () => {
    const path = join(folder, 'deep-grey.png');
    await sharp(deepSamples(1), { raw: { width, height, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toFile(path);
    const result = await watermark(stage, folder, path, {}, logo);
    expect(await sharp(result.path).metadata()).toMatchObject({ space: 'grey16', depth: 'ushort', channels: 1 });
    const [before, after] = [await pixelsOf(path, {}, 'grey16'), await pixelsOf(result.path, {}, 'grey16')];
    expect(difference(before, after, [box]).outsideMax).toBe(0);
  });

  test.each(['4:2:0', '4:4:4'])('chroma %s and progressive coding stay', async (chromaSubsampling) => {
    const path = join(folder, 'chroma.jpg');
    await scene(width, height).jpeg({ chromaSubsampling, progressive: true }).toFile(path);
    const result = await watermark(stage, folder, path, {}, logo);
    expect(await sharp(result.path).metadata()).toMatchObject({ chromaSubsampling, isProgressive: true });
  });
});

describe('metadata', () => {
  test('EXIF and XMP stay, the orientation is reset, and nothing is added where there was none', async () => {
    const xmp = '<?xpacket begin="" id="x"?><x:xmpmeta xmlns:x="adobe:ns:meta/"/><?xpacket end="w"?>';
    const path = join(folder, 'exif.jpg');
    await scene(width, height)
      .withMetadata({ orientation: 6, density: 300 })
      .withExif({ IFD0: { Copyright: 'A. Nyone', Orientation: '6' } })
      .withXmp(xmp)
      .jpeg()
      .toFile(path);
    const result = await watermark(stage, folder, path, {}, logo);
    const metadata = await sharp(result.path).metadata();
    expect(metadata.exif?.toString('latin1')).toContain('A. Nyone');
    expect(metadata.xmpAsString).toContain('adobe:ns:meta');
    expect(metadata.orientation).toBe(1);

    const plain = join(folder, 'plain.jpg');
    await makePhoto(plain, { width, height });
    const plainResult = await sharp((await watermark(stage, folder, plain, {}, logo)).path).metadata();
    expect([plainResult.exif, plainResult.xmp, plainResult.icc]).toEqual([undefined, undefined, undefined]);
  });

  test('the resolution stays', async () => {
    for (const format of ['jpeg', 'png', 'tiff'] as const) {
      const path = join(folder, `density.${format}`);
      await scene(width, height).withDensity(300).toFormat(format).toFile(path);
      const { density } = await sharp(path).metadata();
      const result = await watermark(stage, folder, path, {}, logo);
      expect([format, (await sharp(result.path).metadata()).density]).toEqual([format, density]);
    }
  });

  test('the preview in EXIF, which shows the picture without its mark, is gone', async () => {
    const path = join(folder, 'preview.jpg');
    await writeFile(path, await jpegWithPreview());
    const preview = Buffer.from('PREVIEW-WITHOUT-MARK');
    expect((await readFile(path)).includes(preview)).toBe(true);
    const result = await watermark(stage, folder, path, {}, logo);
    expect((await readFile(result.path)).includes(preview)).toBe(false);
    const { exif, orientation } = await sharp(result.path).metadata();
    expect(exif?.toString('latin1')).toContain('Camera Maker');
    expect(orientation).toBe(1);
  });
});

/** A photo with EXIF: maker, orientation 1, and a second directory with a (fake) preview. */
async function jpegWithPreview(): Promise<Buffer> {
  const preview = Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    Buffer.from('PREVIEW-WITHOUT-MARK'),
    Buffer.from([0xff, 0xd9]),
  ]);
  const maker = Buffer.from('Camera Maker\0');
  const tiff = Buffer.alloc(8 + 2 + 2 * 12 + 4 + 2 + 3 * 12 + 4);
  const makerAt = tiff.length;
  const previewAt = makerAt + maker.length;
  tiff.write('II');
  tiff.writeUInt16LE(42, 2);
  tiff.writeUInt32LE(8, 4);
  const entry = (offset: number, tag: number, type: number, count: number, value: number): void => {
    tiff.writeUInt16LE(tag, offset);
    tiff.writeUInt16LE(type, offset + 2);
    tiff.writeUInt32LE(count, offset + 4);
    tiff.writeUInt32LE(value, offset + 8);
  };
  tiff.writeUInt16LE(2, 8);
  entry(10, 0x010f, 2, maker.length, makerAt);
  entry(22, 0x0112, 3, 1, 1);
  tiff.writeUInt32LE(38, 34);
  tiff.writeUInt16LE(3, 38);
  entry(40, 0x0103, 3, 1, 6);
  entry(52, 0x0201, 4, 1, previewAt);
  entry(64, 0x0202, 4, 1, preview.length);
  const payload = Buffer.concat([Buffer.from('Exif\0\0'), tiff, maker, preview]);
  const head = Buffer.from([0xff, 0xe1, 0, 0]);
  head.writeUInt16BE(payload.length + 2, 2);
  const jpeg = await scene(width, height).jpeg().toBuffer();
  return Buffer.concat([jpeg.subarray(0, 2), head, payload, jpeg.subarray(2)]);
}
