/**
 * Bytes by their digest, `DIR/ab/cd/<sha256>`: hashed while written, there whole or not at all. Knows nothing of names and types.
 * Files are read-only, since others (the central store) hold links to the same bytes.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { sha256OfFile } from '../../../common/files.ts';
import type { Logger } from '../../../common/log.ts';
import { MillraceError } from '../../../contract/errors.ts';
import { blobPaths, makeBlobFolders, tidyPartial } from './blob-paths.ts';
import { createFolderSync } from './folder-sync.ts';
import { diskError, tooLarge, writeStream } from './write-file.ts';

export interface StoredBlob {
  readonly sha256: string;
  readonly sizeBytes: number;
  /** False when the same bytes were there already. */
  readonly created: boolean;
}

export interface BlobStore {
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
  /** Bytes of a stored blob, undefined when there is none. */
  size(sha256: string): Promise<number | undefined>;
  /** Where a stored blob lies. */
  path(sha256: string): string;
  /** @param range first and last byte, both included */
  open(sha256: string, range?: { readonly start: number; readonly end: number }): Readable;
}

export interface BlobStoreOptions {
  /** Folder of the store, one hub's alone. */
  readonly dir: string;
  readonly logger: Logger;
}

/** Files up to this size are held in memory until their end, so that known bytes cost no write at all. */
const smallBytes = 256 * 1024;
const readOnly = 0o444;

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);

/** Reads at most `smallBytes`; `rest` goes on with a larger stream. */
async function readStart(
  iterator: AsyncIterator<Uint8Array>,
  maxBytes: number,
): Promise<{ pieces: Uint8Array[]; sizeBytes: number; ended: boolean }> {
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  while (sizeBytes <= smallBytes) {
    const next = await iterator.next();
    if (next.done) return { pieces, sizeBytes, ended: true };
    pieces.push(next.value);
    sizeBytes += next.value.byteLength;
    if (sizeBytes > maxBytes) {
      await iterator.return?.();
      throw tooLarge(maxBytes);
    }
  }
  return { pieces, sizeBytes, ended: false };
}

async function* goOn(pieces: readonly Uint8Array[], iterator: AsyncIterator<Uint8Array>) {
  try {
    yield* pieces;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
  } finally {
    await iterator.return?.();
  }
}

function mismatch(expected: string, actual: string): MillraceError {
  return new MillraceError('input_digest_mismatch', undefined, { expected, actual });
}

/**
 * Opens the store, makes its folders, and removes what dead processes left.
 * @throws the system's error when the folder cannot be made or read
 */
