/**
 * Files of frames: the log and the snapshot. A file is a header and then frames of [magic u32][length u32][crc u32][payload],
 * little-endian; the CRC-32 covers the payload and is seeded with its length and with the file's own random salt, so that a value which
 * holds somebody's frames is never taken for some. A frame is a record, or a mark: "all bytes before offset
 * N of this file were on disk when I was written". Marks tell damage from what a power cut leaves behind: bytes before a later mark's
 * offset were safe, so something has changed them; bytes behind the last mark may be missing or torn in any pattern.
 * This module packs, reads and finds bad frames; it knows nothing of what records mean.
 */
import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { FileSystem } from './file-system.ts';

const FILE_MAGIC = 'MRBROKER';
const FORMAT_VERSION = 2;
const HEADER_TEXT_BYTES = 16;
/** [MRBROKER][version u32][salt u32][crc u32 of what is before it]. */
export const FILE_HEADER_BYTES = HEADER_TEXT_BYTES + 4;
const RECORD_MAGIC = 0xf7a3514d;
const MARK_MAGIC = 0x0c5ceab2;
const FRAME_HEADER_BYTES = 12;
const MARK_BYTES = 8;
const READ_BYTES = 4 << 20;
const START_BYTES = 1 << 16;
const KEEP_BYTES = 1 << 22;

/** The first bytes of a file. */
export function fileHeader(salt: number): Buffer {
  const header = Buffer.alloc(FILE_HEADER_BYTES);
  header.write(FILE_MAGIC, 'latin1');
  header.writeUInt32LE(FORMAT_VERSION, 8);
  header.writeUInt32LE(salt, 12);
  header.writeUInt32LE(crc32(header.subarray(0, HEADER_TEXT_BYTES)), HEADER_TEXT_BYTES);
  return header;
}

/** The salt of a file; undefined when the header is not one. */
function saltOf(header: Buffer): number | undefined {
  const salt = header.readUInt32LE(12);
  return header.equals(fileHeader(salt)) ? salt : undefined;
}

/** The salt of a new file. */
export function newSalt(): number {
  return randomBytes(4).readUInt32LE();
}

function checksum(payload: Buffer, salt: number): number {
  return crc32(payload, (salt ^ payload.length) >>> 0);
}

/** A growing buffer of frames waiting to be written. */
export class FrameBuffer {
  /** Of the file that the frames go to. */
  salt: number;
  private buffer = Buffer.allocUnsafe(START_BYTES);
  private used = 0;

  constructor(salt: number) {
    this.salt = salt;
  }

  get sizeBytes(): number {
    return this.used;
  }

  /** Appends a record: a latin1 string. */
  add(record: string): void {
    const start = this.open(record.length);
    this.buffer.write(record, start + FRAME_HEADER_BYTES, 'latin1');
    this.close(start, RECORD_MAGIC, record.length);
  }

  /** Appends a mark: all bytes of the file before `syncedBytes` are on disk. */
  mark(syncedBytes: number): void {
    const start = this.open(MARK_BYTES);
    this.buffer.writeDoubleLE(syncedBytes, start + FRAME_HEADER_BYTES);
    this.close(start, MARK_MAGIC, MARK_BYTES);
  }

  /** The bytes gathered; valid until the next add. */
  bytes(): Buffer {
    return this.buffer.subarray(0, this.used);
  }

  /** Forgets everything: it is written, or not needed any more. */
  clear(): void {
    this.used = 0;
    if (this.buffer.length > KEEP_BYTES) this.buffer = Buffer.allocUnsafe(START_BYTES);
  }

  /** Hands the gathered bytes over for good and starts anew. */
  take(): Buffer {
    const taken = this.bytes();
    this.buffer = Buffer.allocUnsafe(START_BYTES);
    this.used = 0;
    return taken;
  }

  private open(payloadBytes: number): number {
    const end = this.used + FRAME_HEADER_BYTES + payloadBytes;
    if (end > this.buffer.length) this.grow(end);
    return this.used;
  }

  private close(start: number, magic: number, payloadBytes: number): void {
    const { buffer } = this;
    const end = start + FRAME_HEADER_BYTES + payloadBytes;
    buffer.writeUInt32LE(magic, start);
    buffer.writeUInt32LE(payloadBytes, start + 4);
    buffer.writeUInt32LE(checksum(buffer.subarray(start + FRAME_HEADER_BYTES, end), this.salt), start + 8);
    this.used = end;
  }

  private grow(needed: number): void {
    const next = Buffer.allocUnsafe(Math.max(needed, this.buffer.length * 2));
    this.buffer.copy(next, 0, 0, this.used);
    this.buffer = next;
  }
}

/** The first frame that is not whole, and what lies behind it. */
export interface Trouble {
  readonly offset: number;
  /** Whole records behind it, and where the first of them begins. */
  readonly recordsAfter: number;
  readonly nextWhole: number | undefined;
  /** A later mark says that the bytes at `offset` were on disk once. */
  readonly wasSynced: boolean;
}

export interface ReadResult {
  /** Offset behind the last whole frame before any trouble; 0 when the file header is not whole. */
  readonly goodBytes: number;
  readonly sizeBytes: number;
  readonly records: number;
  /** The last whole frame is a mark of all that is before it: the file was completed. */
  readonly sealed: boolean;
  readonly salt: number;
  readonly trouble: Trouble | undefined;
}

