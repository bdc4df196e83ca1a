/** The string commands. */
import { declareCommands, type Handler } from '../command.ts';
import { addLongDoubles, isLongDouble } from '../long-double.ts';
import { addInt64, type Int64, integer, parseInt64 } from '../numbers.ts';
import * as replies from '../replies.ts';
import { err, invalidExpire, OK, type Reply, SYNTAX } from '../replies.ts';
import type { Session } from '../session.ts';
import { lcs } from './lcs.ts';
import { at, expiryInstant, readString, stringOf, upper } from './support.ts';

const TABLE = `
append | 3 | write denyoom fast | RWi:1 | string | - | 2.0.0 | O(1). The amortized time complexity is O(1) assuming the appended value is small and the already present value is of any size, since the dynamic string library used by Redis will double the free space available on every reallocation. | integer | Appends a string to the value of a key. Creates the key if it doesn't exist.
decr | 2 | write denyoom fast | RWau:1 | string | - | 1.0.0 | O(1) | integer | Decrements the integer value of a key by one. Uses 0 as initial value if the key doesn't exist.
decrby | 3 | write denyoom fast | RWau:1 | string | - | 1.0.0 | O(1) | integer | Decrements a number from the integer value of a key. Uses 0 as initial value if the key doesn't exist.
get | 2 | readonly fast | ROa:1 | string | - | 1.0.0 | O(1) | bulk or null | Returns the string value of a key.
getdel | 2 | write fast | RWad:1 | string | - | 6.2.0 | O(1) | bulk or null | Returns the string value of a key after deleting the key.
getex | -2 | write fast | RWau:1 | string | - | 6.2.0 | O(1) | bulk or null | Returns the string value of a key after setting its expiration time.
getrange | 4 | readonly | ROa:1 | string | - | 2.4.0 | O(N) where N is the length of the returned string. The complexity is ultimately determined by the returned length, but because creating a substring from an existing string is very cheap, it can be considered O(1) for small strings. | bulk | Returns a substring of the string stored at a key.
getset | 3 | write denyoom fast | RWau:1 | string | - | 1.0.0 | O(1) | bulk or null | Returns the previous string value of a key after setting it to a new value.
incr | 2 | write denyoom fast | RWau:1 | string | - | 1.0.0 | O(1) | integer | Increments the integer value of a key by one. Uses 0 as initial value if the key doesn't exist.
incrby | 3 | write denyoom fast | RWau:1 | string | - | 1.0.0 | O(1) | integer | Increments the integer value of a key by a number. Uses 0 as initial value if the key doesn't exist.
incrbyfloat | 3 | write denyoom fast | RWau:1 | string | - | 2.6.0 | O(1) | bulk | Increment the floating point value of a key by a number. Uses 0 as initial value if the key doesn't exist.
lcs | -3 | readonly | ROa:1,2 | string | - | 7.0.0 | O(N*M) where N and M are the lengths of s1 and s2, respectively | array | Finds the longest common substring.
mget | -2 | readonly fast | ROa:1,-1 | string | request_policy:multi_shard | 1.0.0 | O(N) where N is the number of keys to retrieve. | array | Atomically returns the string values of one or more keys.
mset | -3 | write denyoom | OWu:1,-1,2 | string | request_policy:multi_shard response_policy:all_succeeded | 1.0.1 | O(N) where N is the number of keys to set. | status | Atomically creates or modifies the string values of one or more keys.
msetnx | -3 | write denyoom | OWi:1,-1,2 | string | - | 1.0.1 | O(N) where N is the number of keys to set. | integer | Atomically modifies the string values of one or more keys only when all keys don't exist.
psetex | 4 | write denyoom | OWu:1 | string | - | 2.6.0 | O(1) | status | Sets both string value and expiration time in milliseconds of a key. The key is created if it doesn't exist.
set | -3 | write denyoom | RWauv:1 | string | - | 1.0.0 | O(1) | status, bulk or null | Sets the string value of a key, ignoring its type. The key is created if it doesn't exist.
setex | 4 | write denyoom | OWu:1 | string | - | 2.0.0 | O(1) | status | Sets the string value and expiration time of a key. Creates the key if it doesn't exist.
setnx | 3 | write denyoom fast | OWi:1 | string | - | 1.0.0 | O(1) | integer | Set the string value of a key only when the key doesn't exist.
setrange | 4 | write denyoom | RWu:1 | string | - | 2.2.0 | O(1), not counting the time taken to copy the new string in place. Usually, this string is very small so the amortized complexity is O(1). Otherwise, complexity is O(M) with M being the length of the value argument. | integer | Overwrites a part of a string value with another by an offset. Creates the key if it doesn't exist.
strlen | 2 | readonly fast | RO:1 | string | - | 2.2.0 | O(1) | integer | Returns the length of a string value.
substr | 4 | readonly | ROa:1 | string | - | 1.0.0 | O(N) where N is the length of the returned string. The complexity is ultimately determined by the returned length, but because creating a substring from an existing string is very cheap, it can be considered O(1) for small strings. | bulk | Returns a substring from a string value.
`;

