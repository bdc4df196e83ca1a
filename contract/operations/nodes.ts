/** Operations on machines, and those that nodes call for their work. */
import { z } from 'zod';
import { failureSchema } from '../errors.ts';
import { attemptIdSchema, nameSchema, sha256Schema, uuidSchema } from '../ids.ts';
import { progressSchema, timestampSchema } from '../item.ts';
import {
  capabilitySchema,
  goodbyeSchema,
  heartbeatAnswerSchema,
  heartbeatSchema,
  helloRequestSchema,
  helloResponseSchema,
  joinRequestSchema,
  joinResponseSchema,
  nodeLoadSchema,
} from '../node.ts';
import { stageResultSchema } from '../stage.ts';
import { define, idParam, none, type Operation } from './operation.ts';

/** What the hub's owner wants of a machine: `pause` stops what runs there, too; `drain` lets it come to its end. */
export const nodeHoldSchema = z.enum(['none', 'drain', 'pause']);
export type NodeHold = z.infer<typeof nodeHoldSchema>;

export const nodeSchema = z.object({
  id: uuidSchema,
  name: z.string(),
  /** `online` heard of lately · `silent` not · `paused` it gets no work: its owner's wish, or one of {@link nodeHoldSchema}. */
  state: z.enum(['online', 'silent', 'paused']),
  /** True for the hub's own machine. */
  local: z.boolean(),
  /** Takes jobs of the privacy class `trusted`; the hub's own machine always does. */
  trusted: z.boolean(),
  hold: nodeHoldSchema,
  /** Why it, or a copy of it, was turned away lately: another version, or another machine with its key. */
  trouble: failureSchema.nullable(),
  /** Kinds that it gets no more of since it missed their known answer. */
  benched: z.array(
    z.object({ kind: z.string(), since: timestampSchema, nextCheckAt: timestampSchema, error: failureSchema }),
  ),
  capability: capabilitySchema,
  load: nodeLoadSchema.nullable(),
  lastSeenAt: timestampSchema.nullable(),
  joinedAt: timestampSchema,
  running: z.array(
    z.object({
      attemptId: attemptIdSchema,
      jobId: uuidSchema,
      itemId: uuidSchema,
      item: z.string(),
      kind: z.string(),
      progress: progressSchema.nullable(),
      startedAt: timestampSchema.nullable(),
      /** Remaining, from measured speeds; null when unknown. */
      etaMs: z.number().nullable(),
    }),
  ),
  done: z.int(),
  failed: z.int(),
  /** Median processing time a unit by kind, ms, of the last 50. */
  speedMs: z.record(z.string(), z.number()),
});
export type Node = z.infer<typeof nodeSchema>;
export const nodesOperations = {
  listNodes: define({
    method: 'GET',
    path: '/nodes',
    summary: 'The machines and what they do',
    scope: 'read',
    params: none,
    query: none,
    body: null,
    response: z.object({ rows: z.array(nodeSchema) }),
    status: 200,
  }),
  getNode: define({
    method: 'GET',
    path: '/nodes/{id}',
    summary: 'One machine',
    scope: 'read',
    params: idParam,
    query: none,
    body: null,
    response: nodeSchema,
    status: 200,
  }),
  removeNode: define({
    method: 'DELETE',
    path: '/nodes/{id}',
    summary: 'Send a machine away; its work goes elsewhere',
    scope: 'admin',
    params: idParam,
    query: none,
    body: null,
    response: null,
    status: 204,
  }),
  changeNode: define({
    method: 'PATCH',
    path: '/nodes/{id}',
    summary: 'Name a machine, trust it, pause or drain it, let it work again',
    scope: 'admin',
    params: idParam,
    query: none,
    body: z.object({
      /** Null: what the machine calls itself. */
      name: z.string().trim().min(1).max(63).nullable().optional(),
      trusted: z.boolean().optional(),
      hold: nodeHoldSchema.optional(),
    }),
    response: nodeSchema,
    status: 200,
  }),
  unbenchNode: define({
    method: 'POST',
    path: '/nodes/{id}:unbench',
    summary: 'Give a benched machine work of a kind (or all kinds) again; it is tested at once',
    scope: 'admin',
    params: idParam,
    query: none,
    body: z.object({ kind: nameSchema.optional() }),
    response: nodeSchema,
    status: 202,
  }),
  createJoinToken: define({
    method: 'POST',
    path: '/join-tokens',
    summary: 'A token that lets machines join; also opens the door to the network',
    scope: 'admin',
    params: none,
    query: none,
    body: z.object({
      uses: z.int().min(1).max(1_000).default(1),
      ttlMs: z
        .int()
        .min(1_000)
        .max(30 * 86_400_000)
        .default(3_600_000),
    }),
    response: z.object({ token: z.string(), expiresAt: timestampSchema, uses: z.int() }),
    status: 201,
  }),

  joinNode: define({
    method: 'POST',
    path: '/nodes:join',
    summary: 'A node joins with a token',
    scope: 'public',
    params: none,
    query: none,
    body: joinRequestSchema,
    response: joinResponseSchema,
    status: 201,
  }),
  helloNode: define({
    method: 'POST',
    path: '/nodes/{id}:hello',
    summary: 'A node starts or comes back',
    scope: 'node',
    params: idParam,
    query: none,
    body: helloRequestSchema,
    response: helloResponseSchema,
    status: 200,
  }),
  heartbeat: define({
    method: 'POST',
    path: '/nodes/{id}/heartbeat',
    summary: 'A node is there, and holds these attempts',
    scope: 'node',
    params: idParam,
    query: none,
    body: heartbeatSchema,
    response: heartbeatAnswerSchema,
    status: 200,
  }),
  goodbye: define({
    method: 'POST',
    path: '/nodes/{id}:goodbye',
    summary: 'A node stops in order: its work is placed elsewhere at once',
    scope: 'node',
    params: idParam,
    query: none,
    body: goodbyeSchema,
    response: null,
    status: 204,
  }),
  postResult: define({
    method: 'POST',
    path: '/attempts/{id}/result',
    summary: 'The result of an attempt; the same again is 200, a closed attempt 409',
    scope: 'node',
    params: z.object({ id: attemptIdSchema }),
    query: none,
    body: stageResultSchema,
    response: z.object({ recorded: z.boolean() }),
    status: 202,
  }),
  putBlob: define({
    method: 'PUT',
    path: '/blobs/{sha256}',
    summary: 'An output’s bytes; Upload-Offset resumes; 200 when it was there already',
    scope: 'node',
    params: z.object({ sha256: sha256Schema }),
    query: none,
    body: 'bytes',
    response: z.object({ sha256: sha256Schema, sizeBytes: z.int() }),
    status: 201,
  }),
  getBlobOffset: define({
    method: 'GET',
    path: '/blobs/{sha256}/upload',
    summary: 'How many bytes of an unfinished upload are there',
    scope: 'node',
    params: z.object({ sha256: sha256Schema }),
    query: none,
    body: null,
    response: z.object({ complete: z.boolean(), offset: z.int() }),
    status: 200,
  }),
} as const satisfies Record<string, Operation>;
