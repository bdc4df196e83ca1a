/**
 * Plans jobs: asks the pure pipeline what must exist, and makes it so in the catalog and the backlog. Runs inside a transaction.
 * Results that exist already are taken at once, and the job is planned again until nothing changes.
 */
import type { Failure } from '../../../contract/errors.ts';
import { stageId } from '../../../contract/ids.ts';
import { finalJobStates, type JobState } from '../../../contract/item.ts';
import type { ArtifactWish, ItemView, Plan, StageView, StageWish } from '../../../contract/pipeline.ts';
import { pipelineDefinition } from '../../../contract/pipelines/index.ts';
import { stageDefinition } from '../../../contract/stages/index.ts';
import { upsertArtifact } from '../catalog/attempts.ts';
import { ensureBlob, findItem } from '../catalog/items.ts';
import { findJob, type JobRow, setDirty, updateJob } from '../catalog/jobs.ts';
import { completeStage, findResult, insertStage, type StageRow, stagesOfJob } from '../catalog/stages.ts';
import { emitJobState, type PlannerContext } from './context.ts';
import type { OpenStage } from './open-work.ts';
import { resultKey } from './result-cache.ts';

/** A pipeline that answers new stages on and on is broken; no real one needs so many rounds of cached results. */
const maxRounds = 64;

const viewOf = (stage: StageRow): StageView => ({
  kind: stage.kind,
  slot: stage.slot,
  state: stage.state,
  summary: stage.summary,
  outputs: stage.outputs,
  nodeName: stage.nodeName,
  error: stage.error,
});

/** The stage as the backlog keeps it. */
export function openStageOf(
  job: JobRow,
  stage: StageRow,
  history: Pick<OpenStage, 'attempts' | 'failedOn' | 'unfit' | 'lostOn'>,
): OpenStage | undefined {
  const definition = stageDefinition(stage.kind);
  if (!definition) return undefined;
  return {
    ...definition.limits(stage.inputs),
    ...history,
    id: stage.id,
    kind: stage.kind,
    queue: stage.queue,
    codeVersion: stage.codeVersion,
    jobId: job.id,
    batchId: job.batchId,
    itemId: job.itemId,
    item: job.item,
    pipeline: job.pipeline,
    priority: job.priority,
    privacy: job.privacy,
    paused: job.state === 'paused',
    sinceMs: stage.createdMs,
    options: stage.options,
    inputs: stage.inputs,
    resultKey: stage.resultKey,
    patience: stage.patience,
    forgiven: stage.forgiven,
    notBeforeMs: stage.notBeforeMs,
    lastFailure: stage.error,
  };
}

/** Makes a wished stage exist; it is done at once when its result was there already. */
function addStage(context: PlannerContext, job: JobRow, wish: StageWish): StageRow {
  const definition = stageDefinition(wish.kind);
  if (!definition) throw new Error(`pipeline ${job.pipeline} wishes an unknown stage kind ${wish.kind}`);
  const nowMs = context.clock.wallMs();
  const row: StageRow = {
    id: stageId(job.id, wish.kind, wish.slot),
    jobId: job.id,
    kind: wish.kind,
    slot: wish.slot,
    queue: definition.queue,
    state: 'waiting',
    codeVersion: definition.codeVersion,
    options: wish.options,
    inputs: [...wish.inputs],
    resultKey: resultKey(definition, wish),
    notBeforeMs: 0,
    patience: 0,
    forgiven: 0,
    cached: false,
    outputs: [],
    summary: null,
    engine: null,
    nodeName: null,
    error: null,
    createdMs: nowMs,
  };
  insertStage(context.catalog, row);
  const earlier = row.resultKey === null ? undefined : findResult(context.catalog, row.resultKey);
  if (earlier) {
    completeStage(context.catalog, row.id, earlier, nowMs);
    return { ...row, ...earlier, outputs: [...earlier.outputs], state: 'done' };
  }
  const open = openStageOf(job, row, { attempts: 0, failedOn: [], unfit: [], lostOn: [] });
  if (open) context.open.wait(open);
  return row;
}

function recordArtifacts(
  context: PlannerContext,
  job: JobRow,
  stages: readonly StageRow[],
  wishes: readonly ArtifactWish[],
): void {
  const nowMs = context.clock.wallMs();
  for (const wish of wishes) {
    const stage = stages.find((candidate) => candidate.kind === wish.kind && candidate.slot === wish.slot);
    const output = stage?.outputs.find((candidate) => candidate.role === wish.role);
    if (!stage || !output) continue;
    ensureBlob(context.catalog, output, nowMs);
    upsertArtifact(
      context.catalog,
      {
        jobId: job.id,
        stageId: stage.id,
        itemId: job.itemId,
        role: wish.role,
        sha256: output.sha256,
        name: wish.name,
        mediaType: output.mediaType,
        sizeBytes: output.sizeBytes,
      },
      nowMs,
    );
  }
}

