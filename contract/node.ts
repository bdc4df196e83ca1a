/** What a node and the hub say to each other besides work: joining, capability, heartbeat, and the protocol's version. */
import { z } from 'zod';
import { attemptIdSchema, nameSchema, sha256Schema, uuidSchema } from './ids.ts';
import { progressSchema } from './item.ts';
import { checkReportSchema } from './stage.ts';

/** Version of the node protocol. N and N−1 work together; every hello carries it. See docs/PROTOCOL.md. */
export const protocolVersion = 2;
export const oldestProtocolVersion = 1;

/**
 * A node is heard of every 3 s, or sooner when something changed. Not sooner than this after the last time: a beat costs the hub as
 * much as a short unit of work, and people see nothing faster.
 */
export const heartbeatIntervalMs = 3_000;
export const heartbeatMinIntervalMs = 500;
/** Not heard of for so long: its attempts are lost. */
export const leaseMs = 10_000;

/** SHA-256 over the DER of a public key (SubjectPublicKeyInfo), hexadecimal. What is pinned on both sides; a renewed certificate keeps it. */
export const keyPinSchema = sha256Schema;

/** mDNS service type (`_millrace._tcp`) and the keys of its TXT record. */
export const discoveryServiceType = 'millrace';
export const discoveryTxtSchema = z.object({
  /** Protocol version of the hub. */
  v: z.coerce.number().int(),
  /** Hub id. */
  id: uuidSchema,
  /** The hub's key pin. Discovery proves nothing: a node trusts the pin of its token only. */
  pin: keyPinSchema,
  /** The address on the interface that this record was sent on; to be tried before the A records. */
  addr: z.union([z.ipv4(), z.ipv6()]),
  /** Name of the hub for people. */
  name: z.string().max(63),
});
export type DiscoveryTxt = z.infer<typeof discoveryTxtSchema>;

/**
 * A join token as text: `mrt1.<hub id>.<key pin>.<token id>.<secret>.<addr:port,addr:port…>` (addresses optional, base64url of the list).
 * It carries the hub's pin, so that a node speaks only to the hub that made the token.
 */
export const joinTokenSchema = z
  .string()
  .regex(/^mrt1\.[0-9a-f-]{36}\.[0-9a-f]{64}\.[0-9a-f]{16}\.[A-Za-z0-9_-]{20,64}(\.[A-Za-z0-9_-]*)?$/);

/** A stage kind that a node can run. */
const capableKindSchema = z.object({
  kind: nameSchema,
  codeVersion: z.int().positive(),
  queue: nameSchema,
  concurrency: z.int().min(0).max(1_024),
  engine: z.string().max(200),
  /** The known-answer check at the agent's start; absent for kinds without one. */
  check: checkReportSchema.optional(),
});

export const capabilitySchema = z.object({
  agentVersion: z.string().max(40),
  nodeVersion: z.string().max(40),
  os: z.string().max(40),
  arch: z.string().max(40),
  cpuModel: z.string().max(200),
  cores: z.int().positive(),
  memoryBytes: z.int().positive(),
  kinds: z.array(capableKindSchema).max(200),
  /** Helper programs found, with version: `ffmpeg` … */
  helpers: z.record(z.string(), z.string().max(200)),
});
export type Capability = z.infer<typeof capabilitySchema>;

/** `POST /nodes:join`, over TLS with the node's own certificate, or over loopback. */
export const joinRequestSchema = z.object({
  protocol: z.int(),
  token: joinTokenSchema,
  name: z.string().min(1).max(63),
  /** The node's key pin; over TLS it must be the one of the certificate shown. */
  pin: keyPinSchema,
  capability: capabilitySchema,
});
export type JoinRequest = z.infer<typeof joinRequestSchema>;

/**
 * The first line on stdin of the node-agent that a hub starts on its own machine (with `MILLRACE_PARENT_PIPE=1` in its environment):
 * JSON, at most 16 kB. The pipe stays open; its end is the end of the hub, and the agent's too.
 */
