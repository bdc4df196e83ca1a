/** Routes that take files: one by one into a batch, as a form with everything, and loose bytes for an option. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { MillraceError } from '../../../contract/errors.ts';
import { apiBase, operations } from '../../../contract/hub-api.ts';
import type { Batch } from '../../../contract/item.ts';
import { type AcceptedFile, workOrder } from '../../../contract/operations/operation.ts';
import { batchExists } from '../catalog/jobs.ts';
import { checkRoom } from '../disk-space.ts';
import { idempotencyKeyOf, type PlainAnswer } from './idempotency.ts';
import { InvalidRequestError, problemOfCode } from './problems.ts';
import { checkAnnounced, type ReceivedFile, receiveBody, receiveForm } from './received-files.ts';
import { type ApiContext, answerOnce, routeOf } from './route-kit.ts';

/** What a form says before its files. */
const orderSchema = z.object({ ...workOrder, name: z.string().max(200).default('') });
type Order = z.output<typeof orderSchema>;

function orderOf(fields: ReadonlyMap<string, string>): Order {
  let options: unknown = {};
  try {
    options = JSON.parse(fields.get('options') || '{}');
  } catch {
    throw new InvalidRequestError([{ pointer: '/options', detail: 'a JSON object' }]);
  }
  const parsed = orderSchema.safeParse({
    pipeline: fields.get('pipeline'),
    options,
    ...(fields.has('priority') && { priority: fields.get('priority') }),
    ...(fields.has('name') && { name: fields.get('name') }),
  });
  if (parsed.success) return parsed.data;
  throw new InvalidRequestError(
    parsed.error.issues.map((issue) => ({ pointer: `/${issue.path.join('/')}`, detail: issue.message })),
  );
}

const digestOf = (file: ReceivedFile): string =>
  file.stored instanceof MillraceError ? file.stored.code : file.stored.sha256;

/** A stored file becomes work; one that was refused on the way is answered with its problem. */
function accept(context: ApiContext, batchId: string, file: ReceivedFile): Promise<AcceptedFile> {
  const { name, stored } = file;
  if (stored instanceof MillraceError)
    return Promise.resolve({ name, problem: problemOfCode(stored.code, stored.message, stored.details) });
  return context.intake.importFile({ batchId, name, sha256: stored.sha256, sizeBytes: stored.sizeBytes });
}

async function addFiles(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<PlainAnswer> {
  const operation = operations.addFileToBatch;
  const { id: batchId } = operation.params.parse(request.params);
  const { name } = operation.query.parse(request.query);
  const key = idempotencyKeyOf(request.headers['idempotency-key']);
  // Asked before the bytes come: nobody should send 2 GB to a batch that is not there.
  if (!batchExists(context.catalog, batchId)) throw new MillraceError('not_found', 'There is no such batch.');
  const maxBytes = context.settings().maxUploadBytes;

  checkRoom(context.dataDir, Number(request.headers['content-length'] ?? 0), 'intake');
  if (!request.isMultipart()) {
    if (name === undefined) throw new InvalidRequestError([{ pointer: '/query/name', detail: 'the file’s name' }]);
    await checkAnnounced(request, context.dataDir, maxBytes);
    const stored = await receiveBody(request, context.blobs, { maxBytes });
    const file: ReceivedFile = { name, field: '', stored };
    return answerOnce(context.idempotency, key, ['addFileToBatch', batchId, name, stored.sha256], reply, async () => ({
      status: operation.status,
      value: { files: [await accept(context, batchId, file)] },
    }));
  }
  const ignoreField = (): void => {};
  if (key === null) {
    const files = await receiveForm(request, context.blobs, maxBytes, ignoreField, (file) =>
      accept(context, batchId, file),
    );
    return { status: operation.status, value: { files } };
  }
  // With a key nothing may be made of the files before it is known that this request was not answered already.
  const received = await receiveForm(request, context.blobs, maxBytes, ignoreField, async (file) => file);
  const identity = ['addFileToBatch', batchId, received.map((file) => [file.name, digestOf(file)])];
  return answerOnce(context.idempotency, key, identity, reply, async () => ({
    status: operation.status,
    value: { files: await Promise.all(received.map((file) => accept(context, batchId, file))) },
  }));
}

/** Without a key: the batch is made at the first file, and files become work as they arrive. */
async function submitAsItComes(context: ApiContext, request: FastifyRequest, maxBytes: number): Promise<unknown> {
  const fields = new Map<string, string>();
  let batch: Promise<Batch> | undefined;
  const begin = (): Promise<Batch> => {
    batch ??= Promise.resolve().then(() => context.intake.createBatch(orderOf(fields)));
    return batch;
  };
  const files = await receiveForm(
    request,
    context.blobs,
    maxBytes,
    (name, value) => void fields.set(name, value),
    async (file) => accept(context, (await begin()).id, file),
  );
  return { batch: await begin(), files };
}

async function submitFiles(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<PlainAnswer> {
  const { status } = operations.submitFiles;
  if (!request.isMultipart())
    throw new MillraceError('media_type_unsupported', 'Send a form (multipart/form-data): fields first, then files.');
  const key = idempotencyKeyOf(request.headers['idempotency-key']);
  const maxBytes = context.settings().maxUploadBytes;
  checkRoom(context.dataDir, Number(request.headers['content-length'] ?? 0), 'intake');
  if (key === null) return { status, value: await submitAsItComes(context, request, maxBytes) };

  const fields = new Map<string, string>();
  const received = await receiveForm(
    request,
    context.blobs,
    maxBytes,
    (name, value) => void fields.set(name, value),
    async (file) => file,
  );
  const identity = ['submitFiles', [...fields], received.map((file) => [file.name, digestOf(file)])];
  return answerOnce(context.idempotency, key, identity, reply, async () => {
    const batch = await context.intake.createBatch(orderOf(fields));
    return {
      status,
      value: { batch, files: await Promise.all(received.map((file) => accept(context, batch.id, file))) },
    };
  });
}

const batchAnswer = z.object({ batch: z.object({ id: z.string() }) });

/** The encapsulated app must hand bodies over unread, see http-server. */
export async function uploadRoutes(app: FastifyInstance, context: ApiContext): Promise<void> {
  app.route({
    ...routeOf('addFileToBatch', operations.addFileToBatch),
    handler: async (request, reply) => {
      const { status, value } = await addFiles(context, request, reply);
      const { id } = operations.addFileToBatch.params.parse(request.params);
      return reply.code(status).header('location', `${apiBase}/batches/${id}`).send(value);
    },
  });
  app.route({
    ...routeOf('submitFiles', operations.submitFiles),
    handler: async (request, reply) => {
      const { status, value } = await submitFiles(context, request, reply);
      const { batch } = batchAnswer.parse(value);
      return reply.code(status).header('location', `${apiBase}/batches/${batch.id}`).send(value);
    },
  });
  app.route({
    ...routeOf('putLooseBlob', operations.putLooseBlob),
    handler: async (request, reply) => {
      const { name = 'option' } = operations.putLooseBlob.query.parse(request.query);
      const maxBytes = context.settings().maxUploadBytes;
      await checkAnnounced(request, context.dataDir, maxBytes);
      const { sha256, sizeBytes } = await receiveBody(request, context.blobs, { maxBytes });
      const { mediaType } = await context.intake.recordOptionBlob({ sha256, sizeBytes, name });
      return reply
        .code(operations.putLooseBlob.status)
        .header('location', `${apiBase}/blobs/${sha256}`)
        .send({ sha256, sizeBytes, mediaType });
    },
  });
}
