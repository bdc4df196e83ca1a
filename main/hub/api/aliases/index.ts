/** The registry of endpoints outside /api/v1: those of the older systems, and health. */
import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../route-kit.ts';
import { healthAliases } from './health.ts';
import { mediaAlias } from './media.ts';
import { taskAliases } from './tasks.ts';
import { uploadFinalAlias } from './upload-final.ts';

/** For telling "no such method" from "no such path". */
export const aliasPaths = [
  { method: 'POST', path: '/media' },
  { method: 'POST', path: '/upload-final' },
  ...[
    '/status/{id}',
    '/api/task/{id}',
    '/result/{id}',
    '/api/jobs/{id}/metrics',
    '/health',
    '/healthz',
    '/readyz',
    '/api/health',
    '/api/stats',
  ].map((path) => ({ method: 'GET', path })),
] as const;

/** The encapsulated app must hand bodies over unread, see http-server. */
export async function aliasRoutes(app: FastifyInstance, context: ApiContext): Promise<void> {
  await mediaAlias(app, context);
  await uploadFinalAlias(app, context);
  await taskAliases(app, context);
  await healthAliases(app, context);
}
