/**
 * The node's pull side: one BullMQ worker a queue, over loopback or pinned TLS. Makes sure that work flows again after the broker
 * was away. Knows nothing of what a job is: that is the processor's. The only file here that imports bullmq.
 */
import { type Job, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { systemClock } from '../common/clock.ts';
import type { Identity } from '../common/identity.ts';
import type { Logger } from '../common/log.ts';
import type { BrokerAccess } from '../contract/node.ts';
import { pinnedConnector } from './pinned-broker.ts';

export interface QueueShare {
  readonly queue: string;
  /** Jobs at once, at least 1. */
  readonly concurrency: number;
}

export interface WorkersParts {
  readonly access: BrokerAccess;
  /** Host by which the hub is reached; the broker's TLS door is there, too. */
  readonly hubHost: string;
  readonly pin: string;
  readonly identity: Identity;
  readonly nodeName: string;
  readonly queues: readonly QueueShare[];
  /** Must not reject for a failed stage: that is a result. */
  readonly process: (order: unknown, jobId: string) => Promise<void>;
  readonly logger: Logger;
  readonly watchIntervalMs?: number;
}

export interface Workers {
  /** Resolves at the first connection to the broker. Rejects with the signal's reason. */
  ready(signal: AbortSignal): Promise<void>;
  /** Takes no new jobs while paused; those under way go on. */
  setPaused(paused: boolean): void;
  /** Lets go of the broker at once. Jobs under way are not waited for: their results take another way. */
  close(): Promise<void>;
}

/** The lock is transport only (DESIGN §3): stalls never fail a job, and the catalog decides who works. */
const lockMs = 30_000;
const retryMs = 500;
/** Longest blocking wait, s: a wake-up that a dying connection took with it is made up for after that. */
const blockSeconds = 3;
/** A dead connection that nobody reset is noticed after so long; more than a blocking wait. */
const silenceMs = 10_000;
const connectMs = 5_000;

/** Where the broker is: its TLS door beside the hub's, or a port of this machine. */
function brokerPlace({ access, hubHost, pin, identity }: WorkersParts) {
  const port = access.port ?? 0;
  const { db = 0 } = access;
  if (!access.tls) return { host: '127.0.0.1', port, db };
  return { ...pinnedConnector({ host: hubHost, port, pin, identity, timeoutMs: connectMs }), db };
}

function brokerOptions({ access: { username, password, ca } }: WorkersParts) {
  return {
    ...(ca !== undefined && { tls: { ca } }),
    ...(username !== null && { username }),
    ...(password !== null && { password }),
    maxRetriesPerRequest: null,
    // A node's user may not say it (broker-users in the hub).
    disableClientInfo: true,
    retryStrategy: () => retryMs,
    connectTimeout: connectMs,
    socketTimeout: silenceMs,
    keepAlive: 10_000,
  };
}

function connect(parts: WorkersParts): Redis {
  const { access, logger } = parts;
  const options = brokerOptions(parts);
  const redis = access.url === null ? new Redis({ ...options, ...brokerPlace(parts) }) : new Redis(access.url, options);
  let told = false;
  redis.on('ready', () => {
    told = false;
    logger.info({}, 'connected to the broker');
  });
  redis.on('error', (error) => {
    // Once an outage, not twice a second.
    if (!told) logger.warn({ error: error.message }, 'the broker cannot be reached; tried on');
    told = true;
  });
  return redis;
}

/** One queue's worker, which can be made anew. */
interface Lane {
  readonly share: QueueShare;
  worker: Worker | undefined;
  /** Ids of the jobs that are being worked on. */
  readonly active: Set<string>;
  /** Jobs taken so far. */
  taken: number;
  /** `taken` at the last look, when jobs lay waiting although there was room; -1 when all was well. */
  stuckAt: number;
  /** Jobs that the broker counts as begun and nobody here knows of, as of the last look; true once they were taken up. */
  strays: Map<string, boolean>;
}

/** What the workers of a node share. */
interface Crew {
  readonly parts: WorkersParts;
  readonly connection: Redis;
  paused: boolean;
  closed: boolean;
}

/** More errors in a second than this are no outage but a loop. */
const maxErrorsASecond = 20;

/**
 * Orders that a worker takes beyond those that compute: one whose inputs are on their way, one whose outputs are. Otherwise the
 * processor would stand still during every transfer.
 */
const inTransfer = 2;
const widthOf = (share: QueueShare): number => share.concurrency + inTransfer;

const hasRoom = ({ active, share }: Lane): boolean => active.size < widthOf(share);
const isResting = ({ paused, closed }: Crew): boolean => paused || closed;

async function work({ parts }: Crew, lane: Lane, order: unknown, jobId: string): Promise<void> {
  lane.active.add(jobId);
  lane.taken++;
  try {
    await parts.process(order, jobId);
  } finally {
    lane.active.delete(jobId);
  }
}

/**
 * A worker that the broker refuses asks again without a pause, some of it without ever leaving the microtask queue: this whole
 * process would stand still. Closing it here, inside its own loop, ends that; the watch makes it anew.
 */
function guardAgainstLoop(worker: Worker, queue: string, logger: Logger): void {
  let errors = 0;
  let sinceMs = Number.NEGATIVE_INFINITY;
  worker.on('error', (error) => {
    const nowMs = systemClock.monotonicMs();
    if (nowMs - sinceMs > 1_000) {
      sinceMs = nowMs;
      errors = 0;
    }
    if (errors === 0) logger.debug({ error: error.message, queue }, 'worker error');
    if (++errors !== maxErrorsASecond) return;
    logger.warn({ error: error.message, queue }, 'the broker refuses a worker');
    worker.close(true).catch(() => {});
  });
}

function openWorker(crew: Crew, lane: Lane): void {
  const { access, nodeName, logger } = crew.parts;
  const { queue } = lane.share;
  const processor = (job: Job<unknown>): Promise<void> => work(crew, lane, job.data, job.id ?? '');
  const worker = new Worker(queue, processor, {
    connection: crew.connection,
    prefix: access.prefix,
    name: nodeName.replace(/[^\w.-]/g, '-'),
    concurrency: widthOf(lane.share),
    lockDuration: lockMs,
    stalledInterval: lockMs,
    maxStalledCount: 1e6,
    runRetryDelay: retryMs,
    drainDelay: blockSeconds,
    autorun: !crew.paused,
  });
  guardAgainstLoop(worker, queue, logger);
  worker.on('failed', (job, error) => logger.warn({ error: error.message, jobId: job?.id, queue }, 'job failed'));
  lane.worker = worker;
}

function renew(crew: Crew, lane: Lane, why: string): void {
  crew.parts.logger.warn({ queue: lane.share.queue, why }, 'a worker is made anew');
  lane.stuckAt = -1;
  lane.worker?.close(true).catch(() => {});
  openWorker(crew, lane);
}

/** Jobs lie there, there is room, and none is taken between two looks: the worker is dead, whatever it says of itself. */
async function lookForStuck(crew: Crew, lane: Lane, key: string): Promise<void> {
  const waiting = hasRoom(lane) ? await crew.connection.llen(`${key}:wait`) : 0;
  if (waiting === 0 || isResting(crew)) lane.stuckAt = -1;
  else if (lane.stuckAt === lane.taken) renew(crew, lane, 'it took no jobs');
  else lane.stuckAt = lane.taken;
}

/**
 * A connection that was cut between a job's start and the broker's answer leaves a job that nobody works on until its lock ends.
 * Only this node pulls from these queues, so such a job is taken up here. When its lock has ended the queue hands it out once
 * more; the processor knows by then that it is done.
 */
async function lookForStrays(crew: Crew, lane: Lane, key: string): Promise<void> {
  const { connection, parts } = crew;
  const unknown = (await connection.lrange(`${key}:active`, 0, -1)).filter((id) => !lane.active.has(id));
  const before = lane.strays;
  lane.strays = new Map(unknown.map((id) => [id, before.get(id) ?? false]));
  for (const id of unknown) {
    if (before.get(id) !== false || !hasRoom(lane) || isResting(crew)) continue;
    const data = await connection.hget(`${key}:${id}`, 'data');
    if (data === null || lane.active.has(id)) continue;
    lane.strays.set(id, true);
    parts.logger.warn({ jobId: id }, 'a job whose start was lost on the way is taken up');
    const failed = (error: unknown): void => parts.logger.warn({ error, jobId: id }, 'job failed');
    work(crew, lane, JSON.parse(data), id).catch(failed);
  }
}

async function look(crew: Crew, lane: Lane): Promise<void> {
  if (!lane.worker?.isRunning()) {
    renew(crew, lane, 'it had stopped');
    return;
  }
  const key = `${crew.parts.access.prefix}:${lane.share.queue}`;
  await lookForStuck(crew, lane, key);
  await lookForStrays(crew, lane, key);
}

/** Resolves when the client has been ready once. */
function whenReady(connection: Redis, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    if (connection.status === 'ready') return resolve();
    const onAbort = (): void => reject(signal.reason);
    connection.once('ready', () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** Connects and begins to pull. */
export function createWorkers(parts: WorkersParts): Workers {
  const { logger, watchIntervalMs = 2_000 } = parts;
  const connection = connect(parts);
  const crew: Crew = { parts, connection, paused: false, closed: false };
  const lanes = parts.queues.map((share): Lane => {
    const lane: Lane = { share, worker: undefined, active: new Set(), taken: 0, stuckAt: -1, strays: new Map() };
    openWorker(crew, lane);
    return lane;
  });
  const watch = setInterval(() => {
    if (isResting(crew) || connection.status !== 'ready') return;
    for (const lane of lanes) {
      look(crew, lane).catch((error: unknown) => logger.debug({ error }, 'the queues could not be looked at'));
    }
  }, watchIntervalMs);

  return {
    ready: (signal) => whenReady(connection, signal),
    setPaused(wanted) {
      if (wanted === crew.paused) return;
      crew.paused = wanted;
      for (const { worker } of lanes) {
        // `pause(true)` on an idle worker still runs the next job; this one waits for those under way, which nobody needs to.
        if (wanted) worker?.pause().catch((error: unknown) => logger.debug({ error }, 'pause'));
        else worker?.resume();
      }
    },
    async close() {
      crew.closed = true;
      clearInterval(watch);
      await Promise.allSettled(lanes.map(({ worker }) => worker?.close(true)));
      connection.disconnect();
    },
  };
}
