/** Roberto Ierusalimschy's struct library, as Redis ships it: C-like packing with endianness and alignment. */
import { type ArgumentChecks, library } from './arguments.ts';
import { toNumber } from './coerce.ts';
import type { Runtime } from './runtime.ts';
import type { LuaTable } from './table.ts';
import type { LuaResult, LuaValue } from './value.ts';

const MAX_INTEGER_BYTES = 32;
const DEFAULT_ALIGN = 8;
const INT_MAX = 2_147_483_647;
const FIXED: Readonly<Record<string, number>> = { b: 1, B: 1, h: 2, H: 2, l: 8, L: 8, T: 8, f: 4, d: 8, x: 1 };
const INTEGERS = new Set('bBhHlLTiI');

/** One format item: its letter and its size in bytes. */
interface Option {
  readonly letter: string;
  readonly size: number;
}

/** Reads a format item by item and keeps endianness and alignment. */
class Format {
  little = true;
  readonly #runtime: Runtime;
  readonly #check: ArgumentChecks;
  readonly #fn: string;
  readonly #text: string;
  #at = 0;
  #align = 1;

  constructor(runtime: Runtime, check: ArgumentChecks, fn: string, text: string) {
    this.#runtime = runtime;
    this.#check = check;
    this.#fn = fn;
    this.#text = text.split('\0', 1)[0] ?? '';
  }

