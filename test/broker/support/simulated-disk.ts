/**
 * A disk in memory that fills up, fails to sync, stops at a chosen operation, and loses at a power cut what was not synced: any sectors
 * of any file, sizes, and any names that no folder sync made durable.
 */
import type { FileSystem, OpenMode } from '../../../main/broker/file-system.ts';

const SECTOR_BYTES = 512;

interface Inode {
  bytes: Buffer;
  /** What is on disk. */
  durable: Buffer;
  /** Bytes before it that a failed sync dropped: later syncs do not write them. */
  droppedBelow: number;
}

type NameChange =
  | { readonly kind: 'link'; readonly name: string; readonly inode: Inode }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string }
  | { readonly kind: 'remove'; readonly name: string };

/** The process is gone: nothing reaches the disk any more. */
export class Stopped extends Error {}

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: simulated`), { code });
}

export class SimulatedDisk implements FileSystem {
  /** Changing operations so far. */
  operations = 0;
  /** The process stops before this operation. */
  stopAt = Infinity;
  freeBytes = Infinity;
  /** How long the operations take that others do not wait for; others go on meanwhile. */
  latencyMs = 0;
  /** Syncs of files whose name contains it fail with EIO. */
  failSyncOf: string | undefined;
  /** Every operation, for people. */
  readonly journal: string[] = [];
  private readonly names = new Map<string, Inode>();
  private durableNames = new Map<string, Inode>();
  private changes: NameChange[] = [];
  private readonly open_ = new Map<number, { readonly inode: Inode; readonly name: string }>();
  private nextFd = 3;

  makeFolder(): void {}

  list(dir: string): string[] {
    return [...this.names.keys()]
      .filter((name) => name.startsWith(`${dir}/`))
      .map((name) => name.slice(dir.length + 1));
  }

  open(path: string, mode: OpenMode): number {
    let inode = this.names.get(path);
    if (mode === 'create') {
      this.step(`create ${path}`);
      if (inode === undefined) {
        inode = { bytes: Buffer.alloc(0), durable: Buffer.alloc(0), droppedBelow: 0 };
        this.names.set(path, inode);
        this.changes.push({ kind: 'link', name: path, inode });
      } else {
        this.freeBytes += inode.bytes.length;
        inode.bytes = Buffer.alloc(0);
        inode.droppedBelow = 0;
      }
    }
    if (inode === undefined) throw failure('ENOENT');
    this.open_.set(this.nextFd, { inode, name: path });
    return this.nextFd++;
  }

  sizeOf(fd: number): number {
    return this.file(fd).inode.bytes.length;
  }

  read(fd: number, into: Buffer, position: number): number {
    return this.file(fd).inode.bytes.copy(into, 0, position);
  }

  write(fd: number, bytes: Buffer): number {
    const { inode, name } = this.file(fd);
    this.step(`write ${name} ${bytes.length}`);
    const fitting = Math.min(bytes.length, this.freeBytes);
    if (fitting === 0 && bytes.length > 0) throw failure('ENOSPC');
    inode.bytes = Buffer.concat([inode.bytes, bytes.subarray(0, fitting)]);
    this.freeBytes -= fitting;
    return fitting;
  }

  async writeLater(fd: number, bytes: Buffer): Promise<void> {
    await this.wait();
    for (let done = 0; done < bytes.length; ) done += this.write(fd, bytes.subarray(done));
  }

  truncate(fd: number, sizeBytes: number): void {
    const { inode, name } = this.file(fd);
    this.step(`truncate ${name} ${sizeBytes}`);
    this.freeBytes += inode.bytes.length - sizeBytes;
    inode.bytes = inode.bytes.subarray(0, sizeBytes);
    inode.droppedBelow = Math.min(inode.droppedBelow, sizeBytes);
  }

  syncNow(fd: number): void {
    const { inode, name } = this.file(fd);
    this.step(`sync ${name}`);
    if (this.failSyncOf !== undefined && name.includes(this.failSyncOf)) {
      // The kernel marks the pages clean all the same: the next sync succeeds without them.
      inode.droppedBelow = inode.bytes.length;
      throw failure('EIO');
    }
    const kept = Buffer.alloc(inode.bytes.length);
    inode.durable.copy(kept);
    inode.bytes.copy(kept, inode.droppedBelow, inode.droppedBelow);
    inode.durable = kept;
  }

  async sync(fd: number): Promise<void> {
    await this.wait();
    this.syncNow(fd);
  }

  close(fd: number): void {
    this.open_.delete(fd);
  }

  copy(from: string, to: string): void {
    const fd = this.open(to, 'create');
    this.write(fd, this.inode(from).bytes);
    this.close(fd);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.wait();
    this.step(`rename ${from} ${to}`);
    const inode = this.inode(from);
    this.names.delete(from);
    this.names.set(to, inode);
    this.changes.push({ kind: 'rename', from, to });
  }

  async remove(path: string): Promise<void> {
    this.step(`remove ${path}`);
    this.freeBytes += this.names.get(path)?.bytes.length ?? 0;
    this.names.delete(path);
    this.changes.push({ kind: 'remove', name: path });
  }

  async syncFolder(dir: string): Promise<void> {
    await this.wait();
    this.step(`sync folder ${dir}`);
    this.durableNames = new Map(this.names);
    this.changes = [];
  }

  /** The bytes of a file, to look at or to spoil. */
  contentOf(path: string): Buffer {
    return this.inode(path).bytes;
  }

  /** The disk after kill -9: all that was written is there. */
  afterKill(): SimulatedDisk {
    const next = new SimulatedDisk();
    for (const [name, inode] of this.names) next.adopt(name, inode.bytes, inode.durable);
    next.durableNames = new Map(next.names);
    return next;
  }

  /** A disk that the power was cut from, one of the many that there may be. */
  afterPowerCut(random: () => number): SimulatedDisk {
    const names = new Map(this.durableNames);
    for (const change of this.changes) {
      if (random() < 0.5) continue;
      if (change.kind === 'link') names.set(change.name, change.inode);
      else if (change.kind === 'remove') names.delete(change.name);
      else {
        const inode = names.get(change.from);
        if (inode === undefined) continue;
        names.delete(change.from);
        names.set(change.to, inode);
      }
    }
    const next = new SimulatedDisk();
    for (const [name, inode] of names) {
      const left = contentAfterPowerCut(inode, random);
      next.adopt(name, left, left);
    }
    next.durableNames = new Map(next.names);
    return next;
  }

  private adopt(name: string, bytes: Buffer, durable: Buffer): void {
    this.names.set(name, { bytes: Buffer.from(bytes), durable: Buffer.from(durable), droppedBelow: 0 });
  }

  private inode(path: string): Inode {
    const inode = this.names.get(path);
    if (inode === undefined) throw failure('ENOENT');
    return inode;
  }

  private file(fd: number): { readonly inode: Inode; readonly name: string } {
    const file = this.open_.get(fd);
    if (file === undefined) throw failure('EBADF');
    return file;
  }

  private async wait(): Promise<void> {
    if (this.latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, this.latencyMs));
  }

  private step(what: string): void {
    if (this.operations >= this.stopAt) throw new Stopped(what);
    this.operations++;
    this.journal.push(what);
  }
}

function contentAfterPowerCut(inode: Inode, random: () => number): Buffer {
  const { durable, bytes } = inode;
  const kind = random();
  if (kind < 0.2) return durable;
  if (kind < 0.35 && inode.droppedBelow === 0) return bytes;
  const low = Math.min(durable.length, bytes.length);
  const high = Math.max(durable.length, bytes.length);
  const size = random() < 0.4 ? high : low + Math.floor(random() * (high - low + 1));
  const left = Buffer.alloc(size);
  durable.copy(left);
  const share = random();
  for (let at = 0; at < size; at += SECTOR_BYTES) {
    if (random() < share)
      bytes.copy(left, Math.max(at, inode.droppedBelow), Math.max(at, inode.droppedBelow), at + SECTOR_BYTES);
  }
  return left;
}