export async function createBlobStore({ dir, logger }: BlobStoreOptions): Promise<BlobStore> {
  const removed = await tidyPartial(dir, Date.now());
  if (removed > 0) logger.info({ dir, removed }, 'unfinished files removed');
  const paths = blobPaths(dir);
  const syncFolder = createFolderSync();
  const appending = new Set<string>();

  /** The bytes are there already. Their entry may be so new that its fsync is still under way, or was cut off by a crash. */
  const isThere = async (sha256: string, sizeBytes: number): Promise<boolean> => {
    if ((await size(sha256)) !== sizeBytes) return false;
    await syncFolder(dirname(paths.stored(sha256)));
    return true;
  };

  const size = async (sha256: string): Promise<number | undefined> => {
    try {
      return (await stat(paths.stored(sha256))).size;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  };

  /** The file has its bytes on disk; now it gets its name. */
  const giveName = async (from: string, sha256: string): Promise<void> => {
    const path = paths.stored(sha256);
    let fresh: string[] = [];
    try {
      await rename(from, path);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      fresh = await makeBlobFolders(path, dir);
      await rename(from, path);
    }
    await Promise.all([dirname(path), ...fresh].map(syncFolder));
  };

  const withTemporary = async <T>(work: (handle: FileHandle, path: string) => Promise<T>): Promise<T> => {
    const path = paths.temporary();
    const handle = await open(path, 'wx', readOnly);
    try {
      return await work(handle, path);
    } catch (error) {
      await rm(path, { force: true });
      throw diskError(error, dir);
    } finally {
      await handle.close();
    }
  };

  const putSmall = async (pieces: readonly Uint8Array[], sizeBytes: number, expected?: string): Promise<StoredBlob> => {
    const hash = createHash('sha256');
    for (const piece of pieces) hash.update(piece);
    const sha256 = hash.digest('hex');
    if (expected !== undefined && expected !== sha256) throw mismatch(expected, sha256);
    if (await isThere(sha256, sizeBytes)) return { sha256, sizeBytes, created: false };
    return withTemporary(async (handle, path) => {
      if (sizeBytes > 0) await handle.writev([...pieces]);
      await handle.sync();
      await giveName(path, sha256);
      return { sha256, sizeBytes, created: true };
    });
  };

  const putLarge = (bytes: AsyncIterable<Uint8Array>, maxBytes: number, expected?: string): Promise<StoredBlob> =>
    withTemporary(async (handle, path) => {
      const hash = createHash('sha256');
      const sizeBytes = await writeStream(handle, bytes, hash, 0, maxBytes);
      const sha256 = hash.digest('hex');
      if (expected !== undefined && expected !== sha256) throw mismatch(expected, sha256);
      if (await isThere(sha256, sizeBytes)) {
        await rm(path, { force: true });
        return { sha256, sizeBytes, created: false };
      }
      await handle.sync();
      await giveName(path, sha256);
      return { sha256, sizeBytes, created: true };
    });

  const unfinishedSize = async (sha256: string): Promise<number> => {
    try {
      return (await stat(paths.unfinished(sha256))).size;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return 0;
      throw error;
    }
  };

  const appendTo: BlobStore['append'] = async (sha256, offset, bytes, { maxBytes, totalBytes }) => {
    const path = paths.unfinished(sha256);
    const have = await unfinishedSize(sha256);
    if (have !== offset)
      throw new MillraceError('upload_offset_mismatch', `The upload goes on at ${have}, not at ${offset}.`, {
        offset: have,
      });
    const hash = createHash('sha256');
    if (offset > 0) for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(piece);
    const handle = await open(path, offset === 0 ? 'w' : 'r+', 0o644);
    let end: number;
    try {
      end = await writeStream(handle, bytes, hash, offset, Math.min(maxBytes, totalBytes ?? maxBytes));
      const actual = hash.digest('hex');
      if (actual !== sha256) {
        if (totalBytes === undefined || end < totalBytes) return { offset: end, complete: false };
        await rm(path, { force: true });
        throw mismatch(sha256, actual);
      }
      await handle.chmod(readOnly);
      await handle.sync();
    } catch (error) {
      throw diskError(error, dir);
    } finally {
      await handle.close();
    }
    await giveName(path, sha256);
    return { offset: end, complete: true };
  };

  return {
    async put(bytes, { maxBytes, expectSha256 }) {
      const iterator = bytes[Symbol.asyncIterator]();
      const start = await readStart(iterator, maxBytes);
      if (start.ended) return putSmall(start.pieces, start.sizeBytes, expectSha256);
      return putLarge(goOn(start.pieces, iterator), maxBytes, expectSha256);
    },
    async append(sha256, offset, bytes, limits) {
      const stored = await size(sha256);
      if (stored !== undefined) return { offset: stored, complete: true };
      if (appending.has(sha256))
        throw new MillraceError('upload_offset_mismatch', 'Another upload of the same bytes is under way.', {});
      appending.add(sha256);
      try {
        return await appendTo(sha256, offset, bytes, limits);
      } finally {
        appending.delete(sha256);
      }
    },
    async uploadOffset(sha256) {
      const stored = await size(sha256);
      if (stored !== undefined) return { complete: true, offset: stored };
      return { complete: false, offset: await unfinishedSize(sha256) };
    },
    async adopt(path, { maxBytes }) {
      const sizeBytes = (await stat(path)).size;
      if (sizeBytes > maxBytes) throw tooLarge(maxBytes);
      const sha256 = await sha256OfFile(path);
      if (await isThere(sha256, sizeBytes)) {
        await rm(path, { force: true });
        return { sha256, sizeBytes, created: false };
      }
      const handle = await open(path, 'r+');
      try {
        await handle.chmod(readOnly);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await giveName(path, sha256);
      return { sha256, sizeBytes, created: true };
    },
    size,
    path: paths.stored,
    open: (sha256, range) => createReadStream(paths.stored(sha256), { ...range, highWaterMark: 256 * 1024 }),
  };
}
