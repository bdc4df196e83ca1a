/** The stream commands without consumer groups: adding, trimming, ranges, XREAD. Groups are in stream-groups.ts, XINFO in stream-info.ts. */
import { declareCommands, type Handler } from '../command.ts';
import { integer, parseInt64 } from '../numbers.ts';
import * as replies from '../replies.ts';
import { EMPTY_ARRAY, err, NULL_ARRAY, OK, type Reply, SYNTAX } from '../replies.ts';
import type { Session } from '../session.ts';
import {
  compareIds,
  formatId,
  ID_MAX,
  ID_MIN,
  isLastId,
  nextId,
  Stream,
  type StreamId,
  type TrimRule,
} from '../structures/stream.ts';
import { groupHandlers } from './stream-groups.ts';
import { infoHandlers } from './stream-info.ts';
import { entryReply, idArgument, parseRead, rangeBound, readReply } from './stream-support.ts';
import { at, readStream, upper, writeStream } from './support.ts';
import { attemptOrBlock } from './waiting.ts';

const TABLE = `
xack | -4 | write fast | RWu:1 | stream | - | 5.0.0 | O(1) for each message ID processed. | integer | Returns the number of messages that were successfully acknowledged by the consumer group member of a stream.
xadd | -5 | write denyoom fast | RWu:1 | stream | nondeterministic_output | 5.0.0 | O(1) when adding a new entry, O(N) when trimming where N being the number of entries evicted. | bulk or array | Appends a new message to a stream. Creates the key if it doesn't exist.
xautoclaim | -6 | write fast | RWd:1 | stream | nondeterministic_output | 6.2.0 | O(1) if COUNT is small. | array | Changes, or acquires, ownership of messages in a consumer group, as if the messages were delivered to as consumer group member.
xclaim | -6 | write fast | RWu:1 | stream | nondeterministic_output | 5.0.0 | O(log N) with N being the number of messages in the PEL of the consumer group. | array | Changes, or acquires, ownership of a message in a consumer group, as if the message was delivered a consumer group member.
xdel | -3 | write fast | RWd:1 | stream | - | 5.0.0 | O(1) for each single item to delete in the stream, regardless of the stream size. | integer | Returns the number of messages after removing them from a stream.
xgroup | -2 | - | - | - | - | 5.0.0 | Depends on subcommand. | container | A container for consumer groups commands.
xgroup|create | -5 | write denyoom | RWi:2 | stream | - | 5.0.0 | O(1) | status | Creates a consumer group.
xgroup|createconsumer | 5 | write denyoom | RWi:2 | stream | - | 6.2.0 | O(1) | integer | Creates a consumer in a consumer group.
xgroup|delconsumer | 5 | write | RWd:2 | stream | - | 5.0.0 | O(1) | integer | Deletes a consumer from a consumer group.
xgroup|destroy | 4 | write | RWd:2 | stream | - | 5.0.0 | O(N) where N is the number of entries in the group's pending entries list (PEL). | integer | Destroys a consumer group.
xgroup|help | 2 | loading stale | - | stream | - | 5.0.0 | O(1) | array | Returns helpful text about the different subcommands.
xgroup|setid | -5 | write | RWu:2 | stream | - | 5.0.0 | O(1) | status | Sets the last-delivered ID of a consumer group.
xinfo | -2 | - | - | - | - | 5.0.0 | Depends on subcommand. | container | A container for stream introspection commands.
xinfo|consumers | 4 | readonly | ROa:2 | stream | nondeterministic_output | 5.0.0 | O(1) | array | Returns a list of the consumers in a consumer group.
xinfo|groups | 3 | readonly | ROa:2 | stream | - | 5.0.0 | O(1) | array | Returns a list of the consumer groups of a stream.
xinfo|help | 2 | loading stale | - | stream | - | 5.0.0 | O(1) | array | Returns helpful text about the different subcommands.
xinfo|stream | -3 | readonly | ROa:2 | stream | - | 5.0.0 | O(1) | map | Returns information about a stream.
xlen | 2 | readonly fast | RO:1 | stream | - | 5.0.0 | O(1) | integer | Return the number of messages in a stream.
xpending | -3 | readonly | ROa:1 | stream | nondeterministic_output | 5.0.0 | O(N) with N being the number of elements returned, so asking for a small fixed number of entries per call is O(1). O(M), where M is the total number of entries scanned when used with the IDLE filter. When the command returns just the summary and the list of consumers is small, it runs in O(1) time; otherwise, an additional O(N) time for iterating every consumer. | array | Returns the information and entries from a stream consumer group's pending entries list.
xrange | -4 | readonly | ROa:1 | stream | - | 5.0.0 | O(N) with N being the number of elements being returned. If N is constant (e.g. always asking for the first 10 elements with COUNT), you can consider it O(1). | array | Returns the messages from a stream within a range of IDs.
xread | -4 | readonly blocking | ROa:streams,1 | stream | - | 5.0.0 | - | map or null | Returns messages from multiple streams with IDs greater than the ones requested. Blocks until a message is available otherwise.
xreadgroup | -7 | write blocking | ROa:streams,4 | stream | - | 5.0.0 | For each stream mentioned: O(M) with M being the number of elements returned. If M is constant (e.g. always asking for the first 10 elements with COUNT), you can consider it O(1). On the other side when XREADGROUP blocks, XADD will pay the O(N) time in order to serve the N clients blocked on the stream getting new data. | map or null | Returns new or historical messages from a stream for a consumer in a group. Blocks until a message is available otherwise.
xrevrange | -4 | readonly | ROa:1 | stream | - | 5.0.0 | O(N) with N being the number of elements returned. If N is constant (e.g. always asking for the first 10 elements with COUNT), you can consider it O(1). | array | Returns the messages from a stream within a range of IDs in reverse order.
xsetid | -3 | write denyoom fast | RWu:1 | stream | - | 5.0.0 | O(1) | status | An internal command for replicating stream values.
xtrim | -4 | write | RWd:1 | stream | nondeterministic_output | 5.0.0 | O(N), with N being the number of evicted entries. Constant times are very small however, since entries are organized in macro nodes containing multiple entries that can be released with a single deallocation. | integer | Deletes messages from the beginning of a stream.
`;

