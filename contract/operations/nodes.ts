/** Operations on machines, and those that nodes call for their work. */
import { z } from 'zod';
import { attemptIdSchema, sha256Schema, uuidSchema } from '../ids.ts';
import { progressSchema, timestampSchema } from '../item.ts';
import {
  capabilitySchema,
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

export const nodeSchema = z.object({
  id: uuidSchema,
  name: z.string(),
  /** `online` heard of lately · `silent` not · `paused` its owner wants no work. */
  state: z.enum(['online', 'silent', 'paused']),
  /** True for the hub's own machine. */
  local: z.boolean(),
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
