/**
 * A key's value as write commands that make it again: what a snapshot holds. A value is frozen first, which copies references only and
 * takes some ten milliseconds for a million elements; its requests are then made piece by piece while commands change the value.
 */
import type { Entry } from './keyspace.ts';
import { encodeRequest } from './resp.ts';
import { Deque } from './structures/deque.ts';
import { Hash } from './structures/hash.ts';
import { SortedSet } from './structures/sorted-set.ts';
import { type ConsumerGroup, formatId, ID_MAX, ID_MIN, type Stream, type StreamEntry } from './structures/stream.ts';

const PIECE_ARGS = 512;
const PIECE_BYTES = 1 << 16;

/** How many elements a key holds: more than a piece's worth is worth freezing. */
export function isLarge({ value }: Entry): boolean {
  if (typeof value === 'string') return false;
  if ('size' in value) return value.size > PIECE_ARGS;
  if (value.length > PIECE_ARGS) return true;
  for (const { pending } of value.groups.values()) if (pending.size > PIECE_ARGS) return true;
  return false;
}

/** The requests that make the key as it is now, to be asked for piece by piece, now or later. */
export function freeze(key: string, entry: Entry): Iterator<string, undefined> {
  const { value, expireAtMs } = entry;
  return pieces(key, frozenValue(key, value), expireAtMs);
}

function* pieces(key: string, value: Iterator<string, undefined>, expireAtMs: number): Generator<string, undefined> {
  for (let step = value.next(); !step.done; step = value.next()) yield step.value;
  if (expireAtMs !== 0) yield encodeRequest(['PEXPIREAT', key, String(expireAtMs)]);
}

function frozenValue(key: string, value: Entry['value']): Iterator<string, undefined> {
  if (typeof value === 'string') return [encodeRequest(['SET', key, value])].values();
  if (value instanceof Deque) return inPieces('RPUSH', key, value.slice(0, value.size - 1), 1);
  if (value instanceof Set) return inPieces('SADD', key, [...value], 1);
  if (value instanceof Hash) return inPieces('HSET', key, value.flat(), 2);
  return value instanceof SortedSet ? frozenSortedSet(key, value) : frozenStream(key, value);
}

/** `items` in requests of at most PIECE_ARGS of them and about PIECE_BYTES; a multiple of `unit` each. */
function* inPieces(command: string, key: string, items: readonly string[], unit: 1 | 2): Generator<string, undefined> {
  let args: string[] = [command, key];
  let bytes = 0;
  for (const item of items) {
    args.push(item);
    bytes += item.length;
    if ((args.length < PIECE_ARGS + 2 && bytes < PIECE_BYTES) || args.length % unit !== 0) continue;
    yield encodeRequest(args);
    args = [command, key];
    bytes = 0;
  }
  if (args.length > 2) yield encodeRequest(args);
}

function frozenSortedSet(key: string, set: SortedSet): Iterator<string, undefined> {
  const members: string[] = [];
  const scores: number[] = [];
  set.walk(0, set.size, false, (member, score) => {
    members.push(member);
    scores.push(score);
    return true;
  });
  return (function* () {
    for (let start = 0; start < members.length; start += PIECE_ARGS / 2) {
      const items: string[] = [];
      for (let i = start; i < Math.min(start + PIECE_ARGS / 2, members.length); i++) {
        items.push(scoreText(scores[i] ?? 0), members[i] ?? '');
      }
      yield* inPieces('ZADD', key, items, 2);
    }
    return undefined;
  })();
}

function scoreText(score: number): string {
  if (Number.isFinite(score)) return Object.is(score, -0) ? '-0' : String(score);
  return score > 0 ? 'inf' : '-inf';
}

function frozenStream(key: string, stream: Stream): Iterator<string, undefined> {
  const entries = stream.range(ID_MIN, ID_MAX, 0);
  const added = String(stream.entriesAdded);
  const deleted = formatId(stream.maxDeletedId);
  const ids = encodeRequest(['XSETID', key, formatId(stream.lastId), 'ENTRIESADDED', added, 'MAXDELETEDID', deleted]);
  const groups = [...stream.groups.values()].map((group) => frozenGroup(key, group));
  return (function* () {
    yield* entryPieces(key, entries);
    yield ids;
    for (const group of groups) yield* group;
    return undefined;
  })();
}

function* entryPieces(key: string, entries: readonly StreamEntry[]): Generator<string> {
  // An empty stream exists all the same: something is added and trimmed away.
  if (entries.length === 0) yield encodeRequest(['XADD', key, 'MAXLEN', '=', '0', '0-1', 'x', 'x']);
  for (const { id, fields } of entries) yield encodeRequest(['XADD', key, formatId(id), ...fields]);
}

function frozenGroup(key: string, group: ConsumerGroup): Iterable<string> {
  const read = String(group.entriesRead ?? -1);
  const heads = [encodeRequest(['XGROUP', 'CREATE', key, group.name, formatId(group.lastId), 'ENTRIESREAD', read])];
  for (const { name } of group.consumers.values()) {
    heads.push(encodeRequest(['XGROUP', 'CREATECONSUMER', key, group.name, name]));
  }
  const pending = [...group.pending].map(({ id, consumer, deliveredAtMs, deliveries }) => ({
    id,
    consumer: consumer.name,
    deliveredAtMs,
    deliveries,
  }));
  return (function* () {
    yield* heads;
    for (const { id, consumer, deliveredAtMs, deliveries } of pending) {
      const claim = ['XCLAIM', key, group.name, consumer, '0', formatId(id)];
      const state = ['TIME', String(deliveredAtMs), 'RETRYCOUNT', String(deliveries), 'FORCE', 'JUSTID'];
      yield encodeRequest([...claim, ...state]);
    }
  })();
}
