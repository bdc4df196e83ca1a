/** Rows of attempts, their way to the broker (outbox), and artifacts. */
import { z } from 'zod';
import { type Failure, failureSchema } from '../../../contract/errors.ts';
import { type Artifact, type AttemptState, attemptStateSchema } from '../../../contract/item.ts';
import { type StagePayload, stagePayloadSchema } from '../../../contract/stage.ts';
import type { Catalog } from './database.ts';
import { json } from './rows.ts';

const attemptRow = z
  .object({
    id: z.string(),
    stage_id: z.string(),
    number: z.int(),
    node_id: z.string(),
    node_name: z.string(),
    state: attemptStateSchema,
    digest: z.string().nullable(),
    error: json(failureSchema).nullable(),
    placed_ms: z.int(),
    started_ms: z.int().nullable(),
    finished_ms: z.int().nullable(),
    processing_ms: z.number().nullable(),
    peak_memory_bytes: z.int().nullable(),
  })
  .transform((row) => ({
    id: row.id,
    stageId: row.stage_id,
    number: row.number,
    nodeId: row.node_id,
    nodeName: row.node_name,
    state: row.state,
    digest: row.digest,
    error: row.error,
    placedMs: row.placed_ms,
    startedMs: row.started_ms,
    finishedMs: row.finished_ms,
    processingMs: row.processing_ms,
    peakMemoryBytes: row.peak_memory_bytes,
  }));
export type AttemptRow = z.output<typeof attemptRow>;

const select = `SELECT attempts.id, attempts.stage_id, attempts.number, attempts.node_id, nodes.name AS node_name, attempts.state, attempts.digest,
  attempts.error, attempts.placed_ms, attempts.started_ms, attempts.finished_ms, attempts.processing_ms, attempts.peak_memory_bytes
  FROM attempts JOIN nodes ON nodes.id = attempts.node_id`;

export function findAttempt(catalog: Catalog, id: string): AttemptRow | undefined {
  return catalog.get(attemptRow, `${select} WHERE attempts.id = @id`, { id });
}

export function attemptsOfJob(catalog: Catalog, jobId: string): AttemptRow[] {
  return catalog.all(
    attemptRow,
    `${select} JOIN stages ON stages.id = attempts.stage_id WHERE stages.job_id = @jobId ORDER BY attempts.placed_ms, attempts.rowid`,
    { jobId },
  );
}

export function attemptsOfStage(catalog: Catalog, stageId: string): AttemptRow[] {
  return catalog.all(attemptRow, `${select} WHERE attempts.stage_id = @stageId ORDER BY attempts.number`, { stageId });
}

/** Attempts that a node may still answer. */
export function openAttempts(catalog: Catalog): AttemptRow[] {
  return catalog.all(attemptRow, `${select} WHERE attempts.state IN ('placed', 'running')`);
}

/** Tries of open stages that ended as failures, or with their machine. */
export function failuresOfOpenStages(catalog: Catalog): AttemptRow[] {
  return catalog.all(
    attemptRow,
    `${select} JOIN stages ON stages.id = attempts.stage_id WHERE stages.state IN ('waiting', 'running') AND attempts.state IN ('failed', 'lost')`,
  );
}

export interface NewAttempt {
  readonly id: string;
  readonly stageId: string;
  readonly number: number;
  readonly nodeId: string;
  readonly placedMs: number;
}

export function insertAttempt(catalog: Catalog, attempt: NewAttempt): void {
  catalog.run(
    "INSERT INTO attempts (id, stage_id, number, node_id, state, placed_ms) VALUES (@id, @stageId, @number, @nodeId, 'placed', @placedMs)",
    { ...attempt },
  );
}

export function startAttempt(catalog: Catalog, id: string, nowMs: number): void {
  catalog.run("UPDATE attempts SET state = 'running', started_ms = @nowMs WHERE id = @id AND state = 'placed'", {
    id,
    nowMs,
  });
}

export interface AttemptEnd {
  readonly state: Exclude<AttemptState, 'placed' | 'running'>;
  readonly digest: string | null;
  readonly error: Failure | null;
  readonly processingMs: number | null;
  readonly transferMs: number | null;
  readonly peakMemoryBytes: number | null;
}

/** Closes an attempt; a closed one stays as it is. Its start is the node's measure when no heartbeat told of it. */
export function endAttempt(catalog: Catalog, id: string, end: AttemptEnd, nowMs: number): void {
  catalog.run(
    `UPDATE attempts SET state = @state, digest = @digest, error = @error, processing_ms = @processingMs, transfer_ms = @transferMs,
       peak_memory_bytes = @peakMemoryBytes, started_ms = coalesce(started_ms, @startedMs), finished_ms = @nowMs
     WHERE id = @id AND state IN ('placed', 'running')`,
    {
      id,
      ...end,
      error: end.error && JSON.stringify(end.error),
      startedMs: end.processingMs === null ? null : Math.round(nowMs - end.processingMs - (end.transferMs ?? 0)),
      nowMs,
    },
  );
}

