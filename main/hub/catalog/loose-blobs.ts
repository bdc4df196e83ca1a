/** Rows of blobs that nothing refers to: since when, and whether their bytes lie in the trash. */
import { z } from 'zod';
import type { Catalog } from './database.ts';

const looseRow = z.object({
  sha256: z.string(),
  sizeBytes: z.int(),
  seenMs: z.int(),
  trashedMs: z.int().nullable(),
});
export type LooseRow = z.output<typeof looseRow>;

export function looseBlobs(catalog: Catalog): LooseRow[] {
  return catalog.all(
    looseRow,
    'SELECT sha256, size_bytes AS sizeBytes, seen_ms AS seenMs, trashed_ms AS trashedMs FROM loose_blobs',
  );
}

/** Notes a blob as loose, or what became of it since. */
export function saveLoose(catalog: Catalog, row: LooseRow): void {
  catalog.run(
    `INSERT INTO loose_blobs (sha256, size_bytes, seen_ms, trashed_ms) VALUES (@sha256, @sizeBytes, @seenMs, @trashedMs)
     ON CONFLICT (sha256) DO UPDATE SET seen_ms = @seenMs, trashed_ms = @trashedMs`,
    { ...row },
  );
}

export function forgetLoose(catalog: Catalog, sha256: string): void {
  catalog.run('DELETE FROM loose_blobs WHERE sha256 = @sha256', { sha256 });
}

/** The catalog knows these bytes no more: whoever wants to refer to them has to bring them again. */
export function forgetBlob(catalog: Catalog, sha256: string): void {
  catalog.run('DELETE FROM blobs WHERE sha256 = @sha256', { sha256 });
}
