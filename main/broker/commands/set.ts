/** The set commands. */
import { declareCommands, type Handler } from '../command.ts';
import { integerIn } from '../numbers.ts';
import * as replies from '../replies.ts';
import { EMPTY_ARRAY, NOT_POSITIVE, type Reply, SetReply, SYNTAX } from '../replies.ts';
import type { Session } from '../session.ts';
import { isCompact } from '../values.ts';
import { randomCount, randomPick, randomPicks } from './random.ts';
import {
  at,
  readSet,
  removeMembers,
  scanCursor,
  scanElements,
  scanOptions,
  scanReply,
  upper,
  type Writable,
  writeSet,
} from './support.ts';

const TABLE = `
sadd | -3 | write denyoom fast | RWi:1 | set | - | 1.0.0 | O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments. | integer | Adds one or more members to a set. Creates the key if it doesn't exist.
scard | 2 | readonly fast | RO:1 | set | - | 1.0.0 | O(1) | integer | Returns the number of members in a set.
sdiff | -2 | readonly | ROa:1,-1 | set | nondeterministic_output_order | 1.0.0 | O(N) where N is the total number of elements in all given sets. | set | Returns the difference of multiple sets.
sdiffstore | -3 | write denyoom | OWu:1 ROa:2,-1 | set | - | 1.0.0 | O(N) where N is the total number of elements in all given sets. | integer | Stores the difference of multiple sets in a key.
sinter | -2 | readonly | ROa:1,-1 | set | nondeterministic_output_order | 1.0.0 | O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets. | set | Returns the intersect of multiple sets.
sintercard | -3 | readonly | ROa:n1 | set | - | 7.0.0 | O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets. | integer | Returns the number of members of the intersect of multiple sets.
sinterstore | -3 | write denyoom | RWu:1 ROa:2,-1 | set | - | 1.0.0 | O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets. | integer | Stores the intersect of multiple sets in a key.
sismember | 3 | readonly fast | RO:1 | set | - | 1.0.0 | O(1) | integer | Determines whether a member belongs to a set.
smembers | 2 | readonly | ROa:1 | set | nondeterministic_output_order | 1.0.0 | O(N) where N is the set cardinality. | set | Returns all members of a set.
smismember | -3 | readonly fast | ROa:1 | set | - | 6.2.0 | O(N) where N is the number of elements being checked for membership | array | Determines whether multiple members belong to a set.
smove | 4 | write fast | RWad:1 RWi:2 | set | - | 1.0.0 | O(1) | integer | Moves a member from one set to another.
spop | -2 | write fast | RWad:1 | set | nondeterministic_output | 1.0.0 | Without the count argument O(1), otherwise O(N) where N is the value of the passed count. | bulk or array | Returns one or more random members from a set after removing them. Deletes the set if the last member was popped.
srandmember | -2 | readonly | ROa:1 | set | nondeterministic_output | 1.0.0 | Without the count argument O(1), otherwise O(N) where N is the absolute value of the passed count. | bulk or array | Get one or multiple random members from a set
srem | -3 | write fast | RWd:1 | set | - | 1.0.0 | O(N) where N is the number of members to be removed. | integer | Removes one or more members from a set. Deletes the set if the last member was removed.
sscan | -3 | readonly | ROa:1 | set | nondeterministic_output | 2.8.0 | O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection. | cursor and array | Iterates over members of a set.
sunion | -2 | readonly | ROa:1,-1 | set | nondeterministic_output_order | 1.0.0 | O(N) where N is the total number of elements in all given sets. | set | Returns the union of multiple sets.
sunionstore | -3 | write denyoom | OWu:1 ROa:2,-1 | set | - | 1.0.0 | O(N) where N is the total number of elements in all given sets. | integer | Stores the union of multiple sets in a key.
`;

function setToWrite(session: Session, key: string): Writable<Set<string>> {
  const found = writeSet(session, key);
  if (found !== undefined) return found;
  const value = new Set<string>();
  return { entry: session.db.create(key, value), value };
}

const sadd: Handler = (session, argv) => {
  const key = at(argv, 1);
  const { value: members } = setToWrite(session, key);
  const before = members.size;
  for (let i = 2; i < argv.length; i++) members.add(at(argv, i));
  const added = members.size - before;
  if (added > 0) session.db.changed(key);
  return added;
};

const srem: Handler = (session, argv) => removeMembers(session, argv, writeSet(session, at(argv, 1)));

const smove: Handler = (session, argv) => {
  const from = at(argv, 1);
  const to = at(argv, 2);
  const member = at(argv, 3);
  const source = writeSet(session, from);
  if (source === undefined) return 0;
  readSet(session, to);
  if (!source.value.has(member)) return 0;
  if (from === to) return 1;
  source.value.delete(member);
  session.db.removeIfEmpty(from, source.entry);
  session.db.changed(from);
  setToWrite(session, to).value.add(member);
  session.db.changed(to);
  return 1;
};

