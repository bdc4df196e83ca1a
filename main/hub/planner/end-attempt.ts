/**
 * How an attempt ends: with a result, as a failure, lost, or dropped; and what becomes of its stage. Every function here runs
 * inside a transaction, changes the catalog first and the mirror after, so that a failing statement leaves both as they were.
 */
import { createHash } from 'node:crypto';
import { errorRow, type Failure, type FailureClass, MillraceError } from '../../../contract/errors.ts';
import type { CheckReport, RetryPolicy, StageDefinition, StageResult } from '../../../contract/stage.ts';
import { stageDefinition } from '../../../contract/stages/index.ts';
import { type AttemptEnd, endAttempt, findAttempt, markSuspicious } from '../catalog/attempts.ts';
import { ensureBlob } from '../catalog/items.ts';
import {
  completeStage,
  failStage,
  insertResult,
  retryStageLater,
  type StageCompletion,
  waitingWithKey,
} from '../catalog/stages.ts';
import { type Judgement, judgementOf } from './benches.ts';
import { emitAttemptState, type PlannerContext } from './context.ts';
import { afterFailure, type FailureHistory } from './failure-policy.ts';
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

/** Closes an attempt that no result is wanted of: its BullMQ job goes, and the node is told at its next heartbeat. */
function withdraw(planning: Planning, attempt: OpenAttempt, end: AttemptEnd): void {
  close(planning, attempt, end);
  planning.context.effects.withdrawn.push({
    nodeId: attempt.nodeId,
    queue: attempt.stage.queue,
    attemptId: attempt.id,
  });
}

/** Nobody needs the attempt any more. */
export function dropAttempt(planning: Planning, attempt: OpenAttempt): void {
  withdraw(planning, attempt, { ...without, state: 'dropped' });
}

