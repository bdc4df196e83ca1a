/** Rows of batches and jobs. */
import { z } from 'zod';
import { type Failure, failureSchema } from '../../../contract/errors.ts';
import {
  type JobState,
  jobStateSchema,
  type Priority,
  type Privacy,
  prioritySchema,
  privacySchema,
} from '../../../contract/item.ts';
import type { Catalog } from './database.ts';
import { countRow, flag, json } from './rows.ts';

const options = json(z.record(z.string(), z.json()));

const batchRow = z
  .object({
    id: z.string(),
    pipeline: z.string(),
    priority: prioritySchema,
    privacy: privacySchema,
    paused: flag,
    name: z.string(),
    options,
    created_ms: z.int(),
  })
  .transform(({ created_ms, ...row }) => ({ ...row, createdMs: created_ms }));
export type BatchRow = z.output<typeof batchRow>;

const jobRow = z
  .object({
    id: z.string(),
    item_id: z.string(),
    item_name: z.string(),
    batch_id: z.string(),
    pipeline: z.string(),
    options,
    priority: prioritySchema,
    privacy: privacySchema,
    state: jobStateSchema,
    error: json(failureSchema).nullable(),
    dirty: flag,
    stages_done: z.int(),
    stages_total: z.int(),
    created_ms: z.int(),
    finished_ms: z.int().nullable(),
  })
  .transform((row) => ({
    id: row.id,
    itemId: row.item_id,
    item: row.item_name,
    batchId: row.batch_id,
    pipeline: row.pipeline,
    options: row.options,
    priority: row.priority,
    privacy: row.privacy,
    state: row.state,
    error: row.error,
    dirty: row.dirty,
    stagesDone: row.stages_done,
    stagesTotal: row.stages_total,
    createdMs: row.created_ms,
    finishedMs: row.finished_ms,
  }));
export type JobRow = z.output<typeof jobRow>;

const jobColumns = `jobs.id, jobs.item_id, items.name AS item_name, jobs.batch_id, jobs.pipeline, jobs.options, jobs.priority, jobs.privacy, jobs.state,
  jobs.error, jobs.dirty, jobs.stages_done, jobs.stages_total, jobs.created_ms, jobs.finished_ms`;
const fromJobs = 'FROM jobs JOIN items ON items.id = jobs.item_id';

const batchColumns = 'id, pipeline, priority, privacy, paused, name, options, created_ms';

export function insertBatch(catalog: Catalog, batch: BatchRow): void {
  catalog.run(
    `INSERT INTO batches (${batchColumns}) VALUES (@id, @pipeline, @priority, @privacy, @paused, @name, @options, @createdMs)`,
    { ...batch, paused: batch.paused ? 1 : 0, options: JSON.stringify(batch.options) },
  );
}

export function findBatch(catalog: Catalog, id: string): BatchRow | undefined {
  return catalog.get(batchRow, `SELECT ${batchColumns} FROM batches WHERE id = @id`, { id });
}

export function setBatchPaused(catalog: Catalog, id: string, paused: boolean): void {
  catalog.run('UPDATE batches SET paused = @paused WHERE id = @id', { id, paused: paused ? 1 : 0 });
}

/** Whether jobs that come into the batch wait for its owner's word. */
export function isBatchPaused(catalog: Catalog, id: string): boolean {
  return catalog.get(countRow, 'SELECT paused AS count FROM batches WHERE id = @id', { id })?.count === 1;
}

/** Jobs of a batch that are not over. */
export function openJobIds(catalog: Catalog, batchId: string): string[] {
  return catalog
    .all(
      z.object({ id: z.string() }),
      "SELECT id FROM jobs WHERE batch_id = @batchId AND state IN ('waiting', 'running', 'paused')",
      { batchId },
    )
    .map((row) => row.id);
}

/** Whether there is such a batch; cheaper than reading it. */
export function batchExists(catalog: Catalog, id: string): boolean {
  return catalog.get(countRow, 'SELECT 1 AS count FROM batches WHERE id = @id', { id }) !== undefined;
}

