/** How a task of the older systems is doing: `/status/:id`, `/api/task/:id`, `/result/:id`, `/api/jobs/:id/metrics`. */
import type { FastifyInstance } from 'fastify';
import type { JobDetail } from '../../../../contract/item.ts';
import type { ApiContext } from '../route-kit.ts';
import { aliasAccess, jobOf, taskOf } from './alias.ts';

/** Processing time (of the tries that counted) and peak memory, of the job and of each stage. */
function metricsOf(job: JobDetail) {
  const stages = job.stageList.map((stage) => {
    const done = stage.attempts.find((attempt) => attempt.state === 'done');
    return {
      stage: stage.kind,
      slot: stage.slot,
      state: stage.state,
      cached: stage.cached,
      worker: done?.nodeName ?? null,
      attempts: stage.attempts.length,
      processing_time_ms: done?.processingMs ?? null,
      peak_memory_bytes: done?.peakMemoryBytes ?? null,
    };
  });
  const finishedMs = job.finishedAt === null ? null : Date.parse(job.finishedAt);
  return {
    job_id: job.id,
    status: taskOf(job).status,
    total_time_ms: finishedMs === null ? null : finishedMs - Date.parse(job.createdAt),
    processing_time_ms: stages.reduce((sum, stage) => sum + (stage.processing_time_ms ?? 0), 0),
    peak_memory_bytes: Math.max(0, ...stages.map((stage) => stage.peak_memory_bytes ?? 0)),
    stages,
  };
}

export async function taskAliases(app: FastifyInstance, context: ApiContext): Promise<void> {
  const config = { access: aliasAccess('read') };
  for (const path of ['/status/:id', '/api/task/:id'])
    app.get(path, { config }, async (request) => taskOf(await jobOf(context, request)));
  app.get('/result/:id', { config }, async (request, reply) => {
    const task = taskOf(await jobOf(context, request));
    const over = task.status === 'finished' || task.status === 'failed';
    return reply.code(over ? 200 : 202).send(task);
  });
  app.get('/api/jobs/:id/metrics', { config }, async (request) => metricsOf(await jobOf(context, request)));
}
