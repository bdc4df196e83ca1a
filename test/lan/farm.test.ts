/**
 * A farm on real networks: a hub in two of them, a machine in each, no default route. The machines find the hub by mDNS alone, share
 * 60 pictures, and when one's cable is cut half-way the other does the rest.
 */
import { once } from 'node:events';
import { type FSWatcher, watch } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { makePhotos } from '../fixtures/make-fixtures.ts';
import { createFarm, type Farm, type Spawn } from '../support/farm.ts';
import { createLab, type Lab, type LabHost } from '../support/namespaces.ts';
import { requireNetworkNamespaces } from '../support/requirements.ts';

const cli = join(import.meta.dirname, '..', '..', 'main', 'cli', 'index.ts');
const pictures = 60;

let lab: Lab | undefined;
let farm: Farm;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mr-lan-'));
  farm = await createFarm();
});
afterAll(async () => {
  await farm?.close();
  await lab?.close();
  await rm(folder, { recursive: true, force: true });
});

const spawnIn =
  (host: LabHost): Spawn =>
  (command, args, env) =>
    host.spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });

/** A command of the hub's own machine. */
async function command(host: LabHost, dataDir: string, ...args: string[]): Promise<unknown> {
  const { stdout } = await host.exec(process.execPath, cli, ...args, '--data', dataDir, '--json');
  return JSON.parse(stdout);
}

const logOf = async (dataDir: string): Promise<string[]> => {
  const written = await readFile(join(dataDir, 'worker_activity.log'), 'utf8').catch(() => '');
  return written.split('\n').filter((line) => line !== '');
};

/** Resolves when the activity log has so many lines. */
async function logged(dataDir: string, lines: number): Promise<void> {
  const watcher: FSWatcher = watch(dataDir);
  try {
    while ((await logOf(dataDir)).length < lines) await once(watcher, 'change');
  } finally {
    watcher.close();
  }
}

const jobsSchema = z.array(z.object({ item: z.string(), state: z.string() }));
const nodesSchema = z.array(z.object({ name: z.string(), state: z.string() }));

test('60 pictures over two networks, one cable cut half-way: all done, each once', async ({ skip }) => {
  requireNetworkNamespaces({ skip });
  lab = await createLab({ bridges: ['a', 'b'], hosts: { hub: ['a', 'b'], node1: ['a'], node2: ['b'] } });
  const host = lab.host('hub');
  const photos = await makePhotos(join(folder, 'photos'), pictures, {
    width: 2_400,
    height: 1_800,
    seed: 1,
    format: 'jpeg',
  });
  const hub = await farm.hub(['--no-local-node'], { start: spawnIn(host) });
  const { token } = z.object({ token: z.string() }).parse(await command(host, hub.dataDir, 'token', '--uses', '2'));
  // Without the addresses that a token carries as hints, only mDNS can lead to the hub.
  const bare = token.split('.').slice(0, 5).join('.');
  for (const name of ['node1', 'node2']) {
    await farm.node(name, ['--token', bare, '--concurrency', '1'], { start: spawnIn(lab.host(name)) });
  }

  const submit = host.spawn(
    process.execPath,
    [
      cli,
      'submit',
      ...photos,
      '--pipeline',
      'watermark',
      '--wait',
      '--timeout',
      '150',
      '--json',
      '--data',
      hub.dataDir,
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const over = once(submit, 'exit');
  const problems = submit.stderr ? text(submit.stderr) : Promise.resolve('');
  submit.stdout?.resume();
  await logged(hub.dataDir, pictures / 2);
  const before = await logOf(hub.dataDir);
  await lab.host('node2').cut();
  const [code] = await over;
  expect([code, await problems.then((said) => said.slice(-300))]).toEqual([0, expect.any(String)]);

  const jobs = jobsSchema.parse(await command(host, hub.dataDir, 'jobs'));
  expect(jobs.filter((job) => job.state === 'done')).toHaveLength(pictures);
  const log = await logOf(hub.dataDir);
  const images = log.map((line) => line.slice(line.lastIndexOf(' ') + 1));
  expect(new Set(images).size).toBe(pictures);
  expect(images).toHaveLength(pictures);
  expect(await readdir(join(hub.dataDir, 'central_storage'))).toHaveLength(pictures);
  for (const name of ['node1', 'node2']) {
    expect(before.filter((line) => line.includes(`WORKER: ${name} `)).length).toBeGreaterThan(pictures / 10);
  }
  const nodes = nodesSchema.parse(await command(host, hub.dataDir, 'nodes'));
  expect(nodes.map((node) => [node.name, node.state]).sort()).toEqual([
    ['node1', 'online'],
    ['node2', 'silent'],
  ]);

  await lab.host('node2').restore();
});
