/** One blob from this machine's disk to the hub: resumed where it was cut, skipped when it is there already. */
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { type ErrorCode, MillraceError } from '../contract/errors.ts';
import type { HubClient } from './hub-client.ts';
import { pause, retryPauseMs } from './pause.ts';
import type { BlobRef } from './runtime/download.ts';

export interface UploadSource extends BlobRef {
  readonly path: string;
  /** The same bytes, where they are in memory anyway. */
  readonly bytes?: Uint8Array;
}

type UploadHub = Pick<HubClient, 'uploadOffset' | 'writeBlob'>;

/** Up to this size a blob is sent in one go, without asking first how much is there. */
const smallBytes = 1 << 20;
const maxTries = 3;

/** Failures that pass by themselves: the same request may work later, and nobody's work is to blame. */
const passing: ReadonlySet<ErrorCode> = new Set([
  'hub_unreachable',
  'hub_identity_changed',
  'not_ready',
  'too_many_requests',
  'internal',
  'disk_full',
  'unauthorized',
  'node_unknown',
  'protocol_unsupported',
]);

/** True when the hub is away or cannot now, so that what was to be sent must be kept. */
export function isPassing(error: unknown): boolean {
  return error instanceof MillraceError && passing.has(error.code);
}

async function sendFrom(hub: UploadHub, blob: UploadSource, offset: number, signal?: AbortSignal): Promise<void> {
  const { sha256, path, sizeBytes: totalBytes } = blob;
  if (totalBytes - offset <= smallBytes) {
    const all = blob.bytes ?? (await readFile(path));
    await hub.writeBlob(sha256, { bytes: all.subarray(offset), offset, totalBytes }, signal);
    return;
  }
  const bytes = createReadStream(path, { start: offset, highWaterMark: 256 * 1_024 });
  try {
    await hub.writeBlob(sha256, { bytes, offset, totalBytes }, signal);
  } finally {
    bytes.destroy();
  }
}

/**
 * Sends the blob. A few quick tries, more as long as they bring bytes over.
 * @throws MillraceError; {@link isPassing} tells whether to keep the blob and try later. The signal's reason
 */
export async function uploadBlob(hub: UploadHub, blob: UploadSource, signal?: AbortSignal): Promise<void> {
  let ask = blob.sizeBytes > smallBytes;
  let reached = 0;
  for (let tries = 1; ; tries++) {
    try {
      let offset = 0;
      if (ask) {
        const there = await hub.uploadOffset(blob.sha256, signal);
        if (there.complete) return;
        if (there.offset > reached) tries = 1;
        reached = Math.max(reached, there.offset);
        offset = Math.min(there.offset, blob.sizeBytes);
      }
      return await sendFrom(hub, blob, offset, signal);
    } catch (error) {
      signal?.throwIfAborted();
      const again =
        isPassing(error) ||
        (error instanceof MillraceError &&
          (error.code === 'upload_offset_mismatch' || error.code === 'input_digest_mismatch'));
      if (!again || tries >= maxTries) throw error;
      ask = true;
      await pause(retryPauseMs(tries) / 2, signal);
    }
  }
}
