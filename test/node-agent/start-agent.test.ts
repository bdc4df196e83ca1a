import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { silentLogger } from '../../common/log.ts';
import { protocolVersion } from '../../contract/node.ts';
import type { StagePayload } from '../../contract/stage.ts';
import { watermarkStage } from '../../contract/stages/watermark.ts';
import { type Broker, startBroker } from '../../main/broker/start-broker.ts';
import type { AgentEvent } from '../../node-agent/agent-events.ts';
import type { AgentConfig } from '../../node-agent/config.ts';
import { type Agent, startAgent } from '../../node-agent/start-agent.ts';
import { type FakeHub, sha256, startFakeHub, tokenOf } from './support/fake-hub.ts';

const entryPath = fileURLToPath(new URL('./support/test-stages.ts', import.meta.url));
let dir: string;
let broker: Broker;
let hub: FakeHub;
let admin: Redis;
let queue: Queue;
let agents: Agent[];
let events: AgentEvent[];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'millrace-agent-'));
  broker = await startBroker({ port: 0, requirepass: 'owner', inThread: true, logger: silentLogger });
  const access = { port: broker.port, tls: false, url: null, username: 'default', password: 'owner', prefix: 'mr:n1' };
  hub = await startFakeHub(access);
  admin = new Redis({ port: broker.port, password: 'owner', maxRetriesPerRequest: null });
  queue = new Queue('watermark', { connection: admin, prefix: 'mr:n1' });
  agents = [];
  events = [];
});
afterEach(async () => {
  await Promise.all(agents.map((agent) => agent.stop(0)));
  await queue.close();
  admin.disconnect();
  await hub.stop();
  await broker.stop();
  await rm(dir, { recursive: true, force: true });
});

async function start(change: Partial<AgentConfig> = {}): Promise<Agent> {
  const config: AgentConfig = {
    dataDir: dir,
    name: 'spare',
    hubUrl: hub.url,
    token: tokenOf(hub),
    queues: null,
    concurrency: { all: 2, byQueue: {} },
    discover: false,
    asksToJoin: true,
    hubBlobDir: null,
    ...change,
  };
  const agent = await startAgent(config, {
    logger: silentLogger,
    version: '1.2.3',
    onEvent: (event) => events.push(event),
    stages: { kinds: ['watermark'], entryPath },
  });
  agents.push(agent);
  return agent;
}
const saw = (event: AgentEvent['event'], timeout = 10_000): Promise<void> =>
  expect.poll(() => events.map((one) => one.event), { timeout }).toContain(event);
const kept = async (): Promise<string> => await readFile(join(dir, 'hubs.json'), 'utf8').catch(() => '');

async function place(act: string, text = 'x'): Promise<string> {
  const bytes = Buffer.from(JSON.stringify({ do: act, text }));
  const input = { role: 'image', sha256: sha256(bytes), sizeBytes: bytes.length, mediaType: 'image/png' };
  hub.blobs.set(input.sha256, bytes);
  const jobId = randomUUID();
  const stageId = `${jobId}.watermark.main`;
  const attemptId = `${stageId}~1`;
  const ids = { attemptId, stageId, jobId, kind: 'watermark', codeVersion: 1 };
  const payload: StagePayload = { ...ids, options: {}, inputs: [input], timeoutMs: 60_000, memoryBytes: 2e9 };
  await queue.add('watermark', payload, { jobId: attemptId, removeOnComplete: true });
  return attemptId;
}

async function startAndStop(): Promise<void> {
  const agent = await start();
  await saw('ready');
  await agent.stop();
  agents.splice(0);
  events.splice(0);
}

