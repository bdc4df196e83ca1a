/** Writes a stream into a new file with few calls: pieces are collected, one write is in flight while the next is hashed. */
import type { Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { MillraceError } from '../../../contract/errors.ts';

/** Pieces are written together from so many bytes on. */
const writeBytes = 1 << 18;

/** The error of the table that a failed write stands for; others are handed through. */
export function diskError(error: unknown, folder: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new MillraceError('disk_full', `No room is left on the disk of ${folder}.`, { folder }, error);
}

export function tooLarge(maxBytes: number): MillraceError {
  return new MillraceError('input_too_large', `The file has more than ${maxBytes} bytes.`, { maxBytes });
}

/** Writes all pieces at `position`. @throws the system's error */
export async function writeAll(handle: FileHandle, pieces: readonly Uint8Array[], position: number): Promise<void> {
  const total = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
  const { bytesWritten } = await handle.writev([...pieces], position);
  if (bytesWritten === total) return;
  // A short write happens on a nearly full disk; what is left goes in one more call, which then reports why.
  const rest = Buffer.concat(pieces).subarray(bytesWritten);
  let done = 0;
  while (done < rest.length) {
    const next = await handle.write(rest, done, rest.length - done, position + bytesWritten + done);
    done += next.bytesWritten;
  }
}

/**
 * Appends `bytes` at `position`, feeding `hash`. Reads no faster than the disk takes.
 * @param position where the file ends now, bytes
 * @param maxBytes that the whole file may have
 * @returns the new length. When the source fails, what came before is written and the source's error is thrown.
 * @throws MillraceError input_too_large; the system's error when the disk fails
 */
export async function writeStream(
  handle: FileHandle,
  bytes: AsyncIterable<Uint8Array>,
  hash: Hash,
  position: number,
  maxBytes: number,
): Promise<number> {
  let end = position;
  let pieces: Uint8Array[] = [];
  let collected = 0;
  let inFlight: Promise<void> = Promise.resolve();
  const flush = async (): Promise<void> => {
    await inFlight;
    if (collected === 0) return;
    inFlight = writeAll(handle, pieces, end - collected);
    // Looked at by the next flush; without this a failure meanwhile would count as unhandled.
    inFlight.catch(() => {});
    pieces = [];
    collected = 0;
  };
  try {
    for await (const piece of bytes) {
      end += piece.byteLength;
      if (end > maxBytes) {
        end -= piece.byteLength;
        throw tooLarge(maxBytes);
      }
      hash.update(piece);
      pieces.push(piece);
      collected += piece.byteLength;
      if (collected >= writeBytes) await flush();
    }
  } finally {
    await flush();
    await inFlight;
  }
  return end;
}