function askPipeline(context: PlannerContext, job: JobRow, item: ItemView, stages: readonly StageRow[]): Plan {
  const pipeline = pipelineDefinition(job.pipeline);
  const options = pipeline?.options.safeParse(job.options);
  if (!pipeline || !options?.success) {
    return {
      outcome: 'failed',
      cause: {
        code: 'pipeline_unknown',
        message: `This version has no pipeline “${job.pipeline}” with these options.`,
      },
    };
  }
  return pipeline.plan({
    jobId: job.id,
    item,
    options: options.data,
    stages: stages.map(viewOf),
    settings: context.settings(),
  });
}

/** The job's state for the user: the file is to blame when the cause is its input. */
function endState(cause: Failure, blamed: boolean): JobState {
  return blamed || cause.code.startsWith('input_') ? 'quarantined' : 'failed';
}

function nextState(job: JobRow, plan: Plan, stages: readonly StageRow[], blamedFile: boolean): JobState {
  if (plan.outcome === 'failed') return endState(plan.cause, blamedFile);
  if (plan.outcome === 'done') return 'done';
  if (job.state === 'paused') return 'paused';
  const begun = job.state === 'running' || stages.some((stage) => stage.state === 'running' || stage.state === 'done');
  return begun ? 'running' : 'waiting';
}

/**
 * Plans one job. Must run inside a transaction of the catalog.
 * @param blamedFile whether a stage just ended because the file is to blame
 * @returns how many stages it has while it is not over, else 0
 */
export function planJob(context: PlannerContext, jobId: string, blamedFile = false): number {
  const { catalog } = context;
  const job = findJob(catalog, jobId);
  if (!job || finalJobStates.includes(job.state)) return 0;
  const item = findItem(catalog, job.itemId);
  if (!item) throw new Error(`job ${jobId} has no item`);

  let stages = stagesOfJob(catalog, jobId);
  let plan = askPipeline(context, job, item, stages);
  for (let round = 0; plan.outcome !== 'failed'; round++) {
    if (round >= maxRounds) throw new Error(`pipeline ${job.pipeline} does not come to an end`);
    const known = new Set(stages.map((stage) => stage.id));
    const missing = plan.stages.filter((wish) => !known.has(stageId(jobId, wish.kind, wish.slot)));
    const added = missing.map((wish) => addStage(context, job, wish));
    stages = [...stages, ...added];
    if (!added.some((stage) => stage.state === 'done')) break;
    plan = askPipeline(context, job, item, stages);
  }

  if (plan.outcome !== 'failed') recordArtifacts(context, job, stages, plan.artifacts);
  const state = nextState(job, plan, stages, blamedFile);
  const cause = plan.outcome === 'failed' ? plan.cause : null;
  updateJob(catalog, jobId, {
    state,
    error: cause,
    dirty: false,
    stagesDone: stages.filter((stage) => stage.state === 'done').length,
    stagesTotal: stages.length,
    finishedMs: finalJobStates.includes(state) ? context.clock.wallMs() : null,
  });
  if (state !== job.state || finalJobStates.includes(state)) emitJobState(context, job, state, cause ?? undefined);
  return finalJobStates.includes(state) ? 0 : stages.length;
}

/** A pipeline that throws fails its job, and nothing else. */
function planSafely(context: PlannerContext, jobId: string, blamedFile: boolean): number {
  try {
    return context.catalog.transaction(() => planJob(context, jobId, blamedFile));
  } catch (error) {
    const job = findJob(context.catalog, jobId);
    context.logger.error({ error, jobId }, 'a job could not be planned');
    if (!job) return 0;
    const failure: Failure = { code: 'internal', message: 'The next step of this item could not be planned.' };
    updateJob(context.catalog, jobId, {
      ...job,
      state: 'failed',
      error: failure,
      dirty: false,
      finishedMs: context.clock.wallMs(),
    });
    emitJobState(context, job, 'failed', failure);
    return 0;
  }
}

/** Longest pause between two plannings of a job with many stages (re-planning after every result is quadratic), ms. */
const replanIntervalMs = 50;
const manyStages = 16;

/** Decides when changed jobs are planned: small ones in the same transaction, those with many stages at most every 50 ms. */
export function createReplanner(context: PlannerContext, wake: (delayMs: number) => void) {
  const dirty = new Map<string, boolean>();
  const plannedMs = new Map<string, number>();
  return {
    /** The job's stages changed. Must run inside a transaction. */
    changed(jobId: string, blamedFile = false): void {
      dirty.set(jobId, blamedFile || (dirty.get(jobId) ?? false));
      setDirty(context.catalog, jobId);
    },
    /** Plans what is due. Must run inside a transaction. */
    planDue(): void {
      const nowMs = context.steadyMs();
      for (const [jobId, blamedFile] of dirty) {
        const dueMs = (plannedMs.get(jobId) ?? 0) + replanIntervalMs;
        if (nowMs < dueMs) {
          wake(dueMs - nowMs);
          continue;
        }
        dirty.delete(jobId);
        const stages = planSafely(context, jobId, blamedFile);
        if (stages >= manyStages) plannedMs.set(jobId, nowMs);
        else plannedMs.delete(jobId);
      }
    },
    clear(): void {
      dirty.clear();
      plannedMs.clear();
    },
  };
}
export type Replanner = ReturnType<typeof createReplanner>;
