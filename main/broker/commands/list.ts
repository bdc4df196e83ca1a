/** The list commands, blocking ones included. */
import { declareCommands, type Handler } from '../command.ts';
import { integer, integerIn } from '../numbers.ts';
import * as replies from '../replies.ts';
import { EMPTY_ARRAY, err, NULL_ARRAY, OK, type Reply, SYNTAX } from '../replies.ts';
import type { Session } from '../session.ts';
import { Deque } from '../structures/deque.ts';
import { at, clampRange, readList, upper, type Writable, writeList } from './support.ts';
import { attemptOrBlock, timeoutSeconds } from './waiting.ts';

const TABLE = `
blmove | 6 | write denyoom blocking | RWad:1 RWi:2 | list | - | 6.2.0 | O(1) | bulk or null | Pops an element from a list, pushes it to another list and returns it. Blocks until an element is available otherwise. Deletes the list if the last element was moved.
blmpop | -5 | write blocking | RWad:n2 | list | - | 7.0.0 | O(N+M) where N is the number of provided keys and M is the number of elements returned. | array or null | Pops the first element from one of multiple lists. Blocks until an element is available otherwise. Deletes the list if the last element was popped.
blpop | -3 | write blocking | RWad:1,-2 | list | - | 2.0.0 | O(N) where N is the number of provided keys. | array or null | Removes and returns the first element in a list. Blocks until an element is available otherwise. Deletes the list if the last element was popped.
brpop | -3 | write blocking | RWad:1,-2 | list | - | 2.0.0 | O(N) where N is the number of provided keys. | array or null | Removes and returns the last element in a list. Blocks until an element is available otherwise. Deletes the list if the last element was popped.
brpoplpush | 4 | write denyoom blocking | RWad:1 RWi:2 | list | - | 2.2.0 | O(1) | bulk or null | Pops an element from a list, pushes it to another list and returns it. Block until an element is available otherwise. Deletes the list if the last element was popped.
lindex | 3 | readonly | ROa:1 | list | - | 1.0.0 | O(N) where N is the number of elements to traverse to get to the element at index. This makes asking for the first or the last element of the list O(1). | bulk or null | Returns an element from a list by its index.
linsert | 5 | write denyoom | RWi:1 | list | - | 2.2.0 | O(N) where N is the number of elements to traverse before seeing the value pivot. This means that inserting somewhere on the left end on the list (head) can be considered O(1) and inserting somewhere on the right end (tail) is O(N). | integer | Inserts an element before or after another element in a list.
llen | 2 | readonly fast | RO:1 | list | - | 1.0.0 | O(1) | integer | Returns the length of a list.
lmove | 5 | write denyoom | RWad:1 RWi:2 | list | - | 6.2.0 | O(1) | bulk or null | Returns an element after popping it from one list and pushing it to another. Deletes the list if the last element was moved.
lmpop | -4 | write | RWad:n1 | list | - | 7.0.0 | O(N+M) where N is the number of provided keys and M is the number of elements returned. | array or null | Returns multiple elements from a list after removing them. Deletes the list if the last element was popped.
lpop | -2 | write fast | RWad:1 | list | - | 1.0.0 | O(N) where N is the number of elements returned | bulk or array | Returns the first elements in a list after removing it. Deletes the list if the last element was popped.
lpos | -3 | readonly | ROa:1 | list | - | 6.0.6 | O(N) where N is the number of elements in the list, for the average case. When searching for elements near the head or the tail of the list, or when the MAXLEN option is provided, the command may run in constant time. | array | Returns the index of matching elements in a list.
lpush | -3 | write denyoom fast | RWi:1 | list | - | 1.0.0 | O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments. | integer | Prepends one or more elements to a list. Creates the key if it doesn't exist.
lpushx | -3 | write denyoom fast | RWi:1 | list | - | 2.2.0 | O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments. | integer | Prepends one or more elements to a list only when the list exists.
lrange | 4 | readonly | ROa:1 | list | - | 1.0.0 | O(S+N) where S is the distance of start offset from HEAD for small lists, from nearest end (HEAD or TAIL) for large lists; and N is the number of elements in the specified range. | array | Returns a range of elements from a list.
lrem | 4 | write | RWd:1 | list | - | 1.0.0 | O(N+M) where N is the length of the list and M is the number of elements removed. | integer | Removes elements from a list. Deletes the list if the last element was removed.
lset | 4 | write denyoom | RWu:1 | list | - | 1.0.0 | O(N) where N is the length of the list. Setting either the first or the last element of the list is O(1). | status | Sets the value of an element in a list by its index.
ltrim | 4 | write | RWd:1 | list | - | 1.0.0 | O(N) where N is the number of elements to be removed by the operation. | status | Removes elements from both ends a list. Deletes the list if all elements were trimmed.
rpop | -2 | write fast | RWad:1 | list | - | 1.0.0 | O(N) where N is the number of elements returned | bulk or array | Returns and removes the last elements of a list. Deletes the list if the last element was popped.
rpoplpush | 3 | write denyoom | RWad:1 RWi:2 | list | - | 1.2.0 | O(1) | bulk or null | Returns the last element of a list after removing and pushing it to another list. Deletes the list if the last element was popped.
rpush | -3 | write denyoom fast | RWi:1 | list | - | 1.0.0 | O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments. | integer | Appends one or more elements to a list. Creates the key if it doesn't exist.
rpushx | -3 | write denyoom fast | RWi:1 | list | - | 2.2.0 | O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments. | integer | Appends an element to a list only when the list exists.
`;

