/**
 * Whether two replies to one request mean the same. Bytes must be equal but for what has no order in Redis, what is random, and what
 * tells the time. Anything else that may differ stands in justified-differences.ts.
 */
import { inOldWords, isJustified, withoutAdded } from './justified-differences.ts';
import type { Request } from './program.ts';
import { parseTree, type ReplyTree, show, sorted } from './reply-tree.ts';

/** Replies without an order, and how many neighbouring items belong together in RESP2. */
const UNORDERED: Readonly<Record<string, number>> = {
  SMEMBERS: 1,
  SINTER: 1,
  SUNION: 1,
  SDIFF: 1,
  KEYS: 1,
  HKEYS: 1,
  HVALS: 1,
  HGETALL: 2,
};
/** [cursor, items]: 1000 is asked for, so everything comes at once, in any order. */
const SCANS: Readonly<Record<string, number>> = { SCAN: 1, SSCAN: 1, HSCAN: 2, ZSCAN: 2 };
/** Random replies: only their shape can be equal. */
const RANDOM = new Set(['SRANDMEMBER', 'HRANDFIELD', 'ZRANDMEMBER', 'RANDOMKEY', 'SPOP']);
/** Facts about the server or the connection. */
const SERVER_FACTS = new Set(['HELLO']);
/** Times in the reply: how far two servers may be apart, in the reply's unit. */
const TIME_TOLERANCE: Readonly<Record<string, number>> = { TTL: 2, PTTL: 2_000, EXPIRETIME: 2, PEXPIRETIME: 2_000 };
const SLOW_MS = 5_000;

/** What a reply is compared by, for one request. */
export function meaning(request: Request, whole: ReplyTree): ReplyTree {
  const name = (request[0] ?? '').toUpperCase();
  const reply = withoutAdded(request, whole);
  if (reply.kind === '-' || reply.kind === '_') return reply;
  const width = UNORDERED[name];
  if (width !== undefined) return sorted(reply, reply.kind === '*' || reply.kind === '%' ? width : 1);
  if (name in SCANS) return scanMeaning(reply, SCANS[name] ?? 1);
  if (RANDOM.has(name)) return { kind: reply.kind, text: String(reply.items.length), items: [] };
  if (SERVER_FACTS.has(name)) return { kind: reply.kind, text: '', items: [] };
  if (name === 'SORT' || name === 'SORT_RO') return sortMeaning(request, reply);
  if (name === 'PUBSUB') return sorted(reply, /NUMSUB/i.test(request[1] ?? '') ? 2 : 1);
  if (name === 'XINFO' || name === 'XPENDING') return withoutTimes(reply);
  if (name === 'EVAL' || name === 'EVAL_RO') return scriptMeaning(request, reply);
  return reply;
}

function scanMeaning(reply: ReplyTree, width: number): ReplyTree {
  const [cursor, items] = reply.items;
  if (cursor === undefined || items === undefined) return reply;
  return { ...reply, items: [cursor, sorted(items, width)] };
}

/** What is equal BY a pattern, or not sorted at all, comes in any order; with GET several items belong together. */
function sortMeaning(request: Request, reply: ReplyTree): ReplyTree {
  const unsorted = request.some((arg) => arg.toUpperCase() === 'BY');
  const gets = request.filter((arg) => arg.toUpperCase() === 'GET').length;
  return unsorted ? sorted(reply, Math.max(1, gets)) : reply;
}

/** The replies of the requests packed into a script (program.ts), each by its own rule. */
function scriptMeaning(request: Request, reply: ReplyTree): ReplyTree {
  if (reply.kind !== '*') return reply;
  const inner = packed(request);
  const resp3 = request[1]?.includes('setresp(3)') === true;
  const items = reply.items.map((item, n) => {
    const each = inner[n] ?? [];
    // In RESP2 a map that Lua held is an array, which no longer tells that it was a map.
    return resp3 && MAPS.has((each[0] ?? '').toUpperCase())
      ? scattered(meaning(each, item))
      : meaning(each, unordered(item));
  });
  return { ...reply, items };
}

