/** Placements in the nodes' own queues, on the embedded broker and on Redis: the same body, so that the broker can be exchanged. */
import { randomUUID } from 'node:crypto';
import { Worker } from 'bullmq';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../common/log.ts';
import type { StagePayload } from '../../contract/stage.ts';
import { startBroker } from '../../main/broker/start-broker.ts';
import { createNodeQueues, type NodeQueues, queuePrefix } from '../../main/hub/queue/node-queues.ts';
import { hasRedisServer, startRedisServer } from '../support/redis-server.ts';

interface Server {
  readonly port: number;
  stop(): Promise<void>;
}
const servers: readonly (readonly [string, (port?: number) => Promise<Server>])[] = [
  ['the embedded broker', (port = 0) => startBroker({ port, inThread: true, logger: silentLogger })],
  ...(hasRedisServer
    ? ([['redis-server', (port?: number) => startRedisServer(port === undefined ? {} : { port })]] as const)
    : []),
];
const nodeId = randomUUID();
const queue = 'watermark';
const prefix = 'studio:mr';

describe.each(servers)('queues of nodes on %s', (_name, start) => {
  let server: Server;
  let queues: NodeQueues;
  let workers: Worker[];
  let db: number;

  beforeEach(async () => {
    server = await start();
    db = 4;
    queues = createNodeQueues({ url: `redis://127.0.0.1:${server.port}/${db}`, ca: null }, prefix, silentLogger);
    workers = [];
  });
  afterEach(async () => {
    for (const worker of workers) await worker.close(true);
    await queues.close();
    await server.stop();
  });

  const place = (attemptId: string) => ({ nodeId, queue, attemptId });
  const payload = (attemptId: string): StagePayload => ({
    attemptId,
    stageId: 'stage',
    jobId: nodeId,
    kind: 'watermark',
    codeVersion: 1,
    options: {},
    inputs: [],
    timeoutMs: 60_000,
    memoryBytes: 1,
  });
  const add = (...ids: string[]) => queues.add(ids.map((id) => ({ nodeId, queue, payload: payload(id) })));
  function pull(work: (id: string) => Promise<void>): void {
    const connection = { host: '127.0.0.1', port: server.port, db, maxRetriesPerRequest: null };
    const worker = new Worker(queue, (job) => work(job.id ?? ''), { connection, prefix: queuePrefix(prefix, nodeId) });
    worker.on('error', () => undefined);
    workers.push(worker);
  }

  it('carry a job once, however often it is placed', async () => {
    await add('a~1', 'b~1');
    await add('b~1', 'a~1');
    const done: string[] = [];
    pull(async (id) => void done.push(id));
    await expect.poll(() => done).toEqual(['a~1', 'b~1']);
    await expect.poll(() => queues.state(place('b~1'))).toBe('ended');
    expect(done).toHaveLength(2);
  });

  it('say what they know of a job, and give back one that nobody holds', async () => {
    await add('a~1');
    expect(await queues.state(place('a~1'))).toBe('there');
    await queues.remove(place('a~1'));
    expect(await queues.state(place('a~1'))).toBe('gone');
    let finish = (): void => undefined;
    const begun = new Promise<void>((resolve) =>
      pull(() => {
        resolve();
        return new Promise((end) => {
          finish = () => end();
        });
      }),
    );
    await add('b~1');
    await begun;
    await queues.remove(place('b~1'));
    expect(await queues.state(place('b~1'))).toBe('there');
    finish();
    await expect.poll(() => queues.state(place('b~1'))).toBe('ended');
  });

  it('forget a node that is gone', async () => {
    await add('a~1', 'b~1');
    await queues.obliterate(nodeId, [queue]);
    expect(await queues.state(place('a~1'))).toBe('gone');
  });

  it('come back by themselves, and a placement made meanwhile arrives', async () => {
    await expect.poll(queues.reachable).toBe(true);
    let connections = 0;
    queues.onConnect(() => connections++);
    const { port } = server;
    await server.stop();
    await expect.poll(queues.reachable).toBe(false);
    const placed = add('a~1');
    server = await start(port);
    await placed;
    expect(await queues.state(place('a~1'))).toBe('there');
    expect(connections).toBe(2);
  });
});
