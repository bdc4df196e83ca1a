/**
 * Consumer groups: XGROUP, XREADGROUP, XACK, XPENDING, XCLAIM, XAUTOCLAIM. The log keeps deliveries as XCLAIM … FORCE JUSTID with
 * absolute times and the group's position as XGROUP SETID, as Redis propagates them.
 */
import type { Handler } from '../command.ts';
import { integer, integerIn } from '../numbers.ts';
import * as replies from '../replies.ts';
import { EMPTY_ARRAY, ErrorReply, err, NULL_ARRAY, OK, type Reply, SYNTAX } from '../replies.ts';
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
  parseId,
  Stream,
  type StreamId,
} from '../structures/stream.ts';
import { entryReply, idArgument, parseRead, type ReadRequest, rangeBound, readReply } from './stream-support.ts';
import { at, readStream, upper, writeStream } from './support.ts';
import { attemptOrBlock } from './waiting.ts';

function noGroup(key: string, group: string, tail = ''): ErrorReply {
  return new ErrorReply(`NOGROUP No such key '${key}' or consumer group '${group}'${tail}`);
}

/** Finds or makes a consumer; `made` tells which. */
function consumerOf(group: ConsumerGroup, name: string, nowMs: number): { consumer: Consumer; made: boolean } {
  const known = group.consumers.get(name);
  if (known !== undefined) return { consumer: known, made: false };
  const consumer: Consumer = { name, seenAtMs: nowMs, activeAtMs: -1, pending: new PendingList() };
  group.consumers.set(name, consumer);
  return { consumer, made: true };
}

function xgroupTarget(session: Session, argv: readonly string[]): { stream: Stream; group: ConsumerGroup } {
  const found = writeStream(session, at(argv, 2));
  if (found === undefined) throw replies.XGROUP_NO_KEY;
  const group = found.value.groups.get(at(argv, 3));
  if (group === undefined) {
    throw new ErrorReply(`NOGROUP No such consumer group '${at(argv, 3)}' for key name '${at(argv, 2)}'`);
  }
  return { stream: found.value, group };
}

function entriesReadOption(text: string): number | undefined {
  const value = integer(text);
  if (value < -1) throw err('value for ENTRIESREAD must be positive or -1');
  return value === -1 ? undefined : value;
}

const xgroupCreate: Handler = (session, argv) => {
  let make = false;
  let entriesRead: number | undefined;
  for (let i = 5; i < argv.length; i++) {
    const word = upper(argv, i);
    if (word === 'MKSTREAM') make = true;
    else if (word === 'ENTRIESREAD' && i + 1 < argv.length) entriesRead = entriesReadOption(at(argv, ++i));
    else
      throw new ErrorReply(
        `ERR unknown subcommand or wrong number of arguments for '${at(argv, 1)}'. Try XGROUP HELP.`,
      );
  }
  const key = at(argv, 2);
  const found = writeStream(session, key);
  if (found === undefined && !make) throw replies.XGROUP_NO_KEY;
  const stream = found?.value ?? new Stream();
  const lastId = at(argv, 4) === '$' ? stream.lastId : idArgument(at(argv, 4));
  if (stream.groups.has(at(argv, 3))) throw replies.BUSYGROUP;
  if (found === undefined) session.db.create(key, stream);
  const name = at(argv, 3);
  stream.groups.set(name, { name, lastId, entriesRead, pending: new PendingList(), consumers: new Map() });
  session.db.changed(key);
  return OK;
};

const xgroupSetid: Handler = (session, argv) => {
  const { stream, group } = xgroupTarget(session, argv);
  let entriesRead: number | undefined;
  if (argv.length === 7 && upper(argv, 5) === 'ENTRIESREAD') entriesRead = entriesReadOption(at(argv, 6));
  else if (argv.length > 5) throw SYNTAX;
  group.lastId = at(argv, 4) === '$' ? stream.lastId : idArgument(at(argv, 4));
  group.entriesRead = entriesRead;
  session.db.changed(at(argv, 2));
  return OK;
};

