/** What handlers share: typed access to keys, argument access, option parsing, scan replies. */

import { compileGlob } from '../glob.ts';
import type { Database, Entry } from '../keyspace.ts';
import { integer, parseInt64 } from '../numbers.ts';
import { cText, DB_INDEX_RANGE, ErrorReply, INVALID_CURSOR, type Reply, SYNTAX, WRONGTYPE } from '../replies.ts';
import type { Session } from '../session.ts';
import { Deque } from '../structures/deque.ts';
import { Hash } from '../structures/hash.ts';
import { SortedSet } from '../structures/sorted-set.ts';
import { Stream } from '../structures/stream.ts';

/** An argument that arity has proved to be there. */
export function at(argv: readonly string[], index: number): string {
  return argv[index] ?? '';
}

export function upper(argv: readonly string[], index: number): string {
  return (argv[index] ?? '').toUpperCase();
}

export function readString(session: Session, key: string): string | undefined {
  const value = session.db.forRead(key)?.value;
  if (value === undefined || typeof value === 'string') return value;
  throw WRONGTYPE;
}

export function readHash(session: Session, key: string): Hash | undefined {
  const value = session.db.forRead(key)?.value;
  if (value === undefined || value instanceof Hash) return value;
  throw WRONGTYPE;
}

export function readList(session: Session, key: string): Deque | undefined {
  const value = session.db.forRead(key)?.value;
  if (value === undefined || value instanceof Deque) return value;
  throw WRONGTYPE;
}

export function readSet(session: Session, key: string): Set<string> | undefined {
  const value = session.db.forRead(key)?.value;
  if (value === undefined || value instanceof Set) return value;
  throw WRONGTYPE;
}

export function readSortedSet(session: Session, key: string): SortedSet | undefined {
  const value = session.db.forRead(key)?.value;
  if (value === undefined || value instanceof SortedSet) return value;
  throw WRONGTYPE;
}

export function readStream(session: Session, key: string): Stream | undefined {
  const value = session.db.forRead(key)?.value;
  if (value === undefined || value instanceof Stream) return value;
  throw WRONGTYPE;
}

/** A value that is about to change, with its entry. */
export interface Writable<T> {
  readonly entry: Entry;
  readonly value: T;
}

export function writeHash(session: Session, key: string): Writable<Hash> | undefined {
  const entry = session.db.forWrite(key);
  if (entry === undefined) return undefined;
  if (entry.value instanceof Hash) {
    if (entry.value.isCold) session.db.keyspace.hashes.add(entry.value);
    return { entry, value: entry.value };
  }
  throw WRONGTYPE;
}

export function writeList(session: Session, key: string): Writable<Deque> | undefined {
  const entry = session.db.forWrite(key);
  if (entry === undefined) return undefined;
  if (entry.value instanceof Deque) return { entry, value: entry.value };
  throw WRONGTYPE;
}

export function writeSet(session: Session, key: string): Writable<Set<string>> | undefined {
  const entry = session.db.forWrite(key);
  if (entry === undefined) return undefined;
  if (entry.value instanceof Set) return { entry, value: entry.value };
  throw WRONGTYPE;
}

export function writeSortedSet(session: Session, key: string): Writable<SortedSet> | undefined {
  const entry = session.db.forWrite(key);
  if (entry === undefined) return undefined;
  if (entry.value instanceof SortedSet) return { entry, value: entry.value };
  throw WRONGTYPE;
}

export function writeStream(session: Session, key: string): Writable<Stream> | undefined {
  const entry = session.db.forWrite(key);
  if (entry === undefined) return undefined;
  if (entry.value instanceof Stream) return { entry, value: entry.value };
  throw WRONGTYPE;
}

/** The string under `key` that is about to be replaced; put() does the copy-on-write. */
export function stringOf(session: Session, key: string): string | undefined {
  const value = session.db.peek(key)?.value;
  if (value === undefined || typeof value === 'string') return value;
  throw WRONGTYPE;
}

/** Resolves start and stop of LRANGE and its kin against a size; undefined when the range is empty. */
export function clampRange(start: number, stop: number, size: number): { from: number; to: number } | undefined {
  const from = Math.max(start < 0 ? size + start : start, 0);
  const to = Math.min(stop < 0 ? size + stop : stop, size - 1);
  return from > to || from >= size ? undefined : { from, to };
}

/** Options of SCAN, SSCAN, HSCAN and ZSCAN. */
export interface ScanOptions {
  readonly cursor: bigint;
  readonly count: number;
  readonly matches: ((text: string) => boolean) | undefined;
  readonly type: string | undefined;
}

