/** The hash commands. */
import { declareCommands, type Handler } from '../command.ts';
import { addLongDoubles, isLongDouble } from '../long-double.ts';
import { addInt64, parseInt64 } from '../numbers.ts';
import * as replies from '../replies.ts';
import { EMPTY_ARRAY, MapReply, OK, type Reply, SYNTAX } from '../replies.ts';
import type { Session } from '../session.ts';
import { Hash } from '../structures/hash.ts';
import { isCompact } from '../values.ts';
import { randomCount, randomPick, randomPicks } from './random.ts';
import {
  at,
  readHash,
  removeMembers,
  scanCursor,
  scanElements,
  scanOptions,
  scanReply,
  upper,
  type Writable,
  writeHash,
} from './support.ts';

const TABLE = `
hdel | -3 | write fast | RWd:1 | hash | - | 2.0.0 | O(N) where N is the number of fields to be removed. | integer | Deletes one or more fields and their values from a hash. Deletes the hash if no fields remain.
hexists | 3 | readonly fast | RO:1 | hash | - | 2.0.0 | O(1) | integer | Determines whether a field exists in a hash.
hget | 3 | readonly fast | ROa:1 | hash | - | 2.0.0 | O(1) | bulk or null | Returns the value of a field in a hash.
hgetall | 2 | readonly | ROa:1 | hash | nondeterministic_output_order | 2.0.0 | O(N) where N is the size of the hash. | map | Returns all fields and values in a hash.
hincrby | 4 | write denyoom fast | RWau:1 | hash | - | 2.0.0 | O(1) | integer | Increments the integer value of a field in a hash by a number. Uses 0 as initial value if the field doesn't exist.
hincrbyfloat | 4 | write denyoom fast | RWau:1 | hash | - | 2.6.0 | O(1) | bulk | Increments the floating point value of a field by a number. Uses 0 as initial value if the field doesn't exist.
hkeys | 2 | readonly | ROa:1 | hash | nondeterministic_output_order | 2.0.0 | O(N) where N is the size of the hash. | array | Returns all fields in a hash.
hlen | 2 | readonly fast | RO:1 | hash | - | 2.0.0 | O(1) | integer | Returns the number of fields in a hash.
hmget | -3 | readonly fast | ROa:1 | hash | - | 2.0.0 | O(N) where N is the number of fields being requested. | array | Returns the values of all fields in a hash.
hmset | -4 | write denyoom fast | RWu:1 | hash | - | 2.0.0 | O(N) where N is the number of fields being set. | status | Sets the values of multiple fields.
hrandfield | -2 | readonly | ROa:1 | hash | nondeterministic_output | 6.2.0 | O(N) where N is the number of fields returned | bulk or array | Returns one or more random fields from a hash.
hscan | -3 | readonly | ROa:1 | hash | nondeterministic_output | 2.8.0 | O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection. | cursor and array | Iterates over fields and values of a hash.
hset | -4 | write denyoom fast | RWu:1 | hash | - | 2.0.0 | O(1) for each field/value pair added, so O(N) to add N field/value pairs when the command is called with multiple field/value pairs. | integer | Creates or modifies the value of a field in a hash.
hsetnx | 4 | write denyoom fast | RWi:1 | hash | - | 2.0.0 | O(1) | integer | Sets the value of a field in a hash only when the field doesn't exist.
hstrlen | 3 | readonly fast | RO:1 | hash | - | 3.2.0 | O(1) | integer | Returns the length of the value of a field.
hvals | 2 | readonly | ROa:1 | hash | nondeterministic_output_order | 2.0.0 | O(N) where N is the size of the hash. | array | Returns all values in a hash.
`;

/** The hash under `key`, made when missing. */
function hashToWrite(session: Session, key: string): Writable<Hash> {
  const found = writeHash(session, key);
  if (found !== undefined) return found;
  const value = new Hash();
  return { entry: session.db.create(key, value), value };
}

const hset: Handler = (session, argv) => {
  if (argv.length % 2 !== 0) throw replies.wrongArity(at(argv, 0).toLowerCase());
  const key = at(argv, 1);
  const { value: hash } = hashToWrite(session, key);
  const before = hash.size;
  for (let i = 2; i < argv.length; i += 2) hash.set(at(argv, i), at(argv, i + 1));
  session.db.changed(key);
  return hash.size - before;
};

const hmset: Handler = (session, argv) => {
  hset(session, argv);
  return OK;
};