type End = 'LEFT' | 'RIGHT';

function push(session: Session, key: string, items: readonly string[], end: End): number {
  const found = writeList(session, key);
  const list = found?.value ?? new Deque();
  for (const item of items) {
    if (end === 'LEFT') list.unshift(item);
    else list.push(item);
  }
  if (found === undefined) session.db.create(key, list);
  session.db.changed(key);
  return list.size;
}

const pushing =
  (end: End, onlyExisting: boolean): Handler =>
  (session, argv) => {
    const key = at(argv, 1);
    if (onlyExisting && readList(session, key) === undefined) return 0;
    return push(session, key, argv.slice(2), end);
  };

function take(list: Deque, end: End): string {
  return (end === 'LEFT' ? list.shift() : list.pop()) ?? '';
}

function finish(session: Session, key: string, found: Writable<Deque>): void {
  session.db.removeIfEmpty(key, found.entry);
  session.db.changed(key);
}

function takeMany(session: Session, key: string, found: Writable<Deque>, end: End, count: number): string[] {
  const out: string[] = [];
  while (out.length < count && found.value.size > 0) out.push(take(found.value, end));
  finish(session, key, found);
  return out;
}

const popping =
  (end: End): Handler =>
  (session, argv) => {
    if (argv.length > 3) throw replies.wrongArity(at(argv, 0).toLowerCase());
    const key = at(argv, 1);
    const count = argv.length === 3 ? integerIn(at(argv, 2), 0, Infinity, replies.NOT_POSITIVE) : undefined;
    const found = writeList(session, key);
    if (found === undefined) return count === undefined ? null : NULL_ARRAY;
    if (count === 0) return EMPTY_ARRAY;
    const items = takeMany(session, key, found, end, count ?? 1);
    return count === undefined ? (items[0] ?? null) : items;
  };

/** Not replies.WRONGTYPE itself: a source of another type lets a client wait on, a target of another type ends its wait. */
const WRONG_TARGET = new replies.ErrorReply(replies.WRONGTYPE.error);

/** Moves one item; undefined when the source is not there. */
function move(session: Session, source: string, target: string, from: End, to: End): string | undefined {
  const found = writeList(session, source);
  if (found === undefined) return undefined;
  const there = session.db.peek(target)?.value;
  if (there !== undefined && !(there instanceof Deque)) throw WRONG_TARGET;
  const item = take(found.value, from);
  if (source === target) {
    if (to === 'LEFT') found.value.unshift(item);
    else found.value.push(item);
    session.db.changed(source);
    return item;
  }
  finish(session, source, found);
  push(session, target, [item], to);
  return item;
}

function endOf(word: string): End {
  if (word === 'LEFT' || word === 'RIGHT') return word;
  throw SYNTAX;
}

const lmove: Handler = (session, argv) =>
  move(session, at(argv, 1), at(argv, 2), endOf(upper(argv, 3)), endOf(upper(argv, 4))) ?? null;

