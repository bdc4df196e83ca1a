/** XINFO: what streams, groups and consumers look like inside. */
import type { Handler } from '../command.ts';
import { integer } from '../numbers.ts';
import { MapReply, NO_SUCH_KEY, type Reply, wrongForm } from '../replies.ts';
import type { Session } from '../session.ts';
import { type Consumer, type ConsumerGroup, formatId, ID_MAX, ID_MIN, type Stream } from '../structures/stream.ts';
import { groupLag } from './stream-groups.ts';
import { entryReply, noGroupForKey } from './stream-support.ts';
import { at, readStream, upper } from './support.ts';

function streamAt(session: Session, key: string): Stream {
  const stream = readStream(session, key);
  if (stream === undefined) throw NO_SUCH_KEY;
  return stream;
}

function byName<T extends { readonly name: string }>(items: Iterable<T>): T[] {
  return [...items].sort((a, b) => (a.name < b.name ? -1 : 1));
}

const xinfoStream: Handler = (session, argv) => {
  const stream = streamAt(session, at(argv, 2));
  const head: Reply[] = [
    'length',
    stream.length,
    'radix-tree-keys',
    stream.nodeCount,
    'radix-tree-nodes',
    stream.nodeCount + 1,
    'last-generated-id',
    formatId(stream.lastId),
    'max-deleted-entry-id',
    formatId(stream.maxDeletedId),
    'entries-added',
    stream.entriesAdded,
    'recorded-first-entry-id',
    formatId(stream.firstId()),
  ];
  if (argv.length === 3) {
    const first = stream.firstEntry();
    const last = stream.lastEntry();
    head.push('groups', stream.groups.size);
    head.push('first-entry', first === undefined ? null : entryReply(first));
    head.push('last-entry', last === undefined ? null : entryReply(last));
    return new MapReply(head);
  }
  if (upper(argv, 3) !== 'FULL' || (argv.length !== 4 && (argv.length !== 6 || upper(argv, 4) !== 'COUNT'))) {
    throw wrongForm(argv);
  }
  const count = argv.length === 6 ? Math.max(0, integer(at(argv, 5))) : 10;
  head.push('entries', stream.range(ID_MIN, ID_MAX, count).map(entryReply));
  head.push(
    'groups',
    byName(stream.groups.values()).map((group) => fullGroup(stream, group, count)),
  );
  return new MapReply(head);
};

function fullGroup(stream: Stream, group: ConsumerGroup, count: number): Reply {
  const pending: Reply[] = [];
  for (const each of group.pending) {
    if (count > 0 && pending.length === count) break;
    pending.push([formatId(each.id), each.consumer.name, each.deliveredAtMs, each.deliveries]);
  }
  return new MapReply([
    'name',
    group.name,
    'last-delivered-id',
    formatId(group.lastId),
    'entries-read',
    group.entriesRead ?? null,
    'lag',
    groupLag(stream, group),
    'pel-count',
    group.pending.size,
    'pending',
    pending,
    'consumers',
    byName(group.consumers.values()).map((consumer) => fullConsumer(consumer, count)),
  ]);
}

function fullConsumer(consumer: Consumer, count: number): Reply {
  const pending: Reply[] = [];
  for (const each of consumer.pending) {
    if (count > 0 && pending.length === count) break;
    pending.push([formatId(each.id), each.deliveredAtMs, each.deliveries]);
  }
  return new MapReply([
    'name',
    consumer.name,
    'seen-time',
    consumer.seenAtMs,
    'active-time',
    consumer.activeAtMs,
    'pel-count',
    consumer.pending.size,
    'pending',
    pending,
  ]);
}

const xinfoGroups: Handler = (session, argv) => {
  const stream = streamAt(session, at(argv, 2));
  return byName(stream.groups.values()).map(
    (group) =>
      new MapReply([
        'name',
        group.name,
        'consumers',
        group.consumers.size,
        'pending',
        group.pending.size,
        'last-delivered-id',
        formatId(group.lastId),
        'entries-read',
        group.entriesRead ?? null,
        'lag',
        groupLag(stream, group),
      ]),
  );
};

const xinfoConsumers: Handler = (session, argv) => {
  const group = streamAt(session, at(argv, 2)).groups.get(at(argv, 3));
  if (group === undefined) throw noGroupForKey(at(argv, 3), at(argv, 2));
  const { nowMs } = session.db.keyspace;
  return byName(group.consumers.values()).map(
    (consumer) =>
      new MapReply([
        'name',
        consumer.name,
        'pending',
        consumer.pending.size,
        'idle',
        Math.max(0, nowMs - consumer.seenAtMs),
        'inactive',
        consumer.activeAtMs < 0 ? -1 : Math.max(0, nowMs - consumer.activeAtMs),
      ]),
  );
};

export const infoHandlers = {
  'xinfo|consumers': xinfoConsumers,
  'xinfo|groups': xinfoGroups,
  'xinfo|stream': xinfoStream,
} satisfies Record<string, Handler>;
