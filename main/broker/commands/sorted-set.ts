/** The sorted-set commands on one key: adding, removing, ranges. Popping is in sorted-set-pop.ts, combinations of several sets are in sorted-set-algebra.ts. */
import { declareCommands, type Handler } from '../command.ts';
import { double, formatDouble, integer } from '../numbers.ts';
import * as replies from '../replies.ts';
import { DoubleReply, EMPTY_ARRAY, err, NULL_ARRAY, type Reply, SYNTAX } from '../replies.ts';
import type { Session } from '../session.ts';
import { SortedSet } from '../structures/sorted-set.ts';
import { isCompact } from '../values.ts';
import { randomCount, randomPick, randomPicks } from './random.ts';
import { algebraHandlers } from './sorted-set-algebra.ts';
import { finish, popHandlers } from './sorted-set-pop.ts';
import { pushScored, type RangeQuery, rangeReply, selectorOf, visitRange } from './sorted-set-ranges.ts';
import {
  at,
  readSortedSet,
  scanCursor,
  scanElements,
  scanOptions,
  scanReply,
  upper,
  writeSortedSet,
} from './support.ts';

const TABLE = `
bzmpop | -5 | write blocking | RWad:n2 | sortedset | - | 7.0.0 | O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of elements in the sorted set, and M being the number of elements popped. | array or null | Removes and returns a member by score from one or more sorted sets. Blocks until a member is available otherwise. Deletes the sorted set if the last element was popped.
bzpopmax | -3 | write blocking fast | RWad:1,-2 | sortedset | - | 5.0.0 | O(log(N)) with N being the number of elements in the sorted set. | array or null | Removes and returns the member with the highest score from one or more sorted sets. Blocks until a member available otherwise.  Deletes the sorted set if the last element was popped.
bzpopmin | -3 | write blocking fast | RWad:1,-2 | sortedset | - | 5.0.0 | O(log(N)) with N being the number of elements in the sorted set. | array or null | Removes and returns the member with the lowest score from one or more sorted sets. Blocks until a member is available otherwise. Deletes the sorted set if the last element was popped.
zadd | -4 | write denyoom fast | RWu:1 | sortedset | - | 1.2.0 | O(log(N)) for each item added, where N is the number of elements in the sorted set. | integer | Adds one or more members to a sorted set, or updates their scores. Creates the key if it doesn't exist.
zcard | 2 | readonly fast | RO:1 | sortedset | - | 1.2.0 | O(1) | integer | Returns the number of members in a sorted set.
zcount | 4 | readonly fast | ROa:1 | sortedset | - | 2.0.0 | O(log(N)) with N being the number of elements in the sorted set. | integer | Returns the count of members in a sorted set that have scores within a range.
zdiff | -3 | readonly | ROa:n1 | sortedset | - | 6.2.0 | O(L + (N-K)log(N)) worst case where L is the total number of elements in all the sets, N is the size of the first set, and K is the size of the result set. | array | Returns the difference between multiple sorted sets.
zdiffstore | -4 | write denyoom | OWu:1 ROa:n2 | sortedset | - | 6.2.0 | O(L + (N-K)log(N)) worst case where L is the total number of elements in all the sets, N is the size of the first set, and K is the size of the result set. | integer | Stores the difference of multiple sorted sets in a key.
zincrby | 4 | write denyoom fast | RWau:1 | sortedset | - | 1.2.0 | O(log(N)) where N is the number of elements in the sorted set. | double | Increments the score of a member in a sorted set.
zinter | -3 | readonly | ROa:n1 | sortedset | - | 6.2.0 | O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K being the number of input sorted sets and M being the number of elements in the resulting sorted set. | array | Returns the intersect of multiple sorted sets.
zintercard | -3 | readonly | ROa:n1 | sortedset | - | 7.0.0 | O(N*K) worst case with N being the smallest input sorted set, K being the number of input sorted sets. | integer | Returns the number of members of the intersect of multiple sorted sets.
zinterstore | -4 | write denyoom | OWu:1 ROa:n2 | sortedset | - | 2.0.0 | O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K being the number of input sorted sets and M being the number of elements in the resulting sorted set. | integer | Stores the intersect of multiple sorted sets in a key.
zlexcount | 4 | readonly fast | ROa:1 | sortedset | - | 2.8.9 | O(log(N)) with N being the number of elements in the sorted set. | integer | Returns the number of members in a sorted set within a lexicographical range.
zmpop | -4 | write | RWad:n1 | sortedset | - | 7.0.0 | O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of elements in the sorted set, and M being the number of elements popped. | array or null | Returns the highest- or lowest-scoring members from one or more sorted sets after removing them. Deletes the sorted set if the last member was popped.
zmscore | -3 | readonly fast | ROa:1 | sortedset | - | 6.2.0 | O(N) where N is the number of members being requested. | array | Returns the score of one or more members in a sorted set.
zpopmax | -2 | write fast | RWad:1 | sortedset | - | 5.0.0 | O(log(N)*M) with N being the number of elements in the sorted set, and M being the number of elements popped. | array | Returns the highest-scoring members from a sorted set after removing them. Deletes the sorted set if the last member was popped.
zpopmin | -2 | write fast | RWad:1 | sortedset | - | 5.0.0 | O(log(N)*M) with N being the number of elements in the sorted set, and M being the number of elements popped. | array | Returns the lowest-scoring members from a sorted set after removing them. Deletes the sorted set if the last member was popped.
zrandmember | -2 | readonly | ROa:1 | sortedset | nondeterministic_output | 6.2.0 | O(N) where N is the number of members returned | bulk or array | Returns one or more random members from a sorted set.
zrange | -4 | readonly | ROa:1 | sortedset | - | 1.2.0 | O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements returned. | array | Returns members in a sorted set within a range of indexes.
zrangebylex | -4 | readonly | ROa:1 | sortedset | - | 2.8.9 | O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can consider it O(log(N)). | array | Returns members in a sorted set within a lexicographical range.
zrangebyscore | -4 | readonly | ROa:1 | sortedset | - | 1.0.5 | O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can consider it O(log(N)). | array | Returns members in a sorted set within a range of scores.
zrangestore | -5 | write denyoom | OWu:1 ROa:2 | sortedset | - | 6.2.0 | O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements stored into the destination key. | integer | Stores a range of members from sorted set in a key.
zrank | -3 | readonly fast | ROa:1 | sortedset | - | 2.0.0 | O(log(N)) | integer or null | Returns the index of a member in a sorted set ordered by ascending scores.
zrem | -3 | write fast | RWd:1 | sortedset | - | 1.2.0 | O(M*log(N)) with N being the number of elements in the sorted set and M the number of elements to be removed. | integer | Removes one or more members from a sorted set. Deletes the sorted set if all members were removed.
zremrangebylex | 4 | write | RWd:1 | sortedset | - | 2.8.9 | O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements removed by the operation. | integer | Removes members in a sorted set within a lexicographical range. Deletes the sorted set if all members were removed.
zremrangebyrank | 4 | write | RWd:1 | sortedset | - | 2.0.0 | O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements removed by the operation. | integer | Removes members in a sorted set within a range of indexes. Deletes the sorted set if all members were removed.
zremrangebyscore | 4 | write | RWd:1 | sortedset | - | 1.2.0 | O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements removed by the operation. | integer | Removes members in a sorted set within a range of scores. Deletes the sorted set if all members were removed.
zrevrange | -4 | readonly | ROa:1 | sortedset | - | 1.2.0 | O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements returned. | array | Returns members in a sorted set within a range of indexes in reverse order.
zrevrangebylex | -4 | readonly | ROa:1 | sortedset | - | 2.8.9 | O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can consider it O(log(N)). | array | Returns members in a sorted set within a lexicographical range in reverse order.
zrevrangebyscore | -4 | readonly | ROa:1 | sortedset | - | 2.2.0 | O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can consider it O(log(N)). | array | Returns members in a sorted set within a range of scores in reverse order.
zrevrank | -3 | readonly fast | ROa:1 | sortedset | - | 2.0.0 | O(log(N)) | integer or null | Returns the index of a member in a sorted set ordered by descending scores.
zscan | -3 | readonly | ROa:1 | sortedset | nondeterministic_output | 2.8.0 | O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection. | cursor and array | Iterates over members and scores of a sorted set.
zscore | 3 | readonly fast | ROa:1 | sortedset | - | 1.2.0 | O(1) | double or null | Returns the score of a member in a sorted set.
zunion | -3 | readonly | ROa:n1 | sortedset | - | 6.2.0 | O(N)+O(M*log(M)) with N being the sum of the sizes of the input sorted sets, and M being the number of elements in the resulting sorted set. | array | Returns the union of multiple sorted sets.
zunionstore | -4 | write denyoom | OWu:1 ROa:n2 | sortedset | - | 2.0.0 | O(N)+O(M log(M)) with N being the sum of the sizes of the input sorted sets, and M being the number of elements in the resulting sorted set. | integer | Stores the union of multiple sorted sets in a key.
`;