interface StringOptions {
  condition: 'always' | 'absent' | 'present';
  get: boolean;
  /** What becomes of the expiry: nothing was said, KEEPTTL, PERSIST, or an option with its value (checked later, as Redis does). */
  expiry: 'keepttl' | 'persist' | { readonly option: string; readonly value: string } | undefined;
}

const EXPIRY_OPTIONS: Readonly<Record<string, { unitMs: number; relative: boolean }>> = {
  EX: { unitMs: 1000, relative: true },
  PX: { unitMs: 1, relative: true },
  EXAT: { unitMs: 1000, relative: false },
  PXAT: { unitMs: 1, relative: false },
};

/** The instant that an EX/PX/EXAT/PXAT option means; throws Redis's errors for `name`. */
function readExpiry(session: Session, option: string, value: string, name: string): number {
  const kind = EXPIRY_OPTIONS[option];
  if (kind === undefined) throw SYNTAX;
  const number = parseInt64(value);
  if (number === undefined) throw replies.NOT_INTEGER;
  if (number <= 0) throw invalidExpire(name);
  const instant = expiryInstant(value, kind.unitMs, kind.relative ? session.db.keyspace.nowMs : 0);
  if (instant === undefined || instant <= 0) throw invalidExpire(name);
  return instant;
}

/** Options of SET and GETEX from `first` on. The same one may come twice, different ones on the expiry may not. */
function parseOptions(argv: readonly string[], first: number, command: 'set' | 'getex'): StringOptions {
  const options: StringOptions = { condition: 'always', get: false, expiry: undefined };
  const setting = command === 'set';
  for (let i = first; i < argv.length; i++) {
    const word = upper(argv, i);
    const { expiry } = options;
    if (word === 'NX' && setting && options.condition !== 'present') options.condition = 'absent';
    else if (word === 'XX' && setting && options.condition !== 'absent') options.condition = 'present';
    else if (word === 'GET' && setting) options.get = true;
    else if (word === 'KEEPTTL' && setting && (expiry ?? 'keepttl') === 'keepttl') options.expiry = 'keepttl';
    else if (word === 'PERSIST' && !setting && (expiry ?? 'persist') === 'persist') options.expiry = 'persist';
    else if (word in EXPIRY_OPTIONS && i + 1 < argv.length && typeof expiry !== 'string') {
      if (expiry !== undefined && expiry.option !== word) throw SYNTAX;
      options.expiry = { option: word, value: at(argv, ++i) };
    } else throw SYNTAX;
  }
  return options;
}

/** The absolute instant that parsed options set, 0 for none. */
function expiryOf(session: Session, { expiry }: StringOptions, name: string): number {
  return typeof expiry === 'object' ? readExpiry(session, expiry.option, expiry.value, name) : 0;
}

