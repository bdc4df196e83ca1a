/** What INFO says of the log and its snapshots, under Redis's names. A snapshot serves as both: BGSAVE and BGREWRITEAOF start the same. */
import type { Clock } from './engine.ts';

/** The moments of one snapshot. */
export interface Snapshotting {
  readonly startedMs: number;
  /** Changes counted by the keyspace up to its instant. */
  readonly dirty: number;
}

export interface LogFigures {
  readonly isRefusing: boolean;
  readonly currentBytes: number;
  readonly baseBytes: number;
  readonly pendingBytes: number;
  readonly isSyncing: boolean;
  readonly dirty: number;
}

export class LogStatus {
  private readonly clock: Clock;
  private running: Snapshotting | undefined;
  private lastTookS = -1;
  private lastWasGood = true;
  private savedDirty = 0;
  private succeeded = 0;
  /** Snapshots failed since the last one that did not. */
  failuresInARow = 0;
  started = 0;
  /** Seconds since the epoch of the last snapshot, or of the start. */
  lastSaveS: number;
  /** Writes issued while a background sync had been running for too long. */
  delayedSyncs = 0;

  constructor(clock: Clock) {
    this.clock = clock;
    this.lastSaveS = Math.floor(clock.nowMs() / 1000);
  }

  /** @returns the snapshot's number. */
  begin(dirty: number): number {
    this.running = { startedMs: this.clock.monotonicMs(), dirty };
    return ++this.started;
  }

  end(isGood: boolean): void {
    const { running } = this;
    this.running = undefined;
    this.lastWasGood = isGood;
    this.failuresInARow = isGood ? 0 : this.failuresInARow + 1;
    if (running === undefined) return;
    this.lastTookS = Math.floor((this.clock.monotonicMs() - running.startedMs) / 1000);
    if (!isGood) return;
    this.succeeded++;
    this.savedDirty = running.dirty;
    this.lastSaveS = Math.floor(this.clock.nowMs() / 1000);
  }

  lines(figures: LogFigures): Readonly<Record<string, string | number>> {
    const isRunning = this.running === undefined ? 0 : 1;
    const status = this.lastWasGood ? 'ok' : 'err';
    const runningS = this.running && Math.floor((this.clock.monotonicMs() - this.running.startedMs) / 1000);
    return {
      rdb_changes_since_last_save: figures.dirty - this.savedDirty,
      rdb_bgsave_in_progress: isRunning,
      rdb_last_save_time: this.lastSaveS,
      rdb_last_bgsave_status: status,
      rdb_last_bgsave_time_sec: this.lastTookS,
      rdb_current_bgsave_time_sec: runningS ?? -1,
      rdb_saves: this.succeeded,
      aof_enabled: 1,
      aof_rewrite_in_progress: isRunning,
      aof_rewrite_scheduled: 0,
      aof_last_rewrite_time_sec: this.lastTookS,
      aof_current_rewrite_time_sec: runningS ?? -1,
      aof_last_bgrewrite_status: status,
      aof_rewrites: this.started,
      aof_rewrites_consecutive_failures: this.failuresInARow,
      aof_last_write_status: figures.isRefusing ? 'err' : 'ok',
      aof_current_size: figures.currentBytes,
      aof_base_size: figures.baseBytes,
      aof_pending_rewrite: 0,
      aof_buffer_length: figures.pendingBytes,
      aof_pending_bio_fsync: figures.isSyncing ? 1 : 0,
      aof_delayed_fsync: this.delayedSyncs,
    };
  }
}