interface AddOptions {
  nx: boolean;
  xx: boolean;
  gt: boolean;
  lt: boolean;
  ch: boolean;
  incr: boolean;
}

const ADD_WORDS: Readonly<Record<string, keyof AddOptions>> = {
  NX: 'nx',
  XX: 'xx',
  GT: 'gt',
  LT: 'lt',
  CH: 'ch',
  INCR: 'incr',
};

function parseAdd(argv: readonly string[], incr: boolean): { options: AddOptions; next: number } {
  const options: AddOptions = { nx: false, xx: false, gt: false, lt: false, ch: false, incr };
  let next = 2;
  for (; next < argv.length; next++) {
    const option = ADD_WORDS[upper(argv, next)];
    if (option === undefined) break;
    options[option] = true;
  }
  const rest = argv.length - next;
  if (rest === 0 || rest % 2 !== 0) throw SYNTAX;
  if (options.nx && options.xx) throw err('XX and NX options at the same time are not compatible');
  if ((options.gt && options.nx) || (options.lt && options.nx) || (options.gt && options.lt)) {
    throw err('GT, LT, and/or NX options at the same time are not compatible');
  }
  if (options.incr && rest > 2) throw err('INCR option supports a single increment-element pair');
  return { options, next };
}

/** Applies one score by the options. Returns the new score, or undefined when an option kept it from being set. */
function applyScore(set: SortedSet, member: string, score: number, options: AddOptions): number | undefined {
  const old = set.score(member);
  if (old === undefined) {
    if (options.xx) return undefined;
    set.set(member, score);
    return score;
  }
  if (options.nx) return undefined;
  const next = options.incr ? old + score : score;
  if (Number.isNaN(next)) throw replies.SCORE_NAN;
  if ((options.gt && next <= old) || (options.lt && next >= old)) return undefined;
  if (next !== old) set.set(member, next);
  return next;
}

