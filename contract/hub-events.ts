/** Events that the hub sends over SSE (`GET /events`): they say what changed; readers read again what they show. */
import { z } from 'zod';
import { failureSchema } from './errors.ts';
import { attemptStateSchema, jobStateSchema, progressSchema, stageStateSchema, timestampSchema } from './item.ts';

/** Payload of each event, by name. The SSE id is a growing number; `Last-Event-ID` replays, or answers `reset`. */
export const hubEventSchemas = {
  /** The gap was too long: read everything again. */
  reset: z.object({}),
  'batch.created': z.object({ batchId: z.string(), jobs: z.int() }),
  'item.created': z.object({ itemId: z.string(), batchId: z.string(), jobId: z.string(), name: z.string() }),
  'job.state': z.object({
    jobId: z.string(),
    itemId: z.string(),
    batchId: z.string(),
    state: jobStateSchema,
    error: failureSchema.optional(),
  }),
  /** An attempt was placed at a node, began, progressed or ended: what the race is drawn from. */
  'attempt.state': z.object({
    attemptId: z.string(),
    jobId: z.string(),
    itemId: z.string(),
    item: z.string(),
    kind: z.string(),
    nodeId: z.string(),
    state: attemptStateSchema,
    at: timestampSchema,
  }),
  'attempt.progress': z.object({
    attemptId: z.string(),
    jobId: z.string(),
    nodeId: z.string(),
    progress: progressSchema,
  }),
  'stage.state': z.object({ stageId: z.string(), jobId: z.string(), state: stageStateSchema }),
  /** A node joined, was heard again, went silent, changed load or was removed. */
  'node.state': z.object({
    nodeId: z.string(),
    name: z.string(),
    state: z.enum(['online', 'silent', 'paused', 'removed']),
  }),
  /** A machine asks to be let in, or one that asked was answered or gave up. Says no more: codes are the admin's. */
  'pairing.changed': z.object({}),
  'settings.changed': z.object({}),
} as const;

export type HubEventName = keyof typeof hubEventSchemas;
export type HubEvent = {
  [Name in HubEventName]: { readonly name: Name; readonly data: z.infer<(typeof hubEventSchemas)[Name]> };
}[HubEventName];
