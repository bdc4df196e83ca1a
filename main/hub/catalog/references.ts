/** Which blobs the catalog refers to. Reads in slices, so that a large catalog does not keep the hub from its work. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import type { Catalog } from './database.ts';
import { countRow } from './rows.ts';

const sliceRow = z.object({ cursor: z.union([z.string(), z.int()]), text: z.string() });
const sliceSize = 2_000;
const digest = /[0-9a-f]{64}/g;

/**
 * Everything that may name a blob: a text in which its digest stands, in the order of a key. Open stages are among them: what an
 * attempt reads stays as long as it may run.
 */
const sources: readonly {
  readonly from: string;
  readonly key: string;
  readonly text: string;
  readonly first: '' | 0;
}[] = [
  { from: 'items', key: 'rowid', text: 'sha256', first: 0 },
  { from: 'stages', key: 'rowid', text: "inputs || coalesce(outputs, '')", first: 0 },
  { from: 'results', key: 'result_key', text: 'outputs', first: '' },
  { from: '(SELECT DISTINCT sha256 FROM artifacts)', key: 'sha256', text: 'sha256', first: '' },
  { from: 'central_uploads', key: 'number', text: 'sha256', first: 0 },
  { from: 'jobs', key: 'rowid', text: 'options', first: 0 },
  { from: 'batches', key: 'rowid', text: 'options', first: 0 },
  { from: 'settings', key: 'key', text: 'value', first: '' },
];

/** Digests of all blobs that are referred to; some that are none may be among them. */
export async function referencedBlobs(catalog: Catalog): Promise<Set<string>> {
  const found = new Set<string>();
  for (const { from, key, text, first } of sources) {
    const sql = `SELECT ${key} AS cursor, ${text} AS text FROM ${from} WHERE ${key} > @after ORDER BY ${key} LIMIT ${sliceSize}`;
    for (let after: string | number = first; ; ) {
      const rows: z.output<typeof sliceRow>[] = catalog.all(sliceRow, sql, { after });
      for (const row of rows) for (const [sha256] of row.text.matchAll(digest)) found.add(sha256);
      const last = rows.at(-1);
      if (!last || rows.length < sliceSize) break;
      after = last.cursor;
      await nextTurn();
    }
  }
  return found;
}

/** How far the table of batches goes now; rows after it are new. */
export function newestBatchRow(catalog: Catalog): number {
  return catalog.get(countRow, 'SELECT coalesce(max(rowid), 0) AS count FROM batches')?.count ?? 0;
}

/**
 * Whether a reference to the blob may have come since {@link referencedBlobs}, other than with its bytes (which the store notes): by
 * an item, an upload, an option of a new batch, a setting. Cheap; for the last moment before a blob goes.
 */
export function isReferencedNow(catalog: Catalog, sha256: string, afterBatchRow: number): boolean {
  const { count } = catalog.get(
    countRow,
    `SELECT EXISTS (SELECT 1 FROM items WHERE sha256 = @sha256) OR EXISTS (SELECT 1 FROM artifacts WHERE sha256 = @sha256)
       OR EXISTS (SELECT 1 FROM central_uploads WHERE sha256 = @sha256)
       OR EXISTS (SELECT 1 FROM settings WHERE instr(value, @sha256) > 0)
       OR EXISTS (SELECT 1 FROM batches WHERE rowid > @afterBatchRow AND instr(options, @sha256) > 0) AS count`,
    { sha256, afterBatchRow },
  ) ?? { count: 1 };
  return count === 1;
}
