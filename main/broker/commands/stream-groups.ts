/** Consumer groups: XGROUP and XREADGROUP. The log keeps a group's position as XGROUP SETID, deliveries by stream-pending.ts. */
import type { Handler } from '../command.ts';
import { integer } from '../numbers.ts';
import * as replies from '../replies.ts';
import { err, NULL_ARRAY, OK, type Reply, wrongForm } from '../replies.ts';
import type { Session } from '../session.ts';
import {
  type Consumer,
  type ConsumerGroup,
  compareIds,
  formatId,
  ID_MAX,
  ID_MIN,
  nextId,
  type Pending,
  PendingList,
  Stream,
  type StreamId,
} from '../structures/stream.ts';
import { claimEffect, consumerOf, noGroup, pendingHandlers, positionEffect } from './stream-pending.ts';
import { entryReply, idArgument, noGroupForKey, parseRead, type ReadRequest, readReply } from './stream-support.ts';
import { at, readStream, upper, writeStream } from './support.ts';
import { attemptOrBlock } from './waiting.ts';

function xgroupTarget(session: Session, argv: readonly string[]): { stream: Stream; group: ConsumerGroup } {
  const found = writeStream(session, at(argv, 2));
  if (found === undefined) throw replies.XGROUP_NO_KEY;
  const group = found.value.groups.get(at(argv, 3));
  if (group === undefined) throw noGroupForKey(at(argv, 3), at(argv, 2));
  return { stream: found.value, group };
}

function entriesReadOption(text: string): number | undefined {
  const value = integer(text);
  if (value < -1) throw err('value for ENTRIESREAD must be positive or -1');
  return value === -1 ? undefined : value;
}

/** Options of CREATE and SETID; they are read before the key is looked at. */
function groupOptions(argv: readonly string[], mayMake: boolean): { make: boolean; entriesRead: number | undefined } {
  let make = false;
  let entriesRead: number | undefined;
  for (let i = 5; i < argv.length; i++) {
    const word = upper(argv, i);
    if (word === 'MKSTREAM' && mayMake) make = true;
    else if (word === 'ENTRIESREAD' && i + 1 < argv.length) entriesRead = entriesReadOption(at(argv, ++i));
    else throw wrongForm(argv);
  }
  return { make, entriesRead };
}

/** Where a group is put: `$` is the end; only SETID (not strict) also takes the ends of all ids. */
function positionArgument(stream: Stream, text: string, strict: boolean): StreamId {
  if (text === '$') return stream.lastId;
  if (!strict && text === '-') return ID_MIN;
  return !strict && text === '+' ? ID_MAX : idArgument(text);
}

const xgroupCreate: Handler = (session, argv) => {
  const { make, entriesRead } = groupOptions(argv, true);
  const key = at(argv, 2);
  const found = writeStream(session, key);
  if (found === undefined && !make) throw replies.XGROUP_NO_KEY;
  if (argv.length > 8) throw wrongForm(argv);
  const stream = found?.value ?? new Stream();
  const lastId = positionArgument(stream, at(argv, 4), true);
  if (stream.groups.has(at(argv, 3))) throw replies.BUSYGROUP;
  if (found === undefined) {
    session.db.create(key, stream);
    session.db.changed(key);
  }
  const name = at(argv, 3);
  stream.groups.set(name, { name, lastId, entriesRead, pending: new PendingList(), consumers: new Map() });
  session.db.groupsChanged(key);
  return OK;
};

const xgroupSetid: Handler = (session, argv) => {
  const { entriesRead } = groupOptions(argv, false);
  const { stream, group } = xgroupTarget(session, argv);
  if (argv.length > 7) throw wrongForm(argv);
  group.lastId = positionArgument(stream, at(argv, 4), false);
  group.entriesRead = entriesRead;
  session.db.groupsChanged(at(argv, 2));
  return OK;
};

