/** MessagePack as Redis's cmsgpack packs and unpacks it, on latin1 byte strings. */
import { type ArgumentChecks, library } from './arguments.ts';
import type { Runtime } from './runtime.ts';
import { LuaTable, PairsWalk } from './table.ts';
import type { LuaResult, LuaValue } from './value.ts';

/** LUACMSGPACK_MAX_NESTING: deeper tables are packed as nil. */
const MAX_NESTING = 16;
/** Deepest structure that is unpacked; C's stack would end it too. */
const MAX_UNPACK_DEPTH = 1_000;
const MAX_RESULTS = 7_999;

const bytes = (...codes: number[]): string => String.fromCharCode(...codes);

/** Big-endian bytes of an unsigned integer below 2^32. */
function big(value: number, size: 1 | 2 | 4): string {
  if (size === 1) return bytes(value & 255);
  if (size === 2) return bytes((value >>> 8) & 255, value & 255);
  return bytes((value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}

/** Prefix of a string, array or map: a small form up to `small`, then 8 (strings only), 16 or 32 bits. */
function header(length: number, small: number, base: number, wide: readonly [number, number, number]): string {
  if (length <= small) return bytes(base | length);
  if (wide[0] !== 0 && length <= 0xff) return bytes(wide[0]) + big(length, 1);
  if (length <= 0xffff) return bytes(wide[1]) + big(length, 2);
  return bytes(wide[2]) + big(length, 4);
}

function packInteger(value: number): string {
  if (value >= 0) {
    if (value <= 127) return bytes(value);
    if (value <= 0xff) return bytes(0xcc, value);
    if (value <= 0xffff) return bytes(0xcd) + big(value, 2);
    if (value <= 0xffffffff) return bytes(0xce) + big(value, 4);
    return bytes(0xcf) + big64(value);
  }
  if (value >= -32) return bytes(value & 255);
  if (value >= -128) return bytes(0xd0, value & 255);
  if (value >= -32768) return bytes(0xd1) + big(value, 2);
  if (value >= -2147483648) return bytes(0xd2) + big(value, 4);
  return bytes(0xd3) + big64(value);
}

function big64(value: number): string {
  const whole = BigInt.asUintN(64, BigInt(value));
  return big(Number(whole >> 32n), 4) + big(Number(whole & 0xffffffffn), 4);
}

function packNumber(view: DataView, value: number): string {
  if (Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63) return packInteger(value);
  const size = Math.fround(value) === value ? 4 : 8;
  if (size === 4) view.setFloat32(0, value);
  else view.setFloat64(0, value);
  let text = bytes(size === 4 ? 0xca : 0xcb);
  for (let at = 0; at < size; at++) text += bytes(view.getUint8(at));
  return text;
}

/** Keys exactly 1…n for some n, an empty table included. */
function isArray(table: LuaTable): boolean {
  return (table.hash === null || table.hash.size === 0) && !table.arr.includes(undefined);
}

function pack(view: DataView, value: LuaValue, level: number): string {
  if (typeof value === 'string') return header(value.length, 31, 0xa0, [0xd9, 0xda, 0xdb]) + value;
  if (typeof value === 'number') return packNumber(view, value);
  if (typeof value === 'boolean') return value ? '\xc3' : '\xc2';
  if (!(value instanceof LuaTable) || level === MAX_NESTING) return '\xc0';
  if (isArray(value)) {
    let text = header(value.arr.length, 15, 0x90, [0, 0xdc, 0xdd]);
    for (const item of value.arr) text += pack(view, item, level + 1);
    return text;
  }
  let body = '';
  let count = 0;
  for (const walk = new PairsWalk(value); walk.next(); count++) {
    body += pack(view, walk.key, level + 1) + pack(view, walk.value, level + 1);
  }
  return header(count, 15, 0x80, [0, 0xde, 0xdf]) + body;
}

/** Reads values one after another from a packed string. */
class Unpacker {
  at: number;
  readonly #runtime: Runtime;
  readonly #text: string;
  readonly #view: DataView;
  #depth = 0;

  constructor(runtime: Runtime, view: DataView, text: string, at: number) {
    this.#runtime = runtime;
    this.#view = view;
    this.#text = text;
    this.at = at;
  }

  #need(count: number): number {
    const from = this.at;
    if (from + count > this.#text.length) this.#runtime.S.fail('Missing bytes in input.');
    this.at += count;
    return from;
  }

  #unsigned(size: number): number {
    let at = this.#need(size);
    let value = 0;
    for (const end = at + size; at < end; at++) value = value * 256 + this.#text.charCodeAt(at);
    return value;
  }

  #signed(size: 1 | 2 | 4): number {
    const value = this.#unsigned(size);
    return value >= 2 ** (size * 8 - 1) ? value - 2 ** (size * 8) : value;
  }

  #string(length: number): string {
    const from = this.#need(length);
    return this.#text.slice(from, from + length);
  }

  #load(size: 4 | 8): DataView {
    const from = this.#need(size);
    for (let at = 0; at < size; at++) this.#view.setUint8(at, this.#text.charCodeAt(from + at));
    return this.#view;
  }

  read(): LuaValue {
    const kind = this.#text.charCodeAt(this.#need(1));
    if (kind < 0x80) return kind;
    if (kind >= 0xe0) return kind - 256;
    if (kind >= 0xa0 && kind < 0xc0) return this.#string(kind & 31);
    if (kind >= 0x90 && kind < 0xa0) return this.#array(kind & 15);
    if (kind < 0x90) return this.#map(kind & 15);
    return this.#wide(kind);
  }

  #wide(kind: number): LuaValue {
    switch (kind) {
      case 0xc0:
        return undefined;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xcc:
        return this.#unsigned(1);
      case 0xcd:
        return this.#unsigned(2);
      case 0xce:
        return this.#unsigned(4);
      // Lua's C interface takes unsigned 64-bit numbers as signed ones.
      case 0xcf:
      case 0xd3:
        return Number(this.#load(8).getBigInt64(0));
      case 0xd0:
        return this.#signed(1);
      case 0xd1:
        return this.#signed(2);
      case 0xd2:
        return this.#signed(4);
      case 0xca:
        return this.#load(4).getFloat32(0);
      case 0xcb:
        return this.#load(8).getFloat64(0);
      case 0xd9:
        return this.#string(this.#unsigned(1));
      case 0xda:
        return this.#string(this.#unsigned(2));
      case 0xdb:
        return this.#string(this.#unsigned(4));
      case 0xdc:
        return this.#array(this.#unsigned(2));
      case 0xdd:
        return this.#array(this.#unsigned(4));
      case 0xde:
        return this.#map(this.#unsigned(2));
      case 0xdf:
        return this.#map(this.#unsigned(4));
      default:
        return this.#runtime.S.fail('Bad data format in input.');
    }
  }

  #descend(): void {
    this.#runtime.S.spend(1);
    if (++this.#depth > MAX_UNPACK_DEPTH) this.#runtime.S.fail('Missing bytes in input.');
  }

  #array(length: number): LuaTable {
    this.#descend();
    const table = new LuaTable();
    for (let at = 1; at <= length; at++) table.set(at, this.read());
    this.#depth--;
    return table;
  }

  #map(length: number): LuaTable {
    this.#descend();
    const table = new LuaTable();
    for (let at = 0; at < length; at++) {
      const key = this.read();
      this.#runtime.rawSet(table, key, this.read());
    }
    this.#depth--;
    return table;
  }
}