function add(session: Session, argv: readonly string[], options: AddOptions, next: number): Reply {
  const key = at(argv, 1);
  const scores: number[] = [];
  for (let i = next; i < argv.length; i += 2) scores.push(double(at(argv, i)) + 0);
  const found = writeSortedSet(session, key);
  if (found === undefined && options.xx) return options.incr ? null : 0;
  const set = found?.value ?? new SortedSet();
  let added = 0;
  let changed = 0;
  let result: number | undefined;
  for (let i = next, n = 0; i < argv.length; i += 2, n++) {
    const member = at(argv, i + 1);
    const before = set.score(member);
    result = applyScore(set, member, scores[n] ?? 0, options);
    if (result === undefined) continue;
    if (before === undefined) added++;
    else if (before !== result) changed++;
  }
  if (found === undefined && set.size > 0) session.db.create(key, set);
  if (added + changed > 0) session.db.changed(key);
  if (options.incr) {
    if (result === undefined) return null;
    session.engine.propagate('ZADD', key, exact(result), at(argv, next + 1));
    return new DoubleReply(result);
  }
  return options.ch ? added + changed : added;
}

/** A score as the log keeps it: it must read back as the same double. */
function exact(score: number): string {
  return Number.isFinite(score) ? String(score) : formatDouble(score);
}

/** ZINCRBY is ZADD INCR: it reads ZADD's options, too. */
const adding =
  (incr: boolean): Handler =>
  (session, argv) => {
    const { options, next } = parseAdd(argv, incr);
    return add(session, argv, options, next);
  };

