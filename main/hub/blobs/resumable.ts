/** Uploads that go on where they were cut off: one unfinished file a digest, kept over restarts, judged by its digest at the end. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, open, rm, stat } from 'node:fs/promises';
import { MillraceError } from '../../../contract/errors.ts';
import type { BlobPaths } from './blob-paths.ts';
import type { BlobStore } from './blob-store.ts';
import { type BlobWriter, codeOf, mismatch } from './blob-writer.ts';
import { diskError, writeStream } from './write-file.ts';

export interface Resumable {
  readonly append: BlobStore['append'];
  readonly offset: BlobStore['uploadOffset'];
}

export function createResumable(dir: string, paths: BlobPaths, writer: BlobWriter): Resumable {
  /** Digests that somebody appends to now. */
  const busy = new Set<string>();

  const unfinishedSize = async (sha256: string): Promise<number> => {
    try {
      return (await stat(paths.unfinished(sha256))).size;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return 0;
      throw error;
    }
  };

  /** @returns the length, and whether these are the bytes of the digest (then they are on disk) */
  const write: BlobStore['append'] = async (sha256, offset, bytes, { maxBytes, totalBytes }) => {
    const path = paths.unfinished(sha256);
    const hash = createHash('sha256');
    if (offset > 0) for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(piece);
    const handle = await open(path, offset === 0 ? 'w' : 'r+', 0o644);
    try {
      const end = await writeStream(handle, bytes, hash, offset, Math.min(maxBytes, totalBytes ?? maxBytes));
      const actual = hash.digest('hex');
      if (actual === sha256) {
        await handle.sync();
        return { offset: end, complete: true };
      }
      if (totalBytes === undefined || end < totalBytes) return { offset: end, complete: false };
      // These can never become the bytes that were promised.
      await rm(path, { force: true });
      throw mismatch(sha256, actual);
    } catch (error) {
      throw diskError(error, dir);
    } finally {
      await handle.close();
    }
  };

  return {
    async append(sha256, offset, bytes, limits) {
      const stored = await writer.size(sha256);
      if (stored !== undefined) return { offset: stored, complete: true };
      if (busy.has(sha256))
        throw new MillraceError('upload_offset_mismatch', 'Another upload of the same bytes is under way.');
      busy.add(sha256);
      try {
        const have = await unfinishedSize(sha256);
        if (have !== offset)
          throw new MillraceError('upload_offset_mismatch', `The upload goes on at ${have}, not at ${offset}.`, {
            offset: have,
          });
        const written = await write(sha256, offset, bytes, limits);
        if (!written.complete) return written;
        await writer.giveName(paths.unfinished(sha256), sha256);
        await chmod(paths.stored(sha256), 0o444);
        return written;
      } finally {
        busy.delete(sha256);
      }
    },
    async offset(sha256) {
      const stored = await writer.size(sha256);
      if (stored !== undefined) return { complete: true, offset: stored };
      return { complete: false, offset: await unfinishedSize(sha256) };
    },
  };
}
