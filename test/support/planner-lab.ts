/** A planner over a real catalog file, with machines that exist only as views: work is placed and answered by the test. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { v7 as uuid } from 'uuid';
import { silentLogger } from '../../common/log.ts';
import type { HubEvent } from '../../contract/hub-events.ts';
import type { Priority, Privacy } from '../../contract/item.ts';
import type { CheckReport, StageResult } from '../../contract/stage.ts';
import { stageDefinition } from '../../contract/stages/index.ts';
import { type Catalog, openCatalog } from '../../main/hub/catalog/database.ts';
import { ensureBlob, findSameItem, insertItem } from '../../main/hub/catalog/items.ts';
import { insertBatch, insertJob, isBatchPaused } from '../../main/hub/catalog/jobs.ts';
import type { NodeView } from '../../main/hub/planner/context.ts';
import { createPlanner, type Planner } from '../../main/hub/planner/planner.ts';
import { createManualClock } from './manual-clock.ts';

export const sha = (digit: string): string => digit.repeat(64).slice(0, 64);

function insertNode(catalog: Catalog, id: string, name: string): void {
  catalog.run(
    `INSERT INTO nodes (id, name, pin, secret_hash, broker_password, local, capability, joined_ms) VALUES (@id, @name, @pin, 'h', 'p', 0, '{}', 0)`,
    { id, name, pin: sha('0') },
  );
}

const view = (id: string, name: string, concurrency: number): NodeView => ({
  id,
  name,
  local: false,
  trusted: false,
  online: true,
  paused: false,
  load: null,
  capability: {
    agentVersion: '0',
    nodeVersion: '24',
    os: 'linux',
    arch: 'x64',
    cpuModel: 'x',
    cores: 2,
    memoryBytes: 16e9,
    helpers: {},
    kinds: [
      { kind: 'watermark', codeVersion: 1, queue: 'watermark', concurrency, engine: 'e' },
      { kind: 'upload-final', codeVersion: 1, queue: 'upload', concurrency, engine: 'e' },
    ],
  },
});

export const doneMark: StageResult = {
  outcome: 'done',
  outputs: [{ role: 'watermarked', sha256: sha('b'), sizeBytes: 10, mediaType: 'image/jpeg' }],
  summary: { width: 10, height: 10, frames: 1, logoBox: [0, 0, 2, 2], format: 'jpeg' },
  engine: 'sharp',
  metrics: { processingMs: 500, transferMs: 1, peakMemoryBytes: 1 },
};
export const doneUpload: StageResult = {
  outcome: 'done',
  outputs: [],
  summary: { status: 200 },
  engine: 'undici',
  metrics: { processingMs: 5, transferMs: 0, peakMemoryBytes: 1 },
};
/** What a sound machine says, and one that computes wrongly. */
export const rightAnswer = (kind: string): CheckReport => ({
  facts: { ...stageDefinition(kind)?.knownAnswer?.facts },
  error: null,
});
export const wrongAnswer = (kind: string): CheckReport => ({
  facts: { ...rightAnswer(kind).facts, red: 7 },
  error: null,
});

/** @param check what the machine's known-answer check said after it */
export const failure = (
  code: 'stage_crashed' | 'input_truncated' | 'target_timeout' | 'stage_out_of_memory' | 'node_disk_full',
  check?: CheckReport,
): StageResult => ({
  outcome: 'failed',
  error: { code, message: code },
  ...(check && { check }),
  metrics: { processingMs: 1, transferMs: 0, peakMemoryBytes: 1 },
});

/** @param names of the machines; each takes two units of a kind at once */
export async function createPlannerLab(names: readonly string[] = ['n1']) {
  const dir = await mkdtemp(join(tmpdir(), 'mr-planner-'));
  const catalog = openCatalog(join(dir, 'catalog.sqlite'), 0);
  const clock = createManualClock();
  const events: HubEvent[] = [];
  const withdrawn: string[] = [];
  let allPaused = false;
  const nodes = names.map((name) => view(uuid(), name, 2));
  for (const node of nodes) insertNode(catalog, node.id, node.name);
  const start = (): Planner => {
    const planner = createPlanner({
      catalog,
      clock,
      logger: silentLogger,
      nodes: () => nodes,
      settings: () => ({ centralServerUrl: null }),
      emit: (event) => events.push(event),
      send: () => undefined,
      withdraw: (attempts) => withdrawn.push(...attempts.map((a) => a.attemptId)),
      brokerReachable: () => true,
      allPaused: () => allPaused,
    });
    planner.start();
    return planner;
  };
  const batchId = uuid();
  insertBatch(catalog, {
    id: batchId,
    pipeline: 'watermark',
    priority: 'normal',
    privacy: 'any',
    paused: false,
    name: '',
    options: {},
    createdMs: clock.wallMs(),
  });
  const planners = [start()];
  const planner = (): Planner => planners.at(-1) ?? start();
  const settle = async (): Promise<void> => {
    planner().touch();
    await catalog.flushed();
    await catalog.flushed();
  };

  return {
    catalog,
    clock,
    events,
    withdrawn,
    nodes,
    batchId,
    async pauseAll(wanted: boolean): Promise<void> {
      allPaused = wanted;
      if (wanted) await planner().takeAllBack();
      await settle();
    },
    planner,
    settle,
    node: (index: number): NodeView => nodes[index] ?? view('none', 'none', 0),
    setNode(index: number, change: Partial<NodeView>): void {
      const node = nodes[index];
      if (node) nodes[index] = { ...node, ...change };
    },
    /** A second planner over the same catalog, as after a restart of the hub. */
    async restart(): Promise<void> {
      planner().stop();
      planners.push(start());
      await settle();
    },
    /** Drops one picture. */
    async drop(name: string, digit = 'a', priority: Priority = 'normal', privacy: Privacy = 'any'): Promise<string> {
      const jobId = uuid();
      await planner().commit((changed) => {
        ensureBlob(catalog, { sha256: sha(digit), sizeBytes: 100, mediaType: 'image/jpeg' }, 0);
        let item = findSameItem(catalog, sha(digit), name);
        if (!item) {
          item = {
            id: uuid(),
            sha256: sha(digit),
            name,
            kind: 'image',
            mediaType: 'image/jpeg',
            sizeBytes: 100,
            width: 10,
            height: 10,
            durationMs: null,
            createdAt: new Date(clock.wallMs()).toISOString(),
          };
          insertItem(catalog, item);
        }
        insertJob(catalog, {
          id: jobId,
          itemId: item.id,
          batchId,
          pipeline: 'watermark',
          options: { size: 20, corner: 'top-right', padding: 10, opacity: 1, tile: false, logo: null },
          priority,
          privacy,
          paused: isBatchPaused(catalog, batchId),
          createdMs: clock.wallMs(),
        });
        changed(jobId);
      });
      await settle();
      return jobId;
    },
    attempts: () => [...planner().open.attempts()].map((attempt) => attempt.id).sort(),
    async answer(attemptId: string, result: StageResult, nodeIndex = 0): Promise<'recorded' | 'repeated'> {
      const node = nodes[nodeIndex];
      if (!node) throw new Error('no such node');
      const outcome = await planner().record(attemptId, node, result);
      await settle();
      return outcome;
    },
    async close(): Promise<void> {
      for (const one of planners) one.stop();
      catalog.close();
      await rm(dir, { recursive: true });
    },
  };
}