const xgroupDestroy: Handler = (session, argv) => {
  const found = writeStream(session, at(argv, 2));
  if (found === undefined) throw replies.XGROUP_NO_KEY;
  if (!found.value.groups.delete(at(argv, 3))) return 0;
  session.db.groupsChanged(at(argv, 2));
  return 1;
};

const xgroupCreateConsumer: Handler = (session, argv) => {
  const { group } = xgroupTarget(session, argv);
  const { made } = consumerOf(group, at(argv, 4), session.db.keyspace.nowMs);
  if (made) session.db.groupsChanged(at(argv, 2));
  return made ? 1 : 0;
};

const xgroupDelConsumer: Handler = (session, argv) => {
  const { group } = xgroupTarget(session, argv);
  const consumer = group.consumers.get(at(argv, 4));
  if (consumer === undefined) return 0;
  for (const { id } of consumer.pending) group.pending.delete(id);
  group.consumers.delete(at(argv, 4));
  session.db.groupsChanged(at(argv, 2));
  return consumer.pending.size;
};

/** Entries read so far if `id` were the last one; undefined when deletions make it unknowable (Redis's streamEstimateDistance…). */
function estimateRead(stream: Stream, id: StreamId): number | undefined {
  if (stream.entriesAdded === 0) return 0;
  if (stream.length === 0) return compareIds(id, stream.lastId) <= 0 ? stream.entriesAdded : undefined;
  const byLast = compareIds(id, stream.lastId);
  if (byLast === 0) return stream.entriesAdded;
  if (byLast > 0) return undefined;
  const neverDeleted = compareIds(stream.maxDeletedId, ID_MIN) === 0;
  if (!neverDeleted && compareIds(stream.maxDeletedId, stream.firstId()) >= 0) return undefined;
  const byFirst = compareIds(id, stream.firstId());
  if (byFirst < 0) return stream.entriesAdded - stream.length;
  return byFirst === 0 ? stream.entriesAdded - stream.length + 1 : undefined;
}

function hasTombstoneAfter(stream: Stream, id: StreamId): boolean {
  if (stream.length === 0 || compareIds(stream.maxDeletedId, ID_MIN) === 0) return false;
  if (compareIds(stream.firstId(), stream.maxDeletedId) > 0) return false;
  return compareIds(id, stream.maxDeletedId) <= 0;
}

/** How far a group lags behind, or null when it cannot be known. */
export function groupLag(stream: Stream, group: ConsumerGroup): Reply {
  if (stream.entriesAdded === 0) return 0;
  if (group.entriesRead !== undefined && !hasTombstoneAfter(stream, group.lastId)) {
    return stream.entriesAdded - group.entriesRead;
  }
  const read = estimateRead(stream, group.lastId);
  return read === undefined ? null : stream.entriesAdded - read;
}

/** Delivers entries after the group's position to a consumer. */
function deliverNew(
  session: Session,
  key: string,
  stream: Stream,
  group: ConsumerGroup,
  consumer: Consumer,
  request: ReadRequest,
): Reply[] {
  const { nowMs } = session.db.keyspace;
  const from = nextId(group.lastId);
  const entries = from === undefined ? [] : stream.range(from, ID_MAX, request.count);
  for (const entry of entries) {
    if (group.entriesRead !== undefined && !hasTombstoneAfter(stream, group.lastId)) group.entriesRead++;
    else if (stream.entriesAdded > 0) group.entriesRead = estimateRead(stream, entry.id);
    group.lastId = entry.id;
    if (request.noAck) continue;
    const old = group.pending.get(entry.id);
    if (old !== undefined) {
      old.consumer.pending.delete(entry.id);
      old.consumer = consumer;
      old.deliveredAtMs = nowMs;
      old.deliveries = 1;
      consumer.pending.add(old);
      claimEffect(session, key, group.name, old, consumer.name);
      continue;
    }
    const pending: Pending = { id: entry.id, consumer, deliveredAtMs: nowMs, deliveries: 1 };
    group.pending.add(pending);
    consumer.pending.add(pending);
    claimEffect(session, key, group.name, pending, consumer.name);
  }
  if (entries.length > 0) {
    consumer.activeAtMs = nowMs;
    session.db.groupsChanged(key);
    positionEffect(session, key, group);
  }
  return entries.map(entryReply);
}

