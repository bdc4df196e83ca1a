/**
 * The log: one frame for each unit's effects, written before the unit's reply leaves, and synced as `appendfsync` says. It also
 * switches to new files: a snapshot of the moment plus a log of what follows replaces the old pair (manifest.json names the pair).
 *
 * Promises (each has a test): a reply means that the write was issued; with `always` also that it is on disk, in order on its
 * connection, because the whole turn waits for one fdatasync (which is group commit across connections). When a write fails, writes
 * are refused with MISCONF until it succeeds; what was not written is not acknowledged. After a failed fsync the file is not trusted
 * any more (the kernel may have dropped the pages): a fresh snapshot into new files has to succeed first.
 */
import { closeSync, fdatasync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { lockFolder, syncFolder, writeFileAtomic } from '../../common/files.ts';
import { loadData, MANIFEST, type Manifest, readManifest } from './aof-load.ts';
import type { EffectLog, Engine } from './engine.ts';
import { FILE_HEADER_BYTES, FrameBuffer, fileHeader } from './frames.ts';
import { type ErrorReply, MISCONF } from './replies.ts';
import { runSnapshot } from './snapshot.ts';

export type AppendFsync = 'always' | 'everysec' | 'no';

export interface Log {
  /** Issues gathered writes; with `always` also syncs. False when something could not be written: nothing of this turn may be acknowledged. */
  flush(): boolean;
  close(): Promise<void>;
}

const SYNC_EVERY_MS = 1000;
const RETRY_MS = 1000;

/** Opens the folder's log, loads it into the engine and becomes the engine's log. Without a folder nothing is kept. */
export async function openLog(engine: Engine, dir: string | undefined): Promise<Log> {
  if (dir === undefined) return { flush: () => true, close: async () => undefined };
  await mkdir(dir, { recursive: true });
  const unlock = await lockFolder(dir);
  try {
    const startedMs = engine.clock.monotonicMs();
    const manifest = await readManifest(dir);
    const summary = loadData(engine, dir, manifest);
    const tookMs = Math.round(engine.clock.monotonicMs() - startedMs);
    engine.logger.info({ dir, tookMs, ...summary }, 'log: loaded');
    const log = new AppendLog(engine, dir, manifest, summary);
    await log.start();
    engine.log = log;
    return {
      flush: () => log.flush(),
      close: async () => {
        await log.close();
        await unlock();
      },
    };
  } catch (error) {
    await unlock();
    throw error;
  }
}

class AppendLog implements EffectLog {
  private readonly engine: Engine;
  private readonly dir: string;
  private manifest: Manifest;
  private readonly frames = new FrameBuffer();
  private fd = -1;
  private baseBytes: number;
  private logBytes: number;
  private unsynced = false;
  private syncing = false;
  private syncBroken = false;
  /** The file is about to change: no asynchronous fsync may start on the old one. */
  private switching = false;
  private rewriting: Promise<void> | undefined;
  private rewrites = 0;
  private timer: NodeJS.Timeout | undefined;
  private retryAtMs = 0;
  writeRefusal: ErrorReply | undefined;

  constructor(engine: Engine, dir: string, manifest: Manifest, sizes: { baseBytes: number; logBytes: number }) {
    this.engine = engine;
    this.dir = dir;
    this.manifest = manifest;
    this.baseBytes = sizes.baseBytes;
    this.logBytes = sizes.logBytes;
  }

  get info(): Readonly<Record<string, string | number>> {
    return {
      aof_enabled: 1,
      aof_rewrite_in_progress: this.rewriting === undefined ? 0 : 1,
      aof_last_write_status: this.writeRefusal === undefined ? 'ok' : 'err',
      aof_current_size: this.logBytes,
      aof_base_size: this.baseBytes,
      aof_rewrites: this.rewrites,
    };
  }

  async start(): Promise<void> {
    const last = this.manifest.logs.at(-1);
    if (last === undefined) {
      await this.switchLog();
    } else {
      this.fd = openSync(join(this.dir, last), 'a');
      // The header itself may have been cut off with the tail.
      if (this.logBytes === 0) writeSync(this.fd, fileHeader());
    }
    this.timer = setInterval(() => this.everySecond(), SYNC_EVERY_MS);
  }

  append(record: string): void {
    this.frames.add(record);
  }

  flush(): boolean {
    if (this.frames.sizeBytes === 0) return this.writeRefusal === undefined;
    if (this.writeRefusal !== undefined && this.engine.clock.monotonicMs() < this.retryAtMs) return false;
    try {
      while (this.frames.sizeBytes > 0) {
        const written = writeSync(this.fd, this.frames.bytes());
        this.frames.drop(written);
        this.logBytes += written;
        this.unsynced = true;
      }
    } catch (error) {
      this.refuse(error, 'log: writing failed, writes are refused until it works again');
      return false;
    }
    if (this.engine.config.text('appendfsync') === 'always' && !this.syncNow()) return false;
    if (!this.syncBroken) this.writeRefusal = undefined;
    return !this.syncBroken;
  }

  /** Starts a snapshot and a new log, unless that is under way. */
  rewrite(): void {
    if (this.rewriting !== undefined) return;
    this.rewriting = this.rewriteAll()
      .catch((error: unknown) => this.engine.logger.error({ err: error }, 'log: rewriting failed'))
      .finally(() => {
        this.rewriting = undefined;
      });
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    this.engine.finishSnapshot();
    await this.rewriting;
    if (this.flush() && this.unsynced) this.syncNow();
    closeSync(this.fd);
  }

  private syncNow(): boolean {
    try {
      fdatasyncSync(this.fd);
      this.unsynced = false;
      return true;
    } catch (error) {
      this.syncFailed(error);
      return false;
    }
  }

  private syncFailed(error: unknown): void {
    this.syncBroken = true;
    this.refuse(error, 'log: fsync failed, writes are refused until a fresh snapshot is on disk');
  }

  private refuse(error: unknown, message: string): void {
    if (this.writeRefusal === undefined) this.engine.logger.error({ err: error }, message);
    this.writeRefusal = MISCONF;
    this.retryAtMs = this.engine.clock.monotonicMs() + RETRY_MS / 10;
  }

  private everySecond(): void {
    if (this.syncBroken) {
      this.rewrite();
      return;
    }
    if (this.unsynced && !this.syncing && !this.switching && this.engine.config.text('appendfsync') === 'everysec') {
      this.syncing = true;
      this.unsynced = false;
      fdatasync(this.fd, (error) => {
        this.syncing = false;
        if (error !== null) this.syncFailed(error);
      });
    }
    const minimum = this.engine.config.number('auto-aof-rewrite-min-size');
    const percentage = this.engine.config.number('auto-aof-rewrite-percentage');
    const threshold = Math.max(minimum, this.baseBytes * (1 + percentage / 100));
    if (percentage > 0 && this.logBytes > threshold) this.rewrite();
  }

  /** Opens the next log file, listed behind the present ones; from the next write on it is the one that grows. */
  private async switchLog(): Promise<number> {
    const newest = this.manifest.newest + 1;
    const name = `${String(newest).padStart(6, '0')}.log`;
    const handle = await open(join(this.dir, name), 'w');
    await handle.writeFile(fileHeader());
    await handle.sync();
    await handle.close();
    await this.writeManifest({ ...this.manifest, logs: [...this.manifest.logs, name], newest });
    const next = openSync(join(this.dir, name), 'a');
    // From here on without a pause: what is pending belongs to the old file, which ends whole and synced.
    if (this.fd >= 0) {
      if (!this.syncBroken && this.flush()) this.syncNow();
      closeSync(this.fd);
    }
    this.fd = next;
    this.unsynced = false;
    return newest;
  }

  private async rewriteAll(): Promise<void> {
    const startedMs = this.engine.clock.monotonicMs();
    this.switching = true;
    await this.waitForSync();
    const oldFiles = [this.manifest.base, ...this.manifest.logs];
    const newest = await this.switchLog().finally(() => {
      this.switching = false;
    });
    const logName = `${String(newest).padStart(6, '0')}.log`;
    const baseName = `${String(newest).padStart(6, '0')}.base`;
    const temporary = join(this.dir, `${baseName}.tmp`);
    const fd = openSync(temporary, 'w');
    let baseBytes = 0;
    const logStartBytes = this.logBytes;
    try {
      const sink = {
        write: (bytes: Buffer): void => {
          for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
          baseBytes += bytes.length;
        },
      };
      await runSnapshot(this.engine, ++this.rewrites, sink);
      await syncFile(fd);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    } finally {
      closeSync(fd);
    }
    await rename(temporary, join(this.dir, baseName));
    await syncFolder(this.dir);
    await this.writeManifest({ format: 1, base: baseName, logs: [logName], newest });
    this.baseBytes = baseBytes;
    this.logBytes = this.logBytes - logStartBytes + FILE_HEADER_BYTES;
    this.syncBroken = false;
    for (const name of oldFiles) if (name !== null) await rm(join(this.dir, name), { force: true });
    const tookMs = Math.round(this.engine.clock.monotonicMs() - startedMs);
    this.engine.logger.info({ baseBytes, tookMs }, 'log: rewritten');
  }

  /** An asynchronous fsync still uses the file that is about to be closed. */
  private async waitForSync(): Promise<void> {
    while (this.syncing) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  private async writeManifest(manifest: Manifest): Promise<void> {
    await writeFileAtomic(join(this.dir, MANIFEST), `${JSON.stringify(manifest)}\n`);
    this.manifest = manifest;
  }
}

function syncFile(fd: number): Promise<void> {
  return new Promise((resolve, reject) => fdatasync(fd, (error) => (error === null ? resolve() : reject(error))));
}
