/** Routes of bytes by digest: reading with ranges, thumbnails, tickets for pages, and what nodes put. */
import { readFile } from 'node:fs/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { timestamp } from '../../../common/clock.ts';
import { MillraceError } from '../../../contract/errors.ts';
import { apiBase, operations } from '../../../contract/hub-api.ts';
import { findBlob } from '../catalog/items.ts';
import { answerRange, contentDisposition } from './byte-ranges.ts';
import { callerFrom } from './guards.ts';
import { InvalidRequestError, problemMediaType, problemOfCode } from './problems.ts';
import { bodyBytes, checkAnnounced, receiveBody } from './received-files.ts';
import { type ApiContext, routeOf } from './route-kit.ts';

/** Types that a browser shows without running anything. All others are for saving only. */
const shown =
  /^(image\/(jpeg|png|apng|webp|avif|gif|tiff|bmp)|(audio|video)\/[a-z0-9.+-]+|text\/plain|application\/pdf)$/;
/** Stored bytes are strangers' bytes: whatever they are, nothing in them may run or load anything. */
const guardHeaders = {
  'content-security-policy': "default-src 'none'; sandbox",
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'private, max-age=31536000, immutable',
  vary: 'Authorization',
};
/** Outputs up to this size are sent again rather than resumed, bytes. */
const resumableBytes = 4 << 20;

function checkReading(context: ApiContext, request: FastifyRequest, sha256: string): void {
  const caller = callerFrom(request);
  if (caller.kind === 'node' && caller.nodeId !== null && !context.nodeBlobs.mayReadBlob(caller.nodeId, sha256))
    throw new MillraceError('forbidden', 'No open work of this machine needs these bytes.');
}

async function sendBlob(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { sha256 } = operations.getBlob.params.parse(request.params);
  const { name } = operations.getBlob.query.parse(request.query);
  checkReading(context, request, sha256);
  const sizeBytes = await context.blobs.size(sha256);
  if (sizeBytes === undefined)
    throw new MillraceError(
      callerFrom(request).kind === 'node' ? 'blob_unavailable' : 'not_found',
      'These bytes are not here.',
    );
  const mediaType = findBlob(context.catalog, sha256)?.mediaType ?? 'application/octet-stream';
  const etag = `"${sha256}"`;
  const answer = answerRange(request.headers, etag, sizeBytes);
  reply.headers({ ...guardHeaders, etag, 'accept-ranges': 'bytes' });
  if (answer.status === 304) return reply.code(304).send();
  if (answer.status === 416) {
    const problem = { ...problemOfCode('request_invalid', `The file has ${sizeBytes} bytes.`), status: 416 };
    return reply
      .code(416)
      .headers({ 'content-range': `bytes */${sizeBytes}`, 'cache-control': 'no-store' })
      .type(problemMediaType)
      .send(problem);
  }
  const { status, start, end } = answer;
  if (status === 206) reply.header('content-range', `bytes ${start}-${end}/${sizeBytes}`);
  const inline = name === undefined && shown.test(mediaType);
  reply.code(status).headers({
    'content-type': mediaType,
    'content-length': String(end - start + 1),
    'content-disposition': contentDisposition(inline ? 'inline' : 'attachment', name),
  });
  if (request.method === 'HEAD' || sizeBytes === 0) return reply.send();
  return reply.send(context.blobs.open(sha256, { start, end }));
}

async function sendThumbnail(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { sha256 } = operations.getThumbnail.params.parse(request.params);
  const { size } = operations.getThumbnail.query.parse(request.query);
  const etag = `"${sha256}-${size}"`;
  reply.headers({ ...guardHeaders, etag });
  // The same digest and size is the same picture for ever: a browser that has it needs no file of ours.
  if (answerRange(request.headers, etag, 1).status === 304) return reply.code(304).send();
  return reply.type('image/webp').send(await readFile(await context.previews.thumbnail(sha256, size)));
}

async function receiveOutput(context: ApiContext, request: FastifyRequest) {
  const { sha256 } = operations.putBlob.params.parse(request.params);
  const { nodeId } = callerFrom(request);
  if (nodeId === null || !context.nodeBlobs.mayWriteBlob(nodeId))
    throw new MillraceError('forbidden', 'This machine has no open work.');
  const there = await context.blobs.size(sha256);
  if (there !== undefined) return { status: 200, sha256, sizeBytes: there };
  const maxBytes = context.settings().maxUploadBytes;
  await checkAnnounced(request, context.dataDir, maxBytes, 'output');
  const { 'upload-offset': offsetText = '0', 'content-length': lengthText } = request.headers;
  if (typeof offsetText !== 'string' || !/^\d{1,15}$/.test(offsetText))
    throw new InvalidRequestError([{ pointer: '/headers/upload-offset', detail: 'a number of bytes' }]);
  const offset = Number(offsetText);
  const length = lengthText === undefined ? null : Number(lengthText);
  if (offset === 0 && (length === null || length <= resumableBytes)) {
    const { sizeBytes } = await receiveBody(request, context.blobs, { maxBytes, expectSha256: sha256 });
    return { status: 201, sha256, sizeBytes };
  }
  if (length === null)
    throw new InvalidRequestError([{ pointer: '/headers/content-length', detail: 'is needed to resume an upload' }]);
  const totalBytes = offset + length;
  const appended = await context.blobs.append(sha256, offset, bodyBytes(request), { maxBytes, totalBytes });
  if (!appended.complete) throw new MillraceError('input_digest_mismatch');
  return { status: 201, sha256, sizeBytes: appended.offset };
}

/** The encapsulated app must hand bodies over unread, see http-server. */
export async function blobRoutes(app: FastifyInstance, context: ApiContext): Promise<void> {
  const readers = { nodes: true, ticket: true };
  const getBlob = routeOf('getBlob', operations.getBlob, readers);
  const handler = (request: FastifyRequest, reply: FastifyReply) => sendBlob(context, request, reply);
  app.route({ ...getBlob, exposeHeadRoute: false, handler });
  // Of its own: the library's would read the whole file to throw it away.
  app.route({ ...getBlob, method: 'HEAD', schema: { ...getBlob.schema, hide: true }, handler });
  app.route({
    ...routeOf('getThumbnail', operations.getThumbnail, { ticket: true }),
    handler: (request, reply) => sendThumbnail(context, request, reply),
  });
  app.route({
    ...routeOf('createMediaTicket', operations.createMediaTicket),
    handler: async (_request, reply) => {
      const { ticket, expiresMs } = context.tickets.create();
      return reply.code(201).send({ ticket, expiresAt: timestamp(expiresMs) });
    },
  });
  app.route({
    ...routeOf('putBlob', operations.putBlob),
    handler: async (request, reply) => {
      const { status, sha256, sizeBytes } = await receiveOutput(context, request);
      return reply.code(status).header('location', `${apiBase}/blobs/${sha256}`).send({ sha256, sizeBytes });
    },
  });
  app.route({
    ...routeOf('getBlobOffset', operations.getBlobOffset),
    handler: async (request) => {
      const { sha256 } = operations.getBlobOffset.params.parse(request.params);
      return context.blobs.uploadOffset(sha256);
    },
  });
}