function blockingMove(session: Session, source: string, target: string, from: End, to: End, timeoutMs: number): Reply {
  const attempt = (): Reply | undefined => {
    const item = move(session, source, target, from, to);
    if (item !== undefined) session.engine.propagate('LMOVE', source, target, from, to);
    return item;
  };
  return attemptOrBlock(session, [source], timeoutMs, NULL_ARRAY, attempt, null);
}

const blmove: Handler = (session, argv) => {
  const from = endOf(upper(argv, 3));
  const to = endOf(upper(argv, 4));
  return blockingMove(session, at(argv, 1), at(argv, 2), from, to, timeoutSeconds(at(argv, 5)));
};

const brpoplpush: Handler = (session, argv) =>
  blockingMove(session, at(argv, 1), at(argv, 2), 'RIGHT', 'LEFT', timeoutSeconds(at(argv, 3)));

const blockingPop =
  (end: End): Handler =>
  (session, argv) => {
    const keys = argv.slice(1, -1);
    const timeoutMs = timeoutSeconds(at(argv, argv.length - 1));
    return attemptOrBlock(session, keys, timeoutMs, NULL_ARRAY, (ready) => {
      for (const key of ready) {
        const found = writeList(session, key);
        if (found === undefined) continue;
        const item = take(found.value, end);
        finish(session, key, found);
        session.engine.propagate(end === 'LEFT' ? 'LPOP' : 'RPOP', key);
        return [key, item];
      }
      return undefined;
    });
  };

interface MultiPop {
  readonly keys: readonly string[];
  readonly word: string;
  readonly count: number;
}

/** Arguments of LMPOP, BLMPOP, ZMPOP, BZMPOP from the number of keys on. */
export function parseMultiPop(argv: readonly string[], numkeysAt: number, words: readonly string[]): MultiPop {
  const numkeys = integerIn(at(argv, numkeysAt), 1, Infinity, replies.NUMKEYS_POSITIVE);
  const wordAt = numkeysAt + 1 + numkeys;
  const word = upper(argv, wordAt);
  if (wordAt >= argv.length || !words.includes(word)) throw SYNTAX;
  let count = 0;
  for (let i = wordAt + 1; i < argv.length; i += 2) {
    if (upper(argv, i) !== 'COUNT' || count !== 0 || i + 1 >= argv.length) throw SYNTAX;
    count = integerIn(at(argv, i + 1), 1, Infinity, replies.COUNT_POSITIVE);
  }
  return { keys: argv.slice(numkeysAt + 1, wordAt), word, count: count || 1 };
}

function multiPop(session: Session, { keys, word, count }: MultiPop): Reply | undefined {
  for (const key of keys) {
    const found = writeList(session, key);
    if (found === undefined) continue;
    const items = takeMany(session, key, found, endOf(word), count);
    session.engine.propagate(word === 'LEFT' ? 'LPOP' : 'RPOP', key, String(items.length));
    return [key, items];
  }
  return undefined;
}

const lmpop: Handler = (session, argv) => multiPop(session, parseMultiPop(argv, 1, ['LEFT', 'RIGHT'])) ?? NULL_ARRAY;

const blmpop: Handler = (session, argv) => {
  const timeoutMs = timeoutSeconds(at(argv, 1));
  const pop = parseMultiPop(argv, 2, ['LEFT', 'RIGHT']);
  return attemptOrBlock(session, pop.keys, timeoutMs, NULL_ARRAY, (keys) => multiPop(session, { ...pop, keys }));
};

const lrange: Handler = (session, argv) => {
  const start = integer(at(argv, 2));
  const stop = integer(at(argv, 3));
  const list = readList(session, at(argv, 1));
  const range = list === undefined ? undefined : clampRange(start, stop, list.size);
  return list === undefined || range === undefined ? EMPTY_ARRAY : list.slice(range.from, range.to);
};

const ltrim: Handler = (session, argv) => {
  const key = at(argv, 1);
  const start = integer(at(argv, 2));
  const stop = integer(at(argv, 3));
  const found = writeList(session, key);
  if (found === undefined) return OK;
  const range = clampRange(start, stop, found.value.size);
  if (range === undefined) session.db.remove(key);
  else found.value.trim(range.from, range.to);
  session.db.changed(key);
  return OK;
};

