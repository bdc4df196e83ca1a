/**
 * The log: one record for each unit's effects, written before the unit's reply leaves, and synced as `appendfsync` says.
 *
 * Promises (each has a test): a reply means that the write was issued; with `always` also that it is on disk, in order on its
 * connection, because the whole turn waits for one fdatasync (which is group commit across connections). When a write fails, the
 * part that got through is cut back and writes are refused with MISCONF until it succeeds; what was not written is not acknowledged.
 * After a failed fsync the file is not trusted any more: writes are refused until a fresh snapshot stands in new files.
 */
import { type LoadSummary, loadData } from './aof-load.ts';
import type { EffectLog } from './effect-log.ts';
import type { Engine } from './engine.ts';
import type { FileSystem } from './file-system.ts';
import { FrameBuffer } from './frames.ts';
import { LogFile } from './log-file.ts';
import { LogStatus } from './log-status.ts';
import { currentBoot, type Manifest } from './manifest.ts';
import { type ErrorReply, MISCONF } from './replies.ts';
import { type RewriteHost, rewriteFiles } from './rewrite.ts';

export type AppendFsync = 'always' | 'everysec' | 'no';

export interface Log {
  /** Issues gathered writes; with `always` also syncs. False when something could not be written: nothing of this turn may be acknowledged. */
  flush(): boolean;
  close(): Promise<void>;
}

const SYNC_EVERY_MS = 1000;
/** A write that failed is tried again after this. */
const RETRY_WRITE_MS = 100;
/** A snapshot that writes wait for is tried again soon; one that only saves space as Redis does it: a minute, doubling to an hour. */
const RETRY_NEEDED_MS = { first: 1000, most: 30_000 } as const;
const RETRY_WANTED_MS = { first: 60_000, most: 3_600_000 } as const;
/** From here on a background fsync counts as slow (Redis's figure). */
const SLOW_SYNC_MS = 2000;

export interface LogOptions {
  readonly files: FileSystem;
  /** This boot of the machine. */
  readonly boot?: string;
}

/** Loads the folder into the engine and becomes the engine's log. @throws DataDamage */
export async function openLog(engine: Engine, dir: string, options: LogOptions): Promise<Log> {
  const { files, boot = currentBoot() } = options;
  files.makeFolder(dir);
  const startedMs = engine.clock.monotonicMs();
  const loaded = await loadData(engine, files, dir, boot);
  const tookMs = Math.round(engine.clock.monotonicMs() - startedMs);
  const { records, cutBytes, completedBytes, last } = loaded;
  engine.logger.info({ dir, tookMs, records, bytes: completedBytes + last.sizeBytes, cutBytes }, 'log: loaded');
  const log = new AppendLog(engine, files, dir, loaded);
  engine.log = log;
  return log;
}

class AppendLog implements EffectLog, Log, RewriteHost {
  readonly engine: Engine;
  readonly files: FileSystem;
  readonly dir: string;
  manifest: Manifest;
  file: LogFile;
  writeRefusal: ErrorReply | undefined;
  private readonly frames: FrameBuffer;
  private readonly status: LogStatus;
  private readonly timer: NodeJS.Timeout;
  private readonly cancellation = new AbortController();
  /** Records go to a log that the manifest does not name yet: none may be written. */
  private isDetached = false;
  private rewriting: Promise<boolean> | undefined;
  private baseBytes: number;
  /** Of the snapshot and the logs before the present one. */
  private completedBytes: number;
  private retryWriteAtMs = 0;
  private rewriteNotBeforeMs = 0;

  constructor(engine: Engine, files: FileSystem, dir: string, loaded: LoadSummary) {
    this.engine = engine;
    this.files = files;
    this.dir = dir;
    this.manifest = loaded.manifest;
    this.baseBytes = loaded.baseBytes;
    this.completedBytes = loaded.completedBytes;
    const name = loaded.manifest.logs.at(-1) ?? '';
    this.file = new LogFile(files, `${dir}/${name}`, loaded.last);
    this.frames = new FrameBuffer(loaded.last.salt);
    this.status = new LogStatus(engine.clock);
    this.timer = setInterval(() => this.everySecond(), SYNC_EVERY_MS);
  }

  get info(): Readonly<Record<string, string | number>> {
    return this.status.lines({
      isRefusing: this.writeRefusal !== undefined,
      currentBytes: this.completedBytes + this.file.sizeBytes,
      baseBytes: this.baseBytes,
      pendingBytes: this.frames.sizeBytes,
      isSyncing: this.file.syncingForMs(this.engine.clock.monotonicMs()) > 0,
      dirty: this.engine.keyspace.dirty,
    });
  }

  get lastSaveS(): number {
    return this.status.lastSaveS;
  }

  get mustRewrite(): boolean {
    return this.file.isBroken || this.isDetached;
  }

  get cancelled(): AbortSignal {
    return this.cancellation.signal;
  }

