/** The generic commands: keys whatever their type. SORT is in sort.ts. */
import { declareCommands, type Handler } from '../command.ts';
import { compileGlob } from '../glob.ts';
import type { Database, Entry, Value } from '../keyspace.ts';
import { integer, parseInt64 } from '../numbers.ts';
import * as replies from '../replies.ts';
import { err, invalidExpire, OK, type Reply, Status, SYNTAX } from '../replies.ts';
import type { Session } from '../session.ts';
import { copyValue, encodingOf, typeOf } from '../values.ts';
import { sortHandlers } from './sort.ts';
import { at, expiryInstant, scanOptions, scanReply, upper } from './support.ts';

const TABLE = `
copy | -3 | write denyoom | R1 W2 | keyspace | 6.2.0 | O(N) worst case for collections | integer | Copy a key
del | -2 | write | W1,-1,1 | keyspace | 1.0.0 | O(N) | integer | Delete a key
exists | -2 | readonly fast | N1,-1,1 | keyspace | 1.0.0 | O(N) | integer | Determine if a key exists
expire | -3 | write fast | W1 | keyspace | 1.0.0 | O(1) | integer | Set a key's time to live in seconds
expireat | -3 | write fast | W1 | keyspace | 1.2.0 | O(1) | integer | Set the expiration for a key as a UNIX timestamp
expiretime | 2 | readonly fast | R1 | keyspace | 7.0.0 | O(1) | integer | Get the expiration Unix timestamp for a key
keys | 2 | readonly | - | keyspace dangerous | 1.0.0 | O(N) | array | Find all keys matching the given pattern
move | 3 | write fast | B1 | keyspace | 1.0.0 | O(1) | integer | Move a key to another database
object | -2 | - | - | - | 2.2.3 | Depends on subcommand | container | A container for object introspection commands
object|encoding | 3 | readonly | N2 | keyspace | 2.2.3 | O(1) | bulk or null | Inspect the internal encoding of a Redis object
object|freq | 3 | readonly | N2 | keyspace | 4.0.0 | O(1) | integer | Get the logarithmic access frequency counter of a Redis object
object|idletime | 3 | readonly | N2 | keyspace | 2.2.3 | O(1) | integer | Get the time since a Redis object was last accessed
object|refcount | 3 | readonly | N2 | keyspace | 2.2.3 | O(1) | integer | Get the number of references to the value of the key
persist | 2 | write fast | W1 | keyspace | 2.2.0 | O(1) | integer | Remove the expiration from a key
pexpire | -3 | write fast | W1 | keyspace | 2.6.0 | O(1) | integer | Set a key's time to live in milliseconds
pexpireat | -3 | write fast | W1 | keyspace | 2.6.0 | O(1) | integer | Set the expiration for a key as a UNIX timestamp specified in milliseconds
pexpiretime | 2 | readonly fast | R1 | keyspace | 7.0.0 | O(1) | integer | Get the expiration Unix timestamp for a key in milliseconds
pttl | 2 | readonly fast | R1 | keyspace | 2.6.0 | O(1) | integer | Get the time to live for a key in milliseconds
randomkey | 1 | readonly | - | keyspace | 1.0.0 | O(1) | bulk or null | Return a random key from the keyspace
rename | 3 | write | B1 W2 | keyspace | 1.0.0 | O(1) | status | Rename a key
renamenx | 3 | write fast | B1 W2 | keyspace | 1.0.0 | O(1) | integer | Rename a key, only if the new key does not exist
scan | -2 | readonly | - | keyspace | 2.8.0 | O(1) | cursor and array | Incrementally iterate the keys space
sort | -2 | write denyoom | R1 Wstore | set sortedset list dangerous | 1.0.0 | O(N+M*log(M)) | array | Sort the elements in a list, set or sorted set
sort_ro | -2 | readonly | R1 | set sortedset list dangerous | 7.0.0 | O(N+M*log(M)) | array | Sort the elements in a list, set or sorted set. Read-only variant of SORT
touch | -2 | readonly fast | N1,-1,1 | keyspace | 3.2.1 | O(N) | integer | Alters the last access time of a key(s). Returns the number of existing keys specified
ttl | 2 | readonly fast | R1 | keyspace | 1.0.0 | O(1) | integer | Get the time to live for a key in seconds
type | 2 | readonly fast | N1 | keyspace | 1.0.0 | O(1) | status | Determine the type stored at key
unlink | -2 | write fast | W1,-1,1 | keyspace | 4.0.0 | O(1) | integer | Delete a key asynchronously in another thread. Otherwise it is just as DEL, but non blocking
wait | 3 | noscript | - | connection | 3.0.0 | O(1) | integer | Wait for the synchronous replication of all the write commands sent in the context of the current connection
`;

const del: Handler = (session, argv) => {
  let removed = 0;
  for (let i = 1; i < argv.length; i++) {
    if (!session.db.remove(at(argv, i))) continue;
    session.db.changed(at(argv, i));
    removed++;
  }
  return removed;
};

