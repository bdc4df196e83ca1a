/** What the stream command files share: ids, bounds, entries as replies, the arguments of XREAD and XREADGROUP. */
import { type Int64, integer } from '../numbers.ts';
import { cText, ErrorReply, err, MapReply, type Reply, STREAM_ID_INVALID, SYNTAX } from '../replies.ts';
import type { Session } from '../session.ts';
import {
  formatId,
  ID_MAX,
  ID_MIN,
  nextId,
  parseId,
  previousId,
  type StreamEntry,
  type StreamId,
} from '../structures/stream.ts';
import { at, upper } from './support.ts';
import { timeoutMilliseconds } from './waiting.ts';

const MAX_SEQ = ID_MAX.seq;

/** A whole id argument; a missing sequence is 0. */
export function idArgument(text: string, missingSeq: Int64 = 0): StreamId {
  const id = parseId(text, missingSeq);
  if (id === undefined) throw STREAM_ID_INVALID;
  return id;
}

export function noGroupForKey(group: string, key: string): ErrorReply {
  return new ErrorReply(`NOGROUP No such consumer group '${cText(group)}' for key name '${cText(key)}'`);
}

export function entryReply({ id, fields }: StreamEntry): Reply {
  return [formatId(id), fields];
}

/** A bound of XRANGE: `-`, `+`, an id, or `(id`. */
export function rangeBound(text: string, isStart: boolean): StreamId {
  if (text === '-') return ID_MIN;
  if (text === '+') return ID_MAX;
  if (!text.startsWith('(')) return idArgument(text, isStart ? 0 : MAX_SEQ);
  const id = idArgument(text.slice(1), isStart ? 0 : MAX_SEQ);
  const moved = isStart ? nextId(id) : previousId(id);
  if (moved === undefined) throw err(`invalid ${isStart ? 'start' : 'end'} ID for the interval`);
  return moved;
}

/** Options of XREAD and XREADGROUP up to STREAMS. */
export interface ReadRequest {
  readonly count: number;
  readonly blockMs: number | undefined;
  readonly noAck: boolean;
  readonly group: string | undefined;
  readonly consumer: string;
  readonly keys: readonly string[];
  readonly ids: readonly string[];
}

export function parseRead(argv: readonly string[], grouped: boolean): ReadRequest {
  let count = 0;
  let blockMs: number | undefined;
  let noAck = false;
  let group: string | undefined;
  let consumer = '';
  for (let i = 1; i < argv.length; i++) {
    const word = upper(argv, i);
    const more = i + 1 < argv.length;
    if (word === 'BLOCK' && more) blockMs = timeoutMilliseconds(at(argv, ++i));
    else if (word === 'COUNT' && more) count = Math.max(0, integer(at(argv, ++i)));
    else if (word === 'NOACK') {
      if (!grouped) throw err('The NOACK option is only supported by XREADGROUP. You called XREAD instead.');
      noAck = true;
    } else if (word === 'GROUP' && i + 2 < argv.length) {
      if (!grouped) throw err('The GROUP option is only supported by XREADGROUP. You called XREAD instead.');
      group = at(argv, ++i);
      consumer = at(argv, ++i);
    } else if (word === 'STREAMS' && more) {
      const rest = argv.slice(i + 1);
      if (rest.length % 2 !== 0) {
        const [name, newest] = grouped ? ['xreadgroup', '>'] : ['xread', '$'];
        throw err(`Unbalanced '${name}' list of streams: for each stream key an ID or '${newest}' must be specified.`);
      }
      if (grouped && group === undefined) throw err('Missing GROUP option for XREADGROUP');
      const half = rest.length / 2;
      return { count, blockMs, noAck, group, consumer, keys: rest.slice(0, half), ids: rest.slice(half) };
    } else throw SYNTAX;
  }
  throw SYNTAX;
}

/** The reply of XREAD: a map in RESP3, an array of pairs in RESP2. */
export function readReply(session: Session, parts: readonly (readonly [string, Reply])[]): Reply {
  if (session.resp === 3) return new MapReply(parts.flat());
  return parts.map(([key, entries]) => [key, entries]);
}