/** Takes an attempt back, blaming nobody: a pause, or a machine that stops in order. The stage waits again. */
export function takeBack(planning: Planning, attempt: OpenAttempt): void {
  withdraw(planning, attempt, { ...without, state: 'paused' });
  waitAgain(planning, attempt.stage, attempt.stage.lastFailure, attempt.stage.notBeforeMs);
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
function waitAgain({ context }: Planning, stage: OpenStage, failure: Failure | null, notBeforeMs: number): void {
  if (context.open.attemptsOfStage(stage.id).length > 0) return;
  retryStageLater(context.catalog, stage.id, notBeforeMs, stage.patience, failure);
  context.open.wait({ ...stage, notBeforeMs, lastFailure: failure });
  context.effects.events.push({
    name: 'stage.state',
    data: { stageId: stage.id, jobId: stage.jobId, state: 'waiting' },
  });
}

/** Machines that could run the stage at all. */
const ableNodes = ({ context }: Planning, stage: OpenStage) =>
  context
    .nodes()
    .filter((node) =>
      node.capability.kinds.some((can) => can.kind === stage.kind && can.codeVersion === stage.codeVersion),
    );

function historyOf(planning: Planning, stage: OpenStage): FailureHistory {
  const able = ableNodes(planning, stage);
  return {
    patience: stage.patience,
    blamedNodes: stage.failedOn,
    unfitNodes: stage.unfit,
    lostNodes: stage.lostOn,
    ableNodes: able.filter((node) => node.online).map((node) => node.id),
    knownNodes: able.map((node) => node.id),
  };
}

/** What follows a failure: another try, or the end of the stage. */
function decide(planning: Planning, stage: OpenStage, failure: Failure, policy: RetryPolicy): void {
  const verdict = afterFailure(failure, historyOf(planning, stage), policy);
  if (verdict.next === 'end') {
    endStage(planning, stage, failure, verdict.jobState === 'quarantined');
    return;
  }
  const notBeforeMs = verdict.delayMs === 0 ? 0 : planning.context.steadyMs() + verdict.delayMs;
  waitAgain(planning, { ...stage, patience: verdict.patience }, failure, notBeforeMs);
}

const wentDown = (stage: OpenStage, failure: Failure): Failure => ({
  ...failure,
  code: 'machines_went_down',
  message: `${stage.lostOn.length} machines were lost while they worked on this.`,
});

/** A stage that was lost twice in a row waits until both were judged, ms; the first loss alone delays nothing. */
const judgingMs = 6_000;

/** The machine was not heard of in time, or began a new life: the stage goes elsewhere. */
export function loseAttempt(planning: Planning, attempt: OpenAttempt): void {
  const { context } = planning;
  const { stage, nodeId } = attempt;
  const nodeName = context.nodes().find((node) => node.id === nodeId)?.name ?? 'unknown';
  const failure: Failure = {
    code: 'lost',
    message: `${nodeName} was not heard of while it worked on this.`,
    nodeId,
    nodeName,
    stageKind: stage.kind,
  };
  withdraw(planning, attempt, { ...without, state: 'lost', error: failure });
  const isSuspect = attempt.state === 'running' && stage.lastFailure?.code === 'lost';
  waitAgain(planning, stage, failure, isSuspect ? context.steadyMs() + judgingMs : 0);
}

/** A machine went down while it worked on the stage, and nothing else explains it. The stage may be over by now. */
export function countLoss(planning: Planning, stageId: string, attemptId: string, nodeId: string): void {
  const { context } = planning;
  const attempts = context.open.attemptsOfStage(stageId);
  const stage = context.open.waiting(stageId) ?? attempts[0]?.stage;
  const definition = stage && stageDefinition(stage.kind);
  if (!stage?.lastFailure || !definition) return;
  markSuspicious(context.catalog, attemptId);
  const suspected: OpenStage = { ...stage, lostOn: [...stage.lostOn, nodeId] };
  const lost: Failure = { code: 'lost', message: stage.lastFailure.message, stageKind: stage.kind };
  const verdict = afterFailure(lost, historyOf(planning, suspected), definition.retry);
  if (verdict.next === 'end') {
    for (const attempt of attempts) dropAttempt(planning, attempt);
    endStage(planning, suspected, wentDown(suspected, lost), true);
  } else if (attempts.length > 0) {
    for (const attempt of attempts) attempt.stage = suspected;
  } else {
    context.open.finish(stage);
    context.open.wait(suspected);
  }
}

/** Benches a machine that missed a known answer, and takes back what it has of that kind. @returns how the check was judged */
export function judgeCheck(planning: Planning, nodeId: string, kind: string, report: CheckReport): Judgement {
  const { context } = planning;
  const wasBenched = context.benches.isBenched(nodeId, kind);
  const judgement = context.benches.judge(nodeId, kind, report);
  if (judgement === 'wrong') {
    for (const attempt of context.open.attemptsOfNode(nodeId)) {
      if (attempt.stage.kind === kind) takeBack(planning, attempt);
    }
  }
  if (wasBenched !== (judgement === 'wrong')) {
    context.logger.warn({ nodeId, kind, judgement }, 'a machine was benched, or may work again');
  }
  return judgement;
}

/** @param judgement of the check that the machine ran after it failed: one that missed its known answer proves nothing about the file */
function fail(planning: Planning, stage: OpenStage, nodeId: string, failure: Failure, judgement: Judgement): void {
  const definition = stageDefinition(stage.kind);
  if (!definition) return;
  const failureClass = errorRow(failure.code).class;
  if (isBlaming(failureClass) && judgement === 'wrong') {
    waitAgain(planning, stage, failure, 0);
    return;
  }
  const next: OpenStage = {
    ...stage,
    failedOn: isBlaming(failureClass) ? [...stage.failedOn, nodeId] : stage.failedOn,
    unfit: failureClass === 'resource' ? [...stage.unfit, nodeId] : stage.unfit,
  };
  decide(planning, next, failure, definition.retry);
}

const isBlaming = (failureClass: FailureClass): boolean => failureClass === 'crash' || failureClass === 'error';

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

/** What is kept of a failed try: what failed, where, and whether the machine proved itself right after. */
function failureOfAttempt(
  error: Failure,
  node: { id: string; name: string },
  stageKind: string,
  judgement: Judgement,
): Failure {
  const check = judgement === 'right' ? 'passed' : 'failed';
  const details = judgement === 'unknown' ? error.details : { ...error.details, check };
  return { ...error, ...(details && { details }), nodeId: node.id, nodeName: node.name, stageKind };
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
    const judgement = result.check ? judgementOf(attempt.stage.kind, result.check) : 'unknown';
    const failure = failureOfAttempt(result.error, node, attempt.stage.kind, judgement);
    close(planning, attempt, { ...end, state: 'failed', error: failure });
    if (result.check) judgeCheck(planning, node.id, attempt.stage.kind, result.check);
    fail(planning, attempt.stage, node.id, failure, judgement);
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
