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
  if (!access.tls) return { host: '127.0.0.1', port };
  return pinnedConnector({ host: hubHost, port, pin, identity, timeoutMs: connectMs });
}

function brokerOptions({ access: { username, password } }: WorkersParts) {
  return {
    ...(username !== null && { username }),
    ...(password !== null && { password }),
    maxRetriesPerRequest: null,
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
  worker: Worker;
  active: number;
  /** Jobs taken so far. */
  taken: number;
  /** `taken` at the last look, when jobs lay waiting although there was room; -1 when all was well. */
  stuckAt: number;
}

/** More errors in a second than this are no outage but a loop. */
const maxErrorsASecond = 20;

export function createWorkers(parts: WorkersParts): Workers {
  const { access, logger, queues, nodeName, watchIntervalMs = 2_000 } = parts;
  const connection = connect(parts);
  let paused = false;
  let closed = false;

  /**
   * A worker that the broker refuses asks again without a pause, some of it without ever leaving the microtask queue: this whole
   * process would stand still. Closing it here, inside its own loop, ends that; the watch makes it anew.
   */
  const guardAgainstLoop = (worker: Worker, queue: string): void => {
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
  };
  const openWorker = (lane: Omit<Lane, 'worker'>): Worker => {
    const { queue, concurrency } = lane.share;
    const processor = async (job: Job<unknown>): Promise<void> => {
      lane.active++;
      lane.taken++;
      try {
        await parts.process(job.data, job.id ?? '');
      } finally {
        lane.active--;
      }
    };
    const worker = new Worker(queue, processor, {
      connection,
      prefix: access.prefix,
      name: nodeName.replace(/[^\w.-]/g, '-'),
      concurrency,
      lockDuration: lockMs,
      stalledInterval: lockMs,
      maxStalledCount: 1e6,
      runRetryDelay: retryMs,
      drainDelay: blockSeconds,
      autorun: !paused,
    });
    guardAgainstLoop(worker, queue);
    worker.on('failed', (job, error) => logger.warn({ error: error.message, jobId: job?.id, queue }, 'job failed'));
    return worker;
  };
  const lanes = queues.map((share): Lane => {
    const counts = { share, active: 0, taken: 0, stuckAt: -1 };
    return Object.assign(counts, { worker: openWorker(counts) });
  });
  const renew = (lane: Lane, why: string): void => {
    logger.warn({ queue: lane.share.queue, why }, 'a worker is made anew');
    lane.stuckAt = -1;
    lane.worker.close(true).catch(() => {});
    lane.worker = openWorker(lane);
  };
  /** Jobs lie there, there is room, and none is taken between two looks: the worker is dead, whatever it says of itself. */
  const look = async (lane: Lane): Promise<void> => {
    const { queue, concurrency } = lane.share;
    if (!lane.worker.isRunning()) {
      renew(lane, 'it had stopped');
      return;
    }
    const waiting = lane.active < concurrency ? await connection.llen(`${access.prefix}:${queue}:wait`) : 0;
    if (waiting === 0 || closed || paused) lane.stuckAt = -1;
    else if (lane.stuckAt === lane.taken) renew(lane, 'it took no jobs');
    else lane.stuckAt = lane.taken;
  };
  const watch = setInterval(() => {
    if (paused || connection.status !== 'ready') return;
    for (const lane of lanes) {
      look(lane).catch((error: unknown) => logger.debug({ error }, 'the queues could not be looked at'));
    }
  }, watchIntervalMs);

  return {
    ready: (signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        if (connection.status === 'ready') return resolve();
        const onAbort = (): void => reject(signal.reason);
        connection.once('ready', () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        });
        signal.addEventListener('abort', onAbort, { once: true });
      }),
    setPaused(wanted) {
      if (wanted === paused) return;
      paused = wanted;
      for (const { worker } of lanes) {
        // `pause(true)` on an idle worker still runs the next job; this one waits for those under way, which nobody needs to.
        if (wanted) worker.pause().catch((error: unknown) => logger.debug({ error }, 'pause'));
        else worker.resume();
      }
    },
    async close() {
      closed = true;
      clearInterval(watch);
      await Promise.allSettled(lanes.map(({ worker }) => worker.close(true)));
      connection.disconnect();
    },
  };
}