const xgroupDestroy: Handler = (session, argv) => {
  const found = writeStream(session, at(argv, 2));
  if (found === undefined) throw replies.XGROUP_NO_KEY;
  if (!found.value.groups.delete(at(argv, 3))) return 0;
  session.db.changed(at(argv, 2));
  return 1;
};

const xgroupCreateConsumer: Handler = (session, argv) => {
  const { group } = xgroupTarget(session, argv);
  const { made } = consumerOf(group, at(argv, 4), session.db.keyspace.nowMs);
  if (made) session.db.changed(at(argv, 2));
  return made ? 1 : 0;
};

const xgroupDelConsumer: Handler = (session, argv) => {
  const { group } = xgroupTarget(session, argv);
  const consumer = group.consumers.get(at(argv, 4));
  if (consumer === undefined) return 0;
  for (const { id } of consumer.pending) group.pending.delete(id);
  group.consumers.delete(at(argv, 4));
  session.db.changed(at(argv, 2));
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

function claimEffect(session: Session, key: string, group: string, pending: Pending, consumer: string): void {
  session.engine.propagate(
    'XCLAIM',
    key,
    group,
    consumer,
    '0',
    formatId(pending.id),
    'TIME',
    String(pending.deliveredAtMs),
    'RETRYCOUNT',
    String(pending.deliveries),
    'FORCE',
    'JUSTID',
  );
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
    session.db.changed(key);
    session.engine.propagate(
      'XGROUP',
      'SETID',
      key,
      group.name,
      formatId(group.lastId),
      'ENTRIESREAD',
      String(group.entriesRead ?? -1),
    );
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

const xreadgroup: Handler = (session, argv) => {
  const request = parseRead(argv, true);
  const groupName = request.group ?? '';
  const positions = request.ids.map((text, n) => {
    const key = request.keys[n] ?? '';
    if (text === '$')
      throw err(
        'The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.',
      );
    if (readStream(session, key)?.groups.get(groupName) === undefined) {
      throw noGroup(key, groupName, ' in XREADGROUP with GROUP option');
    }
    return text === '>' ? undefined : idArgument(text);
  });
  const attempt = (): Reply | undefined => {
    const parts: [string, Reply][] = [];
    request.keys.forEach((key, n) => {
      const stream = writeStream(session, key)?.value;
      const group = stream?.groups.get(groupName);
      if (stream === undefined || group === undefined)
        throw noGroup(key, groupName, ' in XREADGROUP with GROUP option');
      const { nowMs } = session.db.keyspace;
      const { consumer, made } = consumerOf(group, request.consumer, nowMs);
      consumer.seenAtMs = nowMs;
      if (made) {
        session.db.changed(key);
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

const xack: Handler = (session, argv) => {
  const key = at(argv, 1);
  const group = writeStream(session, key)?.value.groups.get(at(argv, 2));
  const ids = argv.slice(3).map((text) => idArgument(text));
  if (group === undefined) return 0;
  let done = 0;
  for (const id of ids) {
    const pending = group.pending.get(id);
    if (pending === undefined) continue;
    group.pending.delete(id);
    pending.consumer.pending.delete(id);
    done++;
  }
  if (done > 0) session.db.changed(key);
  return done;
};

const xpending: Handler = (session, argv) => {
  const key = at(argv, 1);
  let first = 3;
  let idleMs = 0;
  if (upper(argv, 3) === 'IDLE') {
    idleMs = integer(at(argv, 4));
    first = 5;
  }
  if (argv.length > 3 && (argv.length < first + 3 || argv.length > first + 4)) throw SYNTAX;
  const group = readStream(session, key)?.groups.get(at(argv, 2));
  if (argv.length === 3) {
    if (group === undefined) throw noGroup(key, at(argv, 2));
    return pendingSummary(group);
  }
  const count = Math.max(0, integer(at(argv, first + 2)));
  const from = rangeBound(at(argv, first), true);
  const to = rangeBound(at(argv, first + 1), false);
  if (group === undefined) throw noGroup(key, at(argv, 2));
  const consumer = argv.length === first + 4 ? group.consumers.get(at(argv, first + 3)) : undefined;
  if (argv.length === first + 4 && consumer === undefined) return EMPTY_ARRAY;
  const { nowMs } = session.db.keyspace;
  const out: Reply[] = [];
  for (const pending of (consumer?.pending ?? group.pending).range(from, to)) {
    if (out.length >= count) break;
    const idle = Math.max(0, nowMs - pending.deliveredAtMs);
    if (idle >= idleMs) out.push([formatId(pending.id), pending.consumer.name, idle, pending.deliveries]);
  }
  return out;
};

function pendingSummary(group: ConsumerGroup): Reply {
  const first = group.pending.first();
  const last = group.pending.last();
  if (first === undefined || last === undefined) return [0, null, null, NULL_ARRAY];
  const consumers: Reply[] = [];
  for (const consumer of [...group.consumers.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (consumer.pending.size > 0) consumers.push([consumer.name, String(consumer.pending.size)]);
  }
  return [group.pending.size, formatId(first.id), formatId(last.id), consumers];
}

interface ClaimOptions {
  deliveredAtMs: number;
  retryCount: number | undefined;
  force: boolean;
  justId: boolean;
  lastId: StreamId | undefined;
}

function parseClaim(session: Session, argv: readonly string[], from: number): ClaimOptions {
  const { nowMs } = session.db.keyspace;
  const options: ClaimOptions = {
    deliveredAtMs: nowMs,
    retryCount: undefined,
    force: false,
    justId: false,
    lastId: undefined,
  };
  for (let i = from; i < argv.length; i++) {
    const word = upper(argv, i);
    const more = i + 1 < argv.length;
    if (word === 'FORCE') options.force = true;
    else if (word === 'JUSTID') options.justId = true;
    else if (word === 'IDLE' && more)
      options.deliveredAtMs = nowMs - integer(at(argv, ++i), err('Invalid IDLE option argument for XCLAIM'));
    else if (word === 'TIME' && more)
      options.deliveredAtMs = integer(at(argv, ++i), err('Invalid TIME option argument for XCLAIM'));
    else if (word === 'RETRYCOUNT' && more)
      options.retryCount = integerIn(
        at(argv, ++i),
        0,
        Number.MAX_SAFE_INTEGER,
        err('Invalid RETRYCOUNT option argument for XCLAIM'),
      );
    else if (word === 'LASTID' && more) options.lastId = idArgument(at(argv, ++i));
    else throw err(`Unrecognized XCLAIM option '${at(argv, i)}'`);
  }
  // Replay keeps times as they were written; a client's cannot lie in the future.
  if (session.kind !== 'replay' && (options.deliveredAtMs < 0 || options.deliveredAtMs > nowMs))
    options.deliveredAtMs = nowMs;
  return options;
}

/** Gives a pending entry to a consumer and notes the effect. */
function reassign(
  session: Session,
  key: string,
  group: ConsumerGroup,
  pending: Pending,
  consumer: Consumer,
  options: ClaimOptions,
): void {
  if (pending.consumer !== consumer) {
    pending.consumer.pending.delete(pending.id);
    consumer.pending.add(pending);
    pending.consumer = consumer;
  }
  pending.deliveredAtMs = options.deliveredAtMs;
  if (options.retryCount !== undefined) pending.deliveries = options.retryCount;
  else if (!options.justId) pending.deliveries++;
  consumer.activeAtMs = session.db.keyspace.nowMs;
  claimEffect(session, key, group.name, pending, consumer.name);
  session.db.changed(key);
}

const xclaim: Handler = (session, argv) => {
  const key = at(argv, 1);
  const found = writeStream(session, key);
  const group = found?.value.groups.get(at(argv, 2));
  if (found === undefined || group === undefined) throw noGroup(key, at(argv, 2));
  const minIdleMs = Math.max(0, integer(at(argv, 4), err('Invalid min-idle-time argument for XCLAIM')));
  let next = 5;
  const ids: StreamId[] = [];
  for (; next < argv.length; next++) {
    const id = parseId(at(argv, next), 0);
    if (id === undefined) break;
    ids.push(id);
  }
  const options = parseClaim(session, argv, next);
  const { nowMs } = session.db.keyspace;
  if (options.lastId !== undefined && compareIds(options.lastId, group.lastId) > 0) {
    group.lastId = options.lastId;
    session.db.changed(key);
    session.engine.propagate(
      'XGROUP',
      'SETID',
      key,
      group.name,
      formatId(group.lastId),
      'ENTRIESREAD',
      String(group.entriesRead ?? -1),
    );
  }
  const { consumer } = consumerOf(group, at(argv, 3), nowMs);
  consumer.seenAtMs = nowMs;
  const out: Reply[] = [];
  for (const id of ids) {
    let pending = group.pending.get(id);
    const entry = found.value.get(id);
    if (entry === undefined) {
      if (pending !== undefined) dropPending(session, key, group, pending);
      continue;
    }
    if (pending === undefined) {
      if (!options.force) continue;
      pending = { id, consumer, deliveredAtMs: 0, deliveries: 0 };
      group.pending.add(pending);
      consumer.pending.add(pending);
    } else if (minIdleMs > 0 && nowMs - pending.deliveredAtMs < minIdleMs) {
      continue;
    }
    reassign(session, key, group, pending, consumer, options);
    out.push(options.justId ? formatId(id) : entryReply(entry));
  }
  return out;
};

/** An entry that was deleted from the stream is no longer owed to anyone. */
function dropPending(session: Session, key: string, group: ConsumerGroup, pending: Pending): void {
  group.pending.delete(pending.id);
  pending.consumer.pending.delete(pending.id);
  session.db.changed(key);
  session.engine.propagate('XACK', key, group.name, formatId(pending.id));
}

const xautoclaim: Handler = (session, argv) => {
  const key = at(argv, 1);
  const minIdleMs = Math.max(0, integer(at(argv, 4), err('Invalid min-idle-time argument for XAUTOCLAIM')));
  const start = rangeBound(at(argv, 5), true);
  let count = 100;
  let justId = false;
  for (let i = 6; i < argv.length; i++) {
    if (upper(argv, i) === 'JUSTID') justId = true;
    else if (upper(argv, i) === 'COUNT' && i + 1 < argv.length)
      count = integerIn(at(argv, ++i), 1, 1e15, err('COUNT must be > 0'));
    else throw SYNTAX;
  }
  const found = writeStream(session, key);
  const group = found?.value.groups.get(at(argv, 2));
  if (found === undefined || group === undefined) throw noGroup(key, at(argv, 2));
  const { nowMs } = session.db.keyspace;
  const { consumer } = consumerOf(group, at(argv, 3), nowMs);
  consumer.seenAtMs = nowMs;
  const options: ClaimOptions = {
    deliveredAtMs: nowMs,
    retryCount: undefined,
    force: false,
    justId,
    lastId: undefined,
  };
  const claimed: Reply[] = [];
  const deleted: Reply[] = [];
  let attempts = count * 10;
  let cursor: StreamId = ID_MIN;
  for (const pending of [...group.pending.range(start, ID_MAX)]) {
    if (attempts-- === 0 || count === 0) {
      cursor = pending.id;
      break;
    }
    const entry = found.value.get(pending.id);
    if (entry === undefined) {
      deleted.push(formatId(pending.id));
      dropPending(session, key, group, pending);
      count--;
      continue;
    }
    if (minIdleMs > 0 && nowMs - pending.deliveredAtMs < minIdleMs) continue;
    reassign(session, key, group, pending, consumer, options);
    claimed.push(justId ? formatId(pending.id) : entryReply(entry));
    count--;
  }
  return [formatId(cursor), claimed, deleted];
};

export const groupHandlers = {
  xack,
  xautoclaim,
  xclaim,
  'xgroup|create': xgroupCreate,
  'xgroup|createconsumer': xgroupCreateConsumer,
  'xgroup|delconsumer': xgroupDelConsumer,
  'xgroup|destroy': xgroupDestroy,
  'xgroup|setid': xgroupSetid,
  xpending,
  xreadgroup,
} satisfies Record<string, Handler>;
