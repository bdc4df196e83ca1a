/**
 * How an attempt ends: with a result, as a failure, lost, or dropped; and what becomes of its stage. Every function here runs
 * inside a transaction, changes the catalog first and the mirror after, so that a failing statement leaves both as they were.
 */
import { createHash } from 'node:crypto';
import { errorRow, type Failure, MillraceError } from '../../../contract/errors.ts';
import type { StageDefinition, StageResult } from '../../../contract/stage.ts';
import { stageDefinition } from '../../../contract/stages/index.ts';
import { type AttemptEnd, endAttempt, findAttempt } from '../catalog/attempts.ts';
import { ensureBlob } from '../catalog/items.ts';
import {
  completeStage,
  failStage,
  insertResult,
  retryStageLater,
  type StageCompletion,
  waitingWithKey,
} from '../catalog/stages.ts';
import { emitAttemptState, type PlannerContext } from './context.ts';
import { afterFailure } from './failure-policy.ts';
import type { OpenAttempt, OpenStage } from './open-work.ts';
import type { Replanner } from './plan-job.ts';

export interface Planning {
  readonly context: PlannerContext;
  readonly replanner: Replanner;
}

const without = { digest: null, error: null, processingMs: null, transferMs: null, peakMemoryBytes: null } as const;

/** Identity of a result for repeated deliveries. */
function digestOf(result: StageResult): string {
  return createHash('sha256').update(JSON.stringify(result)).digest('hex');
}

/** Closes the attempt in catalog and mirror, and tells of it. */
function close({ context }: Planning, attempt: OpenAttempt, end: AttemptEnd): void {
  const nowMs = context.clock.wallMs();
  endAttempt(context.catalog, attempt.id, end, nowMs);
  context.open.close(attempt.id);
  emitAttemptState(context, attempt, end.state, nowMs);
}

/** Takes an attempt back: its BullMQ job goes, and the node is told at its next heartbeat. */
export function dropAttempt(planning: Planning, attempt: OpenAttempt): void {
  close(planning, attempt, { ...without, state: 'dropped' });
  planning.context.effects.withdrawn.push({
    nodeId: attempt.nodeId,
    queue: attempt.stage.queue,
    attemptId: attempt.id,
  });
}

/** The stage ends as failed, and its job is planned again. */
function endStage({ context, replanner }: Planning, stage: OpenStage, failure: Failure, blamedFile: boolean): void {
  failStage(context.catalog, stage.id, failure, context.clock.wallMs());
  context.open.finish(stage);
  context.effects.events.push({
    name: 'stage.state',
    data: { stageId: stage.id, jobId: stage.jobId, state: 'failed' },
  });
  replanner.changed(stage.jobId, blamedFile);
}

/** The stage waits again, for a try that begins at `notBeforeMs` (steady ms; 0 is at once). */
function waitAgain({ context }: Planning, stage: OpenStage, failure: Failure, notBeforeMs: number): void {
  if (context.open.attemptsOfStage(stage.id).length > 0) return;
  retryStageLater(context.catalog, stage.id, notBeforeMs, stage.patience, failure);
  context.open.wait({ ...stage, notBeforeMs, lastFailure: failure });
  context.effects.events.push({
    name: 'stage.state',
    data: { stageId: stage.id, jobId: stage.jobId, state: 'waiting' },
  });
}

/** The machine was not heard of in time, or began a new life: the stage goes elsewhere. */
export function loseAttempt(planning: Planning, attempt: OpenAttempt): void {
  const { context } = planning;
  const nodeName = context.nodes().find((node) => node.id === attempt.nodeId)?.name ?? 'unknown';
  const failure: Failure = {
    code: 'lost',
    message: `${nodeName} was not heard of while it worked on this.`,
    nodeId: attempt.nodeId,
    nodeName,
    stageKind: attempt.stage.kind,
  };
  close(planning, attempt, { ...without, state: 'lost', error: failure });
  context.effects.withdrawn.push({ nodeId: attempt.nodeId, queue: attempt.stage.queue, attemptId: attempt.id });
  waitAgain(planning, attempt.stage, failure, 0);
}

/** Machines that could run the stage at all. */
const ableNodes = ({ context }: Planning, stage: OpenStage): string[] =>
  context
    .nodes()
    .filter(
      (node) =>
        node.online &&
        node.capability.kinds.some((can) => can.kind === stage.kind && can.codeVersion === stage.codeVersion),
    )
    .map((node) => node.id);

