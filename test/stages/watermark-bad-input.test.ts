/** What the stage answers to files that the hub would have refused, to unreadable logos, and to being dropped. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorRow } from '../../contract/errors.ts';
import { isHarmlessWarning, pictureError } from '../../node-agent/stages/image-errors.ts';
import { createWatermarkStage } from '../../node-agent/stages/watermark.ts';
import { hostileFiles } from '../fixtures/hostile-files.ts';
import { makeAnimation, makePhoto } from '../fixtures/make-fixtures.ts';
import { requireShared } from '../support/requirements.ts';
import { localInput, plainLogo, runUnit, watermark } from './support.ts';

const stage = createWatermarkStage({ threads: 1 });
let folder: string;
let photo: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-bad-'));
  photo = join(folder, 'photo.jpg');
  await makePhoto(photo, { width: 400, height: 300 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('hostile pictures', async () => {
  for (const file of await hostileFiles()) {
    test(`${file.name}: ${file.atTheNode ?? 'done'}`, async () => {
      const path = join(folder, file.name);
      await writeFile(path, file.bytes);
      const work = watermark(stage, folder, path);
      if (file.atTheNode === null) await expect(work).resolves.toMatchObject({ role: 'watermarked' });
      else {
        await expect(work).rejects.toMatchObject({ name: 'MillraceError', code: file.atTheNode });
        expect(errorRow(file.atTheNode).class).toBe('input');
      }
    });
  }

  test('the shared hostile folder', async (context) => {
    const hostile = requireShared(context, 'media', 'hostile');
    const expected: Record<string, string> = {
      'truncated.jpg': 'input_truncated',
      'png-bomb-declared.png': 'input_too_many_pixels',
      'png-bomb-real.png': 'input_too_many_pixels',
      'zero-byte.jpg': 'input_empty',
      'png-named.jpg': 'done',
      'text-named.png': 'input_not_media',
      'xxe.svg': 'input_svg_unsupported',
      'zip-slip.cbz': 'input_not_media',
      'zip-bomb.cbz': 'input_not_media',
    };
    const answers: Record<string, string> = {};
    for (const name of await readdir(hostile)) {
      answers[name] = await watermark(stage, folder, join(hostile, name)).then(
        () => 'done',
        (error: { code: string }) => error.code,
      );
    }
    expect(answers).toEqual(expected);
  });

  test('a harmless warning of the decoder fails nothing', async () => {
    const bytes = await readFile(photo);
    const scan = bytes.indexOf(Buffer.from([0xff, 0xda]));
    const odd = join(folder, 'odd.jpg');
    await writeFile(odd, Buffer.concat([bytes.subarray(0, scan), Buffer.alloc(12, 1), bytes.subarray(scan)]));
    await expect(watermark(stage, folder, odd)).resolves.toMatchObject({ mediaType: 'image/jpeg' });
  });
});

describe('logos', () => {
  test.each([
    ['text', Buffer.from('no logo')],
    ['nothing', Buffer.alloc(0)],
    ['a drawing', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')],
  ])('%s is no logo', async (_, bytes) => {
    const logo = join(folder, 'bad-logo.png');
    await writeFile(logo, bytes);
    await expect(watermark(stage, folder, photo, {}, logo)).rejects.toMatchObject({ code: 'logo_unreadable' });
  });

  test('a picture is not blamed for its logo, nor the logo for the picture', async () => {
    const logo = await plainLogo(join(folder, 'good-logo.png'), 10, 10);
    const empty = join(folder, 'empty.bin');
    await writeFile(empty, '');
    await expect(watermark(stage, folder, empty, {}, logo)).rejects.toMatchObject({ code: 'input_empty' });
  });
});

describe('being dropped, and what is not the picture’s fault', () => {
  test('an aborted unit ends with the reason of its signal', async () => {
    const reason = new Error('dropped by the hub');
    const unit = { inputs: [await localInput('image', photo)], signal: AbortSignal.abort(reason) };
    await expect(runUnit(stage, folder, unit)).rejects.toBe(reason);
  });

  test('an abort during the work ends it before the result', async () => {
    const document = join(folder, 'animation.gif');
    await makeAnimation(document, { width: 60, height: 60, delaysMs: [1_000, 1_000], loop: 0 });
    const controller = new AbortController();
    const reason = new Error('dropped by the hub');
    const unit = runUnit(stage, folder, {
      inputs: [await localInput('image', document)],
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    });
    await expect(unit).rejects.toBe(reason);
  });

  test('a missing input is a bad order', async () => {
    await expect(runUnit(stage, folder, { inputs: [] })).rejects.toMatchObject({ code: 'stage_invalid_payload' });
  });

  test('a file that cannot be opened stays a system error', async () => {
    const input = { ...(await localInput('image', photo)), path: join(folder, 'gone.jpg') };
    await expect(runUnit(stage, folder, { inputs: [input] })).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('bugs and wrong arguments are passed on as they are, the machine’s troubles as such', () => {
    const bug = new TypeError('x is not a function');
    expect(pictureError(bug)).toBe(bug);
    const argument = new Error('Expected integer between 1 and 100 for quality but received 900 of type number');
    expect(pictureError(argument)).toBe(argument);
    expect(pictureError(new Error('wbuffer_write: write failed\nunix error: No space left on device'))).toMatchObject({
      code: 'disk_full',
    });
    expect(pictureError(new Error('vips_malloc: out of memory -- size 900MB'))).toMatchObject({
      code: 'stage_out_of_memory',
    });
  });

  test('no path of this machine gets into the answer', () => {
    expect(pictureError(new Error('VipsJpeg: /tmp/secret/x.jpg: broken'))).toMatchObject({
      code: 'input_damaged',
      details: { decoder: 'VipsJpeg: … broken' },
    });
    expect(isHarmlessWarning(new Error('VipsJpeg: premature end of JPEG image'))).toBe(false);
  });
});
