/** LuaBitOp: 32-bit operations on numbers taken modulo 2^32, with signed results. */
import { type ArgumentChecks, library } from './arguments.ts';
import { toNumber } from './coerce.ts';
import type { Runtime } from './runtime.ts';
import type { LuaTable } from './table.ts';
import type { LuaValue } from './value.ts';

/** Adding it leaves the integer part of a double in its low bits, rounded to even: LuaBitOp's conversion. */
const ROUNDER = 6_755_399_441_055_744;

export function createBitLibrary(_runtime: Runtime, check: ArgumentChecks): LuaTable {
  const view = new DataView(new ArrayBuffer(8));

  function bits(args: readonly LuaValue[], at: number, fn: string): number {
    const value = toNumber(args[at]);
    if (value === undefined) return check.failType(args, at, fn, 'number');
    view.setFloat64(0, value + ROUNDER);
    return view.getInt32(4);
  }

  function fold(name: string, combine: (a: number, b: number) => number): LuaValue {
    return (...args) => {
      let result = bits(args, 0, name);
      for (let at = args.length - 1; at > 0; at--) result = combine(result, bits(args, at, name));
      return result;
    };
  }

  function shift(name: string, move: (value: number, by: number) => number): LuaValue {
    return (...args) => move(bits(args, 0, name), bits(args, 1, name) & 31) | 0;
  }

  return library({
    tobit: (...args) => bits(args, 0, 'tobit'),
    bnot: (...args) => ~bits(args, 0, 'bnot'),
    band: fold('band', (a, b) => a & b),
    bor: fold('bor', (a, b) => a | b),
    bxor: fold('bxor', (a, b) => a ^ b),
    lshift: shift('lshift', (value, by) => value << by),
    rshift: shift('rshift', (value, by) => value >>> by),
    arshift: shift('arshift', (value, by) => value >> by),
    rol: shift('rol', (value, by) => (value << by) | (value >>> (32 - by))),
    ror: shift('ror', (value, by) => (value << (32 - by)) | (value >>> by)),
    bswap: (...args) => {
      const value = bits(args, 0, 'bswap');
      return (value >>> 24) | ((value >>> 8) & 0xff00) | ((value & 0xff00) << 8) | (value << 24);
    },
    tohex: (...args) => {
      const value = bits(args, 0, 'tohex');
      const asked = args.length < 2 ? 8 : bits(args, 1, 'tohex');
      const digits = Math.min(Math.abs(asked), 8);
      const text = digits === 0 ? '' : (value >>> 0).toString(16).padStart(8, '0').slice(-digits);
      return asked < 0 ? text.toUpperCase() : text;
    },
  });
}