export interface BatchFilter {
  readonly afterId: string | null;
  readonly limit: number;
  /** Only those with a job that is not over. */
  readonly open: boolean;
}

/** Batches, newest first, after the given one. `total` is that of all pages. */
export function listBatches(catalog: Catalog, { afterId, limit, open }: BatchFilter) {
  const wanted = open
    ? "EXISTS (SELECT 1 FROM jobs WHERE batch_id = batches.id AND state IN ('waiting', 'running', 'paused'))"
    : 'true';
  const after = afterId === null ? 'true' : 'id < @afterId';
  const rows = catalog.all(
    batchRow,
    `SELECT ${batchColumns} FROM batches WHERE ${wanted} AND ${after} ORDER BY id DESC LIMIT @limit`,
    { ...(afterId !== null && { afterId }), limit },
  );
  const total = catalog.get(countRow, `SELECT count(*) AS count FROM batches WHERE ${wanted}`)?.count ?? 0;
  return { rows, total };
}

export interface NewJob {
  readonly id: string;
  readonly itemId: string;
  readonly batchId: string;
  readonly pipeline: string;
  readonly options: object;
  readonly priority: Priority;
  readonly privacy: Privacy;
  /** Its batch is paused. */
  readonly paused: boolean;
  readonly createdMs: number;
}

export function insertJob(catalog: Catalog, job: NewJob): void {
  catalog.run(
    `INSERT INTO jobs (id, item_id, batch_id, pipeline, options, priority, privacy, state, created_ms)
     VALUES (@id, @itemId, @batchId, @pipeline, @options, @priority, @privacy, iif(@paused, 'paused', 'waiting'), @createdMs)`,
    { ...job, paused: job.paused ? 1 : 0, options: JSON.stringify(job.options) },
  );
}

export function findJob(catalog: Catalog, id: string): JobRow | undefined {
  return catalog.get(jobRow, `SELECT ${jobColumns} ${fromJobs} WHERE jobs.id = @id`, { id });
}

export function jobsOfItem(catalog: Catalog, itemId: string): JobRow[] {
  return catalog.all(
    jobRow,
    `SELECT ${jobColumns} ${fromJobs} WHERE jobs.item_id = @itemId ORDER BY jobs.id DESC LIMIT 500`,
    { itemId },
  );
}

export function dirtyJobIds(catalog: Catalog): string[] {
  return catalog.all(z.object({ id: z.string() }), 'SELECT id FROM jobs WHERE dirty = 1').map((row) => row.id);
}

export interface JobUpdate {
  readonly state: JobState;
  readonly error: Failure | null;
  readonly dirty: boolean;
  readonly stagesDone: number;
  readonly stagesTotal: number;
  readonly finishedMs: number | null;
}

export function updateJob(catalog: Catalog, id: string, update: JobUpdate): void {
  catalog.run(
    `UPDATE jobs SET state = @state, error = @error, dirty = @dirty, stages_done = @stagesDone, stages_total = @stagesTotal, finished_ms = @finishedMs WHERE id = @id`,
    { id, ...update, error: update.error && JSON.stringify(update.error), dirty: update.dirty ? 1 : 0 },
  );
}

/** Marks a job for planning again. */
export function setDirty(catalog: Catalog, id: string): void {
  catalog.run('UPDATE jobs SET dirty = 1 WHERE id = @id AND dirty = 0', { id });
}

/** Marks a waiting job as running: the first of its stages was placed. */
export function setRunning(catalog: Catalog, id: string): boolean {
  return catalog.run("UPDATE jobs SET state = 'running' WHERE id = @id AND state = 'waiting'", { id }) > 0;
}

export interface JobFilter {
  readonly state?: readonly string[] | undefined;
  readonly batchId?: string | undefined;
  readonly itemId?: string | undefined;
  readonly pipeline?: string | undefined;
  readonly errorCode?: string | undefined;
}