it('joins with a token, says hello, is ready, works, and tells what it holds', async () => {
  await start();
  await saw('ready');
  expect(events).toMatchObject([{ event: 'ready', node: 'spare', nodeId: hub.nodeId, hub: hub.url, hubId: hub.id }]);
  expect(hub.joins).toMatchObject([{ name: 'spare', token: tokenOf(hub), capability: { agentVersion: '1.2.3' } }]);
  const kinds = [{ kind: 'watermark', codeVersion: 1, queue: 'watermark', concurrency: 2, engine: 'test 1' }];
  expect(hub.hellos).toMatchObject([{ capability: { kinds }, attempts: [] }]);
  expect((await stat(join(dir, 'hubs.json'))).mode & 0o777).toBe(0o600);

  const attemptId = await place('long');
  await expect.poll(() => hub.results.length, { timeout: 10_000 }).toBe(1);
  expect(hub.results).toMatchObject([{ attemptId, result: { outcome: 'done' } }]);
  const beats = hub.beats.flatMap((beat) => beat.attempts.filter(({ id }) => id === attemptId));
  expect(beats.map(({ progress }) => progress?.done ?? 0)).toContain(1);
  await expect.poll(() => hub.beats.at(-1)?.attempts).toEqual([]);
  expect(hub.beats.at(-1)).toMatchObject({ paused: false, session: hub.hellos[0]?.session });
  expect(hub.beats.at(-1)?.load.freeDiskBytes).toBeGreaterThan(0);
});

it('remembers the hub: a restart needs no token', async () => {
  await startAndStop();
  expect(JSON.parse(await kept())).toMatchObject({ hubs: [{ hubId: hub.id, nodeId: hub.nodeId }] });
  await start({ token: null, hubUrl: null });
  await saw('ready');
  expect(hub.joins).toHaveLength(1);
  expect(hub.hellos.at(-1)?.session).not.toBe(hub.hellos[0]?.session);
});

it('leaves a folder alone that another process has', async () => {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  try {
    const ticks = await readFile(`/proc/${child.pid}/stat`, 'latin1');
    const startTime = ticks.slice(ticks.lastIndexOf(')') + 2).split(' ')[19];
    await writeFile(join(dir, 'lock'), `${child.pid} ${startTime}`);
    await expect(start()).rejects.toThrow(`in use by process ${child.pid}`);
  } finally {
    child.kill();
  }
});

