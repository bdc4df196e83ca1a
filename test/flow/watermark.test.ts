/** A photo's whole way with real processes: dropped, marked, uploaded, logged, catalogued; with the embedded broker and with Redis. */

import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makePhoto } from '../fixtures/make-fixtures.ts';
import { createFarm, drop, ended, type Farm, type FarmHub, joinToken } from '../support/farm.ts';
import { type FarmBroker, farmBrokers } from '../support/farm-brokers.ts';

/** Address of the hub's door to the network. */
const doorOf = (hub: FarmHub): string =>
  `https://127.0.0.1:${/"port":(\d+)[^\n]*doors to the network are open/.exec(hub.log())?.[1]}`;

const logLine = /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] WORKER: (\S+) \| IMAGE: (\S+)$/;

describe.each(farmBrokers)('with %s', (_name, startBroker) => {
  let farm: Farm;
  let hub: FarmHub;
  let broker: FarmBroker;
  const photos: string[] = [];

  beforeAll(async () => {
    farm = await createFarm();
    const folder = join(farm.dir, 'photos');
    await mkdir(folder);
    for (let seed = 0; seed < 6; seed++) {
      const path = join(folder, `photo-${seed}.jpg`);
      await makePhoto(path, { width: 640, height: 480, seed, format: 'jpeg' });
      photos.push(path);
    }
    broker = await startBroker();
    hub = await farm.hub(['--no-local-node', '--host', '127.0.0.1', ...broker.args]);
    const token = await joinToken(hub, 2);
    await farm.node('worker-1', ['--hub', hub.url, '--token', token]);
    // As from another machine: over the pinned doors.
    await farm.node('worker-2', ['--hub', doorOf(hub), '--token', token]);
  });
  afterAll(async () => {
    await farm?.close();
    await broker?.stop();
  });

  test('the hub says which broker it uses, and what is wrong with it; nodes are isolated there', async () => {
    const view = await hub.client.call('getBroker', {});
    expect(view).toMatchObject({ kind: broker.args.length === 0 ? 'embedded' : 'external', reachable: true });
    expect(view.notices.map(({ code }) => code)).toEqual(broker.args.length === 0 ? [] : ['not_persistent']);
    expect(JSON.stringify(view)).not.toContain('pass');
  });

  test('every photo ends as done, with its artifact, in the central store and in the activity log', async () => {
    const jobs = await ended(hub, await drop(hub, photos), 60_000);
    expect(jobs.map((job) => [job.item, job.state])).toEqual(photos.map((_, seed) => [`photo-${seed}.jpg`, 'done']));
    for (const job of jobs) {
      const [artifact] = job.artifacts;
      expect(artifact).toMatchObject({ role: 'watermarked', name: `watermarked_${job.item}`, mediaType: 'image/jpeg' });
      const stored = await readFile(join(hub.dataDir, 'central_storage', `watermarked_${job.item}`));
      expect(createHash('sha256').update(stored).digest('hex')).toBe(artifact?.sha256);
      expect(job.stageList.map((stage) => stage.kind).sort()).toEqual(['upload-final', 'watermark']);
    }
    const lines = (await readFile(join(hub.dataDir, 'worker_activity.log'), 'utf8')).trim().split('\n');
    expect(lines.map((line) => logLine.exec(line)?.[2]).sort()).toEqual(
      photos.map((_, seed) => `watermarked_photo-${seed}.jpg`),
    );
    expect(lines.every((line) => /worker-[12]/.test(logLine.exec(line)?.[1] ?? ''))).toBe(true);
  });

  test('the same photos again are not computed again', async () => {
    const jobs = await ended(hub, await drop(hub, photos), 60_000);
    expect(
      jobs.every((job) => job.state === 'done' && job.stageList.find((stage) => stage.kind === 'watermark')?.cached),
    ).toBe(true);
    expect(await readdir(join(hub.dataDir, 'central_storage'))).toContain('watermarked_photo-0 (2).jpg');
  });

  test('a bad file among good ones is refused with its reason, and stops nothing', async () => {
    const batch = await hub.client.call('createBatch', { body: { pipeline: 'watermark' } });
    const add = (name: string, bytes: Uint8Array) =>
      hub.client.call('addFileToBatch', {
        params: { id: batch.id },
        query: { name },
        body: { bytes, sizeBytes: bytes.length },
      });
    const good = await readFile(photos[0] ?? '');
    const answers = [
      await add('empty.jpg', new Uint8Array()),
      await add('cut.jpg', good.subarray(0, good.length / 2)),
      await add('text.png', Buffer.from('hello, world')),
      await add('../../etc/passwd', good),
      await add('good.jpg', good),
    ];
    expect(answers.map(({ files: [file] }) => (file && 'problem' in file ? file.problem.code : 'accepted'))).toEqual([
      'input_empty',
      'input_truncated',
      'input_not_media',
      'input_unsafe_name',
      'accepted',
    ]);
    const [accepted] = answers.at(-1)?.files ?? [];
    const [job] = await ended(hub, [accepted && 'jobId' in accepted ? accepted.jobId : ''], 30_000);
    expect(job?.state).toBe('done');
  });
});
