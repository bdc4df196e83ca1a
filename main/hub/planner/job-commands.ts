/** What a user does to jobs: stop them, pause them, try them again. Runs inside a transaction. */
import { MillraceError } from '../../../contract/errors.ts';
import { finalJobStates } from '../../../contract/item.ts';
import { attemptsOfStage } from '../catalog/attempts.ts';
import { findBatch, findJob, type JobRow, openJobIds, setBatchPaused, updateJob } from '../catalog/jobs.ts';
import { findStage, forgiveStage, setStageState, stagesOfJob } from '../catalog/stages.ts';
import { emitJobState } from './context.ts';
import { dropAttempt, type Planning, takeBack } from './end-attempt.ts';
import { openStageOf } from './plan-job.ts';

function known(planning: Planning, jobId: string): JobRow {
  const job = findJob(planning.context.catalog, jobId);
  if (!job) throw new MillraceError('not_found', 'There is no such job.');
  return job;
}

/**
 * Stops a job: nothing of it is placed any more, and nodes drop what they hold of it.
 * @throws MillraceError not_found, conflict (it has ended)
 */
export function cancelJob(planning: Planning, jobId: string): void {
  const { context } = planning;
  const job = known(planning, jobId);
  if (finalJobStates.includes(job.state)) throw new MillraceError('conflict', `The job is ${job.state} already.`);
  const open = stagesOfJob(context.catalog, jobId).filter(
    (stage) => stage.state === 'waiting' || stage.state === 'running',
  );
  for (const stage of open) setStageState(context.catalog, stage.id, 'cancelled');
  updateJob(context.catalog, jobId, {
    ...job,
    state: 'cancelled',
    error: null,
    dirty: false,
    finishedMs: context.clock.wallMs(),
  });
  for (const attempt of context.open.attemptsOfJob(jobId)) {
    dropAttempt(planning, attempt);
    context.open.finish(attempt.stage);
  }
  for (const stage of open) {
    const waiting = context.open.waiting(stage.id);
    if (waiting) context.open.finish(waiting);
  }
  emitJobState(context, job, 'cancelled');
}

/**
 * Tries a job again that failed or was stopped. What is done stays done; what failed has a clean slate.
 * @throws MillraceError not_found, conflict (nothing to retry)
 */
export function retryJob(planning: Planning, jobId: string): void {
  const { context, replanner } = planning;
  const job = known(planning, jobId);
  if (job.state !== 'failed' && job.state !== 'quarantined' && job.state !== 'cancelled') {
    throw new MillraceError('conflict', `The job is ${job.state}; there is nothing to try again.`);
  }
  const waiting: JobRow = { ...job, state: 'waiting', error: null, dirty: true, finishedMs: null };
  updateJob(context.catalog, jobId, waiting);
  for (const stage of stagesOfJob(context.catalog, jobId)) {
    if (stage.state !== 'failed' && stage.state !== 'cancelled') continue;
    forgiveStage(context.catalog, stage.id);
    const fresh = findStage(context.catalog, stage.id);
    const attempts = attemptsOfStage(context.catalog, stage.id).at(-1)?.number ?? 0;
    const open = fresh && openStageOf(waiting, fresh, { attempts, failedOn: [], unfit: [], lostOn: [] });
    if (open) context.open.wait(open);
  }
  replanner.changed(jobId);
  emitJobState(context, job, 'waiting');
}

/** Waiting stages of the job leave the backlog and come back as the job is now. */
function reenter({ context }: Planning, jobId: string, paused: boolean): void {
  for (const stage of [...context.open.waitingOfJob(jobId)]) {
    context.open.finish(stage);
    context.open.wait({ ...stage, paused });
  }
}

/**
 * Nothing of the job is placed until it is resumed; what runs of it is taken back.
 * @throws MillraceError not_found, conflict (it has ended, or is paused)
 */
export function pauseJob(planning: Planning, jobId: string): void {
  const { context } = planning;
  const job = known(planning, jobId);
  if (job.state !== 'waiting' && job.state !== 'running')
    throw new MillraceError('conflict', `The job is ${job.state}; it cannot be paused.`);
  updateJob(context.catalog, jobId, { ...job, state: 'paused' });
  for (const attempt of context.open.attemptsOfJob(jobId)) takeBack(planning, attempt);
  // A twin that waited for a result of this job computes it now.
  reenter(planning, jobId, true);
  emitJobState(context, job, 'paused');
}

/** @throws MillraceError not_found, conflict (it is not paused) */
export function resumeJob(planning: Planning, jobId: string): void {
  const { context, replanner } = planning;
  const job = known(planning, jobId);
  if (job.state !== 'paused') throw new MillraceError('conflict', `The job is ${job.state}, not paused.`);
  const state = job.stagesDone > 0 ? 'running' : 'waiting';
  updateJob(context.catalog, jobId, { ...job, state, dirty: true });
  reenter(planning, jobId, false);
  replanner.changed(jobId);
  emitJobState(context, job, state);
}

/** Pauses all jobs of a batch, and those that still come into it. @throws MillraceError not_found */
export function pauseBatch(planning: Planning, batchId: string): void {
  changeBatch(planning, batchId, true, (job) => {
    if (job.state !== 'paused') pauseJob(planning, job.id);
  });
}

/** @throws MillraceError not_found */
export function resumeBatch(planning: Planning, batchId: string): void {
  changeBatch(planning, batchId, false, (job) => {
    if (job.state === 'paused') resumeJob(planning, job.id);
  });
}

function changeBatch(planning: Planning, batchId: string, paused: boolean, change: (job: JobRow) => void): void {
  const { catalog } = planning.context;
  if (!findBatch(catalog, batchId)) throw new MillraceError('not_found', 'There is no such batch.');
  setBatchPaused(catalog, batchId, paused);
  for (const jobId of openJobIds(catalog, batchId)) change(known(planning, jobId));
}
