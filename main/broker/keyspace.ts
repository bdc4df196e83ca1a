/**
 * The data: 16 databases, each a Map from key to entry, with expiry. It owns lookups, replacement, removal, lazy and active expiry and
 * the notice that a key changed; it knows neither commands nor connections. Time is a field that its owner sets before each command,
 * so a command (and a whole script) sees one instant.
 *
 * Invariants: every change of a value goes through forWrite(), put() or remove(), which call `beforeWrite` first (the snapshot's
 * copy-on-write hangs there), except that clear() and swapWith() take away whole maps unchanged; every completed change is reported once by changed(), which counts it in `dirty`. Empty collections
 * do not exist: whoever empties one calls removeIfEmpty().
 */
import type { Deque } from './structures/deque.ts';
import { Hash, HashCooler } from './structures/hash.ts';
import type { SortedSet } from './structures/sorted-set.ts';
import type { Stream } from './structures/stream.ts';

export type Value = string | Deque | Hash | Set<string> | SortedSet | Stream;

/** One key's value. `order` grows with the time of first insertion, survives replacement, and is what SCAN's cursor walks along. */
export class Entry {
  value: Value;
  /** When it expires, on the keyspace's clock; 0 = never. */
  expireAtMs = 0;
  order: number;
  usedAtMs: number;
  /** The snapshot that already holds this entry. */
  savedIn = 0;
  constructor(value: Value, order: number, usedAtMs: number) {
    this.value = value;
    this.order = order;
    this.usedAtMs = usedAtMs;
  }
}

/** What the keyspace tells its owner. */
export interface KeyspaceEvents {
  /** A key was changed, created or removed: for WATCH, blocked clients. */
  changed(db: Database, key: string): void;
  /** Only a stream's consumer groups changed. */
  groupsChanged(db: Database, key: string): void;
  /** A key has expired and was removed: the log must say so. */
  expired(db: Database, key: string): void;
  /** A value is about to change or go. Only called while a snapshot runs. */
  beforeWrite(db: Database, key: string, entry: Entry): void;
}

const WHEEL_SHIFT_MS = 1024;

/** A walk over the keys in order of insertion that can be taken up again. */
export interface KeyWalk {
  readonly entries: Iterator<[string, Entry]>;
  /** Read from `entries` and put back. */
  unread: [string, Entry] | undefined;
}

export class Database {
  readonly index: number;
  readonly keyspace: Keyspace;
  /** Iteration order is ascending `order`. */
  entries = new Map<string, Entry>();
  /** Keys that expire, by the second (1024 ms) in which they do. */
  private wheel = new Map<number, Set<string>>();
  /** Where unfinished scans stand, by cursor, newest last; an accelerator only (see SCAN). */
  readonly scans = new Map<number, KeyWalk>();
  private nextOrder = 1;
  expiring = 0;

  constructor(keyspace: Keyspace, index: number) {
    this.keyspace = keyspace;
    this.index = index;
  }