const lrem: Handler = (session, argv) => {
  const key = at(argv, 1);
  const count = integer(at(argv, 2));
  const found = writeList(session, key);
  if (found === undefined) return 0;
  const removed = found.value.removeEqual(at(argv, 3), count === 0 ? Infinity : Math.abs(count), count < 0);
  if (removed > 0) finish(session, key, found);
  return removed;
};

function indexIn(list: Deque, index: number): number | undefined {
  const real = index < 0 ? list.size + index : index;
  return real < 0 || real >= list.size ? undefined : real;
}

const lindex: Handler = (session, argv) => {
  const list = readList(session, at(argv, 1));
  if (list === undefined) return null;
  const index = indexIn(list, integer(at(argv, 2)));
  return index === undefined ? null : list.at(index);
};

const lset: Handler = (session, argv) => {
  const key = at(argv, 1);
  const found = writeList(session, key);
  if (found === undefined) throw replies.NO_SUCH_KEY;
  const index = indexIn(found.value, integer(at(argv, 2)));
  if (index === undefined) throw replies.INDEX_RANGE;
  found.value.set(index, at(argv, 3));
  session.db.changed(key);
  return OK;
};

const linsert: Handler = (session, argv) => {
  const side = upper(argv, 2);
  if (side !== 'BEFORE' && side !== 'AFTER') throw SYNTAX;
  const key = at(argv, 1);
  const found = writeList(session, key);
  if (found === undefined) return 0;
  const list = found.value;
  for (let i = 0; i < list.size; i++) {
    if (list.at(i) !== at(argv, 3)) continue;
    list.insert(side === 'BEFORE' ? i : i + 1, at(argv, 4));
    session.db.changed(key);
    return list.size;
  }
  return -1;
};

interface PositionOptions {
  rank: number;
  count: number | undefined;
  maxlen: number;
}

const RANK_RANGE = err('value is out of range, value must between -9223372036854775807 and 9223372036854775807');
const RANK_ZERO = err(
  "RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list",
);

function parsePosition(argv: readonly string[]): PositionOptions {
  const options: PositionOptions = { rank: 1, count: undefined, maxlen: 0 };
  for (let i = 3; i < argv.length; i += 2) {
    const word = upper(argv, i);
    if (i + 1 >= argv.length) throw SYNTAX;
    const text = at(argv, i + 1);
    if (word === 'RANK') {
      options.rank = integer(text);
      if (text === '-9223372036854775808') throw RANK_RANGE;
      if (options.rank === 0) throw RANK_ZERO;
    } else if (word === 'COUNT') {
      options.count = integerIn(text, 0, Infinity, err("COUNT can't be negative"));
    } else if (word === 'MAXLEN') {
      options.maxlen = integerIn(text, 0, Infinity, err("MAXLEN can't be negative"));
    } else {
      throw SYNTAX;
    }
  }
  return options;
}

const lpos: Handler = (session, argv) => {
  const { rank, count, maxlen } = parsePosition(argv);
  const list = readList(session, at(argv, 1));
  if (list === undefined) return count === undefined ? null : EMPTY_ARRAY;
  const wanted = count === undefined ? 1 : count === 0 ? Infinity : count;
  const limit = maxlen === 0 ? list.size : Math.min(maxlen, list.size);
  const found: number[] = [];
  let skip = Math.abs(rank) - 1;
  for (let step = 0; step < limit && found.length < wanted; step++) {
    const index = rank > 0 ? step : list.size - 1 - step;
    if (list.at(index) !== at(argv, 2)) continue;
    if (skip > 0) skip--;
    else found.push(index);
  }
  return count === undefined ? (found[0] ?? null) : found;
};

export const listCommands = declareCommands('list', TABLE, {
  blmove,
  blmpop,
  blpop: blockingPop('LEFT'),
  brpop: blockingPop('RIGHT'),
  brpoplpush,
  lindex,
  linsert,
  llen: (session, argv) => readList(session, at(argv, 1))?.size ?? 0,
  lmove,
  lmpop,
  lpop: popping('LEFT'),
  lpos,
  lpush: pushing('LEFT', false),
  lpushx: pushing('LEFT', true),
  lrange,
  lrem,
  lset,
  ltrim,
  rpop: popping('RIGHT'),
  rpoplpush: (session, argv) => move(session, at(argv, 1), at(argv, 2), 'RIGHT', 'LEFT') ?? null,
  rpush: pushing('RIGHT', false),
  rpushx: pushing('RIGHT', true),
});
