/**
 * Bytes by their digest, `DIR/ab/<sha256>`: hashed while written, there whole or not at all. Knows nothing of names and types.
 * Files are read-only, since others (the central store) hold links to the same bytes.
 */
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import type { Logger } from '../../../common/log.ts';
import { MillraceError } from '../../../contract/errors.ts';
import { blobPaths, tidyPartial } from './blob-paths.ts';
import { createBlobWriter } from './blob-writer.ts';
import { createResumable } from './resumable.ts';

export interface StoredBlob {
  readonly sha256: string;
  readonly sizeBytes: number;
  /** False when the same bytes were there already. */
  readonly created: boolean;
}

export interface BlobStore {
  readonly dir: string;
  /**
   * Stores what `bytes` gives. On disk (file and folder) when it resolves.
   * @throws MillraceError input_too_large, input_digest_mismatch, disk_full
   */
  put(
    bytes: AsyncIterable<Uint8Array>,
    limits: { readonly maxBytes: number; readonly expectSha256?: string },
  ): Promise<StoredBlob>;
  /**
   * Appends to the unfinished upload of this digest; complete when the digest fits.
   * @param offset must be what {@link uploadOffset} says
   * @throws MillraceError upload_offset_mismatch, input_too_large, input_digest_mismatch (the upload begins anew), disk_full
   */
  append(
    sha256: string,
    offset: number,
    bytes: AsyncIterable<Uint8Array>,
    limits: { readonly maxBytes: number; readonly totalBytes?: number },
  ): Promise<{ readonly offset: number; readonly complete: boolean }>;
  /** How much of it is there. A stored blob is complete, and its offset is its size. */
  uploadOffset(sha256: string): Promise<{ readonly complete: boolean; readonly offset: number }>;
  /** Takes a finished file of our own (same file system) into the store; the file is gone afterwards. */
  adopt(path: string, limits: { readonly maxBytes: number }): Promise<StoredBlob>;
  /**
   * Takes a finished file that somebody else keeps (same file system, never written again) by a link of its own, once its digest fits.
   * @throws MillraceError input_digest_mismatch, disk_full; the system's error when there is no such file or no link can be made
   */
  link(path: string, sha256: string): Promise<void>;
  /** Bytes of a stored blob, undefined when there is none. */
  size(sha256: string): Promise<number | undefined>;
  /** Where a stored blob lies. */
  path(sha256: string): string;
  /** @param range first and last byte, both included */
  open(sha256: string, range?: { readonly start: number; readonly end: number }): Readable;
  /** Refuses new writes (`not_ready`) and resolves when none is under way. */
  close(): Promise<void>;
}

export interface BlobStoreOptions {
  /** Folder of the store, one hub's alone. */
  readonly dir: string;
  readonly logger: Logger;
}

/** Lets works run until it is closed, then waits for those under way. */
function createGate() {
  const running = new Set<Promise<unknown>>();
  let closed = false;
  return {
    async pass<T>(work: () => Promise<T>): Promise<T> {
      if (closed) throw new MillraceError('not_ready', 'The hub is stopping.');
      const one = work();
      running.add(one);
      try {
        return await one;
      } finally {
        running.delete(one);
      }
    },
    async close(): Promise<void> {
      closed = true;
      await Promise.allSettled(running);
    },
  };
}

/**
 * Opens the store, makes its folders, and removes what dead processes left.
 * @throws the system's error when the folder cannot be made or read
 */
export async function createBlobStore({ dir, logger }: BlobStoreOptions): Promise<BlobStore> {
  const removed = await tidyPartial(dir, Date.now());
  if (removed > 0) logger.info({ dir, removed }, 'unfinished files removed');
  const paths = blobPaths(dir);
  const writer = createBlobWriter(dir, paths);
  const resumable = createResumable(dir, paths, writer);
  const gate = createGate();
  return {
    dir,
    put: (bytes, limits) => gate.pass(() => writer.put(bytes, limits)),
    append: (sha256, offset, bytes, limits) => gate.pass(() => resumable.append(sha256, offset, bytes, limits)),
    adopt: (path, limits) => gate.pass(() => writer.adopt(path, limits)),
    link: (path, sha256) => gate.pass(() => writer.link(path, sha256)),
    uploadOffset: resumable.offset,
    size: writer.size,
    path: paths.stored,
    open: (sha256, range) => createReadStream(paths.stored(sha256), { ...range, highWaterMark: 256 * 1024 }),
    close: gate.close,
  };
}
