/**
 * A snapshot of the keyspace at one instant, written while commands go on. Entries are dumped in slices; an entry that a command is
 * about to change is dumped first (Database calls beforeWrite), so the file holds the state of the moment in which it began.
 */

import { dumpEntry } from './dump.ts';
import type { Engine } from './engine.ts';
import { FrameBuffer, fileHeader } from './frames.ts';
import type { Database, Entry } from './keyspace.ts';
import { encodeRequest } from './resp.ts';

const SLICE_MS = 3;
const FRAME_BYTES = 1 << 16;
const FLUSH_BYTES = 1 << 20;

export interface SnapshotSink {
  write(bytes: Buffer): void;
}

/** Runs one snapshot into `sink`; resolves when the last entry was written. Rejects when the sink fails. */
export function runSnapshot(engine: Engine, id: number, sink: SnapshotSink): Promise<void> {
  const { keyspace } = engine;
  const frames = new FrameBuffer();
  let payload = '';
  let payloadDb = 0;

  const write = (): void => {
    sink.write(frames.bytes());
    frames.drop(frames.sizeBytes);
  };
  const closeFrame = (): void => {
    if (payload === '') return;
    frames.add(payload);
    payload = '';
    payloadDb = 0;
    if (frames.sizeBytes >= FLUSH_BYTES) write();
  };
  const save = (db: Database, key: string, entry: Entry): void => {
    if (entry.savedIn === id) return;
    entry.savedIn = id;
    if (db.index !== payloadDb) {
      payload += encodeRequest(['SELECT', String(db.index)]);
      payloadDb = db.index;
    }
    payload += dumpEntry(key, entry);
    if (payload.length >= FRAME_BYTES) closeFrame();
  };
  const all = function* (): IterableIterator<void> {
    for (const db of keyspace.databases) {
      for (const [key, entry] of db.entries) {
        save(db, key, entry);
        yield;
      }
    }
  };

  sink.write(fileHeader());
  keyspace.snapshotId = id;
  engine.beforeWrite = save;
  const steps = all();

  return new Promise<void>((resolve, reject) => {
    let over = false;
    const end = (error?: unknown): void => {
      if (over) return;
      over = true;
      keyspace.snapshotId = 0;
      engine.beforeWrite = () => undefined;
      engine.finishSnapshot = () => undefined;
      if (error === undefined) resolve();
      else reject(error);
    };
    const run = (forMs: number): void => {
      if (over) return;
      const untilMs = engine.clock.monotonicMs() + forMs;
      try {
        for (let count = 1; ; count++) {
          if (steps.next().done) {
            closeFrame();
            write();
            end();
            return;
          }
          if (count % 64 === 0 && engine.clock.monotonicMs() >= untilMs) break;
        }
      } catch (error) {
        end(error);
        return;
      }
      setTimeout(() => run(SLICE_MS), 1);
    };
    engine.finishSnapshot = () => run(Infinity);
    run(SLICE_MS);
  });
}
