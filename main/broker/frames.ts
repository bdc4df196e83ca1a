/**
 * Files of frames: the log and the snapshot. A file is a 16-byte header and then frames of [magic u32][length u32][crc u32][payload],
 * little-endian; the CRC-32 covers the payload and is seeded with its length. This module packs, reads and judges damage; it knows
 * nothing of what payloads mean.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';

const FILE_MAGIC = 'MRBROKER';
const FORMAT_VERSION = 1;
export const FILE_HEADER_BYTES = 16;
const FRAME_MAGIC = 0xf7a3514d;
export const FRAME_HEADER_BYTES = 12;
const READ_BYTES = 4 << 20;

/** The first bytes of every file. */
export function fileHeader(): Buffer {
  const header = Buffer.alloc(FILE_HEADER_BYTES);
  header.write(FILE_MAGIC, 'latin1');
  header.writeUInt32LE(FORMAT_VERSION, 8);
  return header;
}

/** A growing buffer of frames waiting to be written. */
export class FrameBuffer {
  private buffer = Buffer.allocUnsafe(1 << 16);
  private used = 0;

  get sizeBytes(): number {
    return this.used;
  }

  /** Appends one frame whose payload is a latin1 string. */
  add(payload: string): void {
    const size = payload.length;
    const start = this.used;
    const end = start + FRAME_HEADER_BYTES + size;
    if (end > this.buffer.length) this.grow(end);
    const { buffer } = this;
    buffer.write(payload, start + FRAME_HEADER_BYTES, 'latin1');
    buffer.writeUInt32LE(FRAME_MAGIC, start);
    buffer.writeUInt32LE(size, start + 4);
    buffer.writeUInt32LE(crc32(buffer.subarray(start + FRAME_HEADER_BYTES, end), size), start + 8);
    this.used = end;
  }

  /** The bytes gathered; valid until the next add. */
  bytes(): Buffer {
    return this.buffer.subarray(0, this.used);
  }

  /** Forgets the first `sizeBytes` bytes: they are written. */
  drop(sizeBytes: number): void {
    if (sizeBytes < this.used) this.buffer.copy(this.buffer, 0, sizeBytes, this.used);
    this.used -= sizeBytes;
    if (this.used === 0 && this.buffer.length > 1 << 22) this.buffer = Buffer.allocUnsafe(1 << 16);
  }

  private grow(needed: number): void {
    const next = Buffer.allocUnsafe(Math.max(needed, this.buffer.length * 2));
    this.buffer.copy(next, 0, 0, this.used);
    this.buffer = next;
  }
}

/** Where reading stopped and why. `end` of a clean file is its size. */
export interface ReadResult {
  /** Offset behind the last whole frame. */
  readonly goodBytes: number;
  readonly sizeBytes: number;
  readonly frames: number;
  readonly trouble: 'none' | 'torn' | 'damaged';
  /** What is wrong, for people; empty when nothing is. */
  readonly reason: string;
}

/**
 * Reads a file and gives each payload to `visit`, in order. A bad frame with no whole frame after it is a torn tail (a write
 * that was cut off); a bad frame with whole frames after it is damage.
 */
export function readFrames(path: string, visit: (payload: Buffer) => void): ReadResult {
  const fd = openSync(path, 'r');
  try {
    const sizeBytes = fstatSync(fd).size;
    const window = new FileWindow(fd, sizeBytes);
    const header = window.at(0, FILE_HEADER_BYTES);
    if (header === undefined)
      return { goodBytes: 0, sizeBytes, frames: 0, trouble: 'torn', reason: 'the file header is cut off' };
    if (!header.equals(fileHeader())) {
      return {
        goodBytes: 0,
        sizeBytes,
        frames: 0,
        trouble: 'damaged',
        reason: 'not a log of this broker, or of another version',
      };
    }
    let offset = FILE_HEADER_BYTES;
    let frames = 0;
    while (offset < sizeBytes) {
      const payload = frameAt(window, offset);
      if (payload === undefined) {
        const next = findFrame(window, offset + 1, sizeBytes);
        const trouble = next === undefined ? 'torn' : 'damaged';
        const reason =
          next === undefined
            ? `the last record is cut off at offset ${offset}`
            : `the record at offset ${offset} is damaged and whole records follow at offset ${next}`;
        return { goodBytes: offset, sizeBytes, frames, trouble, reason };
      }
      visit(payload);
      frames++;
      offset += FRAME_HEADER_BYTES + payload.length;
    }
    return { goodBytes: offset, sizeBytes, frames, trouble: 'none', reason: '' };
  } finally {
    closeSync(fd);
  }
}

/** A sliding view of a file. */
class FileWindow {
  private readonly fd: number;
  private readonly sizeBytes: number;
  private buffer: Buffer = Buffer.alloc(0);
  private start = 0;

  constructor(fd: number, sizeBytes: number) {
    this.fd = fd;
    this.sizeBytes = sizeBytes;
  }

  /** `length` bytes at `offset`, or undefined when the file is shorter. Valid until the next call. */
  at(offset: number, length: number): Buffer | undefined {
    if (offset + length > this.sizeBytes) return undefined;
    if (offset < this.start || offset + length > this.start + this.buffer.length) {
      const want = Math.min(Math.max(length, READ_BYTES), this.sizeBytes - offset);
      const next = Buffer.allocUnsafe(want);
      let got = 0;
      while (got < want) {
        const read = readSync(this.fd, next, got, want - got, offset + got);
        if (read === 0) return undefined;
        got += read;
      }
      this.buffer = next;
      this.start = offset;
    }
    return this.buffer.subarray(offset - this.start, offset - this.start + length);
  }
}

function frameAt(window: FileWindow, offset: number): Buffer | undefined {
  const header = window.at(offset, FRAME_HEADER_BYTES);
  if (header === undefined || header.readUInt32LE(0) !== FRAME_MAGIC) return undefined;
  const size = header.readUInt32LE(4);
  const crc = header.readUInt32LE(8);
  const payload = window.at(offset + FRAME_HEADER_BYTES, size);
  if (payload === undefined || crc32(payload, size) !== crc) return undefined;
  return payload;
}

/** Offset of the first whole frame at or after `from`. */
function findFrame(window: FileWindow, from: number, sizeBytes: number): number | undefined {
  const magic = Buffer.alloc(4);
  magic.writeUInt32LE(FRAME_MAGIC);
  for (let offset = from; offset + FRAME_HEADER_BYTES <= sizeBytes; ) {
    const length = Math.min(1 << 20, sizeBytes - offset);
    const found = window.at(offset, length)?.indexOf(magic) ?? -1;
    if (found < 0) {
      offset += Math.max(1, length - 3);
      continue;
    }
    if (frameAt(window, offset + found) !== undefined) return offset + found;
    offset += found + 1;
  }
  return undefined;
}
