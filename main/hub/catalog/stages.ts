/** Rows of stages and of results that may be used again. */
import { z } from 'zod';
import { type Failure, failureSchema } from '../../../contract/errors.ts';
import { type StageState, stageStateSchema } from '../../../contract/item.ts';
import {
  type JsonObject,
  type StageInput,
  type StageOutput,
  stageInputSchema,
  stageOutputSchema,
} from '../../../contract/stage.ts';
import type { Catalog } from './database.ts';
import { flag, json } from './rows.ts';

const jsonObject = json(z.record(z.string(), z.json()));
const outputsColumn = json(z.array(stageOutputSchema));

const stageRow = z
  .object({
    id: z.string(),
    job_id: z.string(),
    kind: z.string(),
    slot: z.string(),
    queue: z.string(),
    state: stageStateSchema,
    code_version: z.int(),
    options: jsonObject,
    inputs: json(z.array(stageInputSchema)),
    result_key: z.string().nullable(),
    not_before_ms: z.int(),
    patience: z.int(),
    forgiven: z.int(),
    cached: flag,
    outputs: outputsColumn.nullable(),
    summary: jsonObject.nullable(),
    engine: z.string().nullable(),
    node_name: z.string().nullable(),
    error: json(failureSchema).nullable(),
    created_ms: z.int(),
  })
  .transform((row) => ({
    id: row.id,
    jobId: row.job_id,
    kind: row.kind,
    slot: row.slot,
    queue: row.queue,
    state: row.state,
    codeVersion: row.code_version,
    options: row.options,
    inputs: row.inputs,
    resultKey: row.result_key,
    notBeforeMs: row.not_before_ms,
    patience: row.patience,
    forgiven: row.forgiven,
    cached: row.cached,
    outputs: row.outputs ?? [],
    summary: row.summary,
    engine: row.engine,
    nodeName: row.node_name,
    error: row.error,
    createdMs: row.created_ms,
  }));
export type StageRow = z.output<typeof stageRow>;

const columns = `stages.id, stages.job_id, stages.kind, stages.slot, stages.queue, stages.state, stages.code_version, stages.options,
  stages.inputs, stages.result_key, stages.not_before_ms, stages.patience, stages.forgiven, stages.cached, stages.outputs,
  stages.summary, stages.engine, stages.node_name, stages.error, stages.created_ms`;

export interface NewStage {
  readonly id: string;
  readonly jobId: string;
  readonly kind: string;
  readonly slot: string;
  readonly queue: string;
  readonly codeVersion: number;
  readonly options: JsonObject;
  readonly inputs: readonly StageInput[];
  readonly resultKey: string | null;
  readonly createdMs: number;
}

export function insertStage(catalog: Catalog, stage: NewStage): void {
  catalog.run(
    `INSERT INTO stages (id, job_id, kind, slot, queue, state, code_version, options, inputs, result_key, created_ms)
     VALUES (@id, @jobId, @kind, @slot, @queue, 'waiting', @codeVersion, @options, @inputs, @resultKey, @createdMs)`,
    { ...stage, options: JSON.stringify(stage.options), inputs: JSON.stringify(stage.inputs) },
  );
}

export function findStage(catalog: Catalog, id: string): StageRow | undefined {
  return catalog.get(stageRow, `SELECT ${columns} FROM stages WHERE id = @id`, { id });
}

export function stagesOfJob(catalog: Catalog, jobId: string): StageRow[] {
  return catalog.all(stageRow, `SELECT ${columns} FROM stages WHERE job_id = @jobId ORDER BY created_ms, rowid`, {
    jobId,
  });
}

/** Every stage that is waiting or running, oldest first. */
export function openStages(catalog: Catalog): StageRow[] {
  return catalog.all(
    stageRow,
    `SELECT ${columns} FROM stages WHERE state IN ('waiting', 'running') ORDER BY created_ms, rowid`,
  );
}

/** Stages that wait for the result with this key. */
export function waitingWithKey(catalog: Catalog, resultKey: string): StageRow[] {
  return catalog.all(stageRow, `SELECT ${columns} FROM stages WHERE result_key = @resultKey AND state = 'waiting'`, {
    resultKey,
  });
}