/** Trimming options as they are read; `by` stays undefined until MAXLEN or MINID has come. */
interface TrimParse {
  by?: TrimRule['by'];
  approximate?: boolean;
  length?: number;
  minId?: StreamId;
  limit?: number;
}

/** Reads one trimming option at `i`; returns the index after it, or `i` when there is none. */
function parseTrimWord(argv: readonly string[], i: number, parse: TrimParse): number {
  const word = upper(argv, i);
  if (i + 1 >= argv.length) return i;
  if (word === 'LIMIT') {
    parse.limit = integer(at(argv, i + 1));
    if (parse.limit < 0) throw err('The LIMIT argument must be >= 0.');
    return i + 2;
  }
  if (word !== 'MAXLEN' && word !== 'MINID') return i;
  if (parse.by !== undefined) {
    throw err('syntax error, MAXLEN and MINID options at the same time are not compatible');
  }
  const sign = at(argv, i + 1);
  const hasSign = (sign === '~' || sign === '=') && i + 2 < argv.length;
  parse.approximate = hasSign && sign === '~';
  const valueAt = hasSign ? i + 2 : i + 1;
  parse.by = word === 'MAXLEN' ? 'maxlen' : 'minid';
  if (parse.by === 'minid') parse.minId = idArgument(at(argv, valueAt));
  else parse.length = integer(at(argv, valueAt));
  if ((parse.length ?? 0) < 0) throw err('The MAXLEN argument must be >= 0.');
  return valueAt + 1;
}

/** Approximate trimming drops at most 100 nodes' entries at a time unless LIMIT says otherwise. */
const DEFAULT_TRIM_LIMIT = 10_000;

