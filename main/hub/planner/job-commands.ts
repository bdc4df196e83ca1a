/** What a user does to jobs: stop them, try them again. Runs inside a transaction. */
import { MillraceError } from '../../../contract/errors.ts';
import { finalJobStates } from '../../../contract/item.ts';
import { attemptsOfStage } from '../catalog/attempts.ts';
import { findJob, type JobRow, updateJob } from '../catalog/jobs.ts';
import { findStage, forgiveStage, setStageState, stagesOfJob } from '../catalog/stages.ts';
import { emitJobState } from './context.ts';
import { dropAttempt, type Planning } from './end-attempt.ts';
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
  updateJob(context.catalog, jobId, { ...job, state: 'waiting', error: null, dirty: true, finishedMs: null });
  for (const stage of stagesOfJob(context.catalog, jobId)) {
    if (stage.state !== 'failed' && stage.state !== 'cancelled') continue;
    forgiveStage(context.catalog, stage.id);
    const fresh = findStage(context.catalog, stage.id);
    const attempts = attemptsOfStage(context.catalog, stage.id).at(-1)?.number ?? 0;
    const open = fresh && openStageOf(job, fresh, { attempts, failedOn: [], unfit: [] });
    if (open) context.open.wait(open);
  }
  replanner.changed(jobId);
  emitJobState(context, job, 'waiting');
}
