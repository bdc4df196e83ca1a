/**
 * The operations of the hub's API, `/api/v1`, each declared once (in operations/): method, path, who may call it, and the
 * schemas of what goes in and out. Routes, the OpenAPI document, the window's typed client and the CLI follow from this table.
 */
import { z } from 'zod';
import { prioritySchema, privacySchema } from './item.ts';
import { brokerOperations } from './operations/broker.ts';
import { hubOperations } from './operations/hub.ts';
import { jobsOperations } from './operations/jobs.ts';
import { libraryOperations } from './operations/library.ts';
import { nodesOperations } from './operations/nodes.ts';
import { type Operation, rawOptionsSchema } from './operations/operation.ts';
import { pairingOperations } from './operations/pairing.ts';
import { tokensOperations } from './operations/tokens.ts';

/** Where the API begins. */
export const apiBase = '/api/v1';

export const operations = {
  ...hubOperations,
  ...libraryOperations,
  ...jobsOperations,
  ...nodesOperations,
  ...pairingOperations,
  ...tokensOperations,
  ...brokerOperations,
} as const satisfies Record<string, Operation>;

export type OperationName = keyof typeof operations;
type Op<N extends OperationName> = (typeof operations)[N];
type In<T> = T extends z.ZodType ? z.input<T> : never;
type Out<T> = T extends z.ZodType ? z.output<T> : never;
/** What a caller gives. */
export type OperationParams<N extends OperationName> = In<Op<N>['params']>;
export type OperationQuery<N extends OperationName> = In<Op<N>['query']>;
export type OperationBody<N extends OperationName> = In<Op<N>['body']>;
/** What a handler gets, and answers. */
export type ParsedParams<N extends OperationName> = Out<Op<N>['params']>;
export type ParsedQuery<N extends OperationName> = Out<Op<N>['query']>;
export type ParsedBody<N extends OperationName> = Out<Op<N>['body']>;
export type OperationResponse<N extends OperationName> = Out<Op<N>['response']>;

/** What the shell says to the hub over their own port, never over HTTP: local paths to import. */
export const shellRequestSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('importPaths'),
    requestId: z.int(),
    paths: z.array(z.string().max(4_096)).min(1).max(10_000),
    pipeline: z.string(),
    options: rawOptionsSchema,
    priority: prioritySchema,
    privacy: privacySchema,
  }),
  z.object({ type: z.literal('stop') }),
  /** The first message, to a hub that was told to wait for it: what its key at rest is locked with; null: nothing. */
  z.object({ type: z.literal('unlock'), passphrase: z.string().min(20).nullable() }),
]);
export type ShellRequest = z.infer<typeof shellRequestSchema>;

/** The hub's ready line (DESIGN §6) on stdout, and on the shell's port. `token` only on the port. */
export const hubReadySchema = z.object({
  event: z.literal('ready'),
  url: z.url(),
  port: z.int(),
  brokerPort: z.int(),
  token: z.string().optional(),
});
export type HubReady = z.infer<typeof hubReadySchema>;