export function createCmsgpackLibrary(runtime: Runtime, check: ArgumentChecks): LuaTable {
  const { S } = runtime;
  const view = new DataView(new ArrayBuffer(8));

  function unpack(text: string, limit: number, offset: number, whole: boolean): LuaResult {
    if (offset < 0 || limit < 0)
      S.fail(`Invalid request to unpack with offset of ${offset} and limit of ${text.length}.`);
    if (offset > text.length) S.fail(`Start offset ${offset} greater than input length ${text.length}.`);
    const unpacker = new Unpacker(runtime, view, text, offset);
    const values: LuaValue[] = [];
    while (unpacker.at < text.length && values.length < limit) {
      if (values.length >= MAX_RESULTS)
        S.fail('stack overflow (too many return values at once; use unpack_one or unpack_limit instead.)');
      values.push(unpacker.read());
    }
    if (whole) return values;
    return [unpacker.at === text.length ? -1 : unpacker.at, ...values];
  }

  return library({
    _NAME: 'cmsgpack',
    _VERSION: 'lua-cmsgpack 0.4.0',
    _COPYRIGHT: 'Copyright (C) 2012, Redis Ltd.',
    _DESCRIPTION: 'MessagePack C implementation for Lua',
    pack: (...args) => {
      if (args.length === 0) check.fail(-1, 'pack', 'MessagePack pack needs input.');
      return args.map((value) => pack(view, value, 0)).join('');
    },
    unpack: (...args) => unpack(check.text(args, 0, 'unpack'), Number.POSITIVE_INFINITY, 0, true),
    unpack_one: (...args) => {
      const offset = check.optional(args, 1, 'unpack_one', 0);
      return unpack(check.text(args, 0, 'unpack_one'), 1, offset, false);
    },
    unpack_limit: (...args) => {
      const limit = check.integer(args, 1, 'unpack_limit');
      const offset = check.optional(args, 2, 'unpack_limit', 0);
      const whole = limit === 0 && offset === 0;
      return unpack(check.text(args, 0, 'unpack_limit'), whole ? Number.POSITIVE_INFINITY : limit, offset, whole);
    },
  });
}
