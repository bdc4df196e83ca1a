/** Garbage collection over a real store and catalog: random histories with crashes never cost a blob that something refers to. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { silentLogger } from '../../common/log.ts';
import { createBlobGc, looseMs, trashMs } from '../../main/hub/blobs/blob-gc.ts';
import { createBlobStore } from '../../main/hub/blobs/blob-store.ts';
import { createTouchedBlobs } from '../../main/hub/blobs/touched-blobs.ts';
import { type Catalog, openCatalog } from '../../main/hub/catalog/database.ts';
import { ensureBlob } from '../../main/hub/catalog/items.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { createPlannerLab } from '../support/planner-lab.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const bytesOf = (number: number): Buffer => Buffer.from(`blob ${number}`);
const shaOf = (number: number): string => createHash('sha256').update(bytesOf(number)).digest('hex');
async function* once(bytes: Buffer) {
  yield bytes;
}

async function createLab() {
  const dir = await mkdtemp(join(tmpdir(), 'mr-gc-'));
  const catalog = openCatalog(join(dir, 'catalog.sqlite'), 0);
  const clock = createManualClock();
  const touched = createTouchedBlobs();
  const raw = await createBlobStore({ dir: join(dir, 'blobs'), logger: silentLogger });
  /** Commits that go through before one is undone; null: all. */
  let left: number | null = null;
  /** Undoes a commit as a crash or a full disk would: after its works have run. */
  const failing: Catalog = {
    ...catalog,
    commit: (work) =>
      catalog.commit(() => {
        const value = work();
        if (left !== null && left-- === 0) throw new Error('crash');
        return value;
      }),
  };
  const store = touched.watch(raw);
  const gc = createBlobGc({ catalog: failing, store: raw, touched, clock, logger: silentLogger });
  closers.push(async () => {
    catalog.close();
    await rm(dir, { recursive: true });
  });
  return {
    catalog,
    clock,
    touched,
    gc,
    put: (number: number) => store.put(once(bytesOf(number)), { maxBytes: 1_000 }),
    crashAfter(commits: number | null) {
      left = commits;
    },
    isThere: (number: number) => existsSync(raw.path(shaOf(number))),
    isInTrash: (number: number) => existsSync(join(dir, 'blobs', 'trash', shaOf(number))),
    refer(number: number) {
      const blob = { sha256: shaOf(number), sizeBytes: bytesOf(number).length, mediaType: 'text/plain' };
      ensureBlob(catalog, blob, clock.wallMs());
      catalog.run(
        `INSERT INTO items (id, sha256, name, kind, media_type, size_bytes, created_ms)
         VALUES (@id, @sha256, 'n', 'text', 'text/plain', 1, 0) ON CONFLICT DO NOTHING`,
        { id: `item-${number}`, sha256: blob.sha256 },
      );
    },
    unrefer: (number: number) => catalog.run('DELETE FROM items WHERE id = @id', { id: `item-${number}` }),
  };
}

test('unreferenced for a day: trash; three days later: gone; a dry run only says so', async () => {
  const lab = await createLab();
  await lab.put(1);
  await lab.put(2);
  lab.refer(2);
  const round = async (dryRun = false) => {
    lab.touched.rotate();
    lab.touched.rotate();
    return await lab.gc.collect(dryRun);
  };
  await round();
  lab.clock.advance(looseMs - 1);
  expect((await round()).trashed.blobs).toBe(0);
  lab.clock.advance(1);
  expect(await round(true)).toMatchObject({ trashed: { blobs: 1, bytes: 6 }, sample: [shaOf(1)] });
  expect(lab.isThere(1)).toBe(true);
  await round();
  expect([lab.isThere(1), lab.isInTrash(1), lab.isThere(2)]).toEqual([false, true, true]);
  lab.clock.advance(trashMs - 1);
  expect((await round()).deleted.blobs).toBe(0);
  lab.clock.advance(1);
  expect(await round()).toMatchObject({ deleted: { blobs: 1, bytes: 6 } });
  expect([lab.isThere(1), lab.isInTrash(1), lab.isThere(2)]).toEqual([false, false, true]);
});

