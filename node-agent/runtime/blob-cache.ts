/**
 * Bytes on this machine's disk, by digest: inputs fetched once, and outputs that the next stage may need here. Bounded; what was
 * not used for longest goes first, what is in use stays. Nothing in it is precious: the hub has it all.
 */
import { renameSync, statSync } from 'node:fs';
import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { blobFile } from '../../common/blob-layout.ts';
import { sha256OfFile } from '../../common/files.ts';
import type { Logger } from '../../common/log.ts';
import { sha256Schema } from '../../contract/ids.ts';
import { type BlobRef, type BlobSource, downloadBlob } from './download.ts';

/** A blob that cannot be evicted until it is released. The file is shared: read only. */
export interface HeldBlob extends BlobRef {
  readonly path: string;
  /** May be called more than once. */
  release(): void;
}

export interface BlobCache {
  /**
   * The blob's file, fetched when it is not there; asked twice at once it is fetched once.
   * @throws as {@link downloadBlob}
   */
  get(blob: BlobRef, signal: AbortSignal): Promise<HeldBlob>;
  /** Takes a finished file (same file system) whose digest is known; the file is gone from `path` afterwards. */
  adopt(path: string, blob: BlobRef): Promise<HeldBlob>;
  /** A blob that is there already, or undefined. */
  hold(sha256: string): HeldBlob | undefined;
  /** Bytes of all that is kept. */
  sizeBytes(): number;
  /** Forgets everything; to be called when nothing is in use any more. */
  wipe(): Promise<void>;
}

export interface BlobCacheOptions {
  readonly dir: string;
  /** At most so much is kept, besides what is in use. */
  readonly maxBytes: number;
  readonly source: BlobSource;
  /** Free bytes of the file system; at most half of what is free (counting the cache's own as free) is used. */
  readonly freeDiskBytes: () => Promise<number>;
  readonly logger: Logger;
}

interface Entry extends BlobRef {
  holders: number;
  /** False for what an earlier process left: its digest is looked at before the first use. */
  verified: boolean;
}

interface Flight {
  readonly done: Promise<Entry>;
  readonly abort: AbortController;
  waiters: number;
}

interface Shelf extends BlobCacheOptions {
  /** Least recently used first. */
  readonly entries: Map<string, Entry>;
  readonly flights: Map<string, Flight>;
  /** Files that are being removed: they must be gone before they are written again. */
  readonly removals: Map<string, Promise<void>>;
  totalBytes: number;
  /** What may be kept now, as the disk was when it was last looked at. */
  limitBytes: number;
  /** Bytes that came since then. */
  newBytes: number;
  evicting: boolean;
}

/** So many new bytes may change what the disk can take. */
const recheckBytes = 256_000_000;

const partialFolder = 'partial';
const folderOf = (dir: string, sha256: string): string => join(dir, sha256.slice(0, 2));

const ignoreMissing = (): void => {};

/** All folders at once, so that no blob has to look for its own. */
async function makeFolders(dir: string): Promise<void> {
  await mkdir(join(dir, partialFolder), { recursive: true });
  for (let at = 0; at < 256; at++) {
    await mkdir(folderOf(dir, at.toString(16).padStart(2, '0'))).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    });
  }
}

/** What an earlier process left, oldest use first. */
async function scan(dir: string): Promise<Entry[]> {
  const found: { entry: Entry; usedMs: number }[] = [];
  for (const folder of await readdir(dir)) {
    if (!/^[0-9a-f]{2}$/.test(folder)) continue;
    for (const name of await readdir(join(dir, folder))) {
      const file = await stat(join(dir, folder, name));
      if (!sha256Schema.safeParse(name).success || !file.isFile()) continue;
      const entry = { sha256: name, sizeBytes: file.size, holders: 0, verified: false };
      found.push({ entry, usedMs: file.mtimeMs });
    }
  }
  return found.sort((a, b) => a.usedMs - b.usedMs).map(({ entry }) => entry);
}

function put(shelf: Shelf, entry: Entry): void {
  const before = shelf.entries.get(entry.sha256);
  if (before) shelf.totalBytes -= before.sizeBytes;
  shelf.entries.delete(entry.sha256);
  shelf.entries.set(entry.sha256, entry);
  shelf.totalBytes += entry.sizeBytes;
  shelf.newBytes += entry.sizeBytes;
}

/** True when the file is there in full; not so when somebody tidied up behind our back. Synchronous: cheaper than a thread's turn. */
function isThere(dir: string, entry: Entry): boolean {
  return statSync(blobFile(dir, entry.sha256), { throwIfNoEntry: false })?.size === entry.sizeBytes;
}

async function drop(shelf: Shelf, entry: Entry): Promise<void> {
  if (shelf.entries.get(entry.sha256) === entry) {
    shelf.entries.delete(entry.sha256);
    shelf.totalBytes -= entry.sizeBytes;
  }
  const removal = rm(blobFile(shelf.dir, entry.sha256), { force: true }).finally(() =>
    shelf.removals.delete(entry.sha256),
  );
  shelf.removals.set(entry.sha256, removal);
  await removal;
}

/** Removes what was not used for longest until the rest fits. */
async function evict(shelf: Shelf): Promise<void> {
  if (shelf.evicting) return;
  shelf.evicting = true;
  try {
    shelf.newBytes = 0;
    shelf.limitBytes = Math.min(shelf.maxBytes, ((await shelf.freeDiskBytes()) + shelf.totalBytes) / 2);
    for (const entry of [...shelf.entries.values()]) {
      if (shelf.totalBytes <= shelf.limitBytes) break;
      if (entry.holders === 0) await drop(shelf, entry);
    }
  } catch (error) {
    shelf.logger.warn({ error }, 'the cache could not be tidied');
  } finally {
    shelf.evicting = false;
  }
}

