/** The broker alone is killed (`kill -9`) and started again: nodes and hub go on without a touch, whatever the node was at. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makePhotos } from '../fixtures/make-fixtures.ts';
import { createFarm, drop, ended, eventOf, type Farm, type FarmHub, joinToken } from '../support/farm.ts';
import { freePort, hasRedisServer, startRedisServer } from '../support/redis-server.ts';

interface Running {
  /** `kill -9`. */
  kill(): Promise<void>;
}
type Start = (farm: Farm, port: number, dir: string) => Promise<Running>;

const brokers: readonly (readonly [string, Start])[] = [
  [
    'millrace broker',
    (farm, port, dir) => farm.broker(['--port', String(port), '--dir', dir, '--appendfsync', 'everysec']),
  ],
  ...(hasRedisServer
    ? [
        [
          'redis-server',
          async (_farm: Farm, port: number, dir: string) => {
            const { stop } = await startRedisServer({ port, args: ['--dir', dir, '--appendonly', 'yes'] });
            return { kill: stop };
          },
        ] as const,
      ]
    : []),
];

describe.each(brokers)('%s, killed and started again', (_name, start) => {
  let farm: Farm;
  let hub: FarmHub;
  let folder: string;
  let port: number;
  let broker: Running;
  let photos: string[];

  beforeEach(async () => {
    farm = await createFarm();
    folder = await mkdtemp(join(tmpdir(), 'mr-broker-killed-'));
    port = await freePort();
    broker = await start(farm, port, folder);
    hub = await farm.hub(['--no-local-node', '--broker', `redis://127.0.0.1:${port}`]);
    await farm.node('one', ['--hub', hub.url, '--token', await joinToken(hub), '--concurrency', '1']);
    photos = await makePhotos(farm.dir, 4, { width: 2_000, height: 1_500, seed: 1, format: 'jpeg' });
  });
  afterEach(async () => {
    await farm.close();
    await broker.kill();
    await rm(folder, { recursive: true, force: true });
  });

  test('under an idle node: the next photos are worked on', async () => {
    await ended(hub, await drop(hub, photos.slice(0, 1)), 60_000);
    await broker.kill();
    broker = await start(farm, port, folder);
    const jobs = await ended(hub, await drop(hub, photos.slice(1)), 60_000);
    expect(jobs.map((job) => job.state)).toEqual(['done', 'done', 'done']);
  });

  test('under a busy node: each photo is done once, and a node that came meanwhile is let in', async () => {
    const begun = eventOf(hub, (name, data) => name === 'attempt.state' && data['state'] === 'running');
    const ids = await drop(hub, photos);
    await begun;
    await broker.kill();
    const late = joinToken(hub).then((token) => farm.node('late', ['--hub', hub.url, '--token', token]));
    broker = await start(farm, port, folder);
    const jobs = await ended(hub, ids, 90_000);
    expect(jobs.map((job) => job.state)).toEqual(photos.map(() => 'done'));
    for (const job of jobs)
      for (const stage of job.stageList)
        expect(stage.attempts.filter((attempt) => attempt.state === 'done')).toHaveLength(1);
    await late;
  });
});
