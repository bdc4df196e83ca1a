/** Writes whole blobs: small ones from memory, large ones through a temporary file, known ones not at all. */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fsync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { chmod, type FileHandle, mkdir, open, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { sha256OfFile } from '../../../common/files.ts';
import { MillraceError } from '../../../contract/errors.ts';
import type { BlobPaths } from './blob-paths.ts';
import type { BlobStore, StoredBlob } from './blob-store.ts';
import { createFolderSync } from './folder-sync.ts';
import { diskError, tooLarge, writeStream } from './write-file.ts';

export interface BlobWriter extends Pick<BlobStore, 'put' | 'adopt' | 'link' | 'size'> {
  /** Names a file of the store whose bytes are on disk after its digest, durably. */
  giveName(from: string, sha256: string): Promise<void>;
}

/** Files up to this size are held in memory until their end, so that known bytes cost no write at all. */
const smallBytes = 256 * 1024;
const readOnly = 0o444;
const fsyncFile = promisify(fsync);

export const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);

export function mismatch(expected: string, actual: string): MillraceError {
  return new MillraceError('input_digest_mismatch', undefined, { expected, actual });
}

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

/**
 * Blobs that this process knows to be on disk for good, so that their folder needs no fsync again; the oldest are forgotten. Their
 * entries are in memory, so a look at the file is cheap: it may have been damaged from outside.
 */
function createKnownBlobs(paths: BlobPaths) {
  const known = new Set<string>();
  return {
    sizeOf: (sha256: string): number | undefined =>
      known.has(sha256) ? statSync(paths.stored(sha256), { throwIfNoEntry: false })?.size : undefined,
    add(sha256: string): void {
      known.add(sha256);
      if (known.size > 10_000) for (const oldest of known) return void known.delete(oldest);
    },
  };
}

/** Gives `work` a new file, which is gone again when it fails. */
async function withTemporary<T>(
  dir: string,
  paths: BlobPaths,
  work: (handle: FileHandle, path: string) => Promise<T>,
): Promise<T> {
  const path = paths.temporary();
  const handle = await open(path, 'wx', readOnly).catch((error: unknown) => {
    throw diskError(error, dir);
  });
  try {
    return await work(handle, path);
  } catch (error) {
    await rm(path, { force: true });
    throw diskError(error, dir);
  } finally {
    await handle.close();
  }
}

/**
 * A small file in few steps: what only touches memory (open, write, close) is done at once, since each trip to the thread pool
 * costs more than it; the disk is waited for off the event loop.
 */
async function writeSmall(
  dir: string,
  path: string,
  pieces: readonly Uint8Array[],
  name: (path: string) => Promise<void>,
): Promise<void> {
  try {
    const file = openSync(path, 'wx', readOnly);
    try {
      for (const piece of pieces) writeAllSync(file, piece);
      await fsyncFile(file);
    } finally {
      closeSync(file);
    }
    await name(path);
  } catch (error) {
    await rm(path, { force: true });
    throw diskError(error, dir);
  }
}

function writeAllSync(file: number, piece: Uint8Array): void {
  for (let written = 0; written < piece.byteLength; ) written += writeSync(file, piece, written);
}

/** Synchronous for small files, for the reason given above. */
const digestOf = async (path: string, sizeBytes: number): Promise<string> =>
  sizeBytes <= smallBytes ? createHash('sha256').update(readFileSync(path)).digest('hex') : sha256OfFile(path);

/** Waits until a finished file's bytes are on disk. */
async function syncFile(path: string): Promise<void> {
  const file = openSync(path, 'r+');
  try {
    await fsyncFile(file);
  } finally {
    closeSync(file);
  }
}

/** Looking up and naming of stored files. */
function createNames(dir: string, paths: BlobPaths) {
  const syncFolder = createFolderSync();
  const size = async (sha256: string): Promise<number | undefined> => {
    try {
      return (await stat(paths.stored(sha256))).size;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  };
  return {
    size,
    /** The bytes are there already. Their entry may be so new that its fsync is still under way, or was cut off by a crash. */
    async isThere(sha256: string, sizeBytes: number): Promise<boolean> {
      if ((await size(sha256)) !== sizeBytes) return false;
      await syncFolder(dirname(paths.stored(sha256)));
      return true;
    },
    async giveName(from: string, sha256: string): Promise<void> {
      const path = paths.stored(sha256);
      try {
        renameSync(from, path);
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') throw error;
        // Somebody removed the folder.
        await mkdir(dirname(path), { recursive: true });
        renameSync(from, path);
        await syncFolder(dir);
      }
      await syncFolder(dirname(path));
    },
  };
}

export function createBlobWriter(dir: string, paths: BlobPaths): BlobWriter {
  const { size: sizeOnDisk, isThere, giveName } = createNames(dir, paths);
  const known = createKnownBlobs(paths);
  const size = async (sha256: string): Promise<number | undefined> => known.sizeOf(sha256) ?? sizeOnDisk(sha256);

  const putSmall = async (pieces: readonly Uint8Array[], sizeBytes: number, expected?: string): Promise<StoredBlob> => {
    const hash = createHash('sha256');
    for (const piece of pieces) hash.update(piece);
    const sha256 = hash.digest('hex');
    if (expected !== undefined && expected !== sha256) throw mismatch(expected, sha256);
    const isKnown = known.sizeOf(sha256) === sizeBytes || (await isThere(sha256, sizeBytes));
    if (!isKnown) {
      await writeSmall(dir, paths.temporary(), pieces, (path) => giveName(path, sha256));
    }
    known.add(sha256);
    return { sha256, sizeBytes, created: !isKnown };
  };

  const putLarge = (bytes: AsyncIterable<Uint8Array>, maxBytes: number, expected?: string): Promise<StoredBlob> =>
    withTemporary(dir, paths, async (handle, path) => {
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

  return {
    size,
    giveName,
    async put(bytes, { maxBytes, expectSha256 }) {
      const iterator = bytes[Symbol.asyncIterator]();
      const start = await readStart(iterator, maxBytes);
      if (start.ended) return putSmall(start.pieces, start.sizeBytes, expectSha256);
      return putLarge(goOn(start.pieces, iterator), maxBytes, expectSha256);
    },
    async adopt(path, { maxBytes }) {
      const sizeBytes = (await stat(path)).size;
      if (sizeBytes > maxBytes) throw tooLarge(maxBytes);
      const sha256 = await sha256OfFile(path);
      if (await isThere(sha256, sizeBytes)) {
        await rm(path, { force: true });
        return { sha256, sizeBytes, created: false };
      }
      await syncFile(path);
      await giveName(path, sha256);
      await chmod(paths.stored(sha256), readOnly);
      return { sha256, sizeBytes, created: true };
    },
    async link(from, sha256) {
      const path = paths.temporary();
      linkSync(from, path);
      try {
        // By its own size: what was said of the file may be wrong.
        const actual = await digestOf(path, statSync(path).size);
        if (actual !== sha256) throw mismatch(sha256, actual);
        await syncFile(path);
        chmodSync(path, readOnly);
        await giveName(path, sha256);
        known.add(sha256);
      } catch (error) {
        await rm(path, { force: true });
        throw diskError(error, dir);
      }
    },
  };
}