  next(): Option | null {
    if (this.#at >= this.#text.length) return null;
    const letter = this.#text.charAt(this.#at++);
    return { letter, size: this.#size(letter) };
  }

  #number(otherwise: number): number {
    const from = this.#at;
    while (/[0-9]/.test(this.#text.charAt(this.#at))) this.#at++;
    if (from === this.#at) return otherwise;
    const value = Number(this.#text.slice(from, this.#at));
    if (value > INT_MAX) this.#runtime.S.fail('integral size overflow');
    return value;
  }

  #size(letter: string): number {
    if (letter === 'c') return this.#number(1);
    if (letter !== 'i' && letter !== 'I') return FIXED[letter] ?? 0;
    const size = this.#number(4);
    if (size > MAX_INTEGER_BYTES)
      this.#runtime.S.fail(`integral size ${size} is larger than limit of ${MAX_INTEGER_BYTES}`);
    return size;
  }

  /** Padding before an item that starts at `position`. */
  padding(position: number, option: Option): number {
    if (option.size === 0 || option.letter === 'c') return 0;
    const size = Math.min(option.size, this.#align);
    return (size - (position & (size - 1))) & (size - 1);
  }

  /** What is no item sets endianness or alignment. */
  control(letter: string): void {
    if (letter === ' ') return;
    if (letter === '>') this.little = false;
    else if (letter === '<') this.little = true;
    else if (letter === '!') {
      const align = this.#number(DEFAULT_ALIGN);
      if (align <= 0 || (align & (align - 1)) !== 0) this.#runtime.S.fail(`alignment ${align} is not a power of 2`);
      this.#align = align;
    } else this.#check.fail(0, this.#fn, `invalid format option '${letter}'`);
  }
}

/** Bytes of a 64-bit integer in `size` bytes; longer ones are filled with zeros, as shifting the C value does. */
function integerBytes(value: number, size: number, little: boolean): string {
  const limited = Number.isNaN(value) || Math.abs(value) >= 2 ** 64 ? -(2n ** 63n) : BigInt(Math.trunc(value));
  let rest = BigInt.asUintN(64, limited);
  let text = '';
  for (let at = 0; at < size; at++) {
    const byte = String.fromCharCode(Number(rest & 255n));
    text = little ? text + byte : byte + text;
    rest >>= 8n;
  }
  return text;
}

function readInteger(data: string, at: number, size: number, little: boolean, signed: boolean): number {
  let value = 0n;
  for (let index = 0; index < size; index++) {
    const from = little ? at + size - 1 - index : at + index;
    value = BigInt.asUintN(64, (value << 8n) | BigInt(data.charCodeAt(from)));
  }
  if (!signed) return Number(value);
  return Number(BigInt.asIntN(Math.min(size * 8, 64), value));
}

export function createStructLibrary(runtime: Runtime, check: ArgumentChecks): LuaTable {
  const { S } = runtime;
  const view = new DataView(new ArrayBuffer(8));

  function floatBytes(value: number, size: number, little: boolean): string {
    if (size === 4) view.setFloat32(0, value, little);
    else view.setFloat64(0, value, little);
    return String.fromCharCode(...new Uint8Array(view.buffer, 0, size));
  }

  function readFloat(data: string, at: number, size: number, little: boolean): number {
    for (let index = 0; index < size; index++) view.setUint8(index, data.charCodeAt(at + index));
    return size === 4 ? view.getFloat32(0, little) : view.getFloat64(0, little);
  }

  function packText(args: readonly LuaValue[], at: number, option: Option): string {
    const text = check.text(args, at, 'pack');
    const size = option.size === 0 ? text.length : option.size;
    if (text.length < size) check.fail(at + 1, 'pack', 'string too short');
    return option.letter === 's' ? `${text}\0` : text.slice(0, size);
  }

  function pack(...given: LuaValue[]): LuaValue {
    // struct.c leaves a nil behind the arguments, which shows when one is missing.
    const args = [...given, undefined];
    const format = new Format(runtime, check, 'pack', check.text(given, 0, 'pack'));
    let text = '';
    let argument = 1;
    for (let option = format.next(); option !== null; option = format.next()) {
      const { letter, size } = option;
      text += '\0'.repeat(format.padding(text.length, option));
      if (INTEGERS.has(letter)) text += integerBytes(check.number(args, argument++, 'pack'), size, format.little);
      else if (letter === 'f' || letter === 'd')
        text += floatBytes(check.number(args, argument++, 'pack'), size, format.little);
      else if (letter === 'c' || letter === 's') text += packText(args, argument++, option);
      else if (letter === 'x') text += '\0';
      else format.control(letter);
    }
    return text;
  }

  function unpack(...args: LuaValue[]): LuaResult {
    const format = new Format(runtime, check, 'unpack', check.text(args, 0, 'unpack'));
    const data = check.text(args, 1, 'unpack');
    let at = check.optional(args, 2, 'unpack', 1) - 1;
    if (at < 0) check.fail(2, 'unpack', 'offset must be 1 or greater');
    const values: LuaValue[] = [];
    const need = (size: number): void => {
      if (size > data.length || at > data.length - size) check.fail(1, 'unpack', 'data string too short');
    };
    for (let option = format.next(); option !== null; option = format.next()) {
      const { letter } = option;
      let { size } = option;
      at += format.padding(at, option);
      need(size);
      S.spend(1);
      if (values.length >= 7_990) S.fail('stack overflow (too many results)');
      if (INTEGERS.has(letter))
        values.push(readInteger(data, at, size, format.little, letter !== letter.toUpperCase()));
      else if (letter === 'f' || letter === 'd') values.push(readFloat(data, at, size, format.little));
      else if (letter === 'c') {
        if (size === 0) {
          size = toNumber(values.pop()) ?? S.fail("format 'c0' needs a previous size");
          if (size < 0) size = 2 ** 63;
          size = Math.trunc(size);
          need(size);
        }
        values.push(data.slice(at, at + size));
      } else if (letter === 's') {
        const end = data.indexOf('\0', at);
        if (end < 0) S.fail('unfinished string in data');
        size = end - at + 1;
        values.push(data.slice(at, end));
      } else if (letter !== 'x') format.control(letter);
      at += size;
    }
    return [...values, at + 1];
  }

  function size(...args: LuaValue[]): LuaValue {
    const format = new Format(runtime, check, 'size', check.text(args, 0, 'size'));
    let total = 0;
    for (let option = format.next(); option !== null; option = format.next()) {
      total += format.padding(total, option) + option.size;
      if (option.letter === 's') check.fail(0, 'size', "option 's' has no fixed size");
      if (option.letter === 'c' && option.size === 0) check.fail(0, 'size', "option 'c0' has no fixed size");
      if (!/[0-9A-Za-z]/.test(option.letter)) format.control(option.letter);
    }
    return total;
  }

  return library({ pack, unpack, size });
}