function whereOf(filter: JobFilter): { where: string; parameters: Record<string, string> } {
  const clauses: [string, string, string | undefined][] = [
    ['state', 'jobs.state IN (SELECT value FROM json_each(@state))', filter.state && JSON.stringify(filter.state)],
    ['batchId', 'jobs.batch_id = @batchId', filter.batchId],
    ['itemId', 'jobs.item_id = @itemId', filter.itemId],
    ['pipeline', 'jobs.pipeline = @pipeline', filter.pipeline],
    ['errorCode', "jobs.error ->> 'code' = @errorCode", filter.errorCode],
  ];
  const used = clauses.flatMap(([name, clause, value]) => (value === undefined ? [] : [{ name, clause, value }]));
  return {
    where: used.map((one) => one.clause).join(' AND ') || '1',
    parameters: Object.fromEntries(used.map((one) => [one.name, one.value])),
  };
}

/** Jobs of a filter, newest first, after the given one (ids sort by time). */
export function listJobs(
  catalog: Catalog,
  filter: JobFilter,
  afterId: string | null,
  limit: number,
): { rows: JobRow[]; total: number } {
  const { where, parameters } = whereOf(filter);
  const rows = catalog.all(
    jobRow,
    `SELECT ${jobColumns} ${fromJobs} WHERE ${where} ${afterId ? 'AND jobs.id < @afterId' : ''} ORDER BY jobs.id DESC LIMIT @limit`,
    { ...parameters, ...(afterId && { afterId }), limit },
  );
  const total = catalog.get(countRow, `SELECT count(*) AS count FROM jobs WHERE ${where}`, parameters)?.count ?? 0;
  return { rows, total };
}

/** How many jobs are in each state, of one batch or of all. */
export function countJobs(catalog: Catalog, batchId?: string): Map<JobState, number> {
  const rows = catalog.all(
    z.object({ state: jobStateSchema, count: z.int() }),
    `SELECT state, count(*) AS count FROM jobs ${batchId === undefined ? '' : 'WHERE batch_id = @batchId'} GROUP BY state`,
    batchId === undefined ? {} : { batchId },
  );
  return new Map(rows.map((row) => [row.state, row.count]));
}

const failureGroupRow = z
  .object({
    code: z.string(),
    error: json(failureSchema),
    count: z.int(),
    newest_ms: z.int(),
    jobs: json(z.array(z.object({ jobId: z.string(), itemId: z.string(), item: z.string() }))),
  })
  .transform((row) => ({ error: row.error, count: row.count, newestMs: row.newest_ms, jobs: row.jobs }));

/** Failed jobs grouped by cause (code and, for targets, message), newest first, with up to 20 jobs each. */
export function failureGroups(catalog: Catalog) {
  return catalog.all(
    failureGroupRow,
    `WITH failed AS (
       SELECT jobs.id, jobs.item_id, items.name, jobs.error, coalesce(jobs.finished_ms, jobs.created_ms) AS at_ms,
              jobs.error ->> 'code' AS code, jobs.error ->> 'message' AS message
       ${fromJobs} WHERE jobs.state IN ('failed', 'quarantined') AND jobs.error IS NOT NULL
       ORDER BY at_ms DESC LIMIT 5000),
     numbered AS (SELECT *, row_number() OVER (PARTITION BY code, message ORDER BY at_ms DESC) AS number FROM failed)
     SELECT code, (array_agg_first) AS error, count, newest_ms, jobs FROM (
       SELECT code, max(CASE WHEN number = 1 THEN error END) AS array_agg_first, count(*) AS count, max(at_ms) AS newest_ms,
              json_group_array(json_object('jobId', id, 'itemId', item_id, 'item', name)) FILTER (WHERE number <= 20) AS jobs
       FROM numbered GROUP BY code, message)
     ORDER BY newest_ms DESC LIMIT 100`,
  );
}