export function scanOptions(argv: readonly string[], first: number, cursor: bigint, typeAllowed: boolean): ScanOptions {
  let count = 10;
  let matches: ScanOptions['matches'];
  let type: string | undefined;
  for (let i = first; i < argv.length; i += 2) {
    const option = upper(argv, i);
    if (i + 1 >= argv.length) throw SYNTAX;
    if (option === 'COUNT') {
      count = integer(at(argv, i + 1));
      if (count < 1) throw SYNTAX;
    } else if (option === 'MATCH') {
      const pattern = at(argv, i + 1);
      matches = pattern === '*' ? undefined : compileGlob(pattern);
    } else if (option === 'TYPE' && typeAllowed) {
      type = at(argv, i + 1).toLowerCase();
    } else {
      throw SYNTAX;
    }
  }
  return { cursor, count, matches, type };
}

/** The cursor is read before the key is looked at, the options after: a missing key answers whatever they are. */
export function scanCursor(text: string): bigint {
  const digits = cText(text);
  if (!/^([+-]?\d{1,20})?$/.test(digits)) throw INVALID_CURSOR;
  const value = BigInt(digits.replace('+', '') || '0');
  if (value > 18446744073709551615n || value < -18446744073709551615n) throw INVALID_CURSOR;
  return BigInt.asUintN(64, value);
}

/** A 32-bit FNV-1a hash: the order in which large collections are scanned, stable whatever is added or removed. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/**
 * One step of scanning a collection's elements. Compact ones (values.ts) come whole. Others are walked in order of the elements'
 * hashes and the cursor is the next hash + 1, so an element that stays throughout is returned whatever else comes or goes, and the
 * cursor needs no state here.
 */
export function scanElements(
  names: Iterable<string>,
  compact: boolean,
  options: ScanOptions,
): { cursor: string; names: string[] } {
  const { matches } = options;
  const wanted = (name: string): boolean => matches === undefined || matches(name);
  if (compact) return { cursor: '0', names: [...names].filter(wanted) };
  const from = options.cursor === 0n ? 0 : Number(options.cursor - 1n);
  const ordered: { hash: number; name: string }[] = [];
  for (const name of names) {
    const hash = hashOf(name);
    if (hash >= from) ordered.push({ hash, name });
  }
  ordered.sort((a, b) => a.hash - b.hash);
  let end = Math.min(options.count, ordered.length);
  while (end > 0 && end < ordered.length && ordered[end]?.hash === ordered[end - 1]?.hash) end++;
  const next = ordered[end];
  return {
    cursor: next === undefined ? '0' : String(next.hash + 1),
    names: ordered
      .slice(0, end)
      .map((each) => each.name)
      .filter(wanted),
  };
}

/** The reply of a scanning command. */
export function scanReply(cursor: string, items: readonly Reply[]): Reply {
  return [cursor, items];
}

const LEAST_INT64 = -(2n ** 63n);

/**
 * A whole number of seconds or milliseconds of EXPIRE and SET as an absolute instant. Undefined when it does not fit 64 bits, or is
 * later than a double can count exactly (the year 287396).
 */
export function expiryInstant(text: string, unitMs: number, baseMs: number): number | undefined {
  const value = parseInt64(text);
  if (value === undefined || value > Number.MAX_SAFE_INTEGER) return undefined;
  if (value < LEAST_INT64 / BigInt(unitMs)) return undefined;
  const instant = Number(value) * unitMs + baseMs;
  return instant <= Number.MAX_SAFE_INTEGER ? Math.max(instant, Number.MIN_SAFE_INTEGER) : undefined;
}

/** Removes fields or members (from the third argument on) of the key in the second; an emptied key goes. @returns how many */
export function removeMembers(
  session: Session,
  argv: readonly string[],
  found: Writable<{ delete(member: string): boolean }> | undefined,
): number {
  if (found === undefined) return 0;
  const key = at(argv, 1);
  const removed = argv.slice(2).filter((member) => found.value.delete(member)).length;
  if (removed > 0) {
    session.db.removeIfEmpty(key, found.entry);
    session.db.changed(key);
  }
  return removed;
}

const INT32_RANGE = new ErrorReply('ERR value is out of range, value must between -2147483648 and 2147483647');

/** The number of a database; `invalid` replaces the errors for what is no 32-bit integer. */
export function databaseIndex(text: string, invalid?: ErrorReply): number {
  const index = integer(text, invalid);
  if (index < -2_147_483_648 || index > 2_147_483_647) throw invalid ?? INT32_RANGE;
  return index;
}

/** The database that an argument names by number. */
export function databaseArgument(session: Session, text: string): Database {
  return databaseAt(session, databaseIndex(text));
}

export function databaseAt(session: Session, index: number): Database {
  const db = session.engine.keyspace.databases[index];
  if (db === undefined) throw DB_INDEX_RANGE;
  return db;
}
