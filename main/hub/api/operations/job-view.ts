/** Jobs, batches and machines' work as the API shows them: rows of the catalog joined with what is open in memory. */
import { timestamp } from '../../../../common/clock.ts';
import { type Batch, finalJobStates, type Job, type JobDetail, type Stage } from '../../../../contract/item.ts';
import { reasonSentence } from '../../../../contract/reasons.ts';
import { type AttemptRow, artifactsOfJob, attemptsOfJob } from '../../catalog/attempts.ts';
import type { Catalog } from '../../catalog/database.ts';
import { type BatchRow, countJobs, type JobRow } from '../../catalog/jobs.ts';
import { type StageRow, stagesOfJob } from '../../catalog/stages.ts';
import type { NodeView } from '../../planner/context.ts';
import type { OpenAttempt } from '../../planner/open-work.ts';
import type { Planner } from '../../planner/planner.ts';

export interface ViewParts {
  readonly catalog: Catalog;
  readonly planner: Planner;
  nodes(): readonly NodeView[];
}

type Explain = ReturnType<Planner['explainer']>;

const nameOfNode = (parts: ViewParts, nodeId: string): string =>
  parts.nodes().find((node) => node.id === nodeId)?.name ?? 'a machine that left';

/** Why a job that is not over does nothing right now. */
function waitingOf(
  parts: ViewParts,
  job: JobRow,
  attempts: readonly OpenAttempt[],
  explain: Explain,
): Pick<Job, 'reason' | 'waiting'> {
  if (finalJobStates.includes(job.state) || attempts.some((attempt) => attempt.state === 'running')) return {};
  const [stage] = parts.planner.open.waitingOfJob(job.id);
  const [placed] = attempts;
  const waiting = stage
    ? explain(stage)
    : placed
      ? ({ code: 'at_machine', facts: { machine: nameOfNode(parts, placed.nodeId) } } as const)
      : ({ code: 'planning', facts: {} } as const);
  return { waiting, reason: reasonSentence(waiting) };
}

/** @param explain the planner's explainer, made once for a list */
export function jobView(parts: ViewParts, job: JobRow, explain: Explain = parts.planner.explainer()): Job {
  const attempts = parts.planner.open.attemptsOfJob(job.id);
  return {
    id: job.id,
    itemId: job.itemId,
    item: job.item,
    batchId: job.batchId,
    pipeline: job.pipeline,
    priority: job.priority,
    privacy: job.privacy,
    state: job.state,
    ...waitingOf(parts, job, attempts, explain),
    ...(job.error && { error: job.error }),
    stages: { done: job.stagesDone, total: job.stagesTotal },
    nodes: attempts.map((attempt) => ({
      nodeId: attempt.nodeId,
      nodeName: nameOfNode(parts, attempt.nodeId),
      stageKind: attempt.stage.kind,
      progress: attempt.progress,
    })),
    createdAt: timestamp(job.createdMs),
    finishedAt: job.finishedMs === null ? null : timestamp(job.finishedMs),
  };
}

const at = (ms: number | null): string | null => (ms === null ? null : timestamp(ms));

function stageView(parts: ViewParts, stage: StageRow, attempts: readonly AttemptRow[]): Stage {
  const open = [...parts.planner.open.waitingOfJob(stage.jobId)].find((candidate) => candidate.id === stage.id);
  return {
    id: stage.id,
    kind: stage.kind,
    slot: stage.slot,
    queue: stage.queue,
    state: stage.state,
    ...(open && { reason: reasonSentence(parts.planner.explainer()(open)) }),
    ...(stage.error && { error: stage.error }),
    cached: stage.cached,
    codeVersion: stage.codeVersion,
    options: stage.options,
    engine: stage.engine,
    attempts: attempts.map((attempt) => ({
      id: attempt.id,
      number: attempt.number,
      nodeId: attempt.nodeId,
      nodeName: attempt.nodeName,
      state: attempt.state,
      placedAt: timestamp(attempt.placedMs),
      startedAt: at(attempt.startedMs),
      finishedAt: at(attempt.finishedMs),
      processingMs: attempt.processingMs,
      peakMemoryBytes: attempt.peakMemoryBytes,
      ...(attempt.error && { error: attempt.error }),
    })),
  };
}

export function jobDetailView(parts: ViewParts, job: JobRow): JobDetail {
  const attempts = Map.groupBy(attemptsOfJob(parts.catalog, job.id), (attempt) => attempt.stageId);
  return {
    ...jobView(parts, job),
    options: job.options,
    stageList: stagesOfJob(parts.catalog, job.id).map((stage) => stageView(parts, stage, attempts.get(stage.id) ?? [])),
    artifacts: artifactsOfJob(parts.catalog, job.id),
  };
}

/** Share by which a measured remaining time may be wrong on either side. */
const etaSpread = { low: 0.8, high: 1.5 } as const;

/** Remaining work of a batch over what the machines do together, by measured speeds; null while a speed is unknown. */
function etaOf(parts: ViewParts, batchId: string): Batch['etaMs'] {
  const open = [...parts.planner.open.allWaiting()].filter((stage) => stage.batchId === batchId);
  const running = [...parts.planner.open.attempts()]
    .filter((attempt) => attempt.stage.batchId === batchId)
    .map((attempt) => attempt.stage);
  const kinds = Map.groupBy([...open, ...running], (stage) => stage.kind);
  let totalMs = 0;
  for (const [kind, stages] of kinds) {
    const unitsPerMs = parts
      .nodes()
      .filter((node) => node.online && !node.paused)
      .reduce((sum, node) => {
        const speedMs = parts.planner.memory.speeds(node.id).get(kind);
        const concurrency = node.capability.kinds.find((can) => can.kind === kind)?.concurrency ?? 0;
        return speedMs === undefined ? sum : sum + concurrency / Math.max(speedMs, 1);
      }, 0);
    if (unitsPerMs === 0) return null;
    totalMs += stages.length / unitsPerMs;
  }
  return kinds.size === 0 ? null : { low: totalMs * etaSpread.low, high: totalMs * etaSpread.high };
}

/** Why nothing of a batch runs: what its first waiting stage waits for. */
function waitingOfBatch(parts: ViewParts, batchId: string): Pick<Batch, 'reason' | 'waiting'> {
  const { open } = parts.planner;
  for (const attempt of open.attempts()) if (attempt.stage.batchId === batchId) return {};
  for (const stage of open.allWaiting()) {
    if (stage.batchId !== batchId) continue;
    const waiting = parts.planner.explainer()(stage);
    return { waiting, reason: reasonSentence(waiting) };
  }
  return {};
}

export function batchView(parts: ViewParts, batch: BatchRow): Batch {
  const counts = countJobs(parts.catalog, batch.id);
  const count = (...states: Job['state'][]): number => states.reduce((sum, state) => sum + (counts.get(state) ?? 0), 0);
  return {
    id: batch.id,
    pipeline: batch.pipeline,
    priority: batch.priority,
    privacy: batch.privacy,
    paused: batch.paused,
    ...waitingOfBatch(parts, batch.id),
    name: batch.name,
    counts: {
      waiting: count('waiting', 'paused'),
      running: count('running'),
      done: count('done'),
      failed: count('failed', 'quarantined'),
      cancelled: count('cancelled'),
    },
    etaMs: etaOf(parts, batch.id),
    createdAt: timestamp(batch.createdMs),
  };
}
