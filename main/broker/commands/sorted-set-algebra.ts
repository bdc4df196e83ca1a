/** Union, intersection and difference of sorted sets (plain sets count with score 1), with weights and aggregates. */
import type { Handler } from '../command.ts';
import { double, integer, integerIn } from '../numbers.ts';
import * as replies from '../replies.ts';
import { err, type Reply, SYNTAX, WRONGTYPE } from '../replies.ts';
import type { Session } from '../session.ts';
import { SortedSet } from '../structures/sorted-set.ts';
import { pushScored } from './sorted-set-ranges.ts';
import { at, upper } from './support.ts';

type Kind = 'union' | 'inter' | 'diff';
type Aggregate = 'SUM' | 'MIN' | 'MAX';

interface Request {
  readonly sources: readonly (ReadonlyMap<string, number> | undefined)[];
  readonly weights: readonly number[];
  readonly aggregate: Aggregate;
  readonly withScores: boolean;
}

function sourceOf(session: Session, key: string): ReadonlyMap<string, number> | undefined {
  const value = session.db.forRead(key)?.value;
  if (value === undefined) return undefined;
  const out = new Map<string, number>();
  if (value instanceof SortedSet) {
    value.walk(0, value.size, false, (member, score) => {
      out.set(member, score);
      return true;
    });
    return out;
  }
  if (!(value instanceof Set)) throw WRONGTYPE;
  for (const member of value) out.set(member, 1);
  return out;
}

function parseRequest(
  session: Session,
  argv: readonly string[],
  numkeysAt: number,
  kind: Kind,
  storing: boolean,
): Request {
  const numkeys = integer(at(argv, numkeysAt));
  const name = at(argv, 0).toLowerCase();
  if (numkeys < 1) throw err(`at least 1 input key is needed for '${name}' command`);
  if (numkeys > argv.length - numkeysAt - 1) throw SYNTAX;
  const sources = argv.slice(numkeysAt + 1, numkeysAt + 1 + numkeys).map((key) => sourceOf(session, key));
  let weights = sources.map(() => 1);
  let aggregate: Aggregate = 'SUM';
  let withScores = false;
  for (let i = numkeysAt + 1 + numkeys; i < argv.length; i++) {
    const word = upper(argv, i);
    if (word === 'WEIGHTS' && kind !== 'diff' && i + numkeys < argv.length) {
      weights = argv.slice(i + 1, i + 1 + numkeys).map((text) => double(text, err('weight value is not a float')));
      i += numkeys;
    } else if (word === 'AGGREGATE' && kind !== 'diff' && i + 1 < argv.length) {
      const chosen = upper(argv, ++i);
      if (chosen !== 'SUM' && chosen !== 'MIN' && chosen !== 'MAX') throw SYNTAX;
      aggregate = chosen;
    } else if (word === 'WITHSCORES' && !storing) {
      withScores = true;
    } else {
      throw SYNTAX;
    }
  }
  return { sources, weights, aggregate, withScores };
}

/** weight × score with Redis's rule that infinity × 0 is 0. */
function weighted(score: number, weight: number): number {
  const product = score * weight;
  return Number.isNaN(product) ? 0 : product;
}

function aggregated(a: number, b: number, how: Aggregate): number {
  // Of 0 and -0, which are equal here though not for Math.min, the first stays.
  if (how === 'MIN') return b < a ? b : a;
  if (how === 'MAX') return b > a ? b : a;
  const sum = a + b;
  return Number.isNaN(sum) ? 0 : sum;
}

/** A stored result is kept compactly, which makes 0 of -0; one that is only told keeps its sign. */
function withoutNegativeZeros(result: SortedSet): SortedSet {
  const negative: string[] = [];
  result.walk(0, result.size, false, (member, score) => {
    if (Object.is(score, -0)) negative.push(member);
    return true;
  });
  for (const member of negative) result.set(member, 0);
  return result;
}

function combine(kind: Kind, { sources, weights, aggregate }: Request): SortedSet {
  const result = new SortedSet();
  if (kind === 'union') {
    sources.forEach((source, n) => {
      for (const [member, score] of source ?? []) {
        const value = weighted(score, weights[n] ?? 1);
        const old = result.score(member);
        result.set(member, old === undefined ? value : aggregated(old, value, aggregate));
      }
    });
    return result;
  }
  const [first, ...others] = sources;
  for (const [member, score] of first ?? []) {
    if (kind === 'diff') {
      if (!others.some((other) => other?.has(member))) result.set(member, score);
      continue;
    }
    let value: number | undefined = weighted(score, weights[0] ?? 1);
    others.forEach((other, n) => {
      const theirs = other?.get(member);
      if (theirs === undefined || value === undefined) value = undefined;
      else value = aggregated(value, weighted(theirs, weights[n + 1] ?? 1), aggregate);
    });
    if (value !== undefined) result.set(member, value);
  }
  return result;
}

const reading =
  (kind: Kind): Handler =>
  (session, argv) => {
    const request = parseRequest(session, argv, 1, kind, false);
    const result = combine(kind, request);
    const out: Reply[] = [];
    result.walk(0, result.size, false, (member, score) => {
      if (request.withScores) pushScored(session, out, member, score);
      else out.push(member);
      return true;
    });
    return out;
  };

const storing =
  (kind: Kind): Handler =>
  (session, argv) => {
    const result = withoutNegativeZeros(combine(kind, parseRequest(session, argv, 2, kind, true)));
    const target = at(argv, 1);
    if (result.size === 0) {
      if (session.db.remove(target)) session.db.changed(target);
      return 0;
    }
    session.db.put(target, result);
    session.db.changed(target);
    return result.size;
  };

const zintercard: Handler = (session, argv) => {
  const numkeys = integer(at(argv, 1));
  if (numkeys < 1) throw err("at least 1 input key is needed for 'zintercard' command");
  if (numkeys > argv.length - 2) throw SYNTAX;
  const sources = argv.slice(2, 2 + numkeys).map((key) => sourceOf(session, key));
  let limit = 0;
  for (let i = 2 + numkeys; i < argv.length; i += 2) {
    if (upper(argv, i) !== 'LIMIT' || i + 1 >= argv.length) throw SYNTAX;
    limit = integerIn(at(argv, i + 1), 0, Infinity, replies.LIMIT_NEGATIVE);
  }
  const result = combine('inter', { sources, weights: [], aggregate: 'SUM', withScores: false });
  return limit === 0 ? result.size : Math.min(result.size, limit);
};

export const algebraHandlers = {
  zdiff: reading('diff'),
  zdiffstore: storing('diff'),
  zinter: reading('inter'),
  zintercard,
  zinterstore: storing('inter'),
  zunion: reading('union'),
  zunionstore: storing('union'),
} satisfies Record<string, Handler>;
