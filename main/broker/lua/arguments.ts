/** Checks of builtins' arguments with the texts of Lua's luaL_check… functions. Indexes count from 0 as JavaScript's do. */
import { toNumber, toText, typeName } from './coerce.ts';
import type { Runtime } from './runtime.ts';
import { LuaTable } from './table.ts';
import type { LuaFunction, LuaValue } from './value.ts';

export type ArgumentChecks = ReturnType<typeof createArgumentChecks>;

/** C's cast of a double to a 64-bit integer, as far as a double can tell. */
export function toInteger(value: number): number {
  if (Number.isNaN(value)) return -(2 ** 63);
  return Math.min(Math.max(Math.trunc(value), -(2 ** 63)), 2 ** 63);
}

export function createArgumentChecks(runtime: Runtime) {
  const { S } = runtime;

  /** "bad argument #1 to 'rep' (…)": without a name when a builtin is the caller, one less in a method call. */
  function fail(at: number, fn: string, problem: string): never {
    if (S.l === 0) return S.fail(`bad argument #${at + 1} to '?' (${problem})`);
    if (!S.viaMethod) return S.fail(`bad argument #${at + 1} to '${fn}' (${problem})`);
    return S.fail(at === 0 ? `calling '${fn}' on bad self` : `bad argument #${at} to '${fn}' (${problem})`);
  }

  function failType(args: readonly LuaValue[], at: number, fn: string, expected: string): never {
    const got = at < args.length ? typeName(args[at]) : 'no value';
    return fail(at, fn, `${expected} expected, got ${got}`);
  }

  function any(args: readonly LuaValue[], at: number, fn: string): LuaValue {
    if (at >= args.length) fail(at, fn, 'value expected');
    return args[at];
  }

  function number(args: readonly LuaValue[], at: number, fn: string): number {
    return toNumber(args[at]) ?? failType(args, at, fn, 'number');
  }

  /** luaL_checkinteger. */
  function integer(args: readonly LuaValue[], at: number, fn: string): number {
    return toInteger(number(args, at, fn));
  }

  /** luaL_checkint: cut to 32 bits. */
  function int(args: readonly LuaValue[], at: number, fn: string): number {
    const value = integer(args, at, fn);
    return Math.abs(value) < 2 ** 31 ? value : Number(BigInt.asIntN(32, BigInt(value)));
  }

  function optional(args: readonly LuaValue[], at: number, fn: string, otherwise: number): number {
    return args[at] === undefined ? otherwise : integer(args, at, fn);
  }

  function text(args: readonly LuaValue[], at: number, fn: string): string {
    return toText(args[at]) ?? failType(args, at, fn, 'string');
  }

  function table(args: readonly LuaValue[], at: number, fn: string): LuaTable {
    const value = args[at];
    return value instanceof LuaTable ? value : failType(args, at, fn, 'table');
  }

  function callback(args: readonly LuaValue[], at: number, fn: string): LuaFunction {
    const value = args[at];
    return typeof value === 'function' ? value : failType(args, at, fn, 'function');
  }

  return { fail, failType, any, number, integer, int, optional, text, table, callback };
}

/** A read-only library table from its functions and values. */
export function library(fields: Readonly<Record<string, LuaValue>>): LuaTable {
  return new LuaTable([], new Map<LuaValue, LuaValue>(Object.entries(fields)));
}
