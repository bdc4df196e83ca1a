import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { silentLogger } from '../../common/log.ts';
import { type BlobStore, createBlobStore } from '../../main/hub/blobs/blob-store.ts';
import { type Catalog, openCatalog } from '../../main/hub/catalog/database.ts';
import { type CentralStore, createCentralStore } from '../../main/hub/central-store/central-store.ts';
import { cleanFileName, cleanWorkerName, foldName, twinName } from '../../main/hub/central-store/stored-name.ts';
import { createManualClock } from '../support/manual-clock.ts';

async function* whole(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
const linePattern = /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] WORKER: [^|]+ \| IMAGE: .+$/;

describe('central store', () => {
  let dataDir: string;
  let blobs: BlobStore;
  let catalog: Catalog;
  let store: CentralStore;
  const folder = () => join(dataDir, 'central_storage');
  const logPath = () => join(dataDir, 'worker_activity.log');
  const log = async () => (await readFile(logPath(), 'utf8')).split('\n').slice(0, -1);
  const clock = createManualClock(new Date(2026, 0, 15, 14, 30, 45).getTime());
  const openStore = async () => {
    blobs = await createBlobStore({ dir: join(dataDir, 'blobs'), logger: silentLogger });
    catalog = openCatalog(join(dataDir, 'catalog.sqlite'));
    store = createCentralStore({ catalog, blobs, dataDir, clock, logger: silentLogger });
    await store.repair();
  };
  const upload = async (
    fileName: string,
    more: { workerName?: string; idempotencyKey?: string; bytes?: Uint8Array } = {},
  ) => {
    const { workerName = 'worker-1', idempotencyKey = null, bytes = randomBytes(500) } = more;
    const { sha256, sizeBytes } = await blobs.put(whole(bytes), { maxBytes: 1e6 });
    return store.accept({ fileName, workerName, sha256, sizeBytes, mediaType: 'image/jpeg', idempotencyKey });
  };
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'mr-central-'));
    await openStore();
  });
  afterEach(async () => {
    catalog.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('keeps the file under its name, linked to the blob, and writes the line of old', async () => {
    const bytes = randomBytes(700);
    expect(await upload('watermarked_photo.jpg', { bytes })).toEqual({
      storedAs: 'watermarked_photo.jpg',
      repeated: false,
    });
    const path = join(folder(), 'watermarked_photo.jpg');
    expect(await readFile(path)).toEqual(bytes);
    expect((await stat(path)).nlink).toBe(2);
    expect(await readFile(logPath(), 'utf8')).toBe(
      '[2026-01-15 14:30:45] WORKER: worker-1 | IMAGE: watermarked_photo.jpg\n',
    );
  });

  it('numbers twins, whatever their case, and leaves files alone that are not its own', async () => {
    await writeFile(join(folder(), 'mine (3).jpg'), 'the owner put this here');
    const names = [];
    for (const name of ['mine.jpg', 'MINE.JPG', 'mine.jpg', 'straße.png', 'STRASSE.PNG'])
      names.push((await upload(name)).storedAs);
    expect(names).toEqual(['mine.jpg', 'MINE (2).JPG', 'mine (4).jpg', 'straße.png', 'STRASSE (2).PNG']);
    expect(await readFile(join(folder(), 'mine (3).jpg'), 'utf8')).toBe('the owner put this here');
  });

  it('answers a repeated key the same and stores nothing twice; other bytes under it are refused', async () => {
    const bytes = randomBytes(100);
    await upload('a.jpg', { idempotencyKey: 'k1', bytes });
    expect(await upload('a.jpg', { idempotencyKey: 'k1', bytes })).toEqual({ storedAs: 'a.jpg', repeated: true });
    await expect(upload('a.jpg', { idempotencyKey: 'k1' })).rejects.toMatchObject({ code: 'idempotency_mismatch' });
    expect(await readdir(folder())).toEqual(['a.jpg']);
    expect(await log()).toHaveLength(1);
  });

  it('takes 200 at once: every line whole, in the order of the catalog', async () => {
    await Promise.all(Array.from({ length: 200 }, (_, n) => upload('same.jpg', { workerName: `w${n % 7}` })));
    const rows = catalog.all(
      z.object({ stored_as: z.string() }),
      'SELECT stored_as FROM central_uploads ORDER BY number',
    );
    const lines = await log();
    expect(lines.every((line) => linePattern.test(line))).toBe(true);
    expect(lines.map((line) => line.split('IMAGE: ')[1])).toEqual(rows.map((row) => row.stored_as));
    expect(new Set(await readdir(folder()))).toEqual(new Set(rows.map((row) => row.stored_as)));
  });

  it('cannot be led astray by names', async () => {
    expect((await upload('../../etc/passwd')).storedAs).toBe('passwd');
    expect((await upload('C:\\x\\evil\n[2026] WORKER: y | IMAGE: z.jpg')).storedAs).toBe(
      'evil_[2026] WORKER_ y _ IMAGE_ z.jpg',
    );
    await upload('b.jpg', { workerName: 'w\n[2000-01-01 00:00:00] WORKER: forged | IMAGE: x' });
    const lines = await log();
    expect(lines).toHaveLength(3);
    expect(lines.every((line) => linePattern.test(line))).toBe(true);
    expect(cleanFileName('..')).toBe('file');
    expect(cleanFileName('CON.jpg')).toBe('_CON.jpg');
    expect(Buffer.byteLength(cleanFileName(`${'ü'.repeat(500)}.jpg`))).toBeLessThanOrEqual(230);
    expect(cleanFileName(`${'ü'.repeat(500)}.jpg`).endsWith('.jpg')).toBe(true);
    expect(cleanWorkerName(' \n ')).toBe('unknown');
    expect(twinName('archive.tar.gz', 2)).toBe('archive.tar (2).gz');
    expect(foldName('É.JPG')).toBe(foldName('e\u0301.jpg'));
  });

  it('repairs: lost files and lines come back in their place, a torn line goes, what others wrote stays', async () => {
    for (const name of ['a.jpg', 'b.jpg', 'c.jpg', 'd.jpg']) await upload(name);
    const before = await log();
    await rm(join(folder(), 'b.jpg'));
    await writeFile(join(folder(), 'notes.txt'), 'mine');
    await writeFile(join(folder(), '.millrace-abc.tmp'), 'a copy that was cut off');
    await writeFile(logPath(), `${before[0]}\n# looked at this on Monday\n${before[2]}\n${before[3]?.slice(0, 30)}`);
    catalog.close();
    await openStore();
    expect(await log()).toEqual([before[0], '# looked at this on Monday', before[1], before[2], before[3]]);
    expect((await readdir(folder())).sort()).toEqual(['a.jpg', 'b.jpg', 'c.jpg', 'd.jpg', 'notes.txt']);
    const settled = await readFile(logPath(), 'utf8');
    await store.repair();
    expect(await readFile(logPath(), 'utf8')).toBe(settled);
    await upload('e.jpg');
    expect(await log()).toHaveLength(6);
  });

  it('repairs a log torn at any byte', async () => {
    for (const name of ['a.jpg', 'b.jpg']) await upload(name);
    const whole = await readFile(logPath(), 'utf8');
    for (let length = 0; length < whole.length; length += 3) {
      await truncate(logPath(), length);
      await store.repair();
      expect(await readFile(logPath(), 'utf8')).toBe(whole);
      await writeFile(logPath(), whole);
    }
    await appendFile(logPath(), 'a last line of somebody else');
    await store.repair();
    expect(await readFile(logPath(), 'utf8')).toBe(`${whole}a last line of somebody else\n`);
  });

  it('agrees with the catalog after kill -9, again and again', async () => {
    catalog.close();
    const promised = new Set<string>();
    for (const lines of [5, 30, 60]) {
      const program = fileURLToPath(new URL('./programs/central-uploads.ts', import.meta.url));
      const child = spawn(process.execPath, [program, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
      let told = '';
      child.stdout.on('data', (text: Buffer) => {
        told += text.toString();
      });
      while (told.split('\n').length <= lines) await once(child.stdout, 'data');
      child.kill('SIGKILL');
      await once(child, 'close');
      for (const name of told.split('\n').slice(0, -1)) promised.add(name);
    }
    await openStore();
    const row = z.object({ stored_as: z.string(), sha256: z.string() });
    const rows = catalog.all(row, 'SELECT stored_as, sha256 FROM central_uploads ORDER BY number');
    const names = rows.map((one) => one.stored_as);
    expect(names).toEqual(expect.arrayContaining([...promised]));
    expect((await log()).map((line) => line.split('IMAGE: ')[1])).toEqual(names);
    expect(new Set(await readdir(folder()))).toEqual(new Set(names));
    for (const one of rows)
      expect(await readFile(join(folder(), one.stored_as))).toEqual(await readFile(blobs.path(one.sha256)));
  });
});
