/**
 * A stream value: entries in order of id, kept in nodes of at most 100 as Redis keeps them (approximate trimming drops whole nodes),
 * with consumer groups. Ids are pairs of 64-bit integers: numbers where exact, bigints beyond, which JavaScript compares natively.
 */
import { type Int64, parseInt64 } from '../numbers.ts';
import { entryBytes, openingBytes } from './stream-node-size.ts';

const NODE_MAX_ENTRIES = 100;
const NODE_MAX_BYTES = 4096;
const MAX_UINT64 = 18446744073709551615n;

export interface StreamId {
  readonly ms: Int64;
  readonly seq: Int64;
}

export interface StreamEntry {
  readonly id: StreamId;
  /** Alternating field names and values. */
  readonly fields: readonly string[];
}

/** A delivered and not yet acknowledged entry. */
export interface Pending {
  readonly id: StreamId;
  consumer: Consumer;
  deliveredAtMs: number;
  deliveries: number;
}

export interface Consumer {
  readonly name: string;
  seenAtMs: number;
  activeAtMs: number;
  pending: PendingList;
}

export interface ConsumerGroup {
  readonly name: string;
  lastId: StreamId;
  /** Entries read so far, or undefined when it cannot be known. */
  entriesRead: number | undefined;
  readonly pending: PendingList;
  readonly consumers: Map<string, Consumer>;
}

export const ID_MIN: StreamId = { ms: 0, seq: 0 };
export const ID_MAX: StreamId = { ms: MAX_UINT64, seq: MAX_UINT64 };

export function compareIds(a: StreamId, b: StreamId): number {
  if (a.ms < b.ms) return -1;
  if (a.ms > b.ms) return 1;
  if (a.seq < b.seq) return -1;
  return a.seq > b.seq ? 1 : 0;
}

/** Comparing a number with a bigint is slow, and ids are numbers: the type is asked first. */
export function isLastId(id: StreamId): boolean {
  return typeof id.ms === 'bigint' && compareIds(id, ID_MAX) === 0;
}

export function formatId(id: StreamId): string {
  return `${id.ms}-${id.seq}`;
}

/** An unsigned 64-bit integer of an id, read as by C's strtoull (blanks, signs and zeros before it pass); undefined when it is none. */
export function parseUint64(text: string): Int64 | undefined {
  const value = parseInt64(text);
  if (value !== undefined && value >= 0) return value;
  const parts = /^[ \t\n\v\f\r]*([+-]?)(\d{1,128})$/.exec(text.split('\0', 1)[0] ?? '');
  if (parts === null) return undefined;
  const big = BigInt(parts[2] ?? '');
  if (big > MAX_UINT64) return undefined;
  return lowered(parts[1] === '-' ? BigInt.asUintN(64, -big) : big);
}

/** Parses `ms` or `ms-seq`; the missing sequence is `missingSeq`. */
export function parseId(text: string, missingSeq: Int64): StreamId | undefined {
  const dash = text.indexOf('-');
  const ms = parseUint64(dash < 0 ? text : text.slice(0, dash));
  if (ms === undefined) return undefined;
  const seq = dash < 0 ? missingSeq : parseUint64(text.slice(dash + 1));
  return seq === undefined ? undefined : { ms, seq };
}

function plusOne(value: Int64): Int64 {
  if (typeof value === 'number' && value < Number.MAX_SAFE_INTEGER) return value + 1;
  return BigInt(value) + 1n;
}

function minusOne(value: Int64): Int64 {
  if (typeof value === 'number') return value - 1;
  return lowered(value - 1n);
}

/** As a number where that is exact. */
function lowered(value: bigint): Int64 {
  const asNumber = Number(value);
  return Number.isSafeInteger(asNumber) ? asNumber : value;
}

/** The id after `id`, or undefined after the last possible one. */
export function nextId(id: StreamId): StreamId | undefined {
  if (typeof id.seq === 'number' || id.seq < MAX_UINT64) return { ms: id.ms, seq: plusOne(id.seq) };
  return typeof id.ms === 'number' || id.ms < MAX_UINT64 ? { ms: plusOne(id.ms), seq: 0 } : undefined;
}