function checkTrim({ by, approximate = false, length = 0, minId = ID_MIN, limit }: TrimParse): TrimRule | undefined {
  if (by === undefined) {
    if (limit) throw err('syntax error, LIMIT cannot be used without specifying a trimming strategy');
    return undefined;
  }
  if (limit !== undefined && !approximate) {
    throw err('syntax error, LIMIT cannot be used without the special ~ option');
  }
  return { by, approximate, length, minId, limit: limit ?? DEFAULT_TRIM_LIMIT };
}

/** The rule as an exact one, for the log: what was dropped must not depend on how nodes lie. */
function logTrim(session: Session, key: string, stream: Stream): void {
  session.engine.propagate('XTRIM', key, 'MAXLEN', '=', String(stream.length));
}

/** The id that an XADD gives its entry. */
function newId(session: Session, stream: Stream | undefined, text: string): StreamId {
  const last = stream?.lastId ?? ID_MIN;
  if (isLastId(last)) throw replies.STREAM_EXHAUSTED;
  if (text === '*') {
    const { nowMs } = session.db.keyspace;
    return nowMs > last.ms ? { ms: nowMs, seq: 0 } : (nextId(last) ?? ID_MAX);
  }
  if (text.endsWith('-*')) {
    const ms = idArgument(text.slice(0, -2)).ms;
    if (ms < last.ms) throw replies.STREAM_ID_SMALL;
    if (ms > last.ms) return { ms, seq: ms === 0 ? 1 : 0 };
    const id = nextId(last);
    if (id === undefined || id.ms !== last.ms) throw replies.STREAM_ID_SMALL;
    return id;
  }
  const id = idArgument(text);
  if (id.ms === 0 && id.seq === 0) throw replies.STREAM_ID_ZERO;
  if (compareIds(id, last) <= 0) throw replies.STREAM_ID_SMALL;
  return id;
}

const xadd: Handler = (session, argv) => {
  const key = at(argv, 1);
  const trim: TrimParse = {};
  let noMake = false;
  let i = 2;
  for (; i < argv.length; ) {
    if (upper(argv, i) === 'NOMKSTREAM') {
      noMake = true;
      i++;
      continue;
    }
    const next = parseTrimWord(argv, i, trim);
    if (next === i) break;
    i = next;
  }
  const idText = at(argv, i);
  if (i < argv.length && idText !== '*' && !idText.endsWith('-*')) idArgument(idText);
  const rule = checkTrim(trim);
  const fields = argv.slice(i + 1);
  if (fields.length < 2 || fields.length % 2 !== 0) throw replies.wrongArity('xadd');
  if (/^0+(-0+)?$/.test(idText)) throw replies.STREAM_ID_ZERO;
  const found = writeStream(session, key);
  if (found === undefined && noMake) return null;
  const stream = found?.value ?? new Stream();
  const id = newId(session, stream, idText);
  stream.append(id, fields);
  if (found === undefined) session.db.create(key, stream);
  const dropped = rule === undefined ? 0 : stream.trim(rule);
  session.db.changed(key);
  const text = formatId(id);
  session.engine.propagate('XADD', key, text, ...fields);
  if (dropped > 0) logTrim(session, key, stream);
  return text;
};

const xtrim: Handler = (session, argv) => {
  const key = at(argv, 1);
  const trim: TrimParse = {};
  for (let i = 2; i < argv.length; ) {
    const next = parseTrimWord(argv, i, trim);
    if (next === i) throw SYNTAX;
    i = next;
  }
  const rule = checkTrim(trim);
  if (rule === undefined) throw err('syntax error, XTRIM must be called with a trimming strategy');
  const found = writeStream(session, key);
  if (found === undefined) return 0;
  const dropped = found.value.trim(rule);
  if (dropped > 0) {
    session.db.changed(key);
    logTrim(session, key, found.value);
  }
  return dropped;
};

const xdel: Handler = (session, argv) => {
  const key = at(argv, 1);
  const found = writeStream(session, key);
  if (found === undefined) return 0;
  const ids = argv.slice(2).map((text) => idArgument(text));
  let removed = 0;
  for (const id of ids) if (found.value.delete(id)) removed++;
  if (removed > 0) session.db.changed(key);
  return removed;
};

