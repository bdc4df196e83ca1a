/**
 * What the log needs of a file system, as an interface: tests pass one that fills up, fails to sync, or loses what a power cut
 * would lose. Nothing of the log reaches files in any other way.
 */
import * as fs from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { syncFolder } from '../../common/files.ts';

export type OpenMode = 'read' | 'append' | 'create';

export interface FileSystem {
  makeFolder(dir: string): void;
  /** Names in a folder. */
  list(dir: string): string[];
  /** `append` needs the file to be there; `create` makes it or empties it. @returns a descriptor */
  open(path: string, mode: OpenMode): number;
  sizeOf(fd: number): number;
  /** @returns how many bytes were read into the start of `into`; 0 at the end. */
  read(fd: number, into: Buffer, position: number): number;
  /** Appends. @returns how many bytes were written, which may be fewer. */
  write(fd: number, bytes: Buffer): number;
  /** Appends all of it, away from the calling thread. */
  writeLater(fd: number, bytes: Buffer): Promise<void>;
  truncate(fd: number, sizeBytes: number): void;
  /** Waits until the file's data is on disk. */
  syncNow(fd: number): void;
  sync(fd: number): Promise<void>;
  close(fd: number): void;
  copy(from: string, to: string): void;
  rename(from: string, to: string): Promise<void>;
  /** Does nothing when there is none. */
  remove(path: string): Promise<void>;
  /** Makes names in a folder durable. */
  syncFolder(dir: string): Promise<void>;
}

const FLAGS = { read: 'r', append: fs.constants.O_WRONLY | fs.constants.O_APPEND, create: 'w' } as const;

/** The machine's own files. */
export function realFiles(): FileSystem {
  const write = promisify(fs.write);
  return {
    makeFolder: (dir) => void fs.mkdirSync(dir, { recursive: true }),
    list: (dir) => fs.readdirSync(dir),
    open: (path, mode) => fs.openSync(path, FLAGS[mode]),
    sizeOf: (fd) => fs.fstatSync(fd).size,
    read: (fd, into, position) => fs.readSync(fd, into, 0, into.length, position),
    write: (fd, bytes) => fs.writeSync(fd, bytes),
    async writeLater(fd, bytes) {
      for (let done = 0; done < bytes.length; ) done += (await write(fd, bytes, done)).bytesWritten;
    },
    truncate: (fd, sizeBytes) => fs.ftruncateSync(fd, sizeBytes),
    syncNow: (fd) => fs.fdatasyncSync(fd),
    sync: promisify(fs.fdatasync),
    close: (fd) => fs.closeSync(fd),
    copy: (from, to) => fs.copyFileSync(from, to),
    rename,
    remove: (path) => rm(path, { force: true }),
    syncFolder,
  };
}

/** Appends all of it. @throws the system's error, when part of it may have been written. */
export function writeAll(files: FileSystem, fd: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length; ) done += files.write(fd, bytes.subarray(done));
}

/** A file's bytes. @throws the system's error (ENOENT …). */
export function readWhole(files: FileSystem, path: string): Buffer {
  const fd = files.open(path, 'read');
  try {
    const bytes = Buffer.alloc(files.sizeOf(fd));
    let done = 0;
    while (done < bytes.length) {
      const got = files.read(fd, bytes.subarray(done), done);
      if (got === 0) break;
      done += got;
    }
    return bytes.subarray(0, done);
  } finally {
    files.close(fd);
  }
}

/** Writes a file that is there whole or not at all: temporary file, fsync, rename, fsync of the folder. */
export async function replaceFile(files: FileSystem, dir: string, name: string, bytes: Buffer): Promise<void> {
  const temporary = `${dir}/${name}.tmp`;
  const fd = files.open(temporary, 'create');
  try {
    await files.writeLater(fd, bytes);
    await files.sync(fd);
  } finally {
    files.close(fd);
  }
  await files.rename(temporary, `${dir}/${name}`);
  await files.syncFolder(dir);
}

/** True for the error of a file that is not there. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
