/**
 * Resumable uploads, tus 1.0, at /api/v1/uploads: metadata `filename` and `batchId`. Offsets and metadata lie on disk; an upload
 * that got its last byte before a crash becomes work at the next start.
 */
import { mkdir } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { FileStore } from '@tus/file-store';
import { Server, type Upload } from '@tus/server';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { MillraceError } from '../../../contract/errors.ts';
import { apiBase } from '../../../contract/hub-api.ts';
import { uuidSchema } from '../../../contract/ids.ts';
import type { AcceptedFile } from '../../../contract/operations/operation.ts';
import { batchExists } from '../catalog/jobs.ts';
import { checkRoom } from '../disk-space.ts';
import { problemMediaType, problemOfCode, problemOfThrown } from './problems.ts';
import type { ApiContext } from './route-kit.ts';

const path = `${apiBase}/uploads`;
/** An upload that is not finished by then is removed, ms. */
const expiryMs = 7 * 86_400_000;
const metadataSchema = z.object({ filename: z.string().min(1).max(1_000), batchId: uuidSchema });
const thrownSchema = z.object({ status_code: z.int(), body: z.string() });

/** The library takes thrown objects of this shape as its answer. */
function refusal(problem: { status: number }): { status_code: number; body: string } {
  return { status_code: problem.status, body: JSON.stringify(problem) };
}

/** Finished bytes become a blob and work; then the upload is forgotten. */
async function finish(context: ApiContext, store: FileStore, upload: Upload): Promise<AcceptedFile> {
  const { filename, batchId } = metadataSchema.parse(upload.metadata);
  const file = upload.storage?.path;
  if (file === undefined) throw new Error(`upload ${upload.id} has no file`);
  const { sha256, sizeBytes } = await context.blobs.adopt(file, { maxBytes: context.settings().maxUploadBytes });
  const accepted = await context.intake.importFile({ batchId, name: filename, sha256, sizeBytes });
  await store.configstore.delete(upload.id);
  return accepted;
}

/** Uploads whose last byte came before the process ended. */
async function finishLeftOvers(context: ApiContext, store: FileStore): Promise<void> {
  for (const id of (await store.configstore.list?.()) ?? []) {
    try {
      const upload = await store.getUpload(id);
      if (upload.size === undefined || upload.offset !== upload.size) continue;
      await finish(context, store, upload);
      context.logger.info({ upload: id }, 'a finished upload from before the restart became work');
    } catch (error) {
      context.logger.warn({ error, upload: id }, 'an upload from before the restart cannot be finished');
    }
  }
  await store.deleteExpired();
}

function createTusServer(context: ApiContext, store: FileStore): Server {
  return new Server({
    path,
    datastore: store,
    relativeLocation: true,
    respectForwardedHeaders: false,
    allowedOrigins: () => false,
    maxSize: () => context.settings().maxUploadBytes,
    async onUploadCreate(_request, upload) {
      const metadata = metadataSchema.safeParse(upload.metadata);
      if (!metadata.success)
        throw refusal(problemOfCode('request_invalid', 'Upload-Metadata needs filename and batchId (a UUID).'));
      if (!batchExists(context.catalog, metadata.data.batchId))
        throw refusal(problemOfCode('not_found', 'There is no such batch.'));
      try {
        checkRoom(context.dataDir, upload.size ?? 0, 'intake');
      } catch (error) {
        throw refusal(problemOfThrown(error, context.logger));
      }
      return {};
    },
    async onUploadFinish(_request, upload) {
      const accepted = await finish(context, store, upload);
      return {
        status_code: 200,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ files: [accepted] }),
      };
    },
    onResponseError(_request, thrown) {
      const known = thrownSchema.safeParse(thrown);
      if (!known.success) return refusal(problemOfThrown(thrown, context.logger));
      const { status_code: status, body } = known.data;
      if (body.startsWith('{')) return { status_code: status, body };
      const code =
        status === 413
          ? 'input_too_large'
          : status === 409
            ? 'upload_offset_mismatch'
            : status === 404 || status === 410
              ? 'not_found'
              : status >= 500
                ? 'internal'
                : 'request_invalid';
      return { status_code: status, body: JSON.stringify({ ...problemOfCode(code, body.trim()), status }) };
    },
  });
}

/** The library speaks to pages of other sites; we do not. Its errors become problems by name, too. */
function tidyHeaders(response: ServerResponse): void {
  const write = response.writeHead.bind(response);
  response.writeHead = (status: number, ...rest: unknown[]) => {
    const headers = rest.find((one) => typeof one === 'object' && one !== null);
    const flat = Array.isArray(headers)
      ? headers.map(String)
      : Object.entries(headers ?? {}).flatMap(([n, v]) => [n, String(v)]);
    const kept: Record<string, string> = {};
    for (let at = 0; at + 1 < flat.length; at += 2) {
      const name = (flat[at] ?? '').toLowerCase();
      if (!name.startsWith('access-control-')) kept[name] = flat[at + 1] ?? '';
    }
    if (status >= 400) kept['content-type'] = problemMediaType;
    return write(status, kept);
  };
}

/** The encapsulated app must hand bodies over unread, see http-server. */
export async function tusRoutes(app: FastifyInstance, context: ApiContext): Promise<void> {
  const directory = join(context.dataDir, 'uploads');
  await mkdir(directory, { recursive: true });
  const store = new FileStore({ directory, expirationPeriodInMilliseconds: expiryMs });
  const server = createTusServer(context, store);
  const left = finishLeftOvers(context, store).catch((error: unknown) =>
    context.logger.error({ error }, 'uploads from before the restart cannot be read'),
  );
  app.addHook('onClose', () => left);
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    tidyHeaders(response);
    try {
      await server.handle(request, response);
    } catch (error) {
      context.logger.warn({ error }, 'a resumable upload was cut off');
      if (response.headersSent) response.destroy();
      else response.writeHead(500).end(JSON.stringify(problemOfThrown(error, context.logger)));
    }
  };
  app.route({
    method: ['POST', 'HEAD', 'PATCH', 'DELETE', 'OPTIONS'],
    url: path,
    config: { access: { scope: 'submit' } },
    handler: (request, reply) => {
      reply.hijack();
      return handle(request.raw, reply.raw);
    },
  });
  app.route({
    method: ['HEAD', 'PATCH', 'DELETE', 'OPTIONS'],
    url: `${path}/:id`,
    config: { access: { scope: 'submit' } },
    handler: (request, reply) => {
      const { id } = z.object({ id: z.string() }).parse(request.params);
      if (!/^[0-9a-f]{32}$/.test(id)) throw new MillraceError('not_found', 'There is no such upload.');
      reply.hijack();
      return handle(request.raw, reply.raw);
    },
  });
}
