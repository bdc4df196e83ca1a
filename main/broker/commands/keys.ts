/** The generic commands: keys whatever their type. SORT is in sort.ts. */
import { declareCommands, type Handler } from '../command.ts';
import { compileGlob } from '../glob.ts';
import type { Database, Entry, KeyWalk, Value } from '../keyspace.ts';
import { integer, parseInt64 } from '../numbers.ts';
import * as replies from '../replies.ts';
import { cText, err, invalidExpire, OK, type Reply, Status, SYNTAX } from '../replies.ts';
import type { Session } from '../session.ts';
import { copyValue, encodingOf, typeOf } from '../values.ts';
import { sortHandlers } from './sort.ts';
import { at, databaseArgument, expiryInstant, scanCursor, scanOptions, scanReply, upper } from './support.ts';
import { timeoutMilliseconds } from './waiting.ts';

const TABLE = `
copy | -3 | write denyoom | ROa:1 OWu:2 | keyspace | - | 6.2.0 | O(N) worst case for collections, where N is the number of nested items. O(1) for string values. | integer | Copies the value of a key to a new key.
del | -2 | write | RMd:1,-1 | keyspace | request_policy:multi_shard response_policy:agg_sum | 1.0.0 | O(N) where N is the number of keys that will be removed. When a key to remove holds a value other than a string, the individual complexity for this key is O(M) where M is the number of elements in the list, set, sorted set or hash. Removing a single key that holds a string value is O(1). | integer | Deletes one or more keys.
exists | -2 | readonly fast | RO:1,-1 | keyspace | request_policy:multi_shard response_policy:agg_sum | 1.0.0 | O(N) where N is the number of keys to check. | integer | Determines whether one or more keys exist.
expire | -3 | write fast | RWu:1 | keyspace | - | 1.0.0 | O(1) | integer | Sets the expiration time of a key in seconds.
expireat | -3 | write fast | RWu:1 | keyspace | - | 1.2.0 | O(1) | integer | Sets the expiration time of a key to a Unix timestamp.
expiretime | 2 | readonly fast | ROa:1 | keyspace | - | 7.0.0 | O(1) | integer | Returns the expiration time of a key as a Unix timestamp.
keys | 2 | readonly | - | keyspace dangerous | request_policy:all_shards nondeterministic_output_order | 1.0.0 | O(N) with N being the number of keys in the database, under the assumption that the key names in the database and the given pattern have limited length. | array | Returns all key names that match a pattern.
move | 3 | write fast | RWau:1 | keyspace | - | 1.0.0 | O(1) | integer | Moves a key to another database.
object | -2 | - | - | - | - | 2.2.3 | Depends on subcommand. | container | A container for object introspection commands.
object|encoding | 3 | readonly | RO:2 | keyspace | nondeterministic_output | 2.2.3 | O(1) | bulk or null | Returns the internal encoding of a Redis object.
object|freq | 3 | readonly | RO:2 | keyspace | nondeterministic_output | 4.0.0 | O(1) | integer | Returns the logarithmic access frequency counter of a Redis object.
object|help | 2 | loading stale | - | keyspace | - | 6.2.0 | O(1) | array | Returns helpful text about the different subcommands.
object|idletime | 3 | readonly | RO:2 | keyspace | nondeterministic_output | 2.2.3 | O(1) | integer | Returns the time since the last access to a Redis object.
object|refcount | 3 | readonly | RO:2 | keyspace | nondeterministic_output | 2.2.3 | O(1) | integer | Returns the reference count of a value of a key.
persist | 2 | write fast | RWu:1 | keyspace | - | 2.2.0 | O(1) | integer | Removes the expiration time of a key.
pexpire | -3 | write fast | RWu:1 | keyspace | - | 2.6.0 | O(1) | integer | Sets the expiration time of a key in milliseconds.
pexpireat | -3 | write fast | RWu:1 | keyspace | - | 2.6.0 | O(1) | integer | Sets the expiration time of a key to a Unix milliseconds timestamp.
pexpiretime | 2 | readonly fast | ROa:1 | keyspace | - | 7.0.0 | O(1) | integer | Returns the expiration time of a key as a Unix milliseconds timestamp.
pttl | 2 | readonly fast | ROa:1 | keyspace | nondeterministic_output | 2.6.0 | O(1) | integer | Returns the expiration time in milliseconds of a key.
randomkey | 1 | readonly | - | keyspace | request_policy:all_shards response_policy:special nondeterministic_output | 1.0.0 | O(1) | bulk or null | Returns a random key name from the database.
rename | 3 | write | RWad:1 OWu:2 | keyspace | - | 1.0.0 | O(1) | status | Renames a key and overwrites the destination.
renamenx | 3 | write fast | RWad:1 OWi:2 | keyspace | - | 1.0.0 | O(1) | integer | Renames a key only when the target key name doesn't exist.
scan | -2 | readonly | - | keyspace | nondeterministic_output request_policy:special response_policy:special | 2.8.0 | O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection. | cursor and array | Iterates over the key names in the database.
sort | -2 | write denyoom | ROa:1 ROa:unknown OWu:store | set sortedset list dangerous | - | 1.0.0 | O(N+M*log(M)) where N is the number of elements in the list or set to sort, and M the number of returned elements. When the elements are not sorted, complexity is O(N). | array | Sorts the elements in a list, a set, or a sorted set, optionally storing the result.
sort_ro | -2 | readonly | ROa:1 ROa:unknown | set sortedset list dangerous | - | 7.0.0 | O(N+M*log(M)) where N is the number of elements in the list or set to sort, and M the number of returned elements. When the elements are not sorted, complexity is O(N). | array | Returns the sorted elements of a list, a set, or a sorted set.
touch | -2 | readonly fast | RO:1,-1 | keyspace | request_policy:multi_shard response_policy:agg_sum | 3.2.1 | O(N) where N is the number of keys that will be touched. | integer | Returns the number of existing keys out of those specified after updating the time they were last accessed.
ttl | 2 | readonly fast | ROa:1 | keyspace | nondeterministic_output | 1.0.0 | O(1) | integer | Returns the expiration time in seconds of a key.
type | 2 | readonly fast | RO:1 | keyspace | - | 1.0.0 | O(1) | status | Determines the type of value stored at a key.
unlink | -2 | write fast | RMd:1,-1 | keyspace | request_policy:multi_shard response_policy:agg_sum | 4.0.0 | O(1) for each key removed regardless of its size. Then the command does O(N) work in a different thread in order to reclaim memory, where N is the number of allocations the deleted objects where composed of. | integer | Asynchronously deletes one or more keys.
wait | 3 | - | - | connection | request_policy:all_shards response_policy:agg_min | 3.0.0 | O(1) | integer | Blocks until the asynchronous replication of all preceding write commands sent by the connection is completed.
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
    if (!['NX', 'XX', 'GT', 'LT'].includes(word)) throw err(`Unsupported option ${cText(at(argv, i))}`);
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
  const options = scanOptions(argv, 2, scanCursor(at(argv, 1)), true);
  const { db } = session;
  const from = Number(options.cursor);
  const names: Reply[] = [];
  const walk = takeWalk(db, from);
  for (let seen = 0; ; ) {
    const step = nextOf(db, walk);
    if (step === undefined) return scanReply('0', names);
    const [key, entry] = step;
    if (entry.order < from) continue;
    if (seen++ >= options.count) {
      keepWalk(db, entry.order, { entries: walk.entries, unread: step });
      return scanReply(String(entry.order), names);
    }
    if (options.matches !== undefined && !options.matches(key)) continue;
    const living = db.peek(key);
    if (living === undefined || (options.type !== undefined && typeOf(living.value) !== options.type)) continue;
    names.push(key);
  }
};

function keepWalk(db: Database, cursor: number, walk: KeyWalk): void {
  const { scans } = db;
  scans.delete(cursor);
  scans.set(cursor, walk);
  if (scans.size <= 32) return;
  const oldest = scans.keys().next().value;
  if (oldest !== undefined) scans.delete(oldest);
}

function takeWalk(db: Database, cursor: number): KeyWalk {
  const kept = db.scans.get(cursor);
  db.scans.delete(cursor);
  return kept ?? { entries: db.entries.entries(), unread: undefined };
}

function nextOf(db: Database, walk: KeyWalk): [string, Entry] | undefined {
  const { unread } = walk;
  walk.unread = undefined;
  // It may have gone, or have been made anew further on, since it was put back.
  if (unread !== undefined && db.entries.get(unread[0]) === unread[1]) return unread;
  const step = walk.entries.next();
  return step.done ? undefined : step.value;
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

const move: Handler = (session, argv) => {
  const { db } = session;
  const key = at(argv, 1);
  const target = databaseArgument(session, at(argv, 2));
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
    else if (upper(argv, i) === 'DB' && i + 1 < argv.length) target = databaseArgument(session, at(argv, ++i));
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
  wait: (_session, argv) => {
    integer(at(argv, 1));
    timeoutMilliseconds(at(argv, 2));
    return 0;
  },
  ...sortHandlers,
});