/** A consumer's own history after `after`; deleted entries show as null. */
function history(
  session: Session,
  key: string,
  stream: Stream,
  group: ConsumerGroup,
  consumer: Consumer,
  after: StreamId,
  count: number,
): Reply[] {
  const out: Reply[] = [];
  const from = nextId(after);
  if (from === undefined) return out;
  for (const pending of consumer.pending.range(from, ID_MAX)) {
    const entry = stream.get(pending.id);
    if (entry === undefined) {
      out.push([formatId(pending.id), NULL_ARRAY]);
    } else {
      out.push(entryReply(entry));
      pending.deliveredAtMs = session.db.keyspace.nowMs;
      pending.deliveries++;
      claimEffect(session, key, group.name, pending, consumer.name);
      session.db.keyspace.dirty++;
    }
    if (out.length === count) break;
  }
  return out;
}

/** The same words as WRONGTYPE, which a waiter of any other command sleeps through: who waits for a group is told that it is gone. */
const REPLACED = new replies.ErrorReply(replies.WRONGTYPE.error);

function streamOrReplaced(session: Session, key: string): Stream | undefined {
  const value = session.db.forWrite(key)?.value;
  if (value !== undefined && !(value instanceof Stream)) throw REPLACED;
  return value;
}

const xreadgroup: Handler = (session, argv) => {
  const request = parseRead(argv, true);
  const groupName = request.group ?? '';
  const positions = request.ids.map((text, n) => {
    const key = request.keys[n] ?? '';
    if (readStream(session, key)?.groups.get(groupName) === undefined) {
      throw noGroup(key, groupName, ' in XREADGROUP with GROUP option');
    }
    if (text === '$')
      throw err(
        'The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.',
      );
    if (text === '>') return undefined;
    // Within Redis `>` is the greatest id, so that id itself means the same.
    const id = idArgument(text);
    return compareIds(id, ID_MAX) === 0 ? undefined : id;
  });
  const attempt = (): Reply | undefined => {
    const parts: [string, Reply][] = [];
    request.keys.forEach((key, n) => {
      const stream = streamOrReplaced(session, key);
      const group = stream?.groups.get(groupName);
      if (stream === undefined || group === undefined)
        throw noGroup(key, groupName, ' in XREADGROUP with GROUP option');
      const { nowMs } = session.db.keyspace;
      const { consumer, made } = consumerOf(group, request.consumer, nowMs);
      consumer.seenAtMs = nowMs;
      if (made) {
        session.db.groupsChanged(key);
        session.engine.propagate('XGROUP', 'CREATECONSUMER', key, groupName, request.consumer);
      }
      const position = positions[n];
      if (position !== undefined) {
        parts.push([key, history(session, key, stream, group, consumer, position, request.count)]);
        return;
      }
      const entries = deliverNew(session, key, stream, group, consumer, request);
      if (entries.length > 0) parts.push([key, entries]);
    });
    return parts.length === 0 ? undefined : readReply(session, parts);
  };
  if (request.blockMs === undefined) return attempt() ?? NULL_ARRAY;
  return attemptOrBlock(session, request.keys, request.blockMs, NULL_ARRAY, attempt);
};

export const groupHandlers = {
  'xgroup|create': xgroupCreate,
  'xgroup|createconsumer': xgroupCreateConsumer,
  'xgroup|delconsumer': xgroupDelConsumer,
  'xgroup|destroy': xgroupDestroy,
  'xgroup|setid': xgroupSetid,
  ...pendingHandlers,
  xreadgroup,
} satisfies Record<string, Handler>;