test('bytes that were brought or asked for just now stay, though nothing refers to them yet', async () => {
  const lab = await createLab();
  await lab.put(1);
  await lab.gc.collect(false);
  lab.clock.advance(looseMs * 2);
  await lab.put(1);
  await lab.gc.collect(false);
  lab.refer(1);
  lab.clock.advance(looseMs * 2);
  await lab.gc.collect(false);
  expect(lab.isThere(1)).toBe(true);
});

test('inputs and outputs of stages, options of jobs and the logo of the settings are references', async () => {
  const farm = await createPlannerLab(['n1']);
  const dir = await mkdtemp(join(tmpdir(), 'mr-gc-'));
  closers.push(
    () => farm.close(),
    () => rm(dir, { recursive: true }),
  );
  const { catalog, clock } = farm;
  const store = await createBlobStore({ dir, logger: silentLogger });
  const gc = createBlobGc({ catalog, store, touched: createTouchedBlobs(), clock, logger: silentLogger });
  for (let number = 1; number <= 6; number++) await store.put(once(bytesOf(number)), { maxBytes: 1_000 });
  const jobId = await farm.drop('a.jpg');
  const set = (table: string, column: string, value: unknown): void => {
    catalog.run(`UPDATE ${table} SET ${column} = @value`, { value: JSON.stringify(value) });
  };
  set('stages', 'inputs', [{ role: 'image', sha256: shaOf(1), sizeBytes: 6, mediaType: 'text/plain' }]);
  set('stages', 'outputs', [{ role: 'x', sha256: shaOf(2), sizeBytes: 6, mediaType: 'text/plain' }]);
  set('jobs', 'options', { logo: { sha256: shaOf(3) } });
  set('batches', 'options', { logo: { sha256: shaOf(4) } });
  catalog.run('INSERT INTO settings (key, value) VALUES (@key, @value)', {
    key: 'logo',
    value: JSON.stringify({ sha256: shaOf(5) }),
  });
  expect(farm.attempts()).toEqual([`${jobId}.watermark.main~1`]);
  await gc.collect(false);
  clock.advance(looseMs + 1);
  expect((await gc.collect(false)).sample).toEqual([shaOf(6)]);
});

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('put', 'use', 'drop'), blob: fc.nat({ max: 5 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait'), hours: fc.nat({ max: 60 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('collect'), crashAfter: fc.option(fc.nat({ max: 2 })) }) },
);

test('random histories, with commits undone in the middle: what is referred to is there, what is not goes in the end', {
  timeout: 60_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const lab = await createLab();
      const referenced = new Set<number>();
      for (const one of steps) {
        if ('hours' in one) {
          lab.clock.advance(one.hours * 3_600_000);
          lab.touched.rotate();
        } else if ('crashAfter' in one) {
          lab.crashAfter(one.crashAfter);
          await lab.gc.collect(false).catch(() => {});
          lab.crashAfter(null);
        } else if (one.do === 'put') await lab.put(one.blob);
        else if (one.do === 'drop') {
          lab.unrefer(one.blob);
          referenced.delete(one.blob);
        } else {
          // As intake does it: the bytes first, then the reference.
          await lab.put(one.blob);
          lab.refer(one.blob);
          referenced.add(one.blob);
        }
        for (const blob of referenced) expect(lab.isThere(blob)).toBe(true);
      }
      for (const waitMs of [0, looseMs + 1, trashMs + 1, 0]) {
        lab.clock.advance(waitMs);
        lab.touched.rotate();
        lab.touched.rotate();
        await lab.gc.collect(false);
      }
      for (let blob = 0; blob <= 5; blob++) {
        expect(lab.isThere(blob)).toBe(referenced.has(blob));
        expect(lab.isInTrash(blob)).toBe(false);
      }
      await closers.pop()?.();
    }),
    { numRuns: 25 },
  );
});
