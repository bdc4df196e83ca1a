/**
 * One log file being written: whole batches of frames appended or nothing, marks of what is on disk, and the knowledge whether the
 * file can still be trusted. When to sync and what a failure means for clients is the business of aof.ts.
 */
import { type FileSystem, writeAll } from './file-system.ts';
import type { FrameBuffer } from './frames.ts';

export interface LogState {
  readonly salt: number;
  readonly sizeBytes: number;
  readonly isSealed: boolean;
}

export class LogFile {
  readonly salt: number;
  private readonly files: FileSystem;
  private readonly fd: number;
  sizeBytes: number;
  /** How much of it is on disk. */
  syncedBytes: number;
  private markedBytes = 0;
  private isSealed: boolean;
  /**
   * After a failed fsync the kernel may have dropped the pages and will not fail again, and after a failed cut the end is unknown:
   * from then on only a new file helps.
   */
  isBroken = false;
  private syncing: Promise<void> | undefined;
  private syncStartedMs = 0;

  /** Opens a file that is on disk as it is. */
  constructor(files: FileSystem, path: string, state: LogState) {
    this.files = files;
    this.salt = state.salt;
    this.isSealed = state.isSealed;
    this.sizeBytes = state.sizeBytes;
    this.syncedBytes = state.sizeBytes;
    this.fd = files.open(path, 'append');
  }

  get isSynced(): boolean {
    return this.syncedBytes === this.sizeBytes;
  }

  /** Puts a mark before the next batch when more is on disk than the last mark says. */
  markInto(frames: FrameBuffer): void {
    if (this.syncedBytes === this.markedBytes) return;
    frames.mark(this.syncedBytes);
    this.markedBytes = this.syncedBytes;
  }

  /** Appends the batch and empties it. @throws the system's error; then the file is as before, or broken. */
  write(frames: FrameBuffer): void {
    const bytes = frames.bytes();
    try {
      writeAll(this.files, this.fd, bytes);
    } catch (error) {
      this.cutBack();
      throw error;
    }
    this.sizeBytes += bytes.length;
    this.isSealed = false;
    frames.clear();
  }

  /** @throws the system's error; then the file is broken. */
  syncNow(): void {
    if (this.isSynced) return;
    try {
      this.files.syncNow(this.fd);
    } catch (error) {
      this.isBroken = true;
      throw error;
    }
    this.syncedBytes = this.sizeBytes;
  }

  /** Syncs in the background what has been written so far; joins a sync that is under way. Rejects as syncNow() throws. */
  sync(nowMs: number): Promise<void> {
    if (this.syncing === undefined) {
      this.syncStartedMs = nowMs;
      this.syncing = this.syncWritten().finally(() => {
        this.syncing = undefined;
      });
    }
    return this.syncing;
  }

  /** Milliseconds that the sync under way has taken; 0 without one. */
  syncingForMs(nowMs: number): number {
    return this.syncing === undefined ? 0 : nowMs - this.syncStartedMs;
  }

  /** Resolves when no sync is under way any more, whatever came of it. */
  async idle(): Promise<void> {
    await this.syncing?.catch(() => undefined);
  }

  /** Completes the file: nothing follows. `frames` must be empty. @throws as write() and syncNow(). */
  seal(frames: FrameBuffer): void {
    this.syncNow();
    if (this.isSealed) return;
    frames.mark(this.sizeBytes);
    this.write(frames);
    this.syncNow();
    this.isSealed = true;
  }

  close(): void {
    this.files.close(this.fd);
  }

  private async syncWritten(): Promise<void> {
    const { sizeBytes } = this;
    try {
      await this.files.sync(this.fd);
    } catch (error) {
      this.isBroken = true;
      throw error;
    }
    this.syncedBytes = Math.max(this.syncedBytes, sizeBytes);
  }

  private cutBack(): void {
    try {
      this.files.truncate(this.fd, this.sizeBytes);
    } catch {
      this.isBroken = true;
    }
  }
}