const hsetnx: Handler = (session, argv) => {
  const key = at(argv, 1);
  if (readHash(session, key)?.has(at(argv, 2))) return 0;
  hashToWrite(session, key).value.set(at(argv, 2), at(argv, 3));
  session.db.changed(key);
  return 1;
};

const hmget: Handler = (session, argv) => {
  const hash = readHash(session, at(argv, 1));
  const out: Reply[] = [];
  for (let i = 2; i < argv.length; i++) out.push(hash?.get(at(argv, i)) ?? null);
  return out;
};

const hdel: Handler = (session, argv) => removeMembers(session, argv, writeHash(session, at(argv, 1)));

const hincrby: Handler = (session, argv) => {
  const key = at(argv, 1);
  const field = at(argv, 2);
  const delta = parseInt64(at(argv, 3));
  if (delta === undefined) throw replies.NOT_INTEGER;
  const old = readHash(session, key)?.get(field);
  const number = old === undefined ? 0 : parseInt64(old);
  if (number === undefined) throw replies.HASH_NOT_INTEGER;
  const sum = addInt64(number, delta);
  if (sum === undefined) throw replies.OVERFLOW;
  hashToWrite(session, key).value.set(field, String(sum));
  session.db.changed(key);
  return sum;
};

const hincrbyfloat: Handler = (session, argv) => {
  const key = at(argv, 1);
  const field = at(argv, 2);
  const delta = isLongDouble(at(argv, 3));
  if (delta === undefined) throw replies.NOT_FLOAT;
  if (delta === 'infinite') throw replies.err('value is NaN or Infinity');
  const old = readHash(session, key)?.get(field) ?? '0';
  if (isLongDouble(old) === undefined) throw replies.HASH_NOT_FLOAT;
  const sum = addLongDoubles(old, at(argv, 3));
  if (sum === undefined) throw replies.NAN_INFINITY;
  hashToWrite(session, key).value.set(field, sum);
  session.db.changed(key);
  session.engine.propagate('HSET', key, field, sum);
  return sum;
};

const hrandfield: Handler = (session, argv) => {
  const withValues = argv.length === 4;
  const count = argv.length >= 3 ? randomCount(at(argv, 2), upper(argv, 3) === 'WITHVALUES') : undefined;
  if (argv.length > 4 || (withValues && upper(argv, 3) !== 'WITHVALUES')) throw SYNTAX;
  const hash = readHash(session, at(argv, 1));
  if (hash === undefined) return count === undefined ? null : EMPTY_ARRAY;
  const fields = [...hash.keys()];
  if (count === undefined) return randomPick(fields) ?? null;
  const picked = randomPicks(fields, count);
  if (!withValues) return picked;
  if (session.resp === 3) return picked.map((field) => [field, hash.get(field) ?? null]);
  return picked.flatMap((field) => [field, hash.get(field) ?? null]);
};

const hscan: Handler = (session, argv) => {
  const cursor = scanCursor(at(argv, 2));
  const hash = readHash(session, at(argv, 1));
  if (hash === undefined) return scanReply('0', []);
  const options = scanOptions(argv, 3, cursor, false);
  const { cursor: next, names } = scanElements(hash.keys(), isCompact(hash, session.engine.config), options);
  const items: Reply[] = [];
  for (const name of names) items.push(name, hash.get(name) ?? '');
  return scanReply(next, items);
};

export const hashCommands = declareCommands('hash', TABLE, {
  hdel,
  hexists: (session, argv) => (readHash(session, at(argv, 1))?.has(at(argv, 2)) ? 1 : 0),
  hget: (session, argv) => readHash(session, at(argv, 1))?.get(at(argv, 2)) ?? null,
  hgetall: (session, argv) => new MapReply(readHash(session, at(argv, 1))?.flat() ?? []),
  hincrby,
  hincrbyfloat,
  hkeys: (session, argv) => [...(readHash(session, at(argv, 1))?.keys() ?? [])],
  hlen: (session, argv) => readHash(session, at(argv, 1))?.size ?? 0,
  hmget,
  hmset,
  hrandfield,
  hscan,
  hset,
  hsetnx,
  hstrlen: (session, argv) => readHash(session, at(argv, 1))?.get(at(argv, 2))?.length ?? 0,
  hvals: (session, argv) => [...(readHash(session, at(argv, 1))?.values() ?? [])],
});