const spop: Handler = (session, argv) => {
  if (argv.length > 3) throw SYNTAX;
  const key = at(argv, 1);
  const count = argv.length === 3 ? integerIn(at(argv, 2), 0, Infinity, NOT_POSITIVE) : undefined;
  const found = writeSet(session, key);
  if (found === undefined) return count === undefined ? null : new SetReply([]);
  if (count === 0) return new SetReply([]);
  const members = [...found.value];
  const picked = count === undefined ? [randomPick(members) ?? ''] : randomPicks(members, count);
  for (const member of picked) found.value.delete(member);
  session.db.removeIfEmpty(key, found.entry);
  session.db.changed(key);
  session.engine.propagate('SREM', key, ...picked);
  return count === undefined ? (picked[0] ?? null) : new SetReply(picked);
};

const srandmember: Handler = (session, argv) => {
  if (argv.length > 3) throw SYNTAX;
  const count = argv.length === 3 ? randomCount(at(argv, 2), false) : undefined;
  const members = readSet(session, at(argv, 1));
  if (members === undefined) return count === undefined ? null : EMPTY_ARRAY;
  const all = [...members];
  return count === undefined ? (randomPick(all) ?? null) : randomPicks(all, count);
};

function intersect(session: Session, keys: readonly string[], limit = Infinity): string[] {
  const sets = keys.map((key) => readSet(session, key));
  const present = sets.filter((set) => set !== undefined).sort((a, b) => a.size - b.size);
  if (present.length < sets.length) return [];
  const [smallest = new Set<string>(), ...others] = present;
  const out: string[] = [];
  for (const member of smallest) {
    if (others.every((other) => other.has(member)) && out.push(member) >= limit) break;
  }
  return out;
}

function unite(session: Session, keys: readonly string[]): string[] {
  const out = new Set<string>();
  for (const key of keys) for (const member of readSet(session, key) ?? []) out.add(member);
  return [...out];
}

function subtract(session: Session, keys: readonly string[]): string[] {
  const [first, ...others] = keys.map((key) => readSet(session, key));
  return [...(first ?? [])].filter((member) => !others.some((other) => other?.has(member)));
}

type Combine = (session: Session, keys: readonly string[]) => string[];

const combining =
  (combine: Combine): Handler =>
  (session, argv) =>
    new SetReply(combine(session, argv.slice(1)));

/** Stores a combination; the log gets the result, which cannot depend on the order of the sources. */
const storing =
  (combine: Combine): Handler =>
  (session, argv) => {
    const target = at(argv, 1);
    const members = combine(session, argv.slice(2));
    if (members.length === 0) {
      if (session.db.remove(target)) session.db.changed(target);
      return 0;
    }
    session.db.put(target, new Set(members));
    session.db.changed(target);
    return members.length;
  };

const sintercard: Handler = (session, argv) => {
  const numkeys = integerIn(at(argv, 1), 1, Infinity, replies.NUMKEYS_POSITIVE);
  if (numkeys > argv.length - 2) throw replies.TOO_MANY_KEYS;
  let limit = 0;
  for (let i = 2 + numkeys; i < argv.length; i += 2) {
    if (upper(argv, i) !== 'LIMIT' || i + 1 >= argv.length) throw SYNTAX;
    limit = integerIn(at(argv, i + 1), 0, Infinity, replies.LIMIT_NEGATIVE);
  }
  return intersect(session, argv.slice(2, 2 + numkeys), limit === 0 ? Infinity : limit).length;
};

const smismember: Handler = (session, argv) => {
  const members = readSet(session, at(argv, 1));
  const out: Reply[] = [];
  for (let i = 2; i < argv.length; i++) out.push(members?.has(at(argv, i)) ? 1 : 0);
  return out;
};

const sscan: Handler = (session, argv) => {
  const cursor = scanCursor(at(argv, 2));
  const members = readSet(session, at(argv, 1));
  if (members === undefined) return scanReply('0', []);
  const options = scanOptions(argv, 3, cursor, false);
  const { cursor: next, names } = scanElements(members, isCompact(members, session.engine.config), options);
  return scanReply(next, names);
};

export const setCommands = declareCommands('set', TABLE, {
  sadd,
  scard: (session, argv) => readSet(session, at(argv, 1))?.size ?? 0,
  sdiff: combining(subtract),
  sdiffstore: storing(subtract),
  sinter: combining(intersect),
  sintercard,
  sinterstore: storing(intersect),
  sismember: (session, argv) => (readSet(session, at(argv, 1))?.has(at(argv, 2)) ? 1 : 0),
  smembers: (session, argv) => new SetReply([...(readSet(session, at(argv, 1)) ?? [])]),
  smismember,
  smove,
  spop,
  srandmember,
  srem,
  sscan,
  sunion: combining(unite),
  sunionstore: storing(unite),
});