/** Reads a file and gives each record to `visit`, in order, up to the first bad frame. */
export function readFrames(files: FileSystem, path: string, visit: (record: Buffer) => void): ReadResult {
  const fd = files.open(path, 'read');
  try {
    const window = new FileWindow(files, fd);
    const { sizeBytes } = window;
    const header = window.at(0, FILE_HEADER_BYTES);
    const salt = header && saltOf(header);
    if (salt === undefined) {
      // A file is not listed before its header is on disk, so this is never a cut-off write; and without a salt nothing can be read.
      const trouble = { offset: 0, recordsAfter: 0, nextWhole: undefined, wasSynced: true };
      return { goodBytes: 0, sizeBytes, records: 0, sealed: false, salt: 0, trouble };
    }
    window.salt = salt;
    let offset = FILE_HEADER_BYTES;
    let records = 0;
    let sealed = false;
    while (offset < sizeBytes) {
      const frame = frameAt(window, offset);
      if (frame === undefined) {
        return { goodBytes: offset, sizeBytes, records, sealed: false, salt, trouble: troubleAt(window, offset) };
      }
      sealed = frame.markedBytes === offset;
      if (frame.markedBytes === undefined) {
        visit(frame.payload);
        records++;
      }
      offset += FRAME_HEADER_BYTES + frame.payload.length;
    }
    return { goodBytes: offset, sizeBytes, records, sealed, salt, trouble: undefined };
  } finally {
    files.close(fd);
  }
}

/** Looks through the rest of the file: what is whole there, and what it says about `offset`. */
function troubleAt(window: FileWindow, offset: number): Trouble {
  let recordsAfter = 0;
  let nextWhole: number | undefined;
  let wasSynced = false;
  for (let at = findFrame(window, offset + 1); at !== undefined; ) {
    const frame = frameAt(window, at);
    if (frame === undefined) {
      at = findFrame(window, at + 1);
      continue;
    }
    if (frame.markedBytes === undefined) {
      recordsAfter++;
      nextWhole ??= at;
    } else if (frame.markedBytes > offset) {
      wasSynced = true;
    }
    at += FRAME_HEADER_BYTES + frame.payload.length;
  }
  return { offset, recordsAfter, nextWhole, wasSynced };
}

/** A sliding view of a file. */
class FileWindow {
  readonly sizeBytes: number;
  salt = 0;
  private readonly files: FileSystem;
  private readonly fd: number;
  private buffer: Buffer = Buffer.alloc(0);
  private start = 0;

  constructor(files: FileSystem, fd: number) {
    this.files = files;
    this.fd = fd;
    this.sizeBytes = files.sizeOf(fd);
  }

  /** `length` bytes at `offset`, or undefined when the file is shorter. Valid until the next call. */
  at(offset: number, length: number): Buffer | undefined {
    if (offset + length > this.sizeBytes) return undefined;
    if (offset < this.start || offset + length > this.start + this.buffer.length) {
      const want = Math.min(Math.max(length, READ_BYTES), this.sizeBytes - offset);
      const next = Buffer.allocUnsafe(want);
      let got = 0;
      while (got < want) {
        const read = this.files.read(this.fd, next.subarray(got), offset + got);
        if (read === 0) return undefined;
        got += read;
      }
      this.buffer = next;
      this.start = offset;
    }
    return this.buffer.subarray(offset - this.start, offset - this.start + length);
  }
}

interface Frame {
  readonly payload: Buffer;
  /** Of a mark: how much of the file was on disk. */
  readonly markedBytes: number | undefined;
}

function frameAt(window: FileWindow, offset: number): Frame | undefined {
  const header = window.at(offset, FRAME_HEADER_BYTES);
  if (header === undefined) return undefined;
  const magic = header.readUInt32LE(0);
  if (magic !== RECORD_MAGIC && magic !== MARK_MAGIC) return undefined;
  const size = header.readUInt32LE(4);
  const crc = header.readUInt32LE(8);
  const payload = window.at(offset + FRAME_HEADER_BYTES, size);
  if (payload === undefined || checksum(payload, window.salt) !== crc) return undefined;
  if (magic === RECORD_MAGIC) return { payload, markedBytes: undefined };
  return size === MARK_BYTES ? { payload, markedBytes: payload.readDoubleLE(0) } : undefined;
}

const RECORD_START = Buffer.from(Uint32Array.of(RECORD_MAGIC).buffer);
const MARK_START = Buffer.from(Uint32Array.of(MARK_MAGIC).buffer);

/** Offset of the first thing at or after `from` that looks like a frame. */
function findFrame(window: FileWindow, from: number): number | undefined {
  const { sizeBytes } = window;
  for (let offset = from; offset + FRAME_HEADER_BYTES <= sizeBytes; ) {
    const length = Math.min(1 << 20, sizeBytes - offset);
    const bytes = window.at(offset, length);
    const starts = [bytes?.indexOf(RECORD_START) ?? -1, bytes?.indexOf(MARK_START) ?? -1].filter((at) => at >= 0);
    if (starts.length > 0) return offset + Math.min(...starts);
    offset += Math.max(1, length - 3);
  }
  return undefined;
}
