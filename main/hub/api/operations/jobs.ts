/** Handlers of operations on work: batches, jobs, queues, pipelines. */
import { z } from 'zod';
import { failureOf } from '../../../../contract/errors.ts';
import { finalJobStates } from '../../../../contract/item.ts';
import { pipelineDefinitions } from '../../../../contract/pipelines/index.ts';
import { findBatch, findJob, type JobFilter, listBatches, listJobs } from '../../catalog/jobs.ts';
import { countStages } from '../../catalog/stages.ts';
import type { JobWaiters } from '../../job-waiters.ts';
import type { Intake } from '../../planner/import-item.ts';
import { found } from '../../planner/planner.ts';
import type { JsonHandlers } from '../handlers.ts';
import { batchView, jobDetailView, jobView, type ViewParts } from './job-view.ts';

export interface JobsParts extends ViewParts {
  readonly intake: Intake;
  readonly waiters: JobWaiters;
}

type Names =
  | 'createBatch'
  | 'listBatches'
  | 'getBatch'
  | 'pauseBatch'
  | 'resumeBatch'
  | 'listJobs'
  | 'getJob'
  | 'retryJob'
  | 'cancelJob'
  | 'pauseJob'
  | 'resumeJob'
  | 'retryJobs'
  | 'cancelJobs'
  | 'listQueues'
  | 'listPipelines';

/** Jobs that one bulk call may change. */
const bulkLimit = 10_000;

/** Does `act` to every job of the filter, and tells which it could not change and why. */
async function bulk(parts: JobsParts, filter: JobFilter, act: (jobId: string) => Promise<void>) {
  const { rows } = listJobs(parts.catalog, filter, null, bulkLimit);
  const changed: string[] = [];
  const unchanged: { id: string; why: string }[] = [];
  await Promise.all(
    rows.map((job) =>
      act(job.id).then(
        () => changed.push(job.id),
        (error: unknown) => unchanged.push({ id: job.id, why: failureOf(error, 'internal').message }),
      ),
    ),
  );
  return { changed, unchanged };
}

/** What can be retried, or stopped, when the filter names no state. */
const retryable = ['failed', 'quarantined', 'cancelled'] as const;
const stoppable = ['waiting', 'running', 'paused'] as const;

export function jobsHandlers(parts: JobsParts): Pick<JsonHandlers, Names> {
  const { catalog, planner } = parts;
  const jobOf = (id: string) => found(findJob(catalog, id), 'job');
  return {
    createBatch: ({ body }) => parts.intake.createBatch(body),
    listBatches: async ({ query }) => {
      const { rows, total } = listBatches(catalog, {
        afterId: query.cursor ?? null,
        limit: query.limit,
        open: query.state === 'open',
      });
      return {
        rows: rows.map((batch) => batchView(parts, batch)),
        total,
        nextCursor: rows.length === query.limit ? (rows.at(-1)?.id ?? null) : null,
      };
    },
    getBatch: async ({ params }) => batchView(parts, found(findBatch(catalog, params.id), 'batch')),
    pauseBatch: async ({ params }) => {
      await planner.pauseBatch(params.id);
      return batchView(parts, found(findBatch(catalog, params.id), 'batch'));
    },
    resumeBatch: async ({ params }) => {
      await planner.resumeBatch(params.id);
      return batchView(parts, found(findBatch(catalog, params.id), 'batch'));
    },
    listJobs: async ({ query: { cursor, limit, ...filter } }) => {
      const { rows, total } = listJobs(catalog, filter, cursor ?? null, limit);
      const explain = planner.explainer();
      return {
        rows: rows.map((job) => jobView(parts, job, explain)),
        total,
        nextCursor: rows.length === limit ? (rows.at(-1)?.id ?? null) : null,
      };
    },
    getJob: async ({ params, query }) => {
      const over = parts.waiters.wait(params.id, query.waitMs);
      if (!finalJobStates.includes(jobOf(params.id).state)) await over;
      return jobDetailView(parts, jobOf(params.id));
    },
    retryJob: async ({ params }) => {
      await planner.retry(params.id);
      return jobView(parts, jobOf(params.id));
    },
    cancelJob: async ({ params }) => {
      await planner.cancel(params.id);
      return jobView(parts, jobOf(params.id));
    },
    pauseJob: async ({ params }) => {
      await planner.pause(params.id);
      return jobView(parts, jobOf(params.id));
    },
    resumeJob: async ({ params }) => {
      await planner.resume(params.id);
      return jobView(parts, jobOf(params.id));
    },
    retryJobs: ({ body }) => bulk(parts, { state: retryable, ...body }, (id) => planner.retry(id)),
    cancelJobs: ({ body }) => bulk(parts, { state: stoppable, ...body }, (id) => planner.cancel(id)),
    listQueues: async () => ({ rows: countStages(catalog) }),
    listPipelines: async () => ({
      rows: pipelineDefinitions.map((pipeline) => ({
        name: pipeline.name,
        accepts: [...pipeline.accepts],
        options: z.json().parse(z.toJSONSchema(pipeline.options, { io: 'input', unrepresentable: 'any' })),
      })),
    }),
  };
}