const ranging =
  (reverse: boolean): Handler =>
  (session, argv) => {
    const from = rangeBound(at(argv, reverse ? 3 : 2), true);
    const to = rangeBound(at(argv, reverse ? 2 : 3), false);
    let count = 0;
    for (let i = 4; i < argv.length; i += 2) {
      if (upper(argv, i) !== 'COUNT' || i + 1 >= argv.length) throw SYNTAX;
      count = Math.max(integer(at(argv, i + 1)), 0);
    }
    if (argv.length > 4) {
      if (count === 0) return readStream(session, at(argv, 1)) === undefined ? EMPTY_ARRAY : NULL_ARRAY;
    }
    const stream = readStream(session, at(argv, 1));
    return stream === undefined ? EMPTY_ARRAY : stream.range(from, to, count, reverse).map(entryReply);
  };

const xread: Handler = (session, argv) => {
  const request = parseRead(argv, false);
  const after = request.ids.map((text, n) => {
    const stream = readStream(session, request.keys[n] ?? '');
    if (text === '$') return stream?.lastId ?? ID_MIN;
    if (text === '>') {
      throw err('The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.');
    }
    return idArgument(text);
  });
  const attempt = (): Reply | undefined => {
    const parts: [string, Reply][] = [];
    request.keys.forEach((key, n) => {
      const stream = readStream(session, key);
      const from = nextId(after[n] ?? ID_MIN);
      if (stream === undefined || from === undefined || compareIds(stream.lastId, from) < 0) return;
      const entries = stream.range(from, ID_MAX, request.count);
      if (entries.length > 0) parts.push([key, entries.map(entryReply)]);
    });
    return parts.length === 0 ? undefined : readReply(session, parts);
  };
  if (request.blockMs === undefined) return attempt() ?? NULL_ARRAY;
  return attemptOrBlock(session, request.keys, request.blockMs, NULL_ARRAY, attempt);
};

const xsetid: Handler = (session, argv) => {
  const key = at(argv, 1);
  const id = idArgument(at(argv, 2));
  let entriesAdded: number | undefined;
  let maxDeleted: StreamId | undefined;
  for (let i = 3; i < argv.length; i += 2) {
    const word = upper(argv, i);
    if (i + 1 >= argv.length) throw SYNTAX;
    if (word === 'ENTRIESADDED') {
      entriesAdded = Number(parseInt64(at(argv, i + 1)) ?? Number.NaN);
      if (Number.isNaN(entriesAdded)) throw replies.NOT_INTEGER;
      if (entriesAdded < 0) throw err('entries_added must be positive');
    } else if (word === 'MAXDELETEDID') {
      maxDeleted = idArgument(at(argv, i + 1));
      if (compareIds(id, maxDeleted) < 0)
        throw err('The ID specified in XSETID is smaller than the provided max_deleted_entry_id');
    } else throw SYNTAX;
  }
  const found = writeStream(session, key);
  if (found === undefined) throw replies.NO_SUCH_KEY;
  const stream = found.value;
  if (compareIds(id, stream.maxDeletedId) < 0)
    throw err('The ID specified in XSETID is smaller than current max_deleted_entry_id');
  const last = stream.lastEntry();
  if (last !== undefined && compareIds(id, last.id) < 0)
    throw err('The ID specified in XSETID is smaller than the target stream top item');
  if (entriesAdded !== undefined && stream.length > entriesAdded) {
    throw err('The entries_added specified in XSETID is smaller than the target stream length');
  }
  stream.lastId = id;
  if (entriesAdded !== undefined) stream.entriesAdded = entriesAdded;
  if (maxDeleted !== undefined && compareIds(maxDeleted, ID_MIN) > 0) stream.maxDeletedId = maxDeleted;
  session.db.groupsChanged(key);
  return OK;
};

export const streamCommands = declareCommands('stream', TABLE, {
  xadd,
  xdel,
  xlen: (session, argv) => readStream(session, at(argv, 1))?.length ?? 0,
  xrange: ranging(false),
  xread,
  xrevrange: ranging(true),
  xsetid,
  xtrim,
  ...groupHandlers,
  ...infoHandlers,
});
