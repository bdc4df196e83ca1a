import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../common/log.ts';
import { type BlobStore, createBlobStore } from '../../main/hub/blobs/blob-store.ts';

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
async function* pieces(bytes: Uint8Array, size = 65_536): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
async function* cutOff(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield* pieces(bytes);
  throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
}
const limits = { maxBytes: 100_000_000 };

describe('blob store', () => {
  let dir: string;
  let blobs: BlobStore;
  const open = () => createBlobStore({ dir, logger: silentLogger });
  const partial = () => readdir(join(dir, 'partial'));
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'mr-blobs-'));
    blobs = await open();
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it.each([
    0, 1, 100_000, 262_144, 262_145, 3_000_001,
  ])('keeps %i bytes under their digest, read-only', async (length) => {
    const bytes = randomBytes(length);
    const sha256 = digest(bytes);
    expect(await blobs.put(pieces(bytes), limits)).toEqual({ sha256, sizeBytes: length, created: true });
    const path = join(dir, sha256.slice(0, 2), sha256);
    expect(blobs.path(sha256)).toBe(path);
    expect(digest(await readFile(path))).toBe(sha256);
    expect((await stat(path)).mode & 0o777).toBe(0o444);
    expect(await blobs.size(sha256)).toBe(length);
    expect(await blobs.put(pieces(bytes), limits)).toEqual({ sha256, sizeBytes: length, created: false });
    expect(await partial()).toEqual([]);
  });

  it('reads a range', async () => {
    const bytes = randomBytes(500_000);
    const { sha256 } = await blobs.put(pieces(bytes), limits);
    expect(await buffer(blobs.open(sha256, { start: 100, end: 399_999 }))).toEqual(bytes.subarray(100, 400_000));
  });

  it('refuses what is too large or not what was promised, and leaves nothing behind', async () => {
    for (const length of [1_001, 900_000]) {
      const bytes = randomBytes(length);
      await expect(blobs.put(pieces(bytes, 500), { maxBytes: length - 1 })).rejects.toMatchObject({
        code: 'input_too_large',
      });
      await expect(blobs.put(pieces(bytes), { ...limits, expectSha256: 'a'.repeat(64) })).rejects.toMatchObject({
        code: 'input_digest_mismatch',
      });
      expect(await blobs.size(digest(bytes))).toBeUndefined();
    }
    await expect(blobs.put(cutOff(randomBytes(900_000)), limits)).rejects.toThrow('aborted');
    expect(await partial()).toEqual([]);
  });

  it.each([0, 1_000, 900_000])('takes a file of %i bytes by a link, once its digest fits', async (length) => {
    const bytes = randomBytes(length);
    const sha256 = digest(bytes);
    const elsewhere = join(dir, 'elsewhere');
    await writeFile(elsewhere, bytes);
    await expect(blobs.link(elsewhere, 'a'.repeat(64))).rejects.toMatchObject({ code: 'input_digest_mismatch' });
    await blobs.link(elsewhere, sha256);
    await rm(elsewhere, { force: true });
    expect(await readFile(blobs.path(sha256))).toEqual(bytes);
    expect((await stat(blobs.path(sha256))).mode & 0o777).toBe(0o444);
    await expect(blobs.link(join(dir, 'nowhere'), sha256)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await partial()).toEqual([]);
  });

  it('replaces a stored file that lost bytes', async () => {
    const bytes = randomBytes(50_000);
    const { sha256 } = await blobs.put(pieces(bytes), limits);
    await rm(blobs.path(sha256));
    await writeFile(blobs.path(sha256), 'torn');
    expect((await blobs.put(pieces(bytes), limits)).created).toBe(true);
    expect(digest(await readFile(blobs.path(sha256)))).toBe(sha256);
  });

  it('stores 200 files of 100 kB at once, twins once', async () => {
    const files = Array.from({ length: 100 }, () => randomBytes(100_000));
    const stored = await Promise.all([...files, ...files].map((bytes) => blobs.put(pieces(bytes), limits)));
    expect(new Set(stored.map((one) => one.sha256)).size).toBe(100);
    for (const bytes of files) expect(digest(await readFile(blobs.path(digest(bytes))))).toBe(digest(bytes));
  });

  it('goes on where an upload was cut off, over a restart of the store', async () => {
    const bytes = randomBytes(5_000_000);
    const sha256 = digest(bytes);
    await expect(
      blobs.append(sha256, 0, cutOff(bytes.subarray(0, 2_000_000)), { ...limits, totalBytes: bytes.length }),
    ).rejects.toThrow('aborted');
    blobs = await open();
    const { complete, offset } = await blobs.uploadOffset(sha256);
    expect(complete).toBe(false);
    expect(offset).toBe(2_000_000);
    await expect(blobs.append(sha256, 5, pieces(bytes), limits)).rejects.toMatchObject({
      code: 'upload_offset_mismatch',
      details: { offset },
    });
    const rest = { ...limits, totalBytes: bytes.length };
    expect(await blobs.append(sha256, offset, pieces(bytes.subarray(offset)), rest)).toEqual({
      offset: bytes.length,
      complete: true,
    });
    expect(digest(await readFile(blobs.path(sha256)))).toBe(sha256);
    expect(await blobs.uploadOffset(sha256)).toEqual({ complete: true, offset: bytes.length });
    expect(await partial()).toEqual([]);
  });

  it('begins anew when the finished upload is not what was promised', async () => {
    const sha256 = digest(randomBytes(10));
    const wrong = randomBytes(1_000);
    await expect(blobs.append(sha256, 0, pieces(wrong), { ...limits, totalBytes: 1_000 })).rejects.toMatchObject({
      code: 'input_digest_mismatch',
    });
    expect(await blobs.uploadOffset(sha256)).toEqual({ complete: false, offset: 0 });
  });

  it('lets one writer at a time append', async () => {
    const bytes = randomBytes(1_000_000);
    const sha256 = digest(bytes);
    const both = await Promise.allSettled([
      blobs.append(sha256, 0, pieces(bytes), limits),
      blobs.append(sha256, 0, pieces(bytes), limits),
    ]);
    expect(both.map((one) => one.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await blobs.size(sha256)).toBe(bytes.length);
  });

  it('says when the disk is full, and takes the next file that fits', async () => {
    // A real full disk: a size limit on the files of a process answers EFBIG, so a device that is always full does it here.
    const { writeStream, diskError } = await import('../../main/hub/blobs/write-file.ts');
    const { open: openFile } = await import('node:fs/promises');
    const full = await openFile('/dev/full', 'w');
    const writing = writeStream(full, pieces(randomBytes(3_000_000)), createHash('sha256'), 0, 1e9);
    const error = await writing.then(
      () => null,
      (reason: unknown) => diskError(reason, dir),
    );
    await full.close();
    expect(error).toMatchObject({ code: 'disk_full', details: { folder: dir } });
  });

  it('refuses writes after it was closed, and waits for those under way', async () => {
    const bytes = randomBytes(3_000_000);
    const writing = blobs.put(pieces(bytes), limits);
    await blobs.close();
    expect(await blobs.size(digest(bytes))).toBe(bytes.length);
    await expect(blobs.put(pieces(bytes), limits)).rejects.toMatchObject({ code: 'not_ready' });
    await writing;
  });

  it('never shows a torn blob when its writer is killed, and clears the leftovers', async () => {
    const child = spawn(process.execPath, [fileURLToPath(new URL('./programs/put-blobs.ts', import.meta.url)), dir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let told = '';
    child.stdout.on('data', (text: Buffer) => {
      told += text.toString();
    });
    while (told.split('\n').length < 30) await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'close');
    const promised = told.split('\n').filter((line) => /^[0-9a-f]{64}$/.test(line));
    expect(promised.length).toBeGreaterThan(20);
    blobs = await open();
    expect(await partial()).toEqual([]);
    for (const sha256 of promised) expect(digest(await readFile(blobs.path(sha256)))).toBe(sha256);
    for (const name of await readdir(dir, { recursive: true })) {
      const sha256 = name.split('/').at(-1) ?? '';
      if (/^[0-9a-f]{64}$/.test(sha256)) expect(digest(await readFile(join(dir, name)))).toBe(sha256);
    }
  });
});
