/** Rows of uploads to the central store. */
import { z } from 'zod';
import type { Catalog } from './database.ts';

const uploadRow = z
  .object({
    number: z.int(),
    idempotency_key: z.string(),
    sha256: z.string(),
    stored_as: z.string(),
    worker_name: z.string(),
    created_ms: z.int(),
  })
  .transform((row) => ({
    number: row.number,
    idempotencyKey: row.idempotency_key,
    sha256: row.sha256,
    storedAs: row.stored_as,
    workerName: row.worker_name,
    createdMs: row.created_ms,
  }));
export type CentralUploadRow = z.output<typeof uploadRow>;

const columns = 'number, idempotency_key, sha256, stored_as, worker_name, created_ms';

export function findCentralUpload(catalog: Catalog, idempotencyKey: string): CentralUploadRow | undefined {
  return catalog.get(uploadRow, `SELECT ${columns} FROM central_uploads WHERE idempotency_key = @idempotencyKey`, {
    idempotencyKey,
  });
}

/** True when a name, folded, is taken. */
export function isStoredNameTaken(catalog: Catalog, storedKey: string): boolean {
  const row = catalog.get(
    z.object({ number: z.int() }),
    'SELECT number FROM central_uploads WHERE stored_key = @storedKey',
    {
      storedKey,
    },
  );
  return row !== undefined;
}

export function insertCentralUpload(
  catalog: Catalog,
  upload: Omit<CentralUploadRow, 'number'> & { readonly fileName: string; readonly storedKey: string },
): CentralUploadRow {
  const { fileName, storedKey, ...row } = upload;
  catalog.run(
    `INSERT INTO central_uploads (idempotency_key, sha256, file_name, stored_as, stored_key, worker_name, created_ms)
     VALUES (@idempotencyKey, @sha256, @fileName, @storedAs, @storedKey, @workerName, @createdMs)`,
    { ...row, fileName, storedKey },
  );
  const inserted = findCentralUpload(catalog, row.idempotencyKey);
  if (!inserted) throw new Error('an upload vanished in its own transaction');
  return inserted;
}

/** Uploads in the order of their arrival, after a number. */
export function centralUploadsAfter(catalog: Catalog, number: number, limit: number): CentralUploadRow[] {
  return catalog.all(
    uploadRow,
    `SELECT ${columns} FROM central_uploads WHERE number > @number ORDER BY number LIMIT @limit`,
    { number, limit },
  );
}

/** Number of the latest upload, 0 while there is none. */
export function lastCentralUpload(catalog: Catalog): number {
  return (
    catalog.get(z.object({ last: z.int() }), 'SELECT coalesce(max(number), 0) AS last FROM central_uploads')?.last ?? 0
  );
}