it('says hello again when the hub asks, and when it was away', { timeout: 60_000 }, async () => {
  await start();
  await saw('ready');
  hub.wantHello = true;
  await place('copy');
  await expect.poll(() => hub.hellos.length, { timeout: 10_000 }).toBe(2);
  await hub.goAway();
  const running = await place('copy', 'while away');
  await new Promise((resolve) => setTimeout(resolve, 4_500));
  await hub.comeBack();
  const backMs = performance.now();
  await expect.poll(() => hub.hellos.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(3);
  await expect.poll(() => hub.results.map(({ attemptId }) => attemptId), { timeout: 20_000 }).toContain(running);
  expect(performance.now() - backMs).toBeLessThan(10_000);
});

it('finds work at a broker that came back on another port', { timeout: 60_000 }, async () => {
  await start();
  await saw('ready');
  const other = await startBroker({ port: 0, requirepass: 'owner', inThread: true, logger: silentLogger });
  await broker.stop();
  broker = other;
  hub.broker = { ...hub.broker, port: other.port };
  hub.wantHello = true;
  admin.disconnect();
  admin = new Redis({ port: other.port, password: 'owner', maxRetriesPerRequest: null });
  queue = new Queue('watermark', { connection: admin, prefix: 'mr:n1' });
  await place('copy');
  await expect.poll(() => hub.results.length, { timeout: 20_000 }).toBe(1);
});

it('stops what the hub takes back', { timeout: 60_000 }, async () => {
  await start();
  await saw('ready');
  const attemptId = await place('hangInLoop');
  await expect.poll(() => hub.beats.at(-1)?.attempts.map(({ id }) => id), { timeout: 10_000 }).toEqual([attemptId]);
  hub.drop = [attemptId];
  await expect.poll(() => hub.beats.at(-1)?.attempts, { timeout: 10_000 }).toEqual([]);
  hub.drop = [];
  await place('copy');
  await expect.poll(() => hub.results.length, { timeout: 10_000 }).toBe(1);
});

it('forgets everything when it is sent away, and joins again only with a new token', { timeout: 60_000 }, async () => {
  await start();
  await saw('ready');
  await place('copy');
  await expect.poll(() => hub.results.length, { timeout: 10_000 }).toBe(1);
  hub.secret = 'another-secret-of-enough-length';
  await saw('removed');
  await expect.poll(kept).toBe('');
  const left = await readdir(join(dir, 'cache'), { recursive: true, withFileTypes: true });
  expect(left.filter((entry) => entry.isFile())).toEqual([]);
  await expect.poll(() => events.at(-1)).toMatchObject({ event: 'waiting', reason: 'no_token' });
  expect(hub.joins).toHaveLength(1);
  await writeFile(join(dir, 'join-token'), `${tokenOf(hub)}\n`);
  await expect.poll(() => hub.joins.length, { timeout: 10_000 }).toBe(2);
  await expect.poll(() => events.filter(({ event }) => event === 'ready').length, { timeout: 10_000 }).toBe(2);
  await place('copy', 'again');
  await expect.poll(() => hub.results.length, { timeout: 10_000 }).toBe(2);
});

it('joins anew with its token when the hub knows it no more at the start', async () => {
  await startAndStop();
  hub.secret = 'another-secret-of-enough-length';
  await start();
  await saw('ready');
  expect(hub.joins).toHaveLength(2);
});

it('forgets nothing because of somebody on this machine who does not prove to be its hub', async () => {
  await startAndStop();
  const before = await kept();
  hub.secret = 'another-secret-of-enough-length';
  await start({ token: null });
  await expect.poll(() => events.at(-1)).toMatchObject({ event: 'waiting', reason: 'not_known' });
  expect(await kept()).toBe(before);
});

it('says what it waits for: a token, a hub, a good token', async () => {
  await start({ token: null });
  await saw('waiting');
  expect(events).toMatchObject([{ event: 'waiting', reason: 'no_token', hub: hub.url }]);
  hub.refusals.set('join', 'token_invalid');
  await writeFile(join(dir, 'join-token'), tokenOf(hub));
  await expect.poll(() => events.at(-1)).toMatchObject({ event: 'waiting', reason: 'token_invalid' });
  hub.refusals.clear();
  await writeFile(join(dir, 'join-token'), tokenOf(hub));
  await saw('ready');
});

it('works with a hub that is one version behind, and says so of one further behind', async () => {
  hub.protocol = protocolVersion - 1;
  await start();
  await saw('ready');
  expect(hub.hellos.map(({ protocol }) => protocol)).toEqual([protocolVersion, protocolVersion - 1]);
  hub.protocol = protocolVersion - 2;
  hub.wantHello = true;
  await expect
    .poll(() => events.at(-1), { timeout: 10_000 })
    .toMatchObject({ event: 'waiting', reason: 'protocol_unsupported' });
  hub.protocol = protocolVersion;
  await expect.poll(() => hub.wantHello, { timeout: 10_000 }).toBe(false);
});

it('stops pulling while another machine works with its key', async () => {
  await start();
  await saw('ready');
  hub.refusals.set('hello', 'node_cloned');
  hub.wantHello = true;
  await expect.poll(() => events.at(-1), { timeout: 10_000 }).toMatchObject({ event: 'waiting', reason: 'cloned' });
  expect(await queue.getWorkersCount()).toBe(0);
  await place('copy');
  hub.refusals.clear();
  await expect.poll(() => hub.results.length, { timeout: 10_000 }).toBe(1);
});

it('waits for a hub that is not there yet', async () => {
  await hub.goAway();
  await start();
  await expect.poll(() => events.at(-1)).toMatchObject({ event: 'waiting', reason: 'hub_unreachable' });
  await hub.comeBack();
  await saw('ready');
  expect(events.filter(({ event }) => event === 'waiting')).toHaveLength(1);
});

const pause = (rules: object): Promise<void> => writeFile(join(dir, 'owner.json'), JSON.stringify(rules));

it('does nothing while its owner pauses it', { timeout: 60_000 }, async () => {
  await pause({ paused: true });
  await start();
  await saw('ready');
  await place('copy');
  await expect.poll(() => hub.beats.length, { timeout: 20_000 }).toBeGreaterThan(1);
  expect(hub.beats.every((beat) => beat.paused && beat.attempts.length === 0)).toBe(true);
  expect(hub.results).toEqual([]);
  await pause({});
  await expect.poll(() => hub.results.length, { timeout: 20_000 }).toBe(1);
});

it('stops what runs when its owner pauses it; draining lets it come to its end', { timeout: 60_000 }, async () => {
  await start();
  await saw('ready');
  const held = (): string[] => hub.beats.at(-1)?.attempts.map(({ id }) => id) ?? [];
  const hanging = await place('hang');
  await expect.poll(held, { timeout: 20_000 }).toEqual([hanging]);
  await pause({ drain: true });
  await expect.poll(() => hub.beats.at(-1)?.paused, { timeout: 10_000 }).toBe(true);
  expect(held()).toEqual([hanging]);
  await pause({ paused: true });
  await expect.poll(held, { timeout: 10_000 }).toEqual([]);
  expect(hub.results).toEqual([]);
});

it('says what its known answers are at its start, and again when asked', { timeout: 60_000 }, async () => {
  await start();
  await saw('ready');
  const { facts } = watermarkStage.knownAnswer ?? {};
  expect(hub.hellos[0]?.capability.kinds).toMatchObject([{ kind: 'watermark', check: { facts, error: null } }]);
  hub.check = ['watermark'];
  const reports = () => hub.beats.flatMap((beat) => beat.checks ?? []);
  await expect.poll(reports, { timeout: 20_000 }).toEqual([{ kind: 'watermark', facts, error: null }]);
});

it('says goodbye when it is stopped, naming what waits on its disk', { timeout: 60_000 }, async () => {
  const agent = await start();
  await saw('ready');
  hub.refusals.set('result', 'not_ready');
  const waiting = await place('copy');
  await expect.poll(() => readdir(join(dir, 'outbox')), { timeout: 20_000 }).toHaveLength(1);
  const hanging = await place('hang');
  await expect.poll(() => hub.beats.at(-1)?.attempts.map(({ id }) => id), { timeout: 20_000 }).toContain(hanging);
  await agent.stop(0);
  expect(hub.goodbyes).toMatchObject([{ session: hub.hellos[0]?.session, attempts: [waiting] }]);
});

it('pulls only from the queues that it was given', async () => {
  await start({ queues: ['upload'] });
  await saw('ready');
  expect(hub.joins).toMatchObject([{ capability: { kinds: [] } }]);
});

it('runs as the hub’s own node over its parent’s pipe, and ends with it', { timeout: 60_000 }, async () => {
  const entry = fileURLToPath(new URL('../../node-agent/index.ts', import.meta.url));
  const child = spawn(process.execPath, [entry], {
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { ...process.env, MILLRACE_PARENT_PIPE: '1', MILLRACE_LOG_LEVEL: 'info' },
  });
  let log = '';
  child.stderr.on('data', (text: Buffer) => {
    log += text.toString();
  });
  const ended = once(child, 'exit');
  child.stdin.write(
    `${JSON.stringify({ hub: hub.url, token: tokenOf(hub), dataDir: dir, name: 'own', blobDir: dir })}\n`,
  );
  await expect.poll(() => log, { timeout: 30_000 }).toContain('"event":"ready"');
  expect(hub.hellos[0]?.capability.kinds.map(({ kind }) => kind).sort()).toEqual(['upload-final', 'watermark']);
  child.stdin.end();
  expect(await ended).toEqual([0, null]);
});