const exists: Handler = (session, argv) => {
  let found = 0;
  for (let i = 1; i < argv.length; i++) if (session.db.forRead(at(argv, i)) !== undefined) found++;
  return found;
};

/** When an EXPIRE condition (NX XX GT LT) keeps the new instant from being set. */
function conditionFails(conditions: ReadonlySet<string>, old: number, next: number): boolean {
  if (conditions.has('NX') && old !== 0) return true;
  if (conditions.has('XX') && old === 0) return true;
  if (conditions.has('GT') && (old === 0 || next <= old)) return true;
  return conditions.has('LT') && old !== 0 && next >= old;
}

function parseConditions(argv: readonly string[]): Set<string> {
  const conditions = new Set<string>();
  for (let i = 3; i < argv.length; i++) {
    const word = upper(argv, i);
    if (!['NX', 'XX', 'GT', 'LT'].includes(word)) throw err(`Unsupported option ${at(argv, i)}`);
    conditions.add(word);
  }
  if (conditions.has('NX') && conditions.size > 1) {
    throw err('NX and XX, GT or LT options at the same time are not compatible');
  }
  if (conditions.has('GT') && conditions.has('LT')) throw err('GT and LT options at the same time are not compatible');
  return conditions;
}

const expiring =
  (name: string, unitMs: number, relative: boolean): Handler =>
  (session, argv) => {
    const { db, engine } = session;
    const key = at(argv, 1);
    const conditions = parseConditions(argv);
    if (parseInt64(at(argv, 2)) === undefined) throw replies.NOT_INTEGER;
    const instant = expiryInstant(at(argv, 2), unitMs, relative ? db.keyspace.nowMs : 0);
    if (instant === undefined) throw invalidExpire(name);
    const entry = db.forWrite(key);
    if (entry === undefined || conditionFails(conditions, entry.expireAtMs, instant)) return 0;
    if (instant <= db.keyspace.nowMs && !db.keyspace.loading) {
      db.remove(key);
      db.changed(key);
      engine.propagate('DEL', key);
      return 1;
    }
    // An instant at or before zero can only come from the log of a key that is gone: 1 ms after the epoch is past just as well.
    db.setExpiry(key, entry, Math.max(1, instant));
    db.changed(key);
    engine.propagate('PEXPIREAT', key, String(instant));
    return 1;
  };

const timeLeft =
  (unitMs: number, absolute: boolean): Handler =>
  (session, argv) => {
    const entry = session.db.forRead(at(argv, 1));
    if (entry === undefined) return -2;
    if (entry.expireAtMs === 0) return -1;
    if (absolute) return unitMs === 1 ? entry.expireAtMs : Math.floor((entry.expireAtMs + 500) / 1000);
    const leftMs = Math.max(0, entry.expireAtMs - session.db.keyspace.nowMs);
    return unitMs === 1 ? leftMs : Math.floor((leftMs + 500) / 1000);
  };

const persist: Handler = (session, argv) => {
  const key = at(argv, 1);
  const entry = session.db.forWrite(key);
  if (entry === undefined || entry.expireAtMs === 0) return 0;
  session.db.setExpiry(key, entry, 0);
  session.db.changed(key);
  return 1;
};

const keys: Handler = (session, argv) => {
  const matches = compileGlob(at(argv, 1));
  const out: string[] = [];
  for (const key of session.db.entries.keys()) {
    if (matches(key) && session.db.peek(key) !== undefined) out.push(key);
  }
  return out;
};

/**
 * SCAN walks keys in the order of their first insertion; the cursor is the next key's order number. A key that stays throughout keeps its
 * number, so it is returned exactly once. Live iterators are kept for recent cursors; an unknown cursor costs one walk from the start.
 */
const scan: Handler = (session, argv) => {
  const options = scanOptions(argv, 1, true);
  const { db } = session;
  const from = Number(options.cursor);
  const names: Reply[] = [];
  const known = takeIterator(db, from);
  const iterator = known ?? db.entries.entries();
  let seen = 0;
  for (;;) {
    const step = iterator.next();
    if (step.done) return scanReply('0', names);
    const [key, entry] = step.value;
    if (entry.order < from) continue;
    if (seen++ >= options.count) {
      // The iterator is one past this key: it cannot be reused for it, so its successor starts by a fresh walk or keeps the key.
      keepIterator(db, entry.order, iterator, [key, entry]);
      return scanReply(String(entry.order), names);
    }
    if (options.matches !== undefined && !options.matches(key)) continue;
    const living = db.peek(key);
    if (living === undefined || (options.type !== undefined && typeOf(living.value) !== options.type)) continue;
    names.push(key);
  }
};

type KeyIterator = Iterator<[string, Entry]>;

function keepIterator(db: Database, cursor: number, iterator: KeyIterator, first: [string, Entry]): void {
  const { scans } = db;
  scans.delete(cursor);
  scans.set(cursor, { iterator, first });
  if (scans.size <= 32) return;
  const oldest = scans.keys().next().value;
  if (oldest !== undefined) scans.delete(oldest);
}

