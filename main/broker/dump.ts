/** A key's value as write commands that make it again: what a snapshot holds. Long collections are cut into several commands. */
import type { Entry } from './keyspace.ts';
import { encodeRequest } from './resp.ts';
import { Deque } from './structures/deque.ts';
import { SortedSet } from './structures/sorted-set.ts';
import { formatId, ID_MAX, ID_MIN, type Stream } from './structures/stream.ts';

const ARGS_A_COMMAND = 512;

/** The requests for one key, one after the other. */
export function dumpEntry(key: string, entry: Entry): string {
  const { value } = entry;
  let out: string;
  if (typeof value === 'string') out = encodeRequest(['SET', key, value]);
  else if (value instanceof Deque) out = chunks('RPUSH', key, value, 1);
  else if (value instanceof Map) out = chunks('HSET', key, flat(value), 2);
  else if (value instanceof Set) out = chunks('SADD', key, value, 1);
  else if (value instanceof SortedSet) out = chunks('ZADD', key, scored(value), 2);
  else out = dumpStream(key, value);
  if (entry.expireAtMs !== 0) out += encodeRequest(['PEXPIREAT', key, String(entry.expireAtMs)]);
  return out;
}

function* flat(map: ReadonlyMap<string, string>): IterableIterator<string> {
  for (const [field, value] of map) {
    yield field;
    yield value;
  }
}

function scored(set: SortedSet): string[] {
  const out: string[] = [];
  set.walk(0, set.size, false, (member, score) => {
    out.push(Number.isFinite(score) ? String(score) : score > 0 ? 'inf' : '-inf', member);
    return true;
  });
  return out;
}

function chunks(command: string, key: string, items: Iterable<string>, unit: 1 | 2): string {
  let out = '';
  let args: string[] = [command, key];
  for (const item of items) {
    args.push(item);
    if (args.length < ARGS_A_COMMAND + 2 || args.length % unit !== 0) continue;
    out += encodeRequest(args);
    args = [command, key];
  }
  return args.length > 2 ? out + encodeRequest(args) : out;
}

function dumpStream(key: string, stream: Stream): string {
  let out = '';
  for (const { id, fields } of stream.range(ID_MIN, ID_MAX, 0))
    out += encodeRequest(['XADD', key, formatId(id), ...fields]);
  // An empty stream exists all the same: add something and trim it away.
  if (stream.length === 0) out = encodeRequest(['XADD', key, 'MAXLEN', '=', '0', '0-1', 'x', 'x']);
  const added = String(stream.entriesAdded);
  const deleted = formatId(stream.maxDeletedId);
  out += encodeRequest(['XSETID', key, formatId(stream.lastId), 'ENTRIESADDED', added, 'MAXDELETEDID', deleted]);
  for (const group of stream.groups.values()) {
    const read = String(group.entriesRead ?? -1);
    out += encodeRequest(['XGROUP', 'CREATE', key, group.name, formatId(group.lastId), 'ENTRIESREAD', read]);
    for (const { name } of group.consumers.values())
      out += encodeRequest(['XGROUP', 'CREATECONSUMER', key, group.name, name]);
    for (const { id, consumer, deliveredAtMs, deliveries } of group.pending) {
      const claim = ['XCLAIM', key, group.name, consumer.name, '0', formatId(id)];
      out += encodeRequest([
        ...claim,
        'TIME',
        String(deliveredAtMs),
        'RETRYCOUNT',
        String(deliveries),
        'FORCE',
        'JUSTID',
      ]);
    }
  }
  return out;
}
