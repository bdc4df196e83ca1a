/**
 * One blob from the hub into a file: resumed where it was cut, also by an end of this process, and refused unless its digest fits.
 * Small ones stay in memory until they are whole. Knows nothing of what is kept how long.
 */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, writeFileSync } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type ErrorCode, MillraceError } from '../../contract/errors.ts';
import { pause, retryPauseMs } from '../pause.ts';

export interface BlobRef {
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** Opens the blob's bytes from `offset`; may begin at 0 instead and say so. */
export type BlobSource = (
  sha256: string,
  offset: number,
  signal: AbortSignal,
) => Promise<{ readonly offset: number; readonly bytes: AsyncIterable<Uint8Array> }>;

/** Up to this size a blob is gathered in memory and written in one go. */
const smallBytes = 1 << 20;
/** Digests that do not fit, before the bytes are given up. */
const maxMismatches = 2;
/** Answers of a hub that is there but cannot give the bytes now. */
const maxRefusals = 4;

/** Where bytes go until they are whole. */
interface Sink {
  readonly offset: number;
  append(chunk: Uint8Array): Promise<void>;
  /** Forgets all bytes. */
  reset(): Promise<void>;
  digest(): string;
  /** Puts the file into its place. */
  keep(path: string): Promise<void>;
  close(): Promise<void>;
}

function memorySink(): Sink {
  let chunks: Uint8Array[] = [];
  let offset = 0;
  return {
    get offset() {
      return offset;
    },
    async append(chunk) {
      chunks.push(chunk);
      offset += chunk.length;
    },
    async reset() {
      chunks = [];
      offset = 0;
    },
    digest() {
      const hash = createHash('sha256');
      for (const chunk of chunks) hash.update(chunk);
      return hash.digest('hex');
    },
    // Written in place: a file that a crash cut is found out by its digest before its first use. Synchronous: into the page cache,
    // which takes less time than a turn in the thread pool.
    async keep(path) {
      writeFileSync(path, chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, offset));
    },
    close: async () => {},
  };
}

/** Goes on with what an earlier process left in the file. */
async function fileSink(partialPath: string, sizeBytes: number): Promise<Sink> {
  await mkdir(dirname(partialPath), { recursive: true });
  let hash: Hash = createHash('sha256');
  const before = await stat(partialPath).catch(() => undefined);
  let offset = before?.isFile() && before.size <= sizeBytes ? before.size : 0;
  let handle: FileHandle | undefined = await open(partialPath, offset > 0 ? 'r+' : 'w');
  if (offset > 0)
    for await (const chunk of createReadStream(partialPath, { highWaterMark: 1 << 20 })) hash.update(chunk);
  const close = async (): Promise<void> => {
    const opened = handle;
    handle = undefined;
    await opened?.close();
  };
  return {
    get offset() {
      return offset;
    },
    async append(chunk) {
      await handle?.write(chunk, 0, chunk.length, offset);
      hash.update(chunk);
      offset += chunk.length;
    },
    async reset() {
      await handle?.truncate(0);
      hash = createHash('sha256');
      offset = 0;
    },
    digest: () => hash.copy().digest('hex'),
    async keep(path) {
      await close();
      await rename(partialPath, path);
    },
    close,
  };
}

/** Nothing gets better by asking again. */
const final: ReadonlySet<ErrorCode> = new Set(['not_found', 'forbidden', 'request_invalid', 'blob_unavailable']);

/**
 * What a failed try means: goes on after a cut or a refusal, throws when it is hopeless.
 * The hub being away is waited for without end: the signal ends it, when the hub has given the work to somebody else.
 */
function judge(error: unknown, refusals: number): { refused: boolean } {
  if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') throw new MillraceError('disk_full');
  if (!(error instanceof MillraceError)) return { refused: false };
  if (error.code === 'hub_unreachable' || error.code === 'unauthorized' || error.code === 'node_unknown')
    return { refused: false };
  if (final.has(error.code) || refusals >= maxRefusals)
    throw new MillraceError('blob_unavailable', `The hub did not give the bytes: ${error.message}`, undefined, error);
  return { refused: true };
}

async function drain(sink: Sink, bytes: AsyncIterable<Uint8Array>, blob: BlobRef): Promise<void> {
  for await (const chunk of bytes) {
    if (sink.offset + chunk.length > blob.sizeBytes) {
      // More than it can be: these are not the bytes.
      await sink.reset();
      throw new MillraceError('input_digest_mismatch', 'The hub sent more bytes than the file has.');
    }
    await sink.append(chunk);
  }
}

/**
 * Fetches the blob to `path`.
 * @param partialPath where an unfinished large one is kept meanwhile, on the same file system
 * @throws MillraceError blob_unavailable, input_digest_mismatch (twice), disk_full; the signal's reason
 */
export async function downloadBlob(
  blob: BlobRef,
  paths: { readonly path: string; readonly partialPath: string },
  source: BlobSource,
  signal: AbortSignal,
): Promise<void> {
  const sink = blob.sizeBytes <= smallBytes ? memorySink() : await fileSink(paths.partialPath, blob.sizeBytes);
  let mismatches = 0;
  let refusals = 0;
  try {
    for (let tries = 1; ; tries++) {
      const before = sink.offset;
      try {
        if (sink.offset < blob.sizeBytes) {
          const stream = await source(blob.sha256, sink.offset, signal);
          if (stream.offset !== sink.offset) await sink.reset();
          await drain(sink, stream.bytes, blob);
          if (sink.offset === before) throw new MillraceError('not_ready', 'The hub sent nothing.');
        }
        if (sink.offset === blob.sizeBytes) {
          if (sink.digest() === blob.sha256) return await sink.keep(paths.path);
          await sink.reset();
          throw new MillraceError('input_digest_mismatch');
        }
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof MillraceError && error.code === 'input_digest_mismatch') {
          if (++mismatches >= maxMismatches) throw error;
        } else if (judge(error, refusals).refused) refusals++;
      }
      // A cut after some bytes is gone on with at once.
      if (sink.offset > before) tries = 0;
      else await pause(retryPauseMs(tries), signal);
    }
  } catch (error) {
    if (mismatches >= maxMismatches) await rm(paths.partialPath, { force: true });
    throw error instanceof Error && 'code' in error && error.code === 'ENOSPC' ? new MillraceError('disk_full') : error;
  } finally {
    await sink.close();
  }
}
