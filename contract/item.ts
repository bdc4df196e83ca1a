/** Items, artifacts, jobs and batches as they cross the API: what the catalog tells about files and the work on them. */
import { z } from 'zod';
import { failureSchema } from './errors.ts';
import { sha256Schema, uuidSchema } from './ids.ts';
import { waitingReasonSchema } from './reasons.ts';

export const mediaKindSchema = z.enum(['image', 'video', 'audio', 'comic', 'document', 'text', 'other']);
export type MediaKind = z.infer<typeof mediaKindSchema>;

/** RFC 3339 in UTC, milliseconds. */
export const timestampSchema = z.iso.datetime();

export const prioritySchema = z.enum(['now', 'normal', 'bulk']);
export type Priority = z.infer<typeof prioritySchema>;

/** Where the bytes of a job may go: the hub's own machine, machines that the owner trusts (its own included), or any. */
export const privacySchema = z.enum(['this-machine', 'trusted', 'any']);
export type Privacy = z.infer<typeof privacySchema>;

export const jobStateSchema = z.enum(['waiting', 'running', 'paused', 'done', 'failed', 'quarantined', 'cancelled']);
export type JobState = z.infer<typeof jobStateSchema>;
/** States that a job does not leave by itself. */
export const finalJobStates: readonly JobState[] = ['done', 'failed', 'quarantined', 'cancelled'];

export const stageStateSchema = z.enum(['waiting', 'running', 'done', 'failed', 'cancelled']);
export type StageState = z.infer<typeof stageStateSchema>;

/** One source file. `width` and `height` are those of the upright picture. Names are NFC and have no path. */
export const itemSchema = z.object({
  id: uuidSchema,
  sha256: sha256Schema,
  name: z.string(),
  kind: mediaKindSchema,
  mediaType: z.string(),
  sizeBytes: z.int().nonnegative(),
  width: z.int().positive().nullable(),
  height: z.int().positive().nullable(),
  durationMs: z.int().nonnegative().nullable(),
  createdAt: timestampSchema,
});
export type Item = z.infer<typeof itemSchema>;

/** What a stage produced, under its real name. */
export const artifactSchema = z.object({
  jobId: uuidSchema,
  itemId: uuidSchema,
  stageKind: z.string(),
  role: z.string(),
  sha256: sha256Schema,
  name: z.string(),
  mediaType: z.string(),
  sizeBytes: z.int().nonnegative(),
  createdAt: timestampSchema,
});
export type Artifact = z.infer<typeof artifactSchema>;

/** Progress of running work. `done` never reaches `total` before the result is committed; an unknown total is null. */
export const progressSchema = z.object({
  done: z.number().nonnegative(),
  total: z.number().positive().nullable(),
  unit: z.string(),
});
export type Progress = z.infer<typeof progressSchema>;

export const jobSchema = z.object({
  id: uuidSchema,
  itemId: uuidSchema,
  /** The item's file name. */
  item: z.string(),
  batchId: uuidSchema,
  pipeline: z.string(),
  priority: prioritySchema,
  privacy: privacySchema,
  state: jobStateSchema,
  /** Why it waits, in one sentence; absent when it does not. */
  reason: z.string().optional(),
  /** The same for translation. */
  waiting: waitingReasonSchema.optional(),
  error: failureSchema.optional(),
  stages: z.object({ done: z.int(), total: z.int() }),
  /** Who works on it now. */
  nodes: z.array(
    z.object({ nodeId: z.string(), nodeName: z.string(), stageKind: z.string(), progress: progressSchema.nullable() }),
  ),
  createdAt: timestampSchema,
  finishedAt: timestampSchema.nullable(),
});
export type Job = z.infer<typeof jobSchema>;

/** `dropped` nobody needs it any more · `paused` taken back by a pause or an orderly stop; neither blames anybody. */
export const attemptStateSchema = z.enum(['placed', 'running', 'done', 'failed', 'lost', 'dropped', 'paused']);
export type AttemptState = z.infer<typeof attemptStateSchema>;

export const attemptSchema = z.object({
  id: z.string(),
  number: z.int(),
  nodeId: z.string(),
  nodeName: z.string(),
  state: attemptStateSchema,
  placedAt: timestampSchema,
  startedAt: timestampSchema.nullable(),
  finishedAt: timestampSchema.nullable(),
  /** Processing time on the node, in ms. */
  processingMs: z.number().nullable(),
  peakMemoryBytes: z.int().nullable(),
  error: failureSchema.optional(),
});
export type Attempt = z.infer<typeof attemptSchema>;

export const stageSchema = z.object({
  id: z.string(),
  kind: z.string(),
  slot: z.string(),
  queue: z.string(),
  state: stageStateSchema,
  reason: z.string().optional(),
  error: failureSchema.optional(),
  /** True when an earlier result with the same key was used instead of computing. */
  cached: z.boolean(),
  codeVersion: z.int(),
  options: z.record(z.string(), z.unknown()),
  engine: z.string().nullable(),
  attempts: z.array(attemptSchema),
});
export type Stage = z.infer<typeof stageSchema>;

export const jobDetailSchema = jobSchema.extend({
  options: z.record(z.string(), z.unknown()),
  stageList: z.array(stageSchema),
  artifacts: z.array(artifactSchema),
});
export type JobDetail = z.infer<typeof jobDetailSchema>;

export const batchSchema = z.object({
  id: uuidSchema,
  pipeline: z.string(),
  priority: prioritySchema,
  privacy: privacySchema,
  /** True while nothing of it is placed. */
  paused: z.boolean(),
  name: z.string(),
  /** Why nothing of it runs, in one sentence; absent while something does, or when it is over. */
  reason: z.string().optional(),
  waiting: waitingReasonSchema.optional(),
  counts: z.object({ waiting: z.int(), running: z.int(), done: z.int(), failed: z.int(), cancelled: z.int() }),
  /** Remaining time from measured speeds, ms; null while there is nothing to go by. */
  etaMs: z.object({ low: z.number(), high: z.number() }).nullable(),
  createdAt: timestampSchema,
});
export type Batch = z.infer<typeof batchSchema>;