/** Notes that the machine of a lost attempt went down with it. */
export function markSuspicious(catalog: Catalog, id: string): void {
  catalog.run(
    `UPDATE attempts SET error = json_set(error, '$.details', json('{"suspicious":true}')) WHERE id = @id AND state = 'lost'`,
    { id },
  );
}

/** Processing times of the newest done attempts, newest first, to know each machine's speed. */
export function recentSpeeds(catalog: Catalog) {
  return catalog.all(
    z.object({ nodeId: z.string(), kind: z.string(), ms: z.number() }),
    `SELECT attempts.node_id AS nodeId, stages.kind AS kind, attempts.processing_ms AS ms
     FROM attempts JOIN stages ON stages.id = attempts.stage_id
     WHERE attempts.state = 'done' AND attempts.processing_ms IS NOT NULL ORDER BY attempts.finished_ms DESC LIMIT 2000`,
  );
}

const outboxRow = z.object({ nodeId: z.string(), queue: z.string(), payload: json(stagePayloadSchema) });
export type OutboxRow = z.output<typeof outboxRow>;

/** Puts a placement on its way; again, for an attempt that lies there, changes nothing. */
export function insertOutbox(catalog: Catalog, nodeId: string, queue: string, payload: StagePayload): void {
  catalog.run(
    'INSERT INTO outbox (attempt_id, node_id, queue, payload) VALUES (@attemptId, @nodeId, @queue, @payload) ON CONFLICT DO NOTHING',
    { attemptId: payload.attemptId, nodeId, queue, payload: JSON.stringify(payload) },
  );
}

/** Placements that the broker may not have yet, oldest first; for a start. Those of closed attempts are none. */
export function outboxRows(catalog: Catalog): OutboxRow[] {
  return catalog.all(
    outboxRow,
    `SELECT outbox.node_id AS nodeId, outbox.queue, outbox.payload FROM outbox
     JOIN attempts ON attempts.id = outbox.attempt_id AND attempts.state IN ('placed', 'running') ORDER BY outbox.id`,
  );
}

/** Forgets placements that the broker has. */
export function deleteOutbox(catalog: Catalog, attemptIds: readonly string[]): void {
  catalog.run('DELETE FROM outbox WHERE attempt_id IN (SELECT value FROM json_each(@ids))', {
    ids: JSON.stringify(attemptIds),
  });
}

/** Forgets rows of attempts that were closed before they reached the broker. */
export function deleteStaleOutbox(catalog: Catalog): void {
  catalog.run(
    "DELETE FROM outbox WHERE attempt_id IN (SELECT id FROM attempts WHERE state NOT IN ('placed', 'running'))",
  );
}

const artifactRow = z.object({
  jobId: z.string(),
  itemId: z.string(),
  stageKind: z.string(),
  role: z.string(),
  sha256: z.string(),
  name: z.string(),
  mediaType: z.string(),
  sizeBytes: z.int(),
  createdAt: z.int().transform((ms) => new Date(ms).toISOString()),
});

const selectArtifacts = `SELECT artifacts.job_id AS jobId, artifacts.item_id AS itemId, stages.kind AS stageKind, artifacts.role, artifacts.sha256,
  artifacts.name, artifacts.media_type AS mediaType, artifacts.size_bytes AS sizeBytes, artifacts.created_ms AS createdAt
  FROM artifacts JOIN stages ON stages.id = artifacts.stage_id`;

export function artifactsOfJob(catalog: Catalog, jobId: string): Artifact[] {
  return catalog.all(artifactRow, `${selectArtifacts} WHERE artifacts.job_id = @jobId`, { jobId });
}

export function artifactsOfItem(catalog: Catalog, itemId: string): Artifact[] {
  return catalog.all(
    artifactRow,
    `${selectArtifacts} WHERE artifacts.item_id = @itemId ORDER BY artifacts.created_ms DESC LIMIT 1000`,
    { itemId },
  );
}

export interface NewArtifact {
  readonly jobId: string;
  readonly stageId: string;
  readonly itemId: string;
  readonly role: string;
  readonly sha256: string;
  readonly name: string;
  readonly mediaType: string;
  readonly sizeBytes: number;
}

export function upsertArtifact(catalog: Catalog, artifact: NewArtifact, nowMs: number): void {
  catalog.run(
    `INSERT INTO artifacts (job_id, stage_id, item_id, role, sha256, name, media_type, size_bytes, created_ms)
     VALUES (@jobId, @stageId, @itemId, @role, @sha256, @name, @mediaType, @sizeBytes, @nowMs)
     ON CONFLICT DO UPDATE SET sha256 = excluded.sha256, name = excluded.name, media_type = excluded.media_type, size_bytes = excluded.size_bytes
     WHERE sha256 <> excluded.sha256 OR name <> excluded.name`,
    { ...artifact, nowMs },
  );
}