export interface StageCompletion {
  readonly outputs: readonly StageOutput[];
  readonly summary: JsonObject;
  readonly engine: string;
  readonly nodeName: string;
  readonly cached: boolean;
}

export function completeStage(catalog: Catalog, id: string, done: StageCompletion, nowMs: number): void {
  catalog.run(
    `UPDATE stages SET state = 'done', outputs = @outputs, summary = @summary, engine = @engine, node_name = @nodeName,
       cached = @cached, error = NULL, finished_ms = @nowMs WHERE id = @id`,
    {
      id,
      outputs: JSON.stringify(done.outputs),
      summary: JSON.stringify(done.summary),
      engine: done.engine,
      nodeName: done.nodeName,
      cached: done.cached ? 1 : 0,
      nowMs,
    },
  );
}

export function setStageState(catalog: Catalog, id: string, state: StageState): void {
  catalog.run('UPDATE stages SET state = @state WHERE id = @id', { id, state });
}

/** Back to waiting after a failed try; `error` tells why while it waits. */
export function retryStageLater(
  catalog: Catalog,
  id: string,
  notBeforeMs: number,
  patience: number,
  error: Failure | null,
): void {
  catalog.run(
    "UPDATE stages SET state = 'waiting', not_before_ms = @notBeforeMs, patience = @patience, error = @error WHERE id = @id",
    { id, notBeforeMs: Math.round(notBeforeMs), patience, error: error && JSON.stringify(error) },
  );
}

export function failStage(catalog: Catalog, id: string, error: Failure, nowMs: number): void {
  catalog.run("UPDATE stages SET state = 'failed', error = @error, finished_ms = @nowMs WHERE id = @id", {
    id,
    error: JSON.stringify(error),
    nowMs,
  });
}

/** A user's retry: what failed or was cancelled waits again, and what happened before counts no more. */
export function forgiveStage(catalog: Catalog, id: string): void {
  catalog.run(
    `UPDATE stages SET state = 'waiting', not_before_ms = 0, patience = 0, error = NULL, finished_ms = NULL,
       forgiven = (SELECT coalesce(max(number), 0) FROM attempts WHERE stage_id = stages.id) WHERE id = @id`,
    { id },
  );
}

const resultRow = z
  .object({ outputs: outputsColumn, summary: jsonObject, engine: z.string(), node_name: z.string() })
  .transform((row) => ({
    outputs: row.outputs,
    summary: row.summary,
    engine: row.engine,
    nodeName: row.node_name,
    cached: true,
  }));

/** An earlier result with this key. */
export function findResult(catalog: Catalog, resultKey: string): StageCompletion | undefined {
  return catalog.get(
    resultRow,
    'SELECT outputs, summary, engine, node_name FROM results WHERE result_key = @resultKey',
    { resultKey },
  );
}

export function insertResult(
  catalog: Catalog,
  resultKey: string,
  stageId: string,
  done: StageCompletion,
  nowMs: number,
): void {
  catalog.run(
    `INSERT INTO results (result_key, stage_id, outputs, summary, engine, node_name, created_ms)
     VALUES (@resultKey, @stageId, @outputs, @summary, @engine, @nodeName, @nowMs) ON CONFLICT DO NOTHING`,
    {
      resultKey,
      stageId,
      outputs: JSON.stringify(done.outputs),
      summary: JSON.stringify(done.summary),
      engine: done.engine,
      nodeName: done.nodeName,
      nowMs,
    },
  );
}

/** Counts by queue and kind. `failed` counts stages that ended so. */
export function countStages(catalog: Catalog) {
  return catalog.all(
    z.object({
      queue: z.string(),
      kind: z.string(),
      waiting: z.int(),
      running: z.int(),
      done: z.int(),
      failed: z.int(),
    }),
    `SELECT queue, kind, sum(state = 'waiting') AS waiting, sum(state = 'running') AS running, sum(state = 'done') AS done,
       sum(state = 'failed') AS failed FROM stages GROUP BY queue, kind ORDER BY queue, kind`,
  );
}
