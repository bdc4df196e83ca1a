/** Rows of items and blobs. */
import { z } from 'zod';
import { type Item, itemSchema, jobStateSchema, mediaKindSchema } from '../../../contract/item.ts';
import type { Catalog } from './database.ts';
import { countRow } from './rows.ts';

const itemColumns =
  'items.id, items.sha256, items.name, items.kind, items.media_type, items.size_bytes, items.width, items.height, items.duration_ms, items.created_ms';

const rowShape = z.object({
  id: z.string(),
  sha256: z.string(),
  name: z.string(),
  kind: mediaKindSchema,
  media_type: z.string(),
  size_bytes: z.int(),
  width: z.int().nullable(),
  height: z.int().nullable(),
  duration_ms: z.int().nullable(),
  created_ms: z.int(),
});

const toItem = (row: z.output<typeof rowShape>): Item => ({
  id: row.id,
  sha256: row.sha256,
  name: row.name,
  kind: row.kind,
  mediaType: row.media_type,
  sizeBytes: row.size_bytes,
  width: row.width,
  height: row.height,
  durationMs: row.duration_ms,
  createdAt: new Date(row.created_ms).toISOString(),
});

const itemRow = rowShape.transform(toItem);

export interface BlobRow {
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly mediaType: string;
}

/** Records bytes that are in the blob store; again changes nothing. */
export function ensureBlob(catalog: Catalog, blob: BlobRow, nowMs: number): void {
  catalog.run(
    'INSERT INTO blobs (sha256, size_bytes, media_type, created_ms) VALUES (@sha256, @sizeBytes, @mediaType, @nowMs) ON CONFLICT DO NOTHING',
    { sha256: blob.sha256, sizeBytes: blob.sizeBytes, mediaType: blob.mediaType, nowMs },
  );
}

const blobRow = z
  .object({ sha256: z.string(), size_bytes: z.int(), media_type: z.string() })
  .transform((row): BlobRow => ({ sha256: row.sha256, sizeBytes: row.size_bytes, mediaType: row.media_type }));

export function findBlob(catalog: Catalog, sha256: string): BlobRow | undefined {
  return catalog.get(blobRow, 'SELECT sha256, size_bytes, media_type FROM blobs WHERE sha256 = @sha256', { sha256 });
}

export function findItem(catalog: Catalog, id: string): Item | undefined {
  return catalog.get(itemRow, `SELECT ${itemColumns} FROM items WHERE id = @id`, { id });
}

/** The item with these bytes and this name: a second drop of the same file is the same item. */
export function findSameItem(catalog: Catalog, sha256: string, name: string): Item | undefined {
  return catalog.get(itemRow, `SELECT ${itemColumns} FROM items WHERE sha256 = @sha256 AND name = @name`, {
    sha256,
    name,
  });
}

export function insertItem(catalog: Catalog, item: Item): void {
  catalog.run(
    `INSERT INTO items (id, sha256, name, kind, media_type, size_bytes, width, height, duration_ms, created_ms)
     VALUES (@id, @sha256, @name, @kind, @mediaType, @sizeBytes, @width, @height, @durationMs, @createdMs)`,
    {
      id: item.id,
      sha256: item.sha256,
      name: item.name,
      kind: item.kind,
      mediaType: item.mediaType,
      sizeBytes: item.sizeBytes,
      width: item.width,
      height: item.height,
      durationMs: item.durationMs,
      createdMs: Date.parse(item.createdAt),
    },
  );
}

export interface ItemFilter {
  readonly kind?: string | undefined;
  readonly pipeline?: string | undefined;
  readonly state?: string | undefined;
  readonly text?: string | undefined;
}

const listRow = rowShape
  .extend({ job_state: jobStateSchema.nullable(), thumbnail: z.string().nullable() })
  .transform((row) => ({ ...toItem(row), jobState: row.job_state, thumbnail: row.thumbnail }));
export const libraryItemSchema = itemSchema.extend({
  jobState: jobStateSchema.nullable(),
  thumbnail: z.string().nullable(),
});
export type LibraryItem = z.infer<typeof libraryItemSchema>;

/** `%`, `_` and the escape itself are literal in a user's words. */
const likeText = (text: string): string => `%${text.replaceAll(/[\\%_]/g, (character) => `\\${character}`)}%`;

/**
 * A page of the library, newest first.
 * @param after the last item of the page before: its time and id
 */
export function listItems(
  catalog: Catalog,
  filter: ItemFilter,
  after: { createdMs: number; id: string } | null,
  limit: number,
): { rows: LibraryItem[]; total: number } {
  const where = [
    filter.kind === undefined ? '1' : 'items.kind = @kind',
    filter.text === undefined ? '1' : "items.name LIKE @text ESCAPE '\\'",
    filter.pipeline === undefined
      ? '1'
      : 'EXISTS (SELECT 1 FROM jobs WHERE jobs.item_id = items.id AND jobs.pipeline = @pipeline)',
    filter.state === undefined
      ? '1'
      : 'EXISTS (SELECT 1 FROM jobs WHERE jobs.item_id = items.id AND jobs.state = @state)',
  ].join(' AND ');
  const parameters = {
    ...(filter.kind !== undefined && { kind: filter.kind }),
    ...(filter.text !== undefined && { text: likeText(filter.text) }),
    ...(filter.pipeline !== undefined && { pipeline: filter.pipeline }),
    ...(filter.state !== undefined && { state: filter.state }),
  };
  const rows = catalog.all(
    listRow,
    `SELECT ${itemColumns},
       (SELECT state FROM jobs WHERE jobs.item_id = items.id ORDER BY jobs.created_ms DESC, jobs.id DESC LIMIT 1) AS job_state,
       CASE WHEN items.kind = 'image' THEN coalesce(
         (SELECT sha256 FROM artifacts WHERE artifacts.item_id = items.id AND media_type LIKE 'image/%' ORDER BY created_ms DESC LIMIT 1),
         items.sha256) END AS thumbnail
     FROM items
     WHERE ${where} ${after ? 'AND (items.created_ms, items.id) < (@afterMs, @afterId)' : ''}
     ORDER BY items.created_ms DESC, items.id DESC LIMIT @limit`,
    { ...parameters, ...(after && { afterMs: after.createdMs, afterId: after.id }), limit },
  );
  const total = catalog.get(countRow, `SELECT count(*) AS count FROM items WHERE ${where}`, parameters)?.count ?? 0;
  return { rows, total };
}
