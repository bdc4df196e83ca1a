/** Figures over all jobs, for the statistics endpoints of older systems. */
import { z } from 'zod';
import { jobStateSchema } from '../../../contract/item.ts';
import type { Catalog } from './database.ts';

const countsRow = z.object({ state: jobStateSchema, count: z.int(), mean_ms: z.number().nullable() });
const kindRow = z.object({ kind: z.string(), count: z.int(), mean_ms: z.number().nullable() });

export interface JobFigures {
  readonly counts: Readonly<Record<z.output<typeof jobStateSchema>, number>>;
  /** From the drop to the end of finished jobs, ms; null while there are none. */
  readonly meanJobMs: number | null;
  /** Time of work on a node a unit, by stage kind, ms. */
  readonly kinds: readonly { readonly kind: string; readonly count: number; readonly meanMs: number | null }[];
}

export function jobFigures(catalog: Catalog): JobFigures {
  const rows = catalog.all(
    countsRow,
    'SELECT state, count(*) AS count, avg(finished_ms - created_ms) AS mean_ms FROM jobs GROUP BY state',
  );
  const kinds = catalog.all(
    kindRow,
    `SELECT stages.kind, count(*) AS count, avg(attempts.processing_ms) AS mean_ms
     FROM attempts JOIN stages ON stages.id = attempts.stage_id
     WHERE attempts.state = 'done' GROUP BY stages.kind ORDER BY stages.kind`,
  );
  const count = (state: z.output<typeof jobStateSchema>): number => rows.find((row) => row.state === state)?.count ?? 0;
  return {
    counts: {
      waiting: count('waiting'),
      running: count('running'),
      paused: count('paused'),
      done: count('done'),
      failed: count('failed'),
      quarantined: count('quarantined'),
      cancelled: count('cancelled'),
    },
    meanJobMs: rows.find((row) => row.state === 'done')?.mean_ms ?? null,
    kinds: kinds.map((row) => ({ kind: row.kind, count: row.count, meanMs: row.mean_ms })),
  };
}
