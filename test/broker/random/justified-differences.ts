/**
 * The only place where a difference between the broker and redis-server 7.0.15 is excused in random programs. The broker announces 7.2;
 * what 7.2 changed is here, and what a server may choose. What would change the state of a program for good is kept out of
 * programs instead: arguments of BITCOUNT and BITPOS that 7.2 refuses even for missing keys, ZRANK with a fourth word (WITHSCORE in
 * 7.2), times beyond the year 287396, and consumers that 7.2 makes earlier (program.ts makes them first).
 */
import type { Request } from './program.ts';
import type { ReplyTree } from './reply-tree.ts';

interface JustifiedDifference {
  readonly reason: string;
  /** True when these two replies to this request differ in this way and in no other. */
  holds(request: Request, broker: ReplyTree, redis: ReplyTree): boolean;
}

/** What 7.2 added to replies, by the word before it; the rest of the reply must be as in 7.0. */
const ADDED: readonly { readonly command: string; readonly word: string; readonly reason: string }[] = [
  { command: 'XINFO', word: 'active-time', reason: '7.2 tells since when a consumer has not got an entry' },
  { command: 'XINFO', word: 'inactive', reason: '7.2 tells for how long a consumer has not got an entry' },
];

/** Error texts that 7.2 worded anew, and how 7.0 says it. */
const REWORDED: readonly { readonly now: RegExp; readonly before: string; readonly reason: string }[] = [
  {
    now: /Unbalanced 'xread(group)?' list of streams: for each stream key an ID or '[$>]' must be specified\./,
    before: "Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.",
    reason: '7.2 names the command and the sign that it takes',
  },
];

/** A reply with its error texts as 7.0 words them. */
export function inOldWords(reply: ReplyTree): ReplyTree {
  if (reply.items.length > 0) return { ...reply, items: reply.items.map(inOldWords) };
  if (reply.kind !== '-' && reply.kind !== '!') return reply;
  return { ...reply, text: REWORDED.reduce((text, { now, before }) => text.replace(now, () => before), reply.text) };
}

/** A reply without what 7.2 added. */
export function withoutAdded(request: Request, reply: ReplyTree): ReplyTree {
  const words = new Set(ADDED.filter(({ command }) => command === nameOf(request)).map(({ word }) => word));
  if (words.size === 0) return reply;
  const cut = (tree: ReplyTree): ReplyTree => ({
    ...tree,
    items: tree.items
      .filter((item, n) => !words.has(item.text) && !(n > 0 && words.has(tree.items[n - 1]?.text ?? '')))
      .map(cut),
  });
  return cut(reply);
}

const nameOf = (request: Request): string => (request[0] ?? '').toUpperCase();
const NUMBER = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/;

/** Equal but for leaves for which `alike` holds. */
function equalBut(a: ReplyTree, b: ReplyTree, alike: (a: ReplyTree, b: ReplyTree) => boolean): boolean {
  if (a.kind === b.kind && a.text === b.text && a.items.length === 0 && b.items.length === 0) return true;
  if (a.items.length === 0 && b.items.length === 0) return alike(a, b);
  if (a.kind !== b.kind || a.items.length !== b.items.length) return false;
  return a.items.every((item, n) => {
    const other = b.items[n];
    return other !== undefined && equalBut(item, other, alike);
  });
}

const DIFFERENCES: readonly JustifiedDifference[] = [
  {
    reason: '7.2 prints doubles with the fewest digits that read back as the same number, 7.0 with 17 digits',
    holds: (_request, broker, redis) =>
      equalBut(
        broker,
        redis,
        (a, b) =>
          a.kind === b.kind &&
          NUMBER.test(a.text) &&
          NUMBER.test(b.text) &&
          Number(a.text) === Number(b.text) &&
          b.text.replace(/[^\d]/g, '').length >= 16,
      ),
  },
  {
    reason:
      '7.2 runs a waiting XREADGROUP again when its group or key goes, and so gives the error of the command itself',
    holds: (request, broker, redis) =>
      nameOf(request) === 'XREADGROUP' &&
      /^(NOGROUP No such key |WRONGTYPE )/.test(broker.text) &&
      /^(NOGROUP the consumer group this client was blocked on|UNBLOCKED the stream key) no longer exists$/.test(
        redis.text,
      ),
  },
  {
    reason: '7.2 refuses the least 64-bit number as a rank',
    holds: (request, broker) =>
      nameOf(request) === 'LPOS' &&
      request.includes('-9223372036854775808') &&
      broker.text.startsWith('ERR value is out of range'),
  },
];

/**
 * Where the two part ways for good, so that the rest of a program cannot be compared; both replies as bytes.
 * - 7.0 answers a waiting XREAD with no entries when what woke it was trimmed or deleted at once; 7.2 looks again and goes on waiting.
 * - 7.0's SORT looks at an errno that an earlier command may have left, and then refuses numbers that are fine.
 * - 7.2 lets XSETID no longer go back behind a deleted entry.
 */
export function partsWays(request: Request, broker: string, redis: string): boolean {
  if (broker.includes('XSETID is smaller than current max_deleted_entry_id')) return true;
  const unconverted = "One or more scores can't be converted into double";
  if (redis.includes(unconverted) && !broker.includes(unconverted)) return true;
  const waits = /^XREAD(GROUP)?$/.test(nameOf(request)) && request.some((arg) => arg.toUpperCase() === 'BLOCK');
  return waits && broker !== redis && redis.includes('*0\r\n');
}

export function isJustified(request: Request, broker: ReplyTree, redis: ReplyTree): boolean {
  return DIFFERENCES.some((each) => each.holds(request, broker, redis));
}