function fail(planning: Planning, attempt: OpenAttempt, definition: StageDefinition, failure: Failure): void {
  const failureClass = errorRow(failure.code).class;
  const blamed = failureClass === 'crash' || failureClass === 'error';
  const stage: OpenStage = {
    ...attempt.stage,
    failedOn: blamed ? [...attempt.stage.failedOn, attempt.nodeId] : attempt.stage.failedOn,
    unfit: failureClass === 'resource' ? [...attempt.stage.unfit, attempt.nodeId] : attempt.stage.unfit,
  };
  const verdict = afterFailure(
    failure,
    {
      patience: stage.patience,
      blamedNodes: stage.failedOn,
      unfitNodes: stage.unfit,
      ableNodes: ableNodes(planning, stage),
    },
    definition.retry,
  );
  if (verdict.next === 'end') {
    endStage(planning, stage, failure, verdict.jobState === 'quarantined');
    return;
  }
  const notBeforeMs = verdict.delayMs === 0 ? 0 : planning.context.steadyMs() + verdict.delayMs;
  waitAgain(planning, { ...stage, patience: verdict.patience }, failure, notBeforeMs);
}

/** The stage has its result; twins of the attempt are dropped, and stages that waited for the same result have it too. */
function complete(planning: Planning, stage: OpenStage, done: StageCompletion): void {
  const { context, replanner } = planning;
  const nowMs = context.clock.wallMs();
  for (const output of done.outputs) ensureBlob(context.catalog, output, nowMs);
  completeStage(context.catalog, stage.id, done, nowMs);
  const twins = stage.resultKey === null ? [] : waitingWithKey(context.catalog, stage.resultKey);
  if (stage.resultKey !== null) insertResult(context.catalog, stage.resultKey, stage.id, done, nowMs);
  for (const twin of twins) completeStage(context.catalog, twin.id, { ...done, cached: true }, nowMs);

  for (const other of context.open.attemptsOfStage(stage.id)) dropAttempt(planning, other);
  for (const twin of twins) {
    const open = context.open.waiting(twin.id);
    if (open) context.open.finish(open);
    replanner.changed(twin.jobId);
  }
  context.open.finish(stage);
  context.effects.events.push({ name: 'stage.state', data: { stageId: stage.id, jobId: stage.jobId, state: 'done' } });
  replanner.changed(stage.jobId);
}

/** A result that the definition does not accept is a failure of the node, not of the file. */
function checked(definition: StageDefinition, result: StageResult): StageResult {
  if (result.outcome === 'failed' || definition.summary.safeParse(result.summary).success) return result;
  return {
    outcome: 'failed',
    error: { code: 'stage_invalid_output', message: 'The result’s summary is not valid.' },
    metrics: result.metrics,
  };
}

/**
 * Records a node's answer for an attempt.
 * @returns `repeated` when the same answer was recorded before
 * @throws MillraceError not_found, forbidden (another node's), attempt_closed
 */
export function recordResult(
  planning: Planning,
  attemptId: string,
  node: { id: string; name: string },
  answer: StageResult,
): 'recorded' | 'repeated' {
  const { context } = planning;
  const row = findAttempt(context.catalog, attemptId);
  if (!row) throw new MillraceError('not_found', 'There is no such attempt.');
  if (row.nodeId !== node.id) throw new MillraceError('forbidden', 'This attempt is another machine’s.');
  const digest = digestOf(answer);
  const attempt = context.open.attempt(attemptId);
  if (!attempt) {
    if (row.digest === digest) return 'repeated';
    throw new MillraceError('attempt_closed');
  }
  const definition = stageDefinition(attempt.stage.kind);
  if (!definition) throw new MillraceError('attempt_closed', 'This version does not know the step.');
  const result = checked(definition, answer);
  const end = { digest, ...result.metrics, peakMemoryBytes: Math.round(result.metrics.peakMemoryBytes) };
  if (result.outcome === 'failed') {
    const failure: Failure = { ...result.error, nodeId: node.id, nodeName: node.name, stageKind: attempt.stage.kind };
    close(planning, attempt, { ...end, state: 'failed', error: failure });
    fail(planning, attempt, definition, failure);
    return 'recorded';
  }
  close(planning, attempt, { ...end, state: 'done', error: null });
  complete(planning, attempt.stage, {
    outputs: result.outputs,
    summary: result.summary,
    engine: result.engine,
    nodeName: node.name,
    cached: false,
  });
  context.memory.measured(node.id, attempt.stage.kind, result.metrics.processingMs);
  for (const output of result.outputs) context.memory.gave(node.id, output.sha256);
  return 'recorded';
}