const zrem: Handler = (session, argv) => {
  const key = at(argv, 1);
  const found = writeSortedSet(session, key);
  if (found === undefined) return 0;
  let removed = 0;
  for (let i = 2; i < argv.length; i++) if (found.value.delete(at(argv, i))) removed++;
  if (removed > 0) finish(session, key, found);
  return removed;
};

const rangeDefaults = { reverse: false, offset: 0, limit: -1 } as const;

const counting =
  (by: 'score' | 'lex'): Handler =>
  (session, argv) => {
    const select = selectorOf({ ...rangeDefaults, by, min: at(argv, 2), max: at(argv, 3) });
    const set = readSortedSet(session, at(argv, 1));
    return set === undefined ? 0 : (select(set)?.count ?? 0);
  };

const removingRange =
  (by: RangeQuery['by']): Handler =>
  (session, argv) => {
    const key = at(argv, 1);
    const select = selectorOf({ ...rangeDefaults, by, min: at(argv, 2), max: at(argv, 3) });
    const found = writeSortedSet(session, key);
    const range = found === undefined ? undefined : select(found.value);
    if (found === undefined || range === undefined) return 0;
    for (const member of found.value.slice(range.from, range.count)) found.value.delete(member);
    finish(session, key, found);
    return range.count;
  };

interface ParsedRange {
  readonly query: RangeQuery;
  readonly withScores: boolean;
}

/** ZRANGE and ZRANGESTORE from `first` (the index of start) on. */
function parseRange(argv: readonly string[], first: number, storing: boolean): ParsedRange {
  let by: RangeQuery['by'] = 'rank';
  let reverse = false;
  let withScores = false;
  let offset = 0;
  let limit: number | undefined;
  for (let i = first + 2; i < argv.length; i++) {
    const word = upper(argv, i);
    if ((word === 'BYSCORE' || word === 'BYLEX') && by === 'rank') by = word === 'BYSCORE' ? 'score' : 'lex';
    else if (word === 'REV' && !reverse) reverse = true;
    else if (word === 'WITHSCORES' && !storing) withScores = true;
    else if (word === 'LIMIT' && i + 2 < argv.length) {
      offset = integer(at(argv, i + 1));
      limit = integer(at(argv, i + 2));
      i += 2;
    } else throw SYNTAX;
  }
  return { query: queryOf(argv, first, { by, reverse, offset, limit, withScores }), withScores };
}

interface RangeOptions {
  readonly by: RangeQuery['by'];
  readonly reverse: boolean;
  readonly offset: number;
  readonly limit: number | undefined;
  readonly withScores: boolean;
}

/** The query of a range command whose start stands at `first`; options that do not go together are refused. */
function queryOf(argv: readonly string[], first: number, options: RangeOptions): RangeQuery {
  const { by, reverse, offset, limit = -1, withScores } = options;
  if (limit !== -1 && by === 'rank') {
    throw err('syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX');
  }
  if (withScores && by === 'lex') throw err('syntax error, WITHSCORES not supported in combination with BYLEX');
  const swap = reverse && by !== 'rank';
  const min = at(argv, swap ? first + 1 : first);
  const max = at(argv, swap ? first : first + 1);
  // LIMIT with a count of -1 is let pass for ranks, and means nothing there.
  return { by, min, max, reverse, offset: by === 'rank' ? 0 : offset, limit };
}

const zrange: Handler = (session, argv) => {
  const { query, withScores } = parseRange(argv, 2, false);
  const select = selectorOf(query);
  return rangeReply(session, readSortedSet(session, at(argv, 1)), query, select, withScores);
};

const zrangestore: Handler = (session, argv) => {
  const { query } = parseRange(argv, 3, true);
  const select = selectorOf(query);
  const target = at(argv, 1);
  const source = readSortedSet(session, at(argv, 2));
  const result = new SortedSet();
  if (source !== undefined) visitRange(source, query, select, (member, score) => result.set(member, score));
  if (result.size === 0) {
    if (session.db.remove(target)) session.db.changed(target);
    return 0;
  }
  session.db.put(target, result);
  session.db.changed(target);
  return result.size;
};

