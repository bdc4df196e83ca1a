/** Files looked at the door: kinds, upright sizes, refusals and names, against files that are really there. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inspectFile, safeName } from '../../main/hub/planner/inspect-file.ts';
import { maxNameBytes } from '../../main/hub/planner/safe-name.ts';
import { hostileFiles } from '../fixtures/hostile-files.ts';
import { makeAnimation, makeDocument, makePhoto, scene } from '../fixtures/make-fixtures.ts';
import { requireShared } from '../support/requirements.ts';

const limits = { maxPixels: 300_000_000 };
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-inspect-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const write = async (name: string, bytes: Uint8Array): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
};

describe('pictures', () => {
  test.each(['jpeg', 'png', 'webp', 'avif', 'tiff', 'gif'] as const)('%s: type and size', async (format) => {
    const path = join(folder, `size.${format}`);
    await makePhoto(path, { width: 321, height: 123, format });
    expect(await inspectFile(path, `size.${format}`, limits)).toEqual({
      kind: 'image',
      mediaType: `image/${format}`,
      width: 321,
      height: 123,
      durationMs: null,
    });
  });

  test.each([
    'jpeg',
    'png',
    'webp',
    'tiff',
  ] as const)('%s: all orientations, as the decoder sees them', async (format) => {
    for (let orientation = 1; orientation <= 8; orientation++) {
      const path = join(folder, `turned-${orientation}.${format}`);
      await makePhoto(path, { width: 321, height: 123, format, orientation });
      const { width, height } = await inspectFile(path, 'x', limits);
      const { autoOrient } = await sharp(path).metadata();
      expect({ format, orientation, width, height }).toEqual({ format, orientation, ...autoOrient });
    }
  });

  test('animations and documents have the size of one frame', async () => {
    for (const name of ['a.gif', 'a.webp', 'a.tif']) {
      await makeAnimation(join(folder, name), { width: 60, height: 40, delaysMs: [50, 50, 50], loop: 0 });
      expect(await inspectFile(join(folder, name), name, limits)).toMatchObject({ width: 60, height: 40 });
    }
    await makeDocument(join(folder, 'd.tif'), [
      { width: 30, height: 20, orientation: 6 },
      { width: 50, height: 50 },
    ]);
    expect(await inspectFile(join(folder, 'd.tif'), 'd.tif', limits)).toMatchObject({ width: 20, height: 30 });
  });

  test('a frame header behind a megabyte of profile is found', async () => {
    const path = join(folder, 'cmyk.jpg');
    await scene(200, 100).withIccProfile('cmyk').jpeg().toFile(path);
    expect(await inspectFile(path, 'cmyk.jpg', limits)).toMatchObject({ width: 200, height: 100 });
  });

  test('a large TIFF, whose directory is at its end', async () => {
    const path = join(folder, 'large.tif');
    await scene(700, 500).tiff({ compression: 'none' }).toFile(path);
    expect(await inspectFile(path, 'large.tif', limits)).toMatchObject({ mediaType: 'image/tiff', width: 700 });
  });

  test('a limit is a limit: one pixel less is taken', async () => {
    const path = join(folder, 'limit.png');
    await makePhoto(path, { width: 100, height: 100 });
    await expect(inspectFile(path, 'limit.png', { maxPixels: 9_999 })).rejects.toMatchObject({
      code: 'input_too_many_pixels',
      details: { width: 100, height: 100, maxPixels: 9_999 },
    });
    await expect(inspectFile(path, 'limit.png', { maxPixels: 10_000 })).resolves.toBeDefined();
  });

  test('kinds that no node can decode are refused by name', async () => {
    const heic = Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from('ftypheic\0\0\0\0mif1heic')]);
    await expect(inspectFile(await write('p.heic', heic), 'p.heic', limits)).rejects.toMatchObject({
      code: 'input_not_media',
      message: expect.stringContaining('HEIC'),
    });
  });

  test('every whole picture is taken at whatever length it ends, and no cut one of more than its head', async () => {
    for (const format of ['jpeg', 'png', 'webp', 'tiff', 'gif', 'avif'] as const) {
      const bytes = await scene(200, 150).toFormat(format).toBuffer();
      const trailing = await write(`t.${format}`, Buffer.concat([bytes, Buffer.from('some trailer\n')]));
      await expect(inspectFile(trailing, `t.${format}`, limits), format).resolves.toBeDefined();
      for (const part of [0.3, 0.6, 0.9, 0.99]) {
        const cut = await write(`c.${format}`, bytes.subarray(0, Math.floor(bytes.length * part)));
        await expect(inspectFile(cut, `c.${format}`, limits), `${format} ${part}`).rejects.toMatchObject({
          code: 'input_truncated',
        });
      }
    }
  });

  test('a photo followed by a film (motion photo) is whole; a cut progressive one is not', async () => {
    const jpeg = await scene(900, 600).jpeg({ progressive: true, quality: 95 }).toBuffer();
    expect(jpeg.length).toBeGreaterThan(140_000);
    const film = Buffer.from(Array.from({ length: 200_000 }, (_, n) => (n * 2_654_435_761) >>> 24));
    const motion = await write('motion.jpg', Buffer.concat([jpeg, film]));
    await expect(inspectFile(motion, 'motion.jpg', limits)).resolves.toMatchObject({ width: 900 });
    for (const part of [0.5, 0.75, 0.95]) {
      const cut = await write('cut-progressive.jpg', jpeg.subarray(0, Math.floor(jpeg.length * part)));
      await expect(inspectFile(cut, 'x.jpg', limits), String(part)).rejects.toMatchObject({ code: 'input_truncated' });
    }
  });
});

describe('other files', () => {
  test.each([
    ['book.pdf', Buffer.from('%PDF-1.7\n%âãÏÓ\n1 0 obj\n'), 'document'],
    ['sound.wav', Buffer.concat([Buffer.from('RIFF\x24\0\0\0WAVEfmt '), Buffer.alloc(40)]), 'audio'],
    [
      'film.mp4',
      Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from('ftypisom\0\0\x02\0isommp41'), Buffer.alloc(80)]),
      'video',
    ],
  ])('%s', async (name, bytes, kind) => {
    expect(await inspectFile(await write(name, bytes), name, limits)).toMatchObject({
      kind,
      width: null,
      height: null,
    });
  });

  test('a zip is a comic by its name only', async () => {
    const empty = Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(60)]);
    const path = await write('archive', empty);
    expect((await inspectFile(path, 'comic.cbz', limits)).kind).toBe('comic');
    expect((await inspectFile(path, 'backup.zip', limits)).kind).toBe('other');
  });
});

describe('hostile files', async () => {
  for (const file of await hostileFiles()) {
    test(`${file.name}: ${file.atTheDoor ?? 'taken'}`, async () => {
      const work = inspectFile(await write(file.name, file.bytes), file.name, limits);
      if (file.atTheDoor === null) await expect(work).resolves.toMatchObject({ kind: 'image' });
      else await expect(work).rejects.toMatchObject({ name: 'MillraceError', code: file.atTheDoor });
    });
  }

  test('a wrong name is told, not refused', async () => {
    const png = await scene(20, 20).png().toBuffer();
    const path = await write('mislabelled', png);
    expect((await inspectFile(path, 'photo.JPG', limits)).notice).toBe('This is a PNG with a .jpg name.');
    expect((await inspectFile(path, 'photo.png', limits)).notice).toBeUndefined();
    expect((await inspectFile(path, 'photo', limits)).notice).toBeUndefined();
  });
});

describe('shared media', () => {
  test('the hostile folder', async (context) => {
    const hostile = requireShared(context, 'media', 'hostile');
    const answers: Record<string, string> = {};
    for (const name of await readdir(hostile)) {
      answers[name] = await inspectFile(join(hostile, name), name, limits).then(
        (inspection) => inspection.notice ?? inspection.kind,
        (error: { code: string }) => error.code,
      );
    }
    expect(answers).toEqual({
      'truncated.jpg': 'input_truncated',
      'png-bomb-declared.png': 'input_too_many_pixels',
      'png-bomb-real.png': 'input_too_many_pixels',
      'zero-byte.jpg': 'input_empty',
      'png-named.jpg': 'This is a PNG with a .jpg name.',
      'text-named.png': 'input_not_media',
      'xxe.svg': 'input_svg_external',
      'zip-slip.cbz': 'comic',
      'zip-bomb.cbz': 'comic',
    });
  });

  test('every photo and artwork is taken with its size', async (context) => {
    for (const part of ['photos', 'artworks']) {
      const media = requireShared(context, 'media', part);
      for (const name of (await readdir(media)).filter((entry) => !['.json', '.csv'].includes(extname(entry)))) {
        const { width, height, notice } = await inspectFile(join(media, name), name, limits);
        const { autoOrient } = await sharp(join(media, name)).metadata();
        expect({ name, width, height, notice }).toEqual({ name, ...autoOrient, notice: undefined });
      }
    }
  });
});

describe('names', () => {
  test.each([
    ['photo.jpg', 'photo.jpg'],
    ['Übergröße – éà 日本語 🖼️.png', 'Übergröße – éà 日本語 🖼️.png'],
    ['u\u0308.jpg', '\u00fc.jpg'],
    ['  spaced. ', 'spaced'],
    ['what? 10:30 <a>|"b"*.jpg', 'what_ 10_30 _a__b_.jpg'.replace('_a__b_', '_a___b__')],
    ['.hidden', '.hidden'],
    ['..jpg', '..jpg'],
    ['console.jpg', 'console.jpg'],
    ['lone\ud800.jpg', 'lone\ufffd.jpg'],
  ])('%j is kept as %j', (given, kept) => expect(safeName(given)).toBe(kept));

  test.each([
    '../up.jpg',
    '..',
    '.',
    '',
    '   ',
    '/etc/passwd',
    'a/b.jpg',
    'a\\b.jpg',
    '..\\up.jpg',
    'C:photo.jpg',
    'C:\\photo.jpg',
    'nul\0.jpg',
    'line\nbreak.jpg',
    'tab\t.jpg',
    'del\x7f.jpg',
    'photo\u202egpj.exe',
    'isolate\u2066.jpg',
    'CON',
    'con.jpg',
    'Lpt1.png',
    'COM¹.txt',
  ])('%j is refused', (name) => {
    expect(() => safeName(name)).toThrow(expect.objectContaining({ code: 'input_unsafe_name' }));
  });

  test('very long names are cut between characters, with their extension', () => {
    for (const letter of ['a', 'é', '日', '👩‍👩‍👧']) {
      const kept = safeName(`${letter.repeat(400)}.jpeg`);
      expect(kept.endsWith('.jpeg')).toBe(true);
      expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(maxNameBytes);
      expect(Buffer.byteLength(kept)).toBeGreaterThan(maxNameBytes - 40);
      expect(kept.slice(0, -5)).toBe(letter.repeat(kept.slice(0, -5).length / letter.length));
      // The finished picture's name still fits a file system.
      expect(Buffer.byteLength(`watermarked_${kept}`)).toBeLessThanOrEqual(255);
    }
  });
});