function takeIterator(db: Database, cursor: number): KeyIterator | undefined {
  const kept = db.scans.get(cursor);
  if (kept === undefined) return undefined;
  db.scans.delete(cursor);
  let first: [string, Entry] | undefined = db.entries.get(kept.first[0]) === kept.first[1] ? kept.first : undefined;
  return {
    next() {
      if (first === undefined) return kept.iterator.next();
      const value = first;
      first = undefined;
      return { done: false, value };
    },
  };
}

function moveEntry(from: Database, key: string, to: Database, target: string, entry: Entry): void {
  const { expireAtMs, value } = entry;
  from.remove(key);
  const moved = to.put(target, value);
  if (expireAtMs !== 0) to.setExpiry(target, moved, expireAtMs);
  from.changed(key);
  to.changed(target);
}

const renaming =
  (onlyNew: boolean): Handler =>
  (session, argv) => {
    const { db } = session;
    const from = at(argv, 1);
    const to = at(argv, 2);
    const entry = db.forWrite(from);
    if (entry === undefined) throw replies.NO_SUCH_KEY;
    if (from === to) return onlyNew ? 0 : OK;
    if (onlyNew && db.peek(to) !== undefined) return 0;
    moveEntry(db, from, db, to, entry);
    return onlyNew ? 1 : OK;
  };

export function databaseArgument(session: Session, text: string, notInteger: replies.ErrorReply): Database {
  const index = integer(text, notInteger);
  const db = session.engine.keyspace.databases[index];
  if (db === undefined) throw replies.DB_INDEX_RANGE;
  return db;
}

const move: Handler = (session, argv) => {
  const { db } = session;
  const key = at(argv, 1);
  const target = databaseArgument(session, at(argv, 2), replies.NOT_INTEGER);
  if (target === db) throw replies.SAME_OBJECT;
  const entry = db.forWrite(key);
  if (entry === undefined || target.peek(key) !== undefined) return 0;
  moveEntry(db, key, target, key, entry);
  return 1;
};

const copy: Handler = (session, argv) => {
  const from = at(argv, 1);
  const to = at(argv, 2);
  let target = session.db;
  let replace = false;
  for (let i = 3; i < argv.length; i++) {
    if (upper(argv, i) === 'REPLACE') replace = true;
    else if (upper(argv, i) === 'DB' && i + 1 < argv.length)
      target = databaseArgument(session, at(argv, ++i), replies.NOT_INTEGER);
    else throw SYNTAX;
  }
  if (target === session.db && from === to) throw replies.SAME_OBJECT;
  const entry = session.db.forRead(from);
  if (entry === undefined || (!replace && target.peek(to) !== undefined)) return 0;
  const made = target.put(to, copyValue(entry.value));
  if (entry.expireAtMs !== 0) target.setExpiry(to, made, entry.expireAtMs);
  target.changed(to);
  return 1;
};

const randomkey: Handler = (session) => {
  const { entries } = session.db;
  for (let tries = 0; tries < 100 && entries.size > 0; tries++) {
    let skip = Math.floor(Math.random() * entries.size);
    for (const key of entries.keys()) {
      if (skip-- > 0) continue;
      if (session.db.peek(key) !== undefined) return key;
      break;
    }
  }
  return null;
};

const touch: Handler = (session, argv) => exists(session, argv);

const inspecting =
  (look: (session: Session, entry: Entry, value: Value) => Reply): Handler =>
  (session, argv) => {
    const entry = session.db.peek(at(argv, 2));
    return entry === undefined ? null : look(session, entry, entry.value);
  };

const objectFreq: Handler = (session, argv) => {
  if (session.db.peek(at(argv, 2)) === undefined) return null;
  throw err(
    'An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.',
  );
};

export const keyCommands = declareCommands('generic', TABLE, {
  copy,
  del,
  exists,
  expire: expiring('expire', 1000, true),
  expireat: expiring('expireat', 1000, false),
  expiretime: timeLeft(1000, true),
  keys,
  move,
  'object|encoding': inspecting((session, _entry, value) => encodingOf(value, session.engine.config)),
  'object|freq': objectFreq,
  'object|idletime': inspecting((session, entry) =>
    Math.floor(Math.max(0, session.db.keyspace.nowMs - entry.usedAtMs) / 1000),
  ),
  'object|refcount': inspecting(() => 1),
  persist,
  pexpire: expiring('pexpire', 1, true),
  pexpireat: expiring('pexpireat', 1, false),
  pexpiretime: timeLeft(1, true),
  pttl: timeLeft(1, false),
  randomkey,
  rename: renaming(false),
  renamenx: renaming(true),
  scan,
  touch,
  ttl: timeLeft(1000, false),
  type: (session, argv) => new Status(typeOf(session.db.forRead(at(argv, 1))?.value)),
  unlink: del,
  wait: () => 0,
  ...sortHandlers,
});