/** ZRANGEBYSCORE, ZREVRANGE and the other old forms. */
const oldRange =
  (by: RangeQuery['by'], reverse: boolean): Handler =>
  (session, argv) => {
    let withScores = false;
    let offset = 0;
    let limit: number | undefined;
    for (let i = 4; i < argv.length; i++) {
      const word = upper(argv, i);
      if (word === 'WITHSCORES') withScores = true;
      else if (word === 'LIMIT' && i + 2 < argv.length) {
        offset = integer(at(argv, i + 1));
        limit = integer(at(argv, i + 2));
        i += 2;
      } else throw SYNTAX;
    }
    const query = queryOf(argv, 2, { by, reverse, offset, limit, withScores });
    const select = selectorOf(query);
    return rangeReply(session, readSortedSet(session, at(argv, 1)), query, select, withScores);
  };

const ranking =
  (reverse: boolean): Handler =>
  (session, argv) => {
    const withScore = argv.length === 4;
    if (argv.length > 4) throw replies.wrongArity(at(argv, 0).toLowerCase());
    if (withScore && upper(argv, 3) !== 'WITHSCORE') throw SYNTAX;
    const set = readSortedSet(session, at(argv, 1));
    const rank = set?.rank(at(argv, 2));
    if (set === undefined || rank === undefined) return withScore ? NULL_ARRAY : null;
    const place = reverse ? set.size - 1 - rank : rank;
    return withScore ? [place, new DoubleReply(set.score(at(argv, 2)) ?? 0)] : place;
  };

const scoreReply = (score: number | undefined): Reply => (score === undefined ? null : new DoubleReply(score));

const zmscore: Handler = (session, argv) => {
  const set = readSortedSet(session, at(argv, 1));
  return argv.slice(2).map((member) => scoreReply(set?.score(member)));
};

const zrandmember: Handler = (session, argv) => {
  const withScores = argv.length === 4;
  const count = argv.length >= 3 ? randomCount(at(argv, 2), upper(argv, 3) === 'WITHSCORES') : undefined;
  if (argv.length > 4 || (withScores && upper(argv, 3) !== 'WITHSCORES')) throw SYNTAX;
  const set = readSortedSet(session, at(argv, 1));
  if (set === undefined) return count === undefined ? null : EMPTY_ARRAY;
  const members = [...set.members()];
  if (count === undefined) return randomPick(members) ?? null;
  const picked = randomPicks(members, count);
  if (!withScores) return picked;
  const out: Reply[] = [];
  for (const member of picked) pushScored(session, out, member, set.score(member) ?? 0);
  return out;
};

const zscan: Handler = (session, argv) => {
  const cursor = scanCursor(at(argv, 2));
  const set = readSortedSet(session, at(argv, 1));
  if (set === undefined) return scanReply('0', []);
  const options = scanOptions(argv, 3, cursor, false);
  const compact = isCompact(set, session.engine.config);
  const scanned = scanElements(compact ? set.slice(0, set.size) : set.members(), compact, options);
  return scanReply(
    scanned.cursor,
    scanned.names.flatMap((name) => [name, formatDouble(set.score(name) ?? 0)]),
  );
};

export const sortedSetCommands = declareCommands('sorted-set', TABLE, {
  zadd: adding(false),
  zcard: (session, argv) => readSortedSet(session, at(argv, 1))?.size ?? 0,
  zcount: counting('score'),
  zincrby: adding(true),
  zlexcount: counting('lex'),
  zmscore,
  zrandmember,
  zrange,
  zrangebylex: oldRange('lex', false),
  zrangebyscore: oldRange('score', false),
  zrangestore,
  zrank: ranking(false),
  zrem,
  zremrangebylex: removingRange('lex'),
  zremrangebyrank: removingRange('rank'),
  zremrangebyscore: removingRange('score'),
  zrevrange: oldRange('rank', true),
  zrevrangebylex: oldRange('lex', true),
  zrevrangebyscore: oldRange('score', true),
  zrevrank: ranking(true),
  zscan,
  zscore: (session, argv) => scoreReply(readSortedSet(session, at(argv, 1))?.score(at(argv, 2))),
  ...algebraHandlers,
  ...popHandlers,
});
