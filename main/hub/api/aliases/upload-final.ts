/** `POST /upload-final`: the central store's door, as it was: a form with one file and the field `worker_name`. */
import type { FastifyInstance } from 'fastify';
import { MillraceError } from '../../../../contract/errors.ts';
import { idempotencyKeyOf } from '../idempotency.ts';
import { InvalidRequestError } from '../problems.ts';
import { checkAnnounced, receiveSingleFile } from '../received-files.ts';
import type { ApiContext } from '../route-kit.ts';
import { aliasAccess } from './alias.ts';

/** What the bytes are; the store takes anything, so what is no known file is plain bytes. */
async function mediaTypeOf(context: ApiContext, sha256: string, name: string): Promise<string> {
  try {
    const { maxPixels } = context.settings();
    return (await context.inspect(context.blobs.path(sha256), name, { maxPixels })).mediaType;
  } catch (error) {
    if (error instanceof MillraceError) return 'application/octet-stream';
    throw error;
  }
}

export async function uploadFinalAlias(app: FastifyInstance, context: ApiContext): Promise<void> {
  app.post('/upload-final', { config: { access: aliasAccess('submit') } }, async (request, reply) => {
    const idempotencyKey = idempotencyKeyOf(request.headers['idempotency-key']);
    const maxBytes = context.settings().maxUploadBytes;
    await checkAnnounced(request, context.dataDir, maxBytes, 'output');
    const { file, fields } = await receiveSingleFile(request, context.blobs, maxBytes);
    const workerName = fields.get('worker_name')?.trim();
    if (!workerName)
      throw new InvalidRequestError([
        { pointer: '/worker_name', detail: 'the name of the machine that made the file' },
      ]);
    const { sha256, sizeBytes } = file.stored;
    const { storedAs, repeated } = await context.centralStore.accept({
      fileName: file.name,
      workerName,
      sha256,
      sizeBytes,
      mediaType: await mediaTypeOf(context, sha256, file.name),
      idempotencyKey,
    });
    if (repeated) reply.header('idempotency-replayed', 'true');
    return reply
      .code(200)
      .send({ status: 'ok', stored_as: storedAs, worker_name: workerName, sha256, size: sizeBytes });
  });
}