/** The id before `id`, or undefined before 0-0. */
export function previousId(id: StreamId): StreamId | undefined {
  if (id.seq > 0) return { ms: id.ms, seq: minusOne(id.seq) };
  return id.ms > 0 ? { ms: minusOne(id.ms), seq: MAX_UINT64 } : undefined;
}

/** Pending entries in order of id. Deliveries come in ascending order, so insertion is nearly always an append. */
export class PendingList {
  private readonly items: Pending[] = [];

  get size(): number {
    return this.items.length;
  }

  private bound(id: StreamId): number {
    let low = 0;
    let high = this.items.length;
    const last = this.items[high - 1];
    if (last !== undefined && compareIds(last.id, id) < 0) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const item = this.items[middle];
      if (item !== undefined && compareIds(item.id, id) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  get(id: StreamId): Pending | undefined {
    const item = this.items[this.bound(id)];
    return item !== undefined && compareIds(item.id, id) === 0 ? item : undefined;
  }

  add(pending: Pending): void {
    const at = this.bound(pending.id);
    if (at === this.items.length) this.items.push(pending);
    else this.items.splice(at, 0, pending);
  }

  delete(id: StreamId): boolean {
    const at = this.bound(id);
    const item = this.items[at];
    if (item === undefined || compareIds(item.id, id) !== 0) return false;
    if (at === 0) this.items.shift();
    else this.items.splice(at, 1);
    return true;
  }

  /** Items from `from` to `to`, both included. */
  *range(from: StreamId, to: StreamId): IterableIterator<Pending> {
    for (let i = this.bound(from); i < this.items.length; i++) {
      const item = this.items[i];
      if (item === undefined || compareIds(item.id, to) > 0) return;
      yield item;
    }
  }

  [Symbol.iterator](): IterableIterator<Pending> {
    return this.items[Symbol.iterator]();
  }

  first(): Pending | undefined {
    return this.items[0];
  }

  last(): Pending | undefined {
    return this.items[this.items.length - 1];
  }
}

interface StreamNode {
  readonly entries: StreamEntry[];
  /** The entry that opened the node: the others' ids and field names are kept relative to its own. */
  readonly first: StreamEntry;
  /** Entries ever appended to this node, and the size of the listpack they would make: deletions do not make room, as in Redis. */
  slots: number;
  bytes: number;
}

/** How XADD and XTRIM cut: by length or by smallest id; approximate trimming drops whole nodes only. */
export interface TrimRule {
  readonly by: 'maxlen' | 'minid';
  readonly approximate: boolean;
  readonly length: number;
  readonly minId: StreamId;
  /** Most entries dropped by approximate trimming; 0 = no limit. */
  readonly limit: number;
}

export class Stream {
  private readonly nodes: StreamNode[] = [];
  length = 0;
  lastId: StreamId = ID_MIN;
  maxDeletedId: StreamId = ID_MIN;
  entriesAdded: number = 0;
  readonly groups = new Map<string, ConsumerGroup>();

  get nodeCount(): number {
    return this.nodes.length;
  }

  firstEntry(): StreamEntry | undefined {
    return this.nodes[0]?.entries[0];
  }

  lastEntry(): StreamEntry | undefined {
    return this.nodes[this.nodes.length - 1]?.entries.at(-1);
  }

  firstId(): StreamId {
    return this.firstEntry()?.id ?? ID_MIN;
  }

  /** Appends an entry whose id must be greater than lastId. */
  append(id: StreamId, fields: readonly string[]): void {
    const entry = { id, fields };
    let bytes = 0;
    for (const field of fields) bytes += field.length;
    let node = this.nodes[this.nodes.length - 1];
    if (node === undefined || node.slots >= NODE_MAX_ENTRIES || node.bytes + bytes >= NODE_MAX_BYTES) {
      node = { entries: [], first: entry, slots: 0, bytes: openingBytes(fields) };
      this.nodes.push(node);
    }
    node.entries.push(entry);
    node.slots++;
    node.bytes += entryBytes(entry, node.first);
    this.length++;
    this.entriesAdded++;
    this.lastId = id;
  }

  get(id: StreamId): StreamEntry | undefined {
    const place = this.find(id);
    const entry = this.nodes[place.node]?.entries[place.index];
    return entry !== undefined && compareIds(entry.id, id) === 0 ? entry : undefined;
  }

  delete(id: StreamId): boolean {
    const place = this.find(id);
    const node = this.nodes[place.node];
    const entry = node?.entries[place.index];
    if (node === undefined || entry === undefined || compareIds(entry.id, id) !== 0) return false;
    node.entries.splice(place.index, 1);
    if (node.entries.length === 0) this.nodes.splice(place.node, 1);
    this.length--;
    if (compareIds(id, this.maxDeletedId) > 0) this.maxDeletedId = id;
    return true;
  }

  /** Entries between two ids, both included, ascending or descending, at most `count` (0 = all). */
  range(from: StreamId, to: StreamId, count: number, reverse = false): StreamEntry[] {
    const out: StreamEntry[] = [];
    if (compareIds(from, to) > 0) return out;
    if (reverse) {
      this.rangeBack(from, to, count, out);
      return out;
    }
    const place = this.find(from);
    let { index } = place;
    for (let n = place.node; n < this.nodes.length; n++, index = 0) {
      const entries = this.nodes[n]?.entries ?? [];
      for (; index < entries.length; index++) {
        const entry = entries[index];
        if (entry === undefined || compareIds(entry.id, to) > 0) return out;
        out.push(entry);
        if (out.length === count) return out;
      }
    }
    return out;
  }

  private rangeBack(from: StreamId, to: StreamId, count: number, out: StreamEntry[]): void {
    for (let n = this.nodes.length - 1; n >= 0; n--) {
      const entries = this.nodes[n]?.entries ?? [];
      const first = entries[0];
      if (first !== undefined && compareIds(first.id, to) > 0) continue;
      for (let i = entries.length - 1; i >= 0; i--) {
        const entry = entries[i];
        if (entry === undefined || compareIds(entry.id, to) > 0) continue;
        if (compareIds(entry.id, from) < 0) return;
        out.push(entry);
        if (out.length === count) return;
      }
    }
  }

  /** Drops entries by the rule; returns how many. */
  trim(rule: TrimRule): number {
    let dropped = 0;
    for (;;) {
      const node = this.nodes[0];
      if (node === undefined) break;
      if (rule.by === 'maxlen' ? this.length <= rule.length : compareIds(this.firstId(), rule.minId) >= 0) break;
      const whole =
        rule.by === 'maxlen'
          ? this.length - node.entries.length >= rule.length
          : compareIds(node.entries.at(-1)?.id ?? ID_MIN, rule.minId) < 0;
      if (rule.approximate) {
        if (!whole || (rule.limit > 0 && dropped + node.entries.length > rule.limit)) break;
      }
      const drop = whole ? node.entries.length : this.partial(node, rule);
      if (drop === 0) break;
      if (whole) this.nodes.shift();
      else node.entries.splice(0, drop);
      this.length -= drop;
      dropped += drop;
    }
    return dropped;
  }

  private partial(node: StreamNode, rule: TrimRule): number {
    if (rule.by === 'maxlen') return this.length - rule.length;
    let drop = 0;
    while (drop < node.entries.length && compareIds(node.entries[drop]?.id ?? ID_MAX, rule.minId) < 0) drop++;
    return drop;
  }

  /** Place of the first entry whose id is not below `id`. */
  private find(id: StreamId): { node: number; index: number } {
    let low = 0;
    let high = this.nodes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const last = this.nodes[middle]?.entries.at(-1);
      if (last !== undefined && compareIds(last.id, id) < 0) low = middle + 1;
      else high = middle;
    }
    const entries = this.nodes[low]?.entries ?? [];
    let first = 0;
    let end = entries.length;
    while (first < end) {
      const middle = (first + end) >>> 1;
      const entry = entries[middle];
      if (entry !== undefined && compareIds(entry.id, id) < 0) first = middle + 1;
      else end = middle;
    }
    return { node: low, index: first };
  }
}
