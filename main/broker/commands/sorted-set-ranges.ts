/** Ranges of sorted sets: parsing of score and lex bounds, and the walk between two ranks that every range command is. */
import { integer, strtod } from '../numbers.ts';
import { DoubleReply, NOT_MIN_MAX_FLOAT, NOT_MIN_MAX_LEX, type Reply } from '../replies.ts';
import type { Session } from '../session.ts';
import type { SortedSet } from '../structures/sorted-set.ts';
import { clampRange } from './support.ts';

/** A stretch of ranks, or undefined when it is empty. */
export interface RankRange {
  readonly from: number;
  readonly count: number;
}

export interface ScoreBound {
  readonly score: number;
  readonly exclusive: boolean;
}

export function parseScoreBound(text: string): ScoreBound {
  const exclusive = text.startsWith('(');
  const score = strtod(exclusive ? text.slice(1) : text);
  if (score === undefined) throw NOT_MIN_MAX_FLOAT;
  return { score, exclusive };
}

export interface LexBound {
  /** -1 stands for `-`, 1 for `+`, 0 for a string. */
  readonly infinite: -1 | 0 | 1;
  readonly text: string;
  readonly exclusive: boolean;
}

export function parseLexBound(text: string): LexBound {
  if (text === '-') return { infinite: -1, text: '', exclusive: false };
  if (text === '+') return { infinite: 1, text: '', exclusive: false };
  const mark = text[0];
  if (mark !== '(' && mark !== '[') throw NOT_MIN_MAX_LEX;
  return { infinite: 0, text: text.slice(1), exclusive: mark === '(' };
}

function between(low: number, high: number): RankRange | undefined {
  return high > low ? { from: low, count: high - low } : undefined;
}

export function rangeByScore(set: SortedSet, min: ScoreBound, max: ScoreBound): RankRange | undefined {
  const low = set.lowerBound(min.exclusive ? (score) => score <= min.score : (score) => score < min.score);
  const high = set.lowerBound(max.exclusive ? (score) => score < max.score : (score) => score <= max.score);
  return between(low, high);
}

function lexRank(set: SortedSet, bound: LexBound, upper: boolean): number {
  if (bound.infinite !== 0) return bound.infinite < 0 ? 0 : set.size;
  const { text } = bound;
  return set.lowerBound(upper !== bound.exclusive ? (_, member) => member <= text : (_, member) => member < text);
}

export function rangeByLex(set: SortedSet, min: LexBound, max: LexBound): RankRange | undefined {
  return between(lexRank(set, min, false), lexRank(set, max, true));
}

export function rangeByRank(set: SortedSet, start: number, stop: number, reverse: boolean): RankRange | undefined {
  const range = clampRange(start, stop, set.size);
  if (range === undefined) return undefined;
  const count = range.to - range.from + 1;
  return { from: reverse ? set.size - 1 - range.to : range.from, count };
}

export interface RangeQuery {
  readonly by: 'rank' | 'score' | 'lex';
  /** The lower and the upper bound (for `rank` start and stop as given). */
  readonly min: string;
  readonly max: string;
  readonly reverse: boolean;
  readonly offset: number;
  /** Negative = all. */
  readonly limit: number;
}

export type Selector = (set: SortedSet) => RankRange | undefined;

/** Checks the bounds of a query (errors come before the key is looked at) and returns what selects the ranks. */
export function selectorOf(query: RangeQuery): Selector {
  if (query.by === 'score') {
    const min = parseScoreBound(query.min);
    const max = parseScoreBound(query.max);
    return (set) => rangeByScore(set, min, max);
  }
  if (query.by === 'lex') {
    const min = parseLexBound(query.min);
    const max = parseLexBound(query.max);
    return (set) => rangeByLex(set, min, max);
  }
  const start = integer(query.min);
  const stop = integer(query.max);
  return (set) => rangeByRank(set, start, stop, query.reverse);
}

/** Visits the entries of a query in its order, LIMIT applied. */
export function visitRange(
  set: SortedSet,
  query: RangeQuery,
  select: Selector,
  visit: (member: string, score: number) => void,
): void {
  const range = select(set);
  if (range === undefined || query.offset < 0) return;
  const count = Math.min(range.count - query.offset, query.limit < 0 ? Infinity : query.limit);
  const from = query.reverse ? range.from + range.count - 1 - query.offset : range.from + query.offset;
  set.walk(from, count, query.reverse, (member, score) => {
    visit(member, score);
    return true;
  });
}

/** Appends a member with its score in the shape of the session's protocol: a pair in RESP3, two items in RESP2. */
export function pushScored(session: Session, out: Reply[], member: string, score: number): void {
  if (session.resp === 3) out.push([member, new DoubleReply(score)]);
  else out.push(member, new DoubleReply(score));
}

/** The reply of a range command. */
export function rangeReply(
  session: Session,
  set: SortedSet | undefined,
  query: RangeQuery,
  select: Selector,
  withScores: boolean,
): Reply {
  const out: Reply[] = [];
  if (set === undefined) return out;
  visitRange(set, query, select, (member, score) => {
    if (withScores) pushScored(session, out, member, score);
    else out.push(member);
  });
  return out;
}