function holdEntry(shelf: Shelf, entry: Entry): HeldBlob {
  entry.holders++;
  // Most recently used: last.
  shelf.entries.delete(entry.sha256);
  shelf.entries.set(entry.sha256, entry);
  let held = true;
  const { sha256, sizeBytes } = entry;
  return {
    sha256,
    sizeBytes,
    path: blobFile(shelf.dir, sha256),
    release() {
      if (held) entry.holders--;
      held = false;
    },
  };
}

/** The entry when its bytes are what they should be; removes it otherwise. */
async function verify(shelf: Shelf, entry: Entry): Promise<Entry | undefined> {
  if (entry.verified) return entry;
  const path = blobFile(shelf.dir, entry.sha256);
  const digest = await sha256OfFile(path).catch(() => undefined);
  if (digest !== entry.sha256) {
    shelf.logger.warn({ sha256: entry.sha256 }, 'a kept file was damaged and is fetched again');
    await drop(shelf, entry);
    return undefined;
  }
  entry.verified = true;
  // The order of use survives a restart; exact to one process's life.
  const now = new Date();
  await utimes(path, now, now).catch(ignoreMissing);
  return entry;
}

async function obtain(shelf: Shelf, blob: BlobRef, signal: AbortSignal): Promise<Entry> {
  const kept = shelf.entries.get(blob.sha256);
  const good = kept && isThere(shelf.dir, kept) && (await verify(shelf, kept));
  if (good) return good;
  await shelf.removals.get(blob.sha256);
  const paths = {
    path: blobFile(shelf.dir, blob.sha256),
    partialPath: join(shelf.dir, partialFolder, blob.sha256),
  };
  await downloadBlob(blob, paths, shelf.source, signal);
  const entry = { sha256: blob.sha256, sizeBytes: blob.sizeBytes, holders: 0, verified: true };
  put(shelf, entry);
  return entry;
}

function takeOff(shelf: Shelf, blob: BlobRef): Flight {
  const abort = new AbortController();
  const leave = (): void => {
    if (shelf.flights.get(blob.sha256) === flight) shelf.flights.delete(blob.sha256);
  };
  const done = obtain(shelf, blob, abort.signal).finally(leave);
  // Those who wait hear of a failure; when none is left, nobody needs to.
  done.catch(ignoreMissing);
  // Nobody boards a flight that was given up.
  abort.signal.addEventListener('abort', leave, { once: true });
  const flight: Flight = { done, abort, waiters: 0 };
  shelf.flights.set(blob.sha256, flight);
  return flight;
}

/** Waits for the flight; the last one that gives up ends it. */
async function board(flight: Flight, signal: AbortSignal): Promise<Entry> {
  signal.throwIfAborted();
  flight.waiters++;
  let onAbort = ignoreMissing;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([flight.done, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
    flight.waiters--;
    if (flight.waiters === 0 && signal.aborted) flight.abort.abort(signal.reason);
  }
}

/** Opens the cache with what an earlier process left in its folder. */
export async function openBlobCache(options: BlobCacheOptions): Promise<BlobCache> {
  const { dir } = options;
  await makeFolders(dir);
  const shelf: Shelf = {
    ...options,
    entries: new Map(),
    flights: new Map(),
    removals: new Map(),
    totalBytes: 0,
    limitBytes: options.maxBytes,
    newBytes: 0,
    evicting: false,
  };
  for (const entry of await scan(dir)) put(shelf, entry);
  await evict(shelf);
  const keep = (entry: Entry): HeldBlob => {
    const held = holdEntry(shelf, entry);
    if (shelf.totalBytes > shelf.limitBytes || shelf.newBytes > recheckBytes) void evict(shelf);
    return held;
  };

  return {
    async get(blob, signal) {
      const kept = shelf.entries.get(blob.sha256);
      if (kept?.verified && isThere(dir, kept)) return keep(kept);
      // Evicted between landing and being held: once more.
      for (;;) {
        const entry = await board(shelf.flights.get(blob.sha256) ?? takeOff(shelf, blob), signal);
        if (shelf.entries.get(blob.sha256) === entry) return keep(entry);
      }
    },
    async adopt(path, blob) {
      const kept = shelf.entries.get(blob.sha256);
      if (kept?.verified && isThere(dir, kept)) return keep(kept);
      await shelf.removals.get(blob.sha256);
      renameSync(path, blobFile(dir, blob.sha256));
      const entry = { sha256: blob.sha256, sizeBytes: blob.sizeBytes, holders: 0, verified: true };
      put(shelf, entry);
      return keep(entry);
    },
    hold(sha256) {
      const entry = shelf.entries.get(sha256);
      return entry && holdEntry(shelf, entry);
    },
    sizeBytes: () => shelf.totalBytes,
    async wipe() {
      for (const { abort } of shelf.flights.values()) abort.abort(new Error('the cache is being wiped'));
      await Promise.allSettled([...shelf.flights.values()].map(({ done }) => done));
      shelf.entries.clear();
      shelf.totalBytes = 0;
      await rm(dir, { recursive: true, force: true });
      await makeFolders(dir);
    },
  };
}
