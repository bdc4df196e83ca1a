/** Bytes by their digest, `DIR/ab/cd/<sha256>`: hashed while written, there whole or not at all. Knows nothing of names and types. */
import type { Readable } from 'node:stream';

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
  /** Resolves when no write is under way; writes that come later are refused. */
  close(): Promise<void>;
}
