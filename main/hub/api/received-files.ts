/** Reads files from requests into the blob store as they arrive: one octet stream, or a form with any number of parts. */
import type { Readable } from 'node:stream';
// Adds `parts` and `isMultipart` to requests.
import type {} from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { MillraceError } from '../../../contract/errors.ts';
import type { BlobStore, StoredBlob } from '../blobs/blob-store.ts';
import { checkRoom } from '../disk-space.ts';
import { InvalidRequestError } from './problems.ts';

export interface ReceivedFile {
  /** As the sender gave it, path parts and all; intake judges it. */
  readonly name: string;
  readonly field: string;
  /** The error is one of the file's own (`input_too_large`); the rest of the form goes on. */
  readonly stored: StoredBlob | MillraceError;
}

/** Files of a form whose fsync may be under way while the next ones arrive. */
const filesInFlight = 8;
const formLimits = {
  fieldNameSize: 200,
  fieldSize: 65_536,
  fields: 50,
  files: 10_000,
  parts: 10_050,
  headerPairs: 100,
};

/** Bytes without ending the connection when the reader stops: the answer that says why still has to go out. */
const bytesOf = (stream: Readable): AsyncIterable<Uint8Array> => stream.iterator({ destroyOnReturn: false });

/**
 * Refuses a body that is announced too large, for the limit or for the disk, before its first byte.
 * @param what `intake`: while little is left, so that the work at hand can come to its end · `output`: of that work
 * @throws MillraceError input_too_large, disk_full
 */
export async function checkAnnounced(
  request: FastifyRequest,
  dir: string,
  maxBytes: number,
  what: 'intake' | 'output' = 'intake',
): Promise<void> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > maxBytes)
    throw new MillraceError('input_too_large', `The file has more than ${maxBytes} bytes.`, { maxBytes });
  checkRoom(dir, announced, what);
}

/** Stores the request's body. @throws MillraceError input_too_large, input_digest_mismatch, disk_full */
export function receiveBody(
  request: FastifyRequest,
  blobs: BlobStore,
  limits: { readonly maxBytes: number; readonly expectSha256?: string },
): Promise<StoredBlob> {
  return blobs.put(bytesOf(request.raw), limits);
}

/** The request's body, to be read once. */
export function bodyBytes(request: FastifyRequest): AsyncIterable<Uint8Array> {
  return bytesOf(request.raw);
}

/** Failures of one file that say nothing about the next. */
const ownFailure = (error: unknown): MillraceError => {
  if (error instanceof MillraceError && error.code === 'input_too_large') return error;
  throw error;
};

/**
 * Reads a form part by part. Fields are told before the files that come after them.
 * @param onFile gets each file when its bytes are stored; its promises are waited for, in order, and answered
 * @throws MillraceError disk_full, request_invalid (a broken form)
 */
export async function receiveForm<T>(
  request: FastifyRequest,
  blobs: BlobStore,
  maxBytes: number,
  onField: (name: string, value: string) => void,
  onFile: (file: ReceivedFile) => Promise<T>,
): Promise<T[]> {
  const results: Promise<T>[] = [];
  const pending = new Set<Promise<T>>();
  const store = async (name: string, field: string, stream: Readable): Promise<T> => {
    try {
      const stored = await blobs.put(bytesOf(stream), { maxBytes }).catch(ownFailure);
      // What the store did not want is read to its end, or the next part would never come.
      stream.resume();
      return await onFile({ name, field, stored });
    } finally {
      stream.resume();
    }
  };
  for await (const part of request.parts({
    limits: { ...formLimits, fileSize: Number.POSITIVE_INFINITY },
    preservePath: true,
  })) {
    if (part.type === 'field') {
      onField(part.fieldname, typeof part.value === 'string' ? part.value : JSON.stringify(part.value));
      continue;
    }
    const result = store(part.filename ?? '', part.fieldname, part.file);
    results.push(result);
    pending.add(result);
    // A failure is seen below, by those who wait for the results.
    result.catch(() => {}).finally(() => pending.delete(result));
    if (pending.size >= filesInFlight) await Promise.race(pending);
  }
  return Promise.all(results);
}

/** A form's only file, whatever its field is called. @throws InvalidRequestError when there is none, or more */
export async function receiveSingleFile(
  request: FastifyRequest,
  blobs: BlobStore,
  maxBytes: number,
): Promise<{ file: { name: string; stored: StoredBlob }; fields: Map<string, string> }> {
  const fields = new Map<string, string>();
  const files = await receiveForm(
    request,
    blobs,
    maxBytes,
    (name, value) => void fields.set(name, value),
    async (file) => file,
  );
  const [file] = files;
  if (!file || files.length > 1)
    throw new InvalidRequestError([{ pointer: '', detail: `a form with one file; there are ${files.length}` }]);
  if (file.stored instanceof MillraceError) throw file.stored;
  return { file: { name: file.name, stored: file.stored }, fields };
}
