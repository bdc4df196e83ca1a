/** `POST /media`: the watermark service's old door. One file in a form, any field name; answers the task at once. */
import type { FastifyInstance } from 'fastify';
import { MillraceError } from '../../../../contract/errors.ts';
import type { AcceptedFile } from '../../../../contract/operations/operation.ts';
import { idempotencyKeyOf } from '../idempotency.ts';
import { checkAnnounced, receiveSingleFile } from '../received-files.ts';
import { type ApiContext, answerOnce } from '../route-kit.ts';
import { aliasAccess } from './alias.ts';

/** The old contract has no per-file problems: a refused file is a refused request. */
function jobIdOf(accepted: AcceptedFile): string {
  if ('jobId' in accepted) return accepted.jobId;
  throw new MillraceError(accepted.problem.code, accepted.problem.detail, accepted.problem.details);
}

async function runPipeline(
  context: ApiContext,
  pipeline: string,
  file: { name: string; sha256: string; sizeBytes: number },
): Promise<{ task_id: string; status: 'queued' }> {
  const { id: batchId } = await context.intake.createBatch({
    pipeline,
    options: {},
    priority: 'normal',
    privacy: 'any',
    name: '',
  });
  const { name, sha256, sizeBytes } = file;
  const accepted = await context.intake.importFile({ batchId, name, sha256, sizeBytes });
  return { task_id: jobIdOf(accepted), status: 'queued' };
}

export async function mediaAlias(app: FastifyInstance, context: ApiContext): Promise<void> {
  app.post('/media', { config: { access: aliasAccess('submit') } }, async (request, reply) => {
    const key = idempotencyKeyOf(request.headers['idempotency-key']);
    const maxBytes = context.settings().maxUploadBytes;
    await checkAnnounced(request, context.dataDir, maxBytes);
    const { file } = await receiveSingleFile(request, context.blobs, maxBytes);
    const { sha256, sizeBytes } = file.stored;
    const { status, value } = await answerOnce(
      context.idempotency,
      key,
      ['media', file.name, sha256],
      reply,
      async () => ({
        status: 202,
        value: await runPipeline(context, 'watermark', { name: file.name, sha256, sizeBytes }),
      }),
    );
    return reply.code(status).send(value);
  });
}