export const parentConfigSchema = z.object({
  /** The hub's loopback address. */
  hub: z.url(),
  /** For a node that has not joined yet, or that the hub knows no more. */
  token: joinTokenSchema,
  dataDir: z.string().min(1),
  name: z.string().min(1).max(63),
  /** The hub's folder of blobs, which its own node reads in place. */
  blobDir: z.string().min(1),
});
export type ParentConfig = z.infer<typeof parentConfigSchema>;

/** How a node reaches the broker. `password` belongs to the node's own user there (null: an external Redis without one). */
export const brokerAccessSchema = z.object({
  /** Port of the embedded broker on the host that the node reaches the hub by; null when `url` is set. */
  port: z.int().nullable(),
  tls: z.boolean(),
  /** An external Redis or Valkey. */
  url: z.string().nullable(),
  /** PEM of the authority to trust there; without it those of the system. */
  ca: z.string().max(100_000).optional(),
  /** Database behind `port`, 0 without it; a `url` names its own. */
  db: z.int().min(0).optional(),
  username: z.string().nullable(),
  password: z.string().nullable(),
  /** BullMQ prefix of this node's queues: `mr:<nodeId>`. */
  prefix: z.string(),
});
export type BrokerAccess = z.infer<typeof brokerAccessSchema>;

export const joinResponseSchema = z.object({
  nodeId: uuidSchema,
  /** Bearer secret of this node for the API; the hub keeps only its hash. */
  secret: z.string().min(20),
  hubId: uuidSchema,
  hubName: z.string(),
  broker: brokerAccessSchema,
});
export type JoinResponse = z.infer<typeof joinResponseSchema>;

/** `POST /nodes/{id}:hello`: at every start and reconnect of a node. A new session closes what an earlier process of the node held. */
export const helloRequestSchema = z.object({
  protocol: z.int(),
  session: uuidSchema,
  name: z.string().min(1).max(63),
  capability: capabilitySchema,
  /** Attempts whose results wait on this node's disk, or that still run (same session). */
  attempts: z.array(attemptIdSchema).max(10_000),
});
export type HelloRequest = z.infer<typeof helloRequestSchema>;
export const helloResponseSchema = z.object({
  hubId: uuidSchema,
  hubName: z.string(),
  broker: brokerAccessSchema,
  drop: z.array(attemptIdSchema),
});
export type HelloResponse = z.infer<typeof helloResponseSchema>;

export const nodeLoadSchema = z.object({
  /** Share of all cores in use, 0–1. */
  cpu: z.number().min(0).max(1),
  freeMemoryBytes: z.int().nonnegative(),
  freeDiskBytes: z.int().nonnegative(),
  cacheBytes: z.int().nonnegative(),
});
export type NodeLoad = z.infer<typeof nodeLoadSchema>;

/** `POST /nodes/{id}/heartbeat`. Lists every attempt that the node holds; those it does not list any more are lost. */
export const heartbeatSchema = z.object({
  session: uuidSchema,
  load: nodeLoadSchema,
  attempts: z.array(z.object({ id: attemptIdSchema, progress: progressSchema.nullable() })).max(10_000),
  /** True while the owner wants no new work. What still runs is listed; what is not listed is done elsewhere. */
  paused: z.boolean(),
  /** Known-answer checks that the hub asked for. */
  checks: z
    .array(checkReportSchema.extend({ kind: nameSchema }))
    .max(200)
    .optional(),
});
export type Heartbeat = z.infer<typeof heartbeatSchema>;

/**
 * `drop` names attempts to stop at once; `hello` asks for a new hello (the hub has restarted, or knows another session); `check`
 * asks for the known-answer checks of these kinds.
 */
export const heartbeatAnswerSchema = z.object({
  drop: z.array(attemptIdSchema),
  hello: z.boolean(),
  check: z.array(nameSchema).max(200).optional(),
});
export type HeartbeatAnswer = z.infer<typeof heartbeatAnswerSchema>;

/** `POST /nodes/{id}:goodbye`: an orderly stop. What is not listed is done elsewhere at once. */
export const goodbyeSchema = z.object({
  session: uuidSchema,
  /** Attempts whose results wait on this node's disk; they come when it starts again. */
  attempts: z.array(attemptIdSchema).max(10_000),
});
export type Goodbye = z.infer<typeof goodbyeSchema>;