const set: Handler = (session, argv) => {
  const key = at(argv, 1);
  const value = at(argv, 2);
  const { db, engine } = session;
  if (argv.length === 3) {
    db.put(key, value);
    db.changed(key);
    return OK;
  }
  const options = parseOptions(argv, 3, 'set');
  const expireAtMs = expiryOf(session, options, 'set');
  const keepTtl = options.expiry === 'keepttl';
  const old = db.peek(key);
  if (options.get && old !== undefined && typeof old.value !== 'string') throw replies.WRONGTYPE;
  const before = options.get && typeof old?.value === 'string' ? old.value : null;
  if (options.condition !== 'always' && (options.condition === 'absent') === (old !== undefined)) return before;
  setWithExpiry(session, key, value, keepTtl, expireAtMs);
  if (expireAtMs !== 0) engine.propagate('SET', key, value, 'PXAT', String(expireAtMs));
  else if (keepTtl) engine.propagate('SET', key, value, 'KEEPTTL');
  else engine.propagate('SET', key, value);
  return options.get ? before : OK;
};

function setWithExpiry(session: Session, key: string, value: string, keepTtl: boolean, expireAtMs: number): void {
  const entry = session.db.put(key, value, keepTtl);
  if (expireAtMs !== 0) session.db.setExpiry(key, entry, expireAtMs);
  session.db.changed(key);
}

const setWithUnit =
  (option: 'EX' | 'PX', name: string): Handler =>
  (session, argv) => {
    const key = at(argv, 1);
    const expireAtMs = readExpiry(session, option, at(argv, 2), name);
    setWithExpiry(session, key, at(argv, 3), false, expireAtMs);
    session.engine.propagate('SET', key, at(argv, 3), 'PXAT', String(expireAtMs));
    return OK;
  };

const getex: Handler = (session, argv) => {
  const key = at(argv, 1);
  const { db, engine } = session;
  const options = parseOptions(argv, 2, 'getex');
  const value = readString(session, key);
  const entry = db.peek(key);
  if (value === undefined || entry === undefined) return null;
  const expireAtMs = expiryOf(session, options, 'getex');
  const persist = options.expiry === 'persist';
  if (persist && entry.expireAtMs !== 0) {
    db.setExpiry(key, entry, 0);
    db.changed(key);
    engine.propagate('PERSIST', key);
  } else if (expireAtMs !== 0 && expireAtMs <= db.keyspace.nowMs) {
    db.remove(key);
    db.changed(key);
    engine.propagate('DEL', key);
  } else if (expireAtMs !== 0) {
    db.setExpiry(key, entry, expireAtMs);
    db.changed(key);
    engine.propagate('PEXPIREAT', key, String(expireAtMs));
  }
  return value;
};

function addTo(session: Session, key: string, delta: Int64): Reply {
  const { db } = session;
  const old = stringOf(session, key);
  const number = old === undefined ? 0 : parseInt64(old);
  if (number === undefined) throw replies.NOT_INTEGER;
  const sum = addInt64(number, delta);
  if (sum === undefined) throw replies.OVERFLOW;
  db.put(key, String(sum), true);
  db.changed(key);
  return sum;
}

function increment(text: string): Int64 {
  const delta = parseInt64(text);
  if (delta === undefined) throw replies.NOT_INTEGER;
  return delta;
}

const decrby: Handler = (session, argv) => {
  const delta = increment(at(argv, 2));
  if (delta === -9223372036854775808n) throw err('decrement would overflow');
  return addTo(session, at(argv, 1), -delta);
};

const incrbyfloat: Handler = (session, argv) => {
  const key = at(argv, 1);
  const old = stringOf(session, key) ?? '0';
  if (isLongDouble(old) === undefined || isLongDouble(at(argv, 2)) === undefined) throw replies.NOT_FLOAT;
  const sum = addLongDoubles(old, at(argv, 2));
  if (sum === undefined) throw replies.NAN_INFINITY;
  session.db.put(key, sum, true);
  session.db.changed(key);
  session.engine.propagate('SET', key, sum, 'KEEPTTL');
  return sum;
};