  append(record: string): void {
    if (this.frames.sizeBytes === 0) this.file.markInto(this.frames);
    this.frames.add(record);
  }

  flush(): boolean {
    if (this.frames.sizeBytes === 0) return this.writeRefusal === undefined;
    if (this.mustRewrite) return false;
    const nowMs = this.engine.clock.monotonicMs();
    if (this.writeRefusal !== undefined && nowMs < this.retryWriteAtMs) return false;
    if (this.file.syncingForMs(nowMs) > SLOW_SYNC_MS) this.status.delayedSyncs++;
    try {
      this.file.write(this.frames);
      if (this.engine.config.text('appendfsync') === 'always') this.file.syncNow();
    } catch (error) {
      this.refuse(error);
      return false;
    }
    this.accept();
    return true;
  }

  rewrite(): Promise<boolean> | undefined {
    if (this.rewriting !== undefined) return undefined;
    this.rewriting = this.rewriteAll().finally(() => {
      this.rewriting = undefined;
    });
    return this.rewriting;
  }

  continueIn(next: LogFile): number {
    if (this.mustRewrite) {
      // The snapshot of this instant holds what these records did.
      this.frames.clear();
      this.isDetached = true;
    } else {
      if (!this.flush()) throw new Error('the log cannot be completed, because it cannot be written');
      this.file.seal(this.frames);
    }
    this.file.close();
    this.completedBytes += this.file.sizeBytes;
    this.file = next;
    this.frames.salt = next.salt;
    return this.status.begin(this.engine.keyspace.dirty);
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    this.cancellation.abort(new Error('the broker stops'));
    await this.rewriting;
    await this.file.idle();
    try {
      if (this.flush()) this.file.seal(this.frames);
      else
        this.engine.logger.error({ bytes: this.frames.sizeBytes }, 'log: closed with records that cannot be written');
    } catch (error) {
      this.engine.logger.error({ err: error }, 'log: could not be completed');
    }
    this.file.close();
  }

  private refuse(error: unknown): void {
    if (this.writeRefusal === undefined) {
      const until = this.mustRewrite ? 'a fresh snapshot is on disk' : 'it works again';
      this.engine.logger.error({ err: error }, `log: writing failed, writes are refused until ${until}`);
    }
    this.writeRefusal = MISCONF;
    this.retryWriteAtMs = this.engine.clock.monotonicMs() + RETRY_WRITE_MS;
  }

  private accept(): void {
    if (this.writeRefusal === undefined) return;
    this.writeRefusal = undefined;
    this.engine.logger.info({}, 'log: writing works again');
  }

  private everySecond(): void {
    const { file } = this;
    const nowMs = this.engine.clock.monotonicMs();
    if (!this.mustRewrite && !file.isSynced && this.engine.config.text('appendfsync') === 'everysec') {
      file.sync(nowMs).catch((error: unknown) => this.refuse(error));
    }
    if (nowMs >= this.rewriteNotBeforeMs && (this.mustRewrite || this.hasGrown())) void this.rewrite();
  }

  /** Redis's rule: larger than the minimum, and grown by the percentage since the last snapshot. */
  private hasGrown(): boolean {
    const percentage = this.engine.config.number('auto-aof-rewrite-percentage');
    const sizeBytes = this.completedBytes + this.file.sizeBytes;
    if (percentage === 0 || sizeBytes <= this.engine.config.number('auto-aof-rewrite-min-size')) return false;
    return sizeBytes >= this.baseBytes * (1 + percentage / 100);
  }

  /** True when the new files stand. */
  private async rewriteAll(): Promise<boolean> {
    const { clock, logger } = this.engine;
    const startedMs = clock.monotonicMs();
    try {
      this.baseBytes = await rewriteFiles(this);
    } catch (error) {
      this.rewriteFailed(error);
      return false;
    }
    this.completedBytes = this.baseBytes;
    this.isDetached = false;
    this.rewriteNotBeforeMs = 0;
    this.retryWriteAtMs = 0;
    if (this.frames.sizeBytes > 0) this.flush();
    else if (!this.mustRewrite) this.accept();
    this.status.end(true);
    const tookMs = Math.round(clock.monotonicMs() - startedMs);
    logger.info({ baseBytes: this.baseBytes, tookMs }, 'log: rewritten');
    return true;
  }

  private rewriteFailed(error: unknown): void {
    this.status.end(false);
    if (this.cancelled.aborted) return;
    if (this.mustRewrite) this.refuse(error);
    const { first, most } = this.mustRewrite ? RETRY_NEEDED_MS : RETRY_WANTED_MS;
    const waitMs = Math.min(most, first * 2 ** (this.status.failuresInARow - 1));
    this.rewriteNotBeforeMs = this.engine.clock.monotonicMs() + waitMs;
    this.engine.logger.error({ err: error, waitMs }, 'log: the snapshot failed; it is tried again later');
  }
}
