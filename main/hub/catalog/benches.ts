/** Rows of machines that get no more work of a kind since they missed its known answer. */
import { z } from 'zod';
import { type Failure, failureSchema } from '../../../contract/errors.ts';
import type { Catalog } from './database.ts';
import { json } from './rows.ts';

const benchRow = z
  .object({
    node_id: z.string(),
    kind: z.string(),
    since_ms: z.int(),
    checked_ms: z.int(),
    checks: z.int(),
    error: json(failureSchema),
  })
  .transform((row) => ({
    nodeId: row.node_id,
    kind: row.kind,
    sinceMs: row.since_ms,
    checkedMs: row.checked_ms,
    checks: row.checks,
    error: row.error,
  }));
export type BenchRow = z.output<typeof benchRow>;

export function listBenches(catalog: Catalog): BenchRow[] {
  return catalog.all(
    benchRow,
    `SELECT benches.* FROM benches JOIN nodes ON nodes.id = benches.node_id AND nodes.removed_ms IS NULL`,
  );
}

/** Inserts a bench, or replaces what is known of it after another check that was missed. */
export function saveBench(catalog: Catalog, bench: BenchRow): void {
  const error: Failure = bench.error;
  catalog.run(
    `INSERT INTO benches (node_id, kind, since_ms, checked_ms, checks, error)
     VALUES (@nodeId, @kind, @sinceMs, @checkedMs, @checks, @error)
     ON CONFLICT (node_id, kind) DO UPDATE SET checked_ms = @checkedMs, checks = @checks, error = @error`,
    { ...bench, error: JSON.stringify(error) },
  );
}

export function deleteBench(catalog: Catalog, nodeId: string, kind: string): void {
  catalog.run('DELETE FROM benches WHERE node_id = @nodeId AND kind = @kind', { nodeId, kind });
}
