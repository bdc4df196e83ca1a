/**
 * What is delivered and not yet acknowledged: XACK, XPENDING, XCLAIM, XAUTOCLAIM, and the effects by which the log keeps deliveries:
 * XCLAIM … FORCE JUSTID with absolute times, as Redis propagates them.
 */
import type { Handler } from '../command.ts';
import { integer, integerIn } from '../numbers.ts';
import { cText, EMPTY_ARRAY, ErrorReply, err, NULL_ARRAY, type Reply, SYNTAX } from '../replies.ts';
import type { Session } from '../session.ts';
import {
  type Consumer,
  type ConsumerGroup,
  compareIds,
  formatId,
  ID_MAX,
  ID_MIN,
  type Pending,
  PendingList,
  parseId,
  type StreamId,
} from '../structures/stream.ts';
import { entryReply, idArgument, rangeBound } from './stream-support.ts';
import { at, readStream, upper, writeStream } from './support.ts';

export function noGroup(key: string, group: string, tail = ''): ErrorReply {
  return new ErrorReply(`NOGROUP No such key '${cText(key)}' or consumer group '${cText(group)}'${tail}`);
}

/** Finds or makes a consumer; `made` tells which. */
export function consumerOf(group: ConsumerGroup, name: string, nowMs: number): { consumer: Consumer; made: boolean } {
  const known = group.consumers.get(name);
  if (known !== undefined) return { consumer: known, made: false };
  const consumer: Consumer = { name, seenAtMs: nowMs, activeAtMs: -1, pending: new PendingList() };
  group.consumers.set(name, consumer);
  return { consumer, made: true };
}

/** Keeps how far a group has read. */
export function positionEffect(session: Session, key: string, group: ConsumerGroup): void {
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

/** Keeps who owes which entry since when. */
export function claimEffect(session: Session, key: string, group: string, pending: Pending, consumer: string): void {
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

const xack: Handler = (session, argv) => {
  const key = at(argv, 1);
  const group = writeStream(session, key)?.value.groups.get(at(argv, 2));
  if (group === undefined) return 0;
  const ids = argv.slice(3).map((text) => idArgument(text));
  let done = 0;
  for (const id of ids) {
    const pending = group.pending.get(id);
    if (pending === undefined) continue;
    group.pending.delete(id);
    pending.consumer.pending.delete(id);
    done++;
  }
  if (done > 0) session.db.groupsChanged(key);
  return done;
};

interface PendingRange {
  readonly idleMs: number;
  readonly from: StreamId;
  readonly to: StreamId;
  readonly count: number;
  readonly consumer: string | undefined;
}

/** The long form of XPENDING; everything is checked before the key is looked at, the count first. */
function pendingRange(argv: readonly string[]): PendingRange {
  if (argv.length < 6 || argv.length > 9) throw SYNTAX;
  const hasIdle = upper(argv, 3) === 'IDLE';
  const idleMs = hasIdle ? integer(at(argv, 4)) : 0;
  if (hasIdle && argv.length < 8) throw SYNTAX;
  const first = hasIdle ? 5 : 3;
  const count = Math.max(0, integer(at(argv, first + 2)));
  const from = rangeBound(at(argv, first), true);
  const to = rangeBound(at(argv, first + 1), false);
  return { idleMs, from, to, count, consumer: argv[first + 3] };
}

const xpending: Handler = (session, argv) => {
  const key = at(argv, 1);
  const range = argv.length === 3 ? undefined : pendingRange(argv);
  const group = readStream(session, key)?.groups.get(at(argv, 2));
  if (group === undefined) throw noGroup(key, at(argv, 2));
  if (range === undefined) return pendingSummary(group);
  const { idleMs, from, to, count } = range;
  const consumer = range.consumer === undefined ? undefined : group.consumers.get(range.consumer);
  if (range.consumer !== undefined && consumer === undefined) return EMPTY_ARRAY;
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
    else if (word === 'RETRYCOUNT' && more) {
      const count = integer(at(argv, ++i), err('Invalid RETRYCOUNT option argument for XCLAIM'));
      options.retryCount = count < 0 ? undefined : count;
    } else if (word === 'LASTID' && more) options.lastId = idArgument(at(argv, ++i));
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
  session.db.groupsChanged(key);
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
    session.db.groupsChanged(key);
    positionEffect(session, key, group);
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
      pending = { id, consumer, deliveredAtMs: 0, deliveries: 1 };
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
  session.db.groupsChanged(key);
  session.engine.propagate('XACK', key, group.name, formatId(pending.id));
}

/** More would overflow Redis's arithmetic: LONG_MAX through the size of an id. */
const MAX_AUTOCLAIM = 2 ** 59;

const xautoclaim: Handler = (session, argv) => {
  const key = at(argv, 1);
  const minIdleMs = Math.max(0, integer(at(argv, 4), err('Invalid min-idle-time argument for XAUTOCLAIM')));
  const start = rangeBound(at(argv, 5), true);
  let count = 100;
  let justId = false;
  for (let i = 6; i < argv.length; i++) {
    if (upper(argv, i) === 'JUSTID') justId = true;
    else if (upper(argv, i) === 'COUNT' && i + 1 < argv.length)
      count = integerIn(at(argv, ++i), 1, MAX_AUTOCLAIM, err('COUNT must be > 0'));
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

export const pendingHandlers = {
  xack,
  xautoclaim,
  xclaim,
  xpending,
} satisfies Record<string, Handler>;