const append: Handler = (session, argv) => {
  const key = at(argv, 1);
  const old = stringOf(session, key) ?? '';
  const value = old + at(argv, 2);
  checkLength(session, value.length);
  session.db.put(key, value, true);
  session.db.changed(key);
  return value.length;
};

function checkLength(session: Session, sizeBytes: number): void {
  if (sizeBytes > session.engine.config.number('proto-max-bulk-len')) throw replies.STRING_TOO_LONG;
}

const setrange: Handler = (session, argv) => {
  const key = at(argv, 1);
  const offset = integer(at(argv, 2));
  const patch = at(argv, 3);
  if (offset < 0) throw replies.OFFSET_RANGE;
  const old = stringOf(session, key);
  if (patch === '') return old?.length ?? 0;
  checkLength(session, offset + patch.length);
  const base = (old ?? '').padEnd(offset, '\0');
  const value = base.slice(0, offset) + patch + base.slice(offset + patch.length);
  session.db.put(key, value, true);
  session.db.changed(key);
  return value.length;
};

const getrange: Handler = (session, argv) => {
  const start = integer(at(argv, 2));
  const stop = integer(at(argv, 3));
  const value = readString(session, at(argv, 1)) ?? '';
  if (start < 0 && stop < 0 && start > stop) return '';
  const from = Math.max(start < 0 ? value.length + start : start, 0);
  const to = Math.min(Math.max(stop < 0 ? value.length + stop : stop, 0), value.length - 1);
  return from > to || value.length === 0 ? '' : value.slice(from, to + 1);
};

function setAll(session: Session, argv: readonly string[]): void {
  for (let i = 1; i < argv.length; i += 2) {
    session.db.put(at(argv, i), at(argv, i + 1));
    session.db.changed(at(argv, i));
  }
}

const mset: Handler = (session, argv) => {
  if (argv.length % 2 === 0) throw replies.wrongArity('mset');
  setAll(session, argv);
  return OK;
};

const msetnx: Handler = (session, argv) => {
  if (argv.length % 2 === 0) throw replies.wrongArity('msetnx');
  for (let i = 1; i < argv.length; i += 2) if (session.db.peek(at(argv, i)) !== undefined) return 0;
  setAll(session, argv);
  return 1;
};

const mget: Handler = (session, argv) => {
  const out: Reply[] = [];
  for (let i = 1; i < argv.length; i++) {
    const value = session.db.forRead(at(argv, i))?.value;
    out.push(typeof value === 'string' ? value : null);
  }
  return out;
};

const getset: Handler = (session, argv) => {
  const key = at(argv, 1);
  const old = stringOf(session, key) ?? null;
  session.db.put(key, at(argv, 2));
  session.db.changed(key);
  session.engine.propagate('SET', key, at(argv, 2));
  return old;
};

const getdel: Handler = (session, argv) => {
  const key = at(argv, 1);
  const old = stringOf(session, key);
  if (old === undefined) return null;
  session.db.remove(key);
  session.db.changed(key);
  session.engine.propagate('DEL', key);
  return old;
};

const setnx: Handler = (session, argv) => {
  const key = at(argv, 1);
  if (session.db.peek(key) !== undefined) return 0;
  session.db.put(key, at(argv, 2));
  session.db.changed(key);
  return 1;
};

export const stringCommands = declareCommands('string', TABLE, {
  append,
  decr: (session, argv) => addTo(session, at(argv, 1), -1),
  decrby,
  get: (session, argv) => readString(session, at(argv, 1)) ?? null,
  getdel,
  getex,
  getrange,
  getset,
  incr: (session, argv) => addTo(session, at(argv, 1), 1),
  incrby: (session, argv) => addTo(session, at(argv, 1), increment(at(argv, 2))),
  incrbyfloat,
  lcs,
  mget,
  mset,
  msetnx,
  psetex: setWithUnit('PX', 'psetex'),
  set,
  setex: setWithUnit('EX', 'setex'),
  setnx,
  setrange,
  strlen: (session, argv) => readString(session, at(argv, 1))?.length ?? 0,
  substr: getrange,
});
