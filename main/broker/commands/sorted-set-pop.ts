/** Popping from sorted sets, blocking or not. */
import type { Handler } from '../command.ts';
import { integerIn } from '../numbers.ts';
import * as replies from '../replies.ts';
import { DoubleReply, EMPTY_ARRAY, NULL_ARRAY, type Reply, SYNTAX } from '../replies.ts';
import type { Session } from '../session.ts';
import type { SortedSet } from '../structures/sorted-set.ts';
import { parseMultiPop } from './list.ts';
import { pushScored } from './sorted-set-ranges.ts';
import { at, type Writable, writeSortedSet } from './support.ts';
import { attemptOrBlock, timeoutSeconds } from './waiting.ts';

/** Reports a change, and removes the key when nothing is left. */
export function finish(session: Session, key: string, found: Writable<SortedSet>): void {
  session.db.removeIfEmpty(key, found.entry);
  session.db.changed(key);
}

type PopEnd = 'MIN' | 'MAX';

function pop(
  session: Session,
  key: string,
  found: Writable<SortedSet>,
  end: PopEnd,
  count: number,
): [string, number][] {
  const out: [string, number][] = [];
  const set = found.value;
  set.walk(end === 'MIN' ? 0 : set.size - 1, count, end === 'MAX', (member, score) => {
    out.push([member, score]);
    return true;
  });
  for (const [member] of out) set.delete(member);
  finish(session, key, found);
  session.engine.propagate('ZREM', key, ...out.map(([member]) => member));
  return out;
}

const popping =
  (end: PopEnd): Handler =>
  (session, argv) => {
    if (argv.length > 3) throw SYNTAX;
    const key = at(argv, 1);
    const count = argv.length === 3 ? integerIn(at(argv, 2), 0, Infinity, replies.NOT_POSITIVE) : undefined;
    const found = writeSortedSet(session, key);
    if (found === undefined || count === 0) return EMPTY_ARRAY;
    const popped = pop(session, key, found, end, count ?? 1);
    if (count === undefined) return popped.flatMap(([member, score]) => [member, new DoubleReply(score)]);
    const out: Reply[] = [];
    for (const [member, score] of popped) pushScored(session, out, member, score);
    return out;
  };

const blockingPop =
  (end: PopEnd): Handler =>
  (session, argv) => {
    const keys = argv.slice(1, -1);
    const timeoutMs = timeoutSeconds(at(argv, argv.length - 1));
    return attemptOrBlock(session, keys, timeoutMs, NULL_ARRAY, (ready) => {
      for (const key of ready) {
        const found = writeSortedSet(session, key);
        if (found === undefined) continue;
        const [first] = pop(session, key, found, end, 1);
        return [key, first?.[0] ?? '', new DoubleReply(first?.[1] ?? 0)];
      }
      return undefined;
    });
  };

function multiPop(session: Session, { keys, word, count }: ReturnType<typeof parseMultiPop>): Reply | undefined {
  for (const key of keys) {
    const found = writeSortedSet(session, key);
    if (found === undefined) continue;
    const popped = pop(session, key, found, word === 'MIN' ? 'MIN' : 'MAX', count);
    return [key, popped.map(([member, score]) => [member, new DoubleReply(score)])];
  }
  return undefined;
}

const bzmpop: Handler = (session, argv) => {
  const timeoutMs = timeoutSeconds(at(argv, 1));
  const spec = parseMultiPop(argv, 2, ['MIN', 'MAX']);
  return attemptOrBlock(session, spec.keys, timeoutMs, NULL_ARRAY, (keys) => multiPop(session, { ...spec, keys }));
};

export const popHandlers = {
  bzmpop,
  bzpopmax: blockingPop('MAX'),
  bzpopmin: blockingPop('MIN'),
  zmpop: (session, argv) => multiPop(session, parseMultiPop(argv, 1, ['MIN', 'MAX'])) ?? NULL_ARRAY,
  zpopmax: popping('MAX'),
  zpopmin: popping('MIN'),
} satisfies Record<string, Handler>;