  /** The entry of a living key, without counting a use. */
  peek(key: string): Entry | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.expireAtMs !== 0 && entry.expireAtMs <= this.keyspace.nowMs && !this.keyspace.loading) {
      this.expire(key, entry);
      return undefined;
    }
    return entry;
  }

  /** The entry of a living key, for reading. */
  forRead(key: string): Entry | undefined {
    const entry = this.peek(key);
    if (entry === undefined) {
      this.keyspace.misses++;
      return undefined;
    }
    this.keyspace.hits++;
    entry.usedAtMs = this.keyspace.nowMs;
    return entry;
  }

  /** The entry of a living key whose value the caller is about to change. */
  forWrite(key: string): Entry | undefined {
    const entry = this.peek(key);
    if (entry === undefined) return undefined;
    entry.usedAtMs = this.keyspace.nowMs;
    if (this.keyspace.snapshotId !== 0) this.keyspace.events.beforeWrite(this, key, entry);
    return entry;
  }

  /** Creates a key that must not exist. */
  create(key: string, value: Value): Entry {
    const entry = new Entry(value, this.nextOrder++, this.keyspace.nowMs);
    entry.savedIn = this.keyspace.snapshotId;
    this.entries.set(key, entry);
    if (value instanceof Hash) this.keyspace.hashes.add(value);
    return entry;
  }

  /** Creates or replaces a key; the expiry goes unless `keepTtl`. */
  put(key: string, value: Value, keepTtl = false): Entry {
    const old = this.forWrite(key);
    if (old === undefined) return this.create(key, value);
    old.value = value;
    if (value instanceof Hash) this.keyspace.hashes.add(value);
    if (!keepTtl && old.expireAtMs !== 0) this.setExpiry(key, old, 0);
    return old;
  }

  /** Removes a key; false when there was none. */
  remove(key: string): boolean {
    const entry = this.forWrite(key);
    if (entry === undefined) return false;
    this.drop(key, entry);
    return true;
  }

  removeIfEmpty(key: string, entry: Entry): void {
    const { value } = entry;
    if (typeof value !== 'string' && 'size' in value && value.size === 0) this.drop(key, entry);
  }

  /** Sets when a key expires (0 = never). */
  setExpiry(key: string, entry: Entry, atMs: number): void {
    if (entry.expireAtMs !== 0) this.unwheel(key, entry.expireAtMs);
    entry.expireAtMs = atMs;
    if (atMs === 0) return;
    const slot = Math.floor(atMs / WHEEL_SHIFT_MS);
    const keys = this.wheel.get(slot);
    if (keys === undefined) this.wheel.set(slot, new Set([key]));
    else keys.add(key);
    this.expiring++;
  }

  /** Reports a change of `key` by a command. */
  changed(key: string): void {
    this.keyspace.dirty++;
    this.keyspace.events.changed(this, key);
  }

  /** Reports a change of a stream's consumer groups, which is none of its content: WATCH does not see it. */
  groupsChanged(key: string): void {
    this.keyspace.dirty++;
    this.keyspace.events.groupsChanged(this, key);
  }

  /** Removes everything at once: the old map is let go whole, and a running snapshot goes on reading it. */
  clear(): void {
    this.entries = new Map();
    this.scans.clear();
    this.wheel = new Map();
    this.expiring = 0;
  }

  /** Exchanges the contents of two databases (SWAPDB). */
  swapWith(other: Database): void {
    [this.entries, other.entries] = [other.entries, this.entries];
    this.scans.clear();
    other.scans.clear();
    [this.wheel, other.wheel] = [other.wheel, this.wheel];
    [this.expiring, other.expiring] = [other.expiring, this.expiring];
    const next = Math.max(this.nextOrder, other.nextOrder);
    this.nextOrder = next;
    other.nextOrder = next;
  }

  /** Removes keys whose time has come, at most `limit`; returns how many. */
  expireDue(limit: number): number {
    const { nowMs } = this.keyspace;
    const current = Math.floor(nowMs / WHEEL_SHIFT_MS);
    let done = 0;
    for (const [slot, keys] of this.wheel) {
      if (slot > current) continue;
      for (const key of keys) {
        const entry = this.entries.get(key);
        if (entry === undefined || entry.expireAtMs > nowMs) continue;
        this.expire(key, entry);
        if (++done >= limit) return done;
      }
    }
    return done;
  }

  private expire(key: string, entry: Entry): void {
    if (this.keyspace.snapshotId !== 0) this.keyspace.events.beforeWrite(this, key, entry);
    this.drop(key, entry);
    this.keyspace.expiredKeys++;
    this.keyspace.events.expired(this, key);
  }

  private drop(key: string, entry: Entry): void {
    this.entries.delete(key);
    if (entry.expireAtMs !== 0) this.unwheel(key, entry.expireAtMs);
  }

  private unwheel(key: string, atMs: number): void {
    const slot = Math.floor(atMs / WHEEL_SHIFT_MS);
    const keys = this.wheel.get(slot);
    if (keys?.delete(key)) this.expiring--;
    if (keys?.size === 0) this.wheel.delete(slot);
  }
}

export class Keyspace {
  readonly databases: readonly Database[];
  readonly events: KeyspaceEvents;
  /** Packs hashes that are not written any more. */
  readonly hashes = new HashCooler();
  /** The instant that the running command sees, in ms since the epoch. */
  nowMs = 0;
  /** Changes so far; a command that leaves it as it was is not logged. */
  dirty = 0;
  /** While the log is replayed nothing expires: its DELs do it. */
  loading = false;
  /** Number of the running snapshot, 0 when none runs. */
  snapshotId = 0;
  hits = 0;
  misses = 0;
  expiredKeys = 0;

  constructor(events: KeyspaceEvents, count = 16) {
    this.events = events;
    this.databases = Array.from({ length: count }, (_, index) => new Database(this, index));
  }

  db(index: number): Database {
    const found = this.databases[index];
    if (found === undefined) throw new RangeError(`no database ${index}`);
    return found;
  }
}
