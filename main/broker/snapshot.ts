/**
 * A snapshot of the keyspace at one instant, written while commands go on. Entries are dumped in short slices; an entry that a command
 * is about to change is dumped first (Database calls beforeWrite), or, when it is large, frozen first and dumped later. The databases'
 * maps themselves are remembered: a map that FLUSHALL drops or SWAPDB moves still holds what it held.
 */
import { freeze, isLarge } from './dump.ts';
import type { Engine } from './engine.ts';
import { FILE_HEADER_BYTES, FrameBuffer, fileHeader, newSalt } from './frames.ts';
import type { Entry } from './keyspace.ts';
import { encodeRequest } from './resp.ts';

const SLICE_MS = 3;
const PAUSE_MS = 1;
const RECORD_BYTES = 1 << 16;
const WRITE_BYTES = 1 << 20;
/** Synced in steps, so that the end does not hold the disk up for the log (Redis does the same). */
const SYNC_EVERY_BYTES = 4 << 20;

export interface SnapshotSink {
  write(bytes: Buffer): Promise<void>;
  /** Waits until all that was written is on disk. */
  sync(): Promise<void>;
}

/** Starts a snapshot of this instant into `sink`. Resolves when it is on disk, with its size; rejects when the sink fails or it is cancelled. */
export function runSnapshot(engine: Engine, id: number, sink: SnapshotSink, cancelled: AbortSignal): Promise<number> {
  const collector = new Collector(engine, id);
  return collector.runInto(sink, cancelled).finally(() => collector.stop());
}

interface FrozenKey {
  readonly dbIndex: number;
  readonly pieces: Iterator<string, undefined>;
}

class Collector {
  private readonly engine: Engine;
  private readonly id: number;
  private readonly frames: FrameBuffer;
  /** The maps of the instant, with the number of their database then. */
  private readonly origins = new Map<ReadonlyMap<string, Entry>, number>();
  private readonly frozen: FrozenKey[] = [];
  private record = '';
  private recordDb = 0;

  constructor(engine: Engine, id: number) {
    this.engine = engine;
    this.id = id;
    this.frames = new FrameBuffer(newSalt());
    for (const db of engine.keyspace.databases) this.origins.set(db.entries, db.index);
    engine.keyspace.snapshotId = id;
    engine.beforeWrite = (db, key, entry) => this.save(this.origins.get(db.entries), key, entry);
  }

  stop(): void {
    this.engine.keyspace.snapshotId = 0;
    this.engine.beforeWrite = () => undefined;
  }

  async runInto(sink: SnapshotSink, cancelled: AbortSignal): Promise<number> {
    const steps = this.steps();
    let sizeBytes = FILE_HEADER_BYTES;
    const write = async (): Promise<void> => {
      const bytes = this.frames.take();
      const before = Math.floor(sizeBytes / SYNC_EVERY_BYTES);
      sizeBytes += bytes.length;
      await sink.write(bytes);
      if (Math.floor(sizeBytes / SYNC_EVERY_BYTES) > before) await sink.sync();
    };
    await sink.write(fileHeader(this.frames.salt));
    while (!this.runSlice(steps)) {
      if (this.frames.sizeBytes >= WRITE_BYTES) await write();
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      cancelled.throwIfAborted();
    }
    this.stop();
    this.closeRecord();
    await write();
    // The mark that completes the file speaks of what is before it, so that goes to disk first.
    await sink.sync();
    this.frames.mark(sizeBytes);
    await write();
    await sink.sync();
    return sizeBytes;
  }

  /** True when all is dumped. */
  private runSlice(steps: Iterator<undefined, undefined>): boolean {
    const { clock } = this.engine;
    const untilMs = clock.monotonicMs() + SLICE_MS;
    for (let count = 1; count % 16 !== 0 || clock.monotonicMs() < untilMs; count++) {
      if (steps.next().done) return true;
    }
    return false;
  }

  private *steps(): Generator<undefined, undefined> {
    for (const [entries, dbIndex] of this.origins) {
      for (const [key, entry] of entries) {
        this.save(dbIndex, key, entry);
        yield;
        yield* this.thaw();
      }
    }
    yield* this.thaw();
  }

  /** Dumps frozen keys, a piece a step. */
  private *thaw(): Generator<undefined, undefined> {
    for (let next = this.frozen.shift(); next !== undefined; next = this.frozen.shift()) {
      for (let piece = next.pieces.next(); !piece.done; piece = next.pieces.next()) {
        this.add(next.dbIndex, piece.value);
        yield;
      }
    }
  }

  private save(dbIndex: number | undefined, key: string, entry: Entry): void {
    if (entry.savedIn === this.id || dbIndex === undefined) return;
    entry.savedIn = this.id;
    const pieces = freeze(key, entry);
    if (isLarge(entry)) {
      this.frozen.push({ dbIndex, pieces });
      return;
    }
    for (let piece = pieces.next(); !piece.done; piece = pieces.next()) this.add(dbIndex, piece.value);
  }

  private add(dbIndex: number, requests: string): void {
    if (dbIndex !== this.recordDb) {
      this.record += encodeRequest(['SELECT', String(dbIndex)]);
      this.recordDb = dbIndex;
    }
    this.record += requests;
    if (this.record.length >= RECORD_BYTES) this.closeRecord();
  }

  private closeRecord(): void {
    if (this.record === '') return;
    this.frames.add(this.record);
    this.record = '';
    this.recordDb = 0;
  }
}
