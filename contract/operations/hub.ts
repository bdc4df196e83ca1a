/** Operations on the hub itself: its state at a glance, events, settings. */
import { z } from 'zod';
import { failureSchema } from '../errors.ts';
import { sha256Schema, uuidSchema } from '../ids.ts';
import { timestampSchema } from '../item.ts';
import { waitingReasonSchema } from '../reasons.ts';
import { nodeSchema } from './nodes.ts';
import { define, none, type Operation } from './operation.ts';

/** What of the hub itself keeps work from coming in or going on; it goes on by itself when that is over. */
export const hubTroubleSchema = z.discriminatedUnion('code', [
  z.object({ code: z.literal('disk_full'), freeBytes: z.number(), neededBytes: z.number() }),
  z.object({ code: z.literal('broker_away') }),
]);
export type HubTrouble = z.infer<typeof hubTroubleSchema>;

/** The state of the farm at a glance: the Drop page's sentence, the race's channel and lanes. */
export const farmSchema = z.object({
  hub: z.object({
    id: uuidSchema,
    name: z.string(),
    version: z.string(),
    acceptsNodes: z.boolean(),
    /** The setting of that name: nothing is placed and nothing runs, anywhere. */
    paused: z.boolean(),
  }),
  troubles: z.array(hubTroubleSchema),
  counts: z.object({ waiting: z.int(), running: z.int(), done: z.int(), failed: z.int() }),
  nodes: z.array(nodeSchema),
  /** Waiting work, grouped by reason and pipeline, largest first. */
  waiting: z.array(
    z.object({
      reason: z.string(),
      waiting: waitingReasonSchema,
      pipeline: z.string(),
      kind: z.string(),
      count: z.int(),
      sample: z.array(z.object({ jobId: z.string(), item: z.string(), itemId: z.string() })),
    }),
  ),
  /** Failed jobs grouped by cause, newest first. */
  failures: z.array(
    z.object({
      error: failureSchema,
      count: z.int(),
      newestAt: timestampSchema,
      jobs: z.array(z.object({ jobId: z.string(), itemId: z.string(), item: z.string() })),
    }),
  ),
  lastEventId: z.int(),
});
export type Farm = z.infer<typeof farmSchema>;

/** What a round of garbage collection did, or would do. */
export const garbageSchema = z.object({
  dryRun: z.boolean(),
  /** Unreferenced for long enough: into the trash. */
  trashed: z.object({ blobs: z.int(), bytes: z.int() }),
  /** Long enough in the trash: gone. */
  deleted: z.object({ blobs: z.int(), bytes: z.int() }),
  /** Referred to again: out of the trash. */
  restored: z.object({ blobs: z.int(), bytes: z.int() }),
  sample: z.array(sha256Schema).max(20),
});
export type Garbage = z.infer<typeof garbageSchema>;

/** An address that results are sent to. Those of the link itself are refused here where they can be seen, and again when connecting. */
const outboundAddressSchema = z
  .url({ protocol: /^https?$/ })
  .refine(
    (text) => !/^https?:\/\/([^/@]*@)?(169\.254\.|\[fe[89ab][0-9a-f]:)/i.test(new URL(text).href),
    'an address of the link itself',
  );

/** Settings of the hub, all of them the admin's. */
export const settingsSchema = z.object({
  hubName: z.string().min(1).max(63),
  acceptNodes: z.boolean(),
  /** True while nothing is placed and nothing runs, anywhere. */
  paused: z.boolean(),
  centralServerUrl: outboundAddressSchema.nullable(),
  /** Blob of the logo that is used when a job names none; null: the built-in mark. */
  logo: z.object({ sha256: sha256Schema, sizeBytes: z.int(), mediaType: z.string(), name: z.string() }).nullable(),
  maxPixels: z.int().min(1_000_000).max(2_000_000_000),
  maxUploadBytes: z.int().min(1_000_000),
});
export type Settings = z.infer<typeof settingsSchema>;
export const hubOperations = {
  getOpenApi: define({
    method: 'GET',
    path: '/openapi.json',
    summary: 'This description',
    scope: 'public',
    params: none,
    query: none,
    body: null,
    response: 'bytes',
    status: 200,
  }),
  getFarm: define({
    method: 'GET',
    path: '/farm',
    summary: 'The state of the farm at a glance',
    scope: 'read',
    params: none,
    query: none,
    body: null,
    response: farmSchema,
    status: 200,
  }),
  streamEvents: define({
    method: 'GET',
    path: '/events',
    summary: 'Events as they happen (SSE, Last-Event-ID replays)',
    scope: 'read',
    params: none,
    query: none,
    body: null,
    response: 'bytes',
    status: 200,
  }),
  createMediaTicket: define({
    method: 'POST',
    path: '/media-tickets',
    summary: 'A short-lived ticket for pictures in pages (?ticket=…)',
    scope: 'read',
    params: none,
    query: none,
    body: null,
    response: z.object({ ticket: z.string(), expiresAt: timestampSchema }),
    status: 201,
  }),

  collectGarbage: define({
    method: 'POST',
    path: '/blobs:collect',
    summary:
      'Put blobs that nothing refers to into the trash, and empty what lay there long enough; or only say what would go',
    scope: 'admin',
    params: none,
    query: none,
    body: z.object({ dryRun: z.boolean().default(false) }),
    response: garbageSchema,
    status: 200,
  }),
  getSettings: define({
    method: 'GET',
    path: '/settings',
    summary: 'Settings of the hub',
    scope: 'read',
    params: none,
    query: none,
    body: null,
    response: settingsSchema,
    status: 200,
  }),
  updateSettings: define({
    method: 'PATCH',
    path: '/settings',
    summary: 'Change settings',
    scope: 'admin',
    params: none,
    query: none,
    body: settingsSchema.partial(),
    response: settingsSchema,
    status: 200,
  }),
} as const satisfies Record<string, Operation>;
