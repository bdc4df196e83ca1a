/** Questions about a value whatever its type: its name, its encoding as Redis would call it, its memory, a deep copy. */
import type { Config } from './config.ts';
import type { Value } from './keyspace.ts';
import { parseInt64 } from './numbers.ts';
import { Deque } from './structures/deque.ts';
import { Hash } from './structures/hash.ts';
import { SortedSet } from './structures/sorted-set.ts';
import { PendingList, Stream } from './structures/stream.ts';

/** TYPE's answer. */
export function typeOf(value: Value | undefined): string {
  if (value === undefined) return 'none';
  if (typeof value === 'string') return 'string';
  if (value instanceof Hash) return 'hash';
  if (value instanceof Set) return 'set';
  if (value instanceof Deque) return 'list';
  return value instanceof SortedSet ? 'zset' : 'stream';
}

function allShort(items: Iterable<string>, limit: number): boolean {
  for (const item of items) if (item.length > limit) return false;
  return true;
}

/** OBJECT ENCODING's answer: what Redis would have chosen for a value of this size. */
export function encodingOf(value: Value, config: Config): string {
  if (typeof value === 'string') {
    if (value.length <= 20 && parseInt64(value) !== undefined) return 'int';
    return value.length <= 44 ? 'embstr' : 'raw';
  }
  if (value instanceof Stream) return 'stream';
  if (value instanceof Deque) {
    let bytes = 0;
    for (const item of value) bytes += item.length;
    return bytes <= 8192 ? 'listpack' : 'quicklist';
  }
  if (value instanceof Hash) {
    const limit = config.number('hash-max-listpack-value');
    const small = value.size <= config.number('hash-max-listpack-entries');
    return small && allShort(value.keys(), limit) && allShort(value.values(), limit) ? 'listpack' : 'hashtable';
  }
  if (value instanceof SortedSet) {
    const small = value.size <= config.number('zset-max-listpack-entries');
    return small && allShort(value.members(), config.number('zset-max-listpack-value')) ? 'listpack' : 'skiplist';
  }
  if (
    value.size <= config.number('set-max-intset-entries') &&
    [...value].every((each) => parseInt64(each) !== undefined)
  ) {
    return 'intset';
  }
  const small = value.size <= config.number('set-max-listpack-entries');
  return small && allShort(value, config.number('set-max-listpack-value')) ? 'listpack' : 'hashtable';
}

/** Whether Redis would keep a collection in one piece of memory: such a one is scanned whole, in one step. */
export function isCompact(value: Value, config: Config): boolean {
  const encoding = encodingOf(value, config);
  return encoding === 'listpack' || encoding === 'intset';
}

/** A copy that shares nothing that can change. */
export function copyValue(value: Value): Value {
  if (typeof value === 'string') return value;
  if (value instanceof Hash) return value.copy();
  if (value instanceof Set) return new Set(value);
  if (value instanceof Deque) return new Deque([...value]);
  if (value instanceof SortedSet) {
    const copy = new SortedSet();
    value.walk(0, value.size, false, (member, score) => {
      copy.set(member, score);
      return true;
    });
    return copy;
  }
  return copyStream(value);
}

function copyStream(stream: Stream): Stream {
  const copy = new Stream();
  for (const { id, fields } of stream.range({ ms: 0, seq: 0 }, stream.lastId, 0)) copy.append(id, fields);
  copy.lastId = stream.lastId;
  copy.maxDeletedId = stream.maxDeletedId;
  copy.entriesAdded = stream.entriesAdded;
  for (const group of stream.groups.values()) {
    const made = { ...group, pending: new PendingList(), consumers: new Map() };
    for (const consumer of group.consumers.values()) {
      const twin = { ...consumer, pending: new PendingList() };
      made.consumers.set(consumer.name, twin);
      for (const pending of consumer.pending) {
        const each = { ...pending, consumer: twin };
        twin.pending.add(each);
        made.pending.add(each);
      }
    }
    copy.groups.set(group.name, made);
  }
  return copy;
}

const PER_ELEMENT_BYTES = 56;

/** An estimate of a key's memory in bytes: V8 tells no object's size, so strings and per-element costs are added up. */
export function memoryOf(key: string, value: Value): number {
  let bytes = 96 + key.length;
  if (typeof value === 'string') return bytes + value.length + 16;
  if (value instanceof Hash) {
    for (const [field, item] of value) bytes += field.length + item.length + PER_ELEMENT_BYTES;
  } else if (value instanceof Set || value instanceof Deque) {
    for (const item of value) bytes += item.length + PER_ELEMENT_BYTES;
  } else if (value instanceof SortedSet) {
    for (const member of value.members()) bytes += member.length + 2 * PER_ELEMENT_BYTES;
  } else {
    for (const { fields } of value.range({ ms: 0, seq: 0 }, value.lastId, 0)) {
      bytes += PER_ELEMENT_BYTES;
      for (const field of fields) bytes += field.length + 16;
    }
  }
  return bytes;
}
