/**
 * A hash value, in one of three forms. Hot: one array of alternating fields and values, searched from the front, which for a few
 * fields beats a Map in time and memory. Cold: the same packed into one flat string, a third of that memory; reads work on it,
 * a write makes it hot again. Large (see the limits): a Map, for good. Who cools hashes, and when, is HashCooler's.
 */

const MAX_FIELDS = 32;
const MAX_PACKED_BYTES = 2048;
const MAX_FIELD_BYTES = 0xff;
/** Before each field one char with its length, before each value two. */
const LENGTHS = 3;
const LOOPED_CHARS = 32;

export class Hash {
  private items: string[] | undefined = [];
  private packed = '';
  private map: Map<string, string> | undefined;

  get size(): number {
    if (this.items !== undefined) return this.items.length >> 1;
    return this.map === undefined ? countOf(this.packed) : this.map.size;
  }

  get isCold(): boolean {
    return this.items === undefined && this.map === undefined;
  }

  get(field: string): string | undefined {
    const { items } = this;
    if (items !== undefined) {
      for (let i = 0; i < items.length; i += 2) if (items[i] === field) return items[i + 1];
      return undefined;
    }
    if (this.map !== undefined) return this.map.get(field);
    const { packed } = this;
    const at = find(packed, field);
    return at < 0 ? undefined : packed.slice(at + LENGTHS + field.length, endOf(packed, at));
  }

  has(field: string): boolean {
    return this.get(field) !== undefined;
  }

  set(field: string, value: string): void {
    if (this.map !== undefined) {
      this.map.set(field, value);
      return;
    }
    const items = this.warm();
    let i = 0;
    while (i < items.length && items[i] !== field) i += 2;
    if (i < items.length) items[i + 1] = value;
    else if (i < 2 * MAX_FIELDS) items.push(field, value);
    else this.enlarge(items).set(field, value);
  }

  delete(field: string): boolean {
    if (this.map !== undefined) return this.map.delete(field);
    const items = this.warm();
    for (let i = 0; i < items.length; i += 2) {
      if (items[i] !== field) continue;
      items.splice(i, 2);
      return true;
    }
    return false;
  }

  /** Fields and values, alternating, in order of insertion: a copy. */
  flat(): string[] {
    if (this.items !== undefined) return this.items.slice();
    if (this.map !== undefined) return [...this.map].flat();
    return unpack(this.packed);
  }

  /** Fields in order of insertion, as they are now. */
  keys(): IterableIterator<string> {
    return everySecond(this.flat(), 0);
  }

  values(): IterableIterator<string> {
    return everySecond(this.flat(), 1);
  }

  *[Symbol.iterator](): IterableIterator<[string, string]> {
    const items = this.flat();
    for (let i = 0; i < items.length; i += 2) yield [items[i] ?? '', items[i + 1] ?? ''];
  }

  copy(): Hash {
    const twin = new Hash();
    if (this.map === undefined) twin.items = this.flat();
    else twin.enlarge(this.flat());
    return twin;
  }

  /** Packs what is small; `scratch` holds MAX_PACKED_BYTES. */
  cool(scratch: Buffer): void {
    const { items } = this;
    if (items === undefined) return;
    const packedBytes = pack(items, scratch);
    if (packedBytes === undefined) return;
    this.packed = scratch.toString('latin1', 0, packedBytes);
    this.items = undefined;
  }

  private warm(): string[] {
    if (this.items === undefined) {
      this.items = unpack(this.packed);
      this.packed = '';
    }
    return this.items;
  }

  private enlarge(items: readonly string[]): Map<string, string> {
    const map = new Map<string, string>();
    for (let i = 0; i < items.length; i += 2) map.set(items[i] ?? '', items[i + 1] ?? '');
    this.map = map;
    this.items = undefined;
    return map;
  }
}

const HOT_HASHES = 512;

/** Keeps the hashes written last hot and packs the one that was made hot longest ago: no timer, no sweep. */
export class HashCooler {
  private readonly hot = new Array<Hash | undefined>(HOT_HASHES).fill(undefined);
  private readonly scratch = Buffer.allocUnsafeSlow(MAX_PACKED_BYTES);
  private next = 0;

  /** Takes a hash that is new or was cold and is about to change. */
  add(hash: Hash): void {
    this.hot[this.next]?.cool(this.scratch);
    this.hot[this.next] = hash;
    this.next = (this.next + 1) % HOT_HASHES;
  }
}

/** Packs into `scratch`; gives the bytes used, or undefined when something is too long. */
function pack(items: readonly string[], scratch: Buffer): number | undefined {
  let at = 0;
  for (let i = 0; i < items.length; i += 2) {
    const field = items[i] ?? '';
    const value = items[i + 1] ?? '';
    if (field.length > MAX_FIELD_BYTES) return undefined;
    if (at + LENGTHS + field.length + value.length > MAX_PACKED_BYTES) return undefined;
    scratch[at++] = field.length;
    at = write(field, scratch, at);
    scratch[at++] = value.length >> 8;
    scratch[at++] = value.length & 0xff;
    at = write(value, scratch, at);
  }
  return at;
}

/** Short texts as most are: byte by byte, which makes no garbage and is faster than a call out of JavaScript. */
function write(text: string, bytes: Buffer, at: number): number {
  const { length } = text;
  if (length > LOOPED_CHARS) return at + bytes.write(text, at, 'latin1');
  for (let i = 0; i < length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + length;
}

function unpack(packed: string): string[] {
  const items: string[] = [];
  for (let at = 0; at < packed.length; ) {
    const value = at + LENGTHS + packed.charCodeAt(at);
    const end = endOf(packed, at);
    items.push(packed.slice(at + 1, value - 2), packed.slice(value, end));
    at = end;
  }
  return items;
}

function countOf(packed: string): number {
  let count = 0;
  for (let at = 0; at < packed.length; at = endOf(packed, at)) count++;
  return count;
}

/** Where a field's entry begins, or -1. */
function find(packed: string, field: string): number {
  const { length } = field;
  for (let at = 0; at < packed.length; at = endOf(packed, at)) {
    if (packed.charCodeAt(at) === length && packed.startsWith(field, at + 1)) return at;
  }
  return -1;
}

function endOf(packed: string, at: number): number {
  const value = at + 1 + packed.charCodeAt(at);
  return value + 2 + ((packed.charCodeAt(value) << 8) | packed.charCodeAt(value + 1));
}

function* everySecond(items: readonly string[], from: number): IterableIterator<string> {
  for (let i = from; i < items.length; i += 2) yield items[i] ?? '';
}
