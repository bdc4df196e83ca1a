/** The BullMQ side of placements: adds, takes back and looks up jobs in the nodes' own queues. Knows neither catalog nor planner. */
import { type Job, Queue } from 'bullmq';
import { Redis } from 'ioredis';
import type { Logger } from '../../../common/log.ts';
import type { StagePayload } from '../../../contract/stage.ts';
import type { BrokerConnection } from './hub-broker.ts';

/** Prefix of a node's queues; its broker user sees nothing else. */
export const queuePrefix = (prefix: string, nodeId: string): string => `${prefix}:${nodeId}`;

const retryMs = 500;
const connectMs = 5_000;
/** A dead connection that nobody reset is noticed after so long without an answer. */
const silenceMs = 10_000;

/** The catalog retries, orders and delays; BullMQ only carries. A remembered id would silently swallow a placement (DESIGN §3). */
const jobOptions = {
  attempts: 1,
  removeOnComplete: { age: 3_600, count: 1_000 },
  removeOnFail: { age: 3_600, count: 1_000 },
} as const;

export interface PlacedJob {
  readonly nodeId: string;
  readonly queue: string;
  readonly payload: StagePayload;
}

export interface JobPlace {
  readonly nodeId: string;
  readonly queue: string;
  readonly attemptId: string;
}

export interface NodeQueues {
  /** Adds jobs; those that the broker knows already stay as they are. */
  add(jobs: readonly PlacedJob[]): Promise<void>;
  /** Takes a job back; one that a worker holds stays until that is done with it. */
  remove(place: JobPlace): Promise<void>;
  /** `gone`: the broker does not know it · `ended`: completed or failed there · `there`: waiting or held. */
  state(place: JobPlace): Promise<'there' | 'ended' | 'gone'>;
  reachable(): boolean;
  /** Called at every new connection to the broker, the first included. */
  onConnect(listener: () => void): void;
  /** Forgets the queues of a node that is gone, with all they hold. */
  obliterate(nodeId: string, queues: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** Jobs of one add call, by queue. */
function byQueue(jobs: readonly PlacedJob[]): Map<string, PlacedJob[]> {
  return Map.groupBy(jobs, (job) => `${job.nodeId} ${job.queue}`);
}

function connect({ url, ca }: BrokerConnection, logger: Logger): Redis {
  const connection = new Redis(url, {
    ...(ca !== null && url.startsWith('rediss:') && { tls: { ca } }),
    maxRetriesPerRequest: null,
    retryStrategy: () => retryMs,
    connectTimeout: connectMs,
    socketTimeout: silenceMs,
    keepAlive: silenceMs,
  });
  let away = false;
  connection.on('error', (error) => {
    // Once an outage, not twice a second.
    if (!away) logger.warn({ error: error.message }, 'the broker cannot be reached; tried on');
    away = true;
  });
  connection.on('ready', () => {
    if (away) logger.info({}, 'the broker is back');
    away = false;
  });
  return connection;
}

/** @param prefix first part of all queues' names */
export function createNodeQueues(to: BrokerConnection, prefix: string, logger: Logger): NodeQueues {
  const connection = connect(to, logger);
  const queues = new Map<string, Queue<StagePayload>>();

  const queueOf = (nodeId: string, name: string): Queue<StagePayload> => {
    const key = `${nodeId} ${name}`;
    let queue = queues.get(key);
    if (!queue) {
      queue = new Queue<StagePayload>(name, { connection, prefix: queuePrefix(prefix, nodeId), skipMetasUpdate: true });
      queue.on('error', (error) => logger.debug({ error: error.message, queue: name }, 'queue error'));
      queues.set(key, queue);
    }
    return queue;
  };
  const find = (place: JobPlace): Promise<Job<StagePayload> | undefined> =>
    queueOf(place.nodeId, place.queue).getJob(place.attemptId);

  return {
    async add(jobs) {
      await Promise.all(
        [...byQueue(jobs).values()].map(async (group) => {
          const [first] = group;
          if (!first) return;
          await queueOf(first.nodeId, first.queue).addBulk(
            group.map(({ payload }) => ({
              name: payload.kind,
              data: payload,
              opts: { ...jobOptions, jobId: payload.attemptId },
            })),
          );
        }),
      );
    },
    async remove(place) {
      const job = await find(place);
      if (job && !(await job.isActive())) await job.remove();
    },
    async state(place) {
      const job = await find(place);
      if (!job) return 'gone';
      const state = await job.getState();
      return state === 'completed' || state === 'failed' ? 'ended' : state === 'unknown' ? 'gone' : 'there';
    },
    reachable: () => connection.status === 'ready',
    onConnect(listener) {
      connection.on('ready', listener);
      if (connection.status === 'ready') listener();
    },
    async obliterate(nodeId, names) {
      for (const name of names) await queueOf(nodeId, name).obliterate({ force: true });
    },
    async close() {
      await Promise.all([...queues.values()].map((queue) => queue.close()));
      connection.disconnect();
    },
  };
}