/** Commands that answer with maps in RESP3. */
const MAPS = new Set(['XINFO', 'LCS', 'HGETALL', 'XREAD', 'XREADGROUP']);

function scattered(tree: ReplyTree): ReplyTree {
  return sorted({ ...tree, items: tree.items.map(scattered) });
}

/** Maps and sets pass through Lua tables, which keep no order. */
function unordered(tree: ReplyTree): ReplyTree {
  const items = tree.items.map(unordered);
  return tree.kind === '%' || tree.kind === '~'
    ? sorted({ ...tree, items }, tree.kind === '%' ? 2 : 1)
    : { ...tree, items };
}

function packed(request: Request): Request[] {
  const requests: Request[] = [];
  for (let at = 3; at < request.length; ) {
    const count = Number(request[at]);
    requests.push(request.slice(at + 1, at + 1 + count));
    at += 1 + count;
  }
  return requests;
}

/** Milliseconds since something, and since the epoch, in XINFO and XPENDING. */
function withoutTimes(tree: ReplyTree): ReplyTree {
  const now = Date.now();
  const hidden = (each: ReplyTree): ReplyTree => {
    if (each.kind === ':' && Number(each.text) > now - 3_600_000 && Number(each.text) < now + 3_600_000) {
      return { ...each, text: 'a moment' };
    }
    return each.items.length === 0 ? each : { ...each, items: each.items.map(hidden) };
  };
  return hidden(tree);
}

/** Undefined when the replies mean the same or differ as listed; else both meanings. */
export function difference(request: Request, broker: string, redis: string): readonly [string, string] | undefined {
  if (broker === redis) return undefined;
  return treeDifference(request, parseTree(broker), parseTree(redis));
}

export function treeDifference(
  request: Request,
  broker: ReplyTree,
  redis: ReplyTree,
): readonly [string, string] | undefined {
  const a = meaning(request, inOldWords(broker));
  const b = meaning(request, redis);
  const [left, right] = [show(a), show(b)];
  if (left === right || nearInTime(request, a, b) || isJustified(request, a, b)) return undefined;
  return [left, right];
}

/** Times that two servers may tell a little apart. */
function nearInTime(request: Request, a: ReplyTree, b: ReplyTree): boolean {
  const name = (request[0] ?? '').toUpperCase();
  if (name in TIME_TOLERANCE && a.kind === ':' && b.kind === ':') return near(a, b, TIME_TOLERANCE[name] ?? 0);
  if (name === 'XPENDING' || name === 'XINFO') return idleAlike(a, b);
  if (
    (name === 'EVAL' || name === 'EVAL_RO') &&
    a.kind === '*' &&
    b.kind === '*' &&
    a.items.length === b.items.length
  ) {
    const inner = packed(request);
    return a.items.every((item, n) => {
      const other = b.items[n];
      return other !== undefined && treeDifference(inner[n] ?? [], item, other) === undefined;
    });
  }
  return false;
}

function near(a: ReplyTree, b: ReplyTree, tolerance: number): boolean {
  return Number(a.text) > 0 && Number(b.text) > 0 && Math.abs(Number(a.text) - Number(b.text)) <= tolerance;
}

/** Equal but for integers that can be a few milliseconds of idleness: the third of XPENDING's, those after `idle`. */
function idleAlike(a: ReplyTree, b: ReplyTree): boolean {
  if (a.kind !== b.kind || a.items.length !== b.items.length) return false;
  if (a.items.length === 0) return a.text === b.text;
  return a.items.every((item, n) => {
    const other = b.items[n];
    if (other === undefined) return false;
    const label = a.items[n - 1]?.text;
    const isIdle =
      label === 'idle' || label === 'inactive' || (n === 2 && a.items.length === 4 && a.items[0]?.kind === '$');
    if (isIdle && item.kind === ':' && other.kind === ':')
      return Math.abs(Number(item.text) - Number(other.text)) < SLOW_MS;
    return idleAlike(item, other);
  });
}
