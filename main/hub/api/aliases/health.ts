/** Whether the hub is alive (`/healthz`), ready for work (`/readyz`), and the older systems' `/health`, `/api/health`, `/api/stats`. */
import type { FastifyInstance } from 'fastify';
import { jobFigures } from '../../catalog/job-figures.ts';
import type { ApiContext } from '../route-kit.ts';
import { aliasAccess } from './alias.ts';

async function readiness(context: ApiContext) {
  const checks = await context.readiness();
  return { ready: checks.every((check) => check.ok), checks };
}

export async function healthAliases(app: FastifyInstance, context: ApiContext): Promise<void> {
  const config = { access: aliasAccess('read') };
  app.get('/healthz', { config }, async () => ({ status: 'ok', version: context.version }));
  app.get('/readyz', { config }, async (_request, reply) => {
    const answer = await readiness(context);
    return reply.code(answer.ready ? 200 : 503).send(answer);
  });
  for (const path of ['/health', '/api/health'])
    app.get(path, { config }, async () => {
      const { ready, checks } = await readiness(context);
      return { status: ready ? 'healthy' : 'degraded', version: context.version, checks };
    });
  app.get('/api/stats', { config }, async () => {
    const { counts, meanJobMs, kinds } = jobFigures(context.catalog);
    return {
      counts,
      total: Object.values(counts).reduce((sum, count) => sum + count, 0),
      mean_job_time_ms: meanJobMs,
      stages: kinds.map((kind) => ({ stage: kind.kind, done: kind.count, mean_processing_time_ms: kind.meanMs })),
    };
  });
}
