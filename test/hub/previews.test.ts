import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../common/log.ts';
import { type BlobStore, createBlobStore } from '../../main/hub/blobs/blob-store.ts';
import { createPreviewService, type PreviewService } from '../../main/hub/previews/preview-service.ts';
import { scene } from '../fixtures/make-fixtures.ts';

const hanging = fileURLToPath(new URL('./programs/hanging-preview-worker.ts', import.meta.url));

describe('previews', () => {
  let root: string;
  let blobs: BlobStore;
  let previews: PreviewService;
  const dir = () => join(root, 'previews');
  const store = async (bytes: Uint8Array): Promise<string> =>
    (await blobs.put(Readable.from([bytes]), { maxBytes: 1e9 })).sha256;
  const start = (more: Partial<Parameters<typeof createPreviewService>[0]> = {}): PreviewService => {
    previews = createPreviewService({ dir: dir(), blobs, logger: silentLogger, ...more });
    return previews;
  };
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'mr-previews-'));
    blobs = await createBlobStore({ dir: join(root, 'blobs'), logger: silentLogger });
  });
  afterEach(async () => {
    await previews.stop();
    await rm(root, { recursive: true, force: true });
  });

  it.each(['jpeg', 'png', 'webp', 'avif', 'tiff', 'gif'] as const)('shows %s upright', async (format) => {
    const sha256 = await store(await scene(200, 100).toFormat(format).withMetadata({ orientation: 6 }).toBuffer());
    const { width, height } = await sharp(await readFile(await start().thumbnail(sha256, 64))).metadata();
    const upright = format === 'gif' ? [64, 32] : [32, 64];
    expect([width, height]).toEqual(upright);
  });

  it('never enlarges, makes each once, and keeps it over a restart', async () => {
    const sha256 = await store(await scene(50, 40).png().toBuffer());
    start();
    const paths = await Promise.all(Array.from({ length: 20 }, () => previews.thumbnail(sha256, 320)));
    expect(new Set(paths).size).toBe(1);
    expect((await sharp(await readFile(paths[0] ?? '')).metadata()).width).toBe(50);
    const made = await readFile(paths[0] ?? '');
    await previews.stop();
    start({ script: hanging });
    expect(await readFile(await previews.thumbnail(sha256, 320))).toEqual(made);
  });

  it('refuses drawings, bombs and rubbish with their codes, again and again, and goes on', async () => {
    start({ maxPixels: () => 1_000_000 });
    const svg = await store(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'));
    const bomb = await store(
      await sharp({ create: { width: 2_000, height: 2_000, channels: 3, background: 'red' } })
        .png()
        .toBuffer(),
    );
    const whole = await scene(300, 300).jpeg().toBuffer();
    const cut = await store(whole.subarray(0, whole.length / 2));
    const good = await store(whole);
    for (let again = 0; again < 2; again++) {
      await expect(previews.thumbnail(svg, 64)).rejects.toMatchObject({ code: 'input_not_media' });
      await expect(previews.thumbnail(bomb, 64)).rejects.toMatchObject({ code: 'input_too_many_pixels' });
      await expect(previews.thumbnail(cut, 64)).rejects.toMatchObject({ code: 'input_damaged' });
    }
    await expect(previews.thumbnail('0'.repeat(64), 64)).rejects.toMatchObject({ code: 'not_found' });
    await previews.thumbnail(good, 64);
    expect(await readdir(dir())).toEqual([`${good}-64.webp`]);
  });

  it('survives a picture that stalls or kills its process', async () => {
    start({ script: hanging, timeLimitMs: 4_000 });
    const [hang, die, fine, other] = await Promise.all(
      ['hang', 'die', 'fine', 'other'].map((text) => store(Buffer.from(text))),
    );
    const pid = async (sha256 = ''): Promise<number> =>
      Number(await readFile(await previews.thumbnail(sha256, 64), 'utf8'));
    const first = await pid(fine);
    await expect(pid(hang)).rejects.toMatchObject({ code: 'input_damaged', details: { timeLimitMs: 4_000 } });
    const second = await pid(other);
    expect(second).not.toBe(first);
    await expect(pid(die)).rejects.toMatchObject({ code: 'input_damaged' });
    const isGone = (one: number) => () => {
      try {
        return !process.kill(one, 0);
      } catch {
        return true;
      }
    };
    await expect.poll(isGone(first)).toBe(true);
    await expect.poll(isGone(second)).toBe(true);
  });

  it('says so when too many wait', async () => {
    start({ script: hanging, maxWaiting: 2, timeLimitMs: 1_000 });
    const hashes = await Promise.all(['hang', 'a', 'b'].map((text) => store(Buffer.from(text))));
    const asked = await Promise.allSettled(hashes.map((sha256) => previews.thumbnail(sha256, 64)));
    expect(asked[2]).toMatchObject({ status: 'rejected', reason: { code: 'too_many_requests' } });
  });
});
