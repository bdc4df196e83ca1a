/** Lua's operators over tables, strings and metatables: the slow halves that generated code falls back to, and the shared fast ones. */
import { numberToText, parseNumber } from './number-text.ts';
import type { LuaState } from './state.ts';
import { LuaTable } from './table.ts';
import { first, type LuaFunction, LuaThread, LuaUserdata, type LuaValue, truthy } from './value.ts';

/** How deep a chain of __index or __newindex tables may go (MAXTAGLOOP). */
const MAX_META_CHAIN = 100;
/** Longest string a script may build, in bytes (Redis's proto-max-bulk-len). */
export const MAX_STRING_BYTES = 512 * 1024 * 1024 - 32;

/** Where in the source an operation stands: "<encoded line>|<what its operand is>", e.g. "3|local 'x'"; "3|" when unnamed. */
export type Site = string;

export function typeName(value: LuaValue): string {
  if (value === undefined) return 'nil';
  if (value instanceof LuaTable) return 'table';
  if (value instanceof LuaUserdata) return 'userdata';
  if (value instanceof LuaThread) return 'thread';
  return typeof value;
}

export type ArithmeticEvent = '__add' | '__sub' | '__mul' | '__div' | '__mod' | '__pow';

export function compute(event: ArithmeticEvent, a: number, b: number): number {
  switch (event) {
    case '__add':
      return a + b;
    case '__sub':
      return a - b;
    case '__mul':
      return a * b;
    case '__div':
      return a / b;
    case '__mod':
      return a - Math.floor(a / b) * b;
    default:
      return a ** b;
  }
}

/** A value as a number where Lua coerces (numbers and numeric strings), else undefined. */
export function toNumber(value: LuaValue): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' ? parseNumber(value) : undefined;
}

/** A value as a string where Lua coerces (strings and numbers), else undefined. */
export function toText(value: LuaValue): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? numberToText(value) : undefined;
}

export type Runtime = ReturnType<typeof createRuntime>;

/** The operators of one engine; `stringMeta` is the metatable that all strings share. */
export function createRuntime(S: LuaState, stringMeta: LuaTable) {
  const identities = new WeakMap<object, string>();
  let identityCount = 0;

  function siteLine(site: Site): number {
    return Number(site.slice(0, site.indexOf('|')));
  }

  function failAt(site: Site, message: string): never {
    return S.failAt(siteLine(site), message);
  }

  /** "attempt to <action> local 'x' (a nil value)". */
  function failType(action: string, value: LuaValue, site: Site): never {
    const what = site.slice(site.indexOf('|') + 1);
    const kind = typeName(value);
    return failAt(
      site,
      what === '' ? `attempt to ${action} a ${kind} value` : `attempt to ${action} ${what} (a ${kind} value)`,
    );
  }

  function metatableOf(value: LuaValue): LuaTable | null {
    if (value instanceof LuaTable) return value.mt;
    return typeof value === 'string' ? stringMeta : null;
  }

  function metamethod(value: LuaValue, event: string): LuaValue {
    return metatableOf(value)?.getStr(event);
  }

  /** Calls any callable from a builtin or operator, for its first value. */
  function callMeta(fn: LuaValue, site: Site, ...args: LuaValue[]): LuaValue {
    const outer = S.l;
    const line = siteLine(site);
    S.enterMeta();
    S.l = line;
    const result = first(callable(fn, `${line}|`)(...args));
    S.cDepth--;
    S.l = outer;
    return result;
  }

  /** Calls from a builtin (sort, gsub, …): the callee sees no Lua caller. */
  function callFromC(fn: LuaValue, ...args: LuaValue[]): LuaValue {
    const line = S.l;
    S.enterC();
    const result = first(callable(fn, '0|')(...args));
    S.cDepth--;
    S.d--;
    S.l = line;
    return result;
  }

  /** The function to call for `fn`; for what cannot be called, a function that raises (after the arguments were evaluated). */
  function callable(fn: LuaValue, site: Site): LuaFunction {
    if (typeof fn === 'function') return fn;
    const meta = metamethod(fn, '__call');
    if (typeof meta !== 'function') return () => failType('call', fn, site);
    const bound: LuaFunction = (...args) => meta(fn, ...args);
    const gen = meta.gen;
    if (gen !== undefined) bound.gen = (...args) => gen(fn, ...args);
    return bound;
  }

  function index(table: LuaValue, key: LuaValue, site: Site): LuaValue {
    if (table instanceof LuaTable) {
      const value = table.get(key);
      if (value !== undefined || table.mt === null) return value;
    }
    return indexMeta(table, key, site);
  }

  function indexStr(table: LuaValue, key: string, site: Site): LuaValue {
    if (table instanceof LuaTable) {
      const value = table.getStr(key);
      if (value !== undefined || table.mt === null) return value;
    }
    return indexMeta(table, key, site);
  }

  function indexMeta(from: LuaValue, key: LuaValue, site: Site): LuaValue {
    let table = from;
    for (let hops = 0; hops < MAX_META_CHAIN; hops++) {
      let handler: LuaValue;
      if (table instanceof LuaTable) {
        const value = table.get(key);
        if (value !== undefined || table.mt === null) return value;
        handler = table.mt.getStr('__index');
        if (handler === undefined) return undefined;
      } else {
        handler = metamethod(table, '__index');
        if (handler === undefined) return failType('index', table, hops === 0 ? site : `${siteLine(site)}|`);
      }
      if (typeof handler === 'function') return callMeta(handler, site, table, key);
      table = handler;
    }
    return failAt(site, 'loop in gettable');
  }

  function checkKey(key: LuaValue, fail: (message: string) => never): void {
    if (key === undefined) fail('table index is nil');
    if (typeof key === 'number' && Number.isNaN(key)) fail('table index is NaN');
  }

  function setIndex(table: LuaValue, key: LuaValue, value: LuaValue, site: Site): void {
    if (table instanceof LuaTable && table.plain) {
      if (typeof key === 'string') table.setStr(key, value);
      else {
        if (key === undefined || typeof key === 'number') checkKey(key, (message) => failAt(site, message));
        table.set(key, value);
      }
    } else setMeta(table, key, value, site);
  }

  function setStr(table: LuaValue, key: string, value: LuaValue, site: Site): void {
    if (table instanceof LuaTable && table.plain) table.setStr(key, value);
    else setMeta(table, key, value, site);
  }

  function setMeta(from: LuaValue, key: LuaValue, value: LuaValue, site: Site): void {
    let table = from;
    for (let hops = 0; hops < MAX_META_CHAIN; hops++) {
      let handler: LuaValue;
      if (table instanceof LuaTable) {
        const absent = table.mt !== null && table.get(key) === undefined;
        handler = absent ? table.mt?.getStr('__newindex') : undefined;
        if (handler === undefined) {
          if (table.readonly) failAt(site, 'Attempt to modify a readonly table');
          checkKey(key, (message) => failAt(site, message));
          table.set(key, value);
          return;
        }
      } else {
        handler = metamethod(table, '__newindex');
        if (handler === undefined) failType('index', table, hops === 0 ? site : `${siteLine(site)}|`);
      }
      if (typeof handler === 'function') {
        callMeta(handler, site, table, key, value);
        return;
      }
      table = handler;
    }
    failAt(site, 'loop in settable');
  }

  /** Raw write by a builtin. */
  function rawSet(table: LuaTable, key: LuaValue, value: LuaValue): void {
    if (table.readonly) throw S.error('Attempt to modify a readonly table');
    checkKey(key, (message) => {
      throw S.error(message);
    });
    table.set(key, value);
  }

  /** Arithmetic on anything but two numbers. `site` names both operands: "line|left|right". */
  function arith(event: ArithmeticEvent, a: LuaValue, b: LuaValue, site: Site): LuaValue {
    const left = toNumber(a);
    const right = toNumber(b);
    if (left !== undefined && right !== undefined) return compute(event, left, right);
    const handler = metamethod(a, event) ?? metamethod(b, event);
    if (handler !== undefined) return callMeta(handler, site, a, b);
    return failOperand('perform arithmetic on', left === undefined ? a : b, left === undefined ? 1 : 2, site);
  }

  function failOperand(action: string, value: LuaValue, which: number, site: Site): never {
    const parts = site.split('|');
    return failType(action, value, `${parts[0]}|${parts[which] ?? ''}`);
  }

  function negate(value: LuaValue, site: Site): LuaValue {
    const number = toNumber(value);
    if (number !== undefined) return -number;
    const handler = metamethod(value, '__unm');
    if (handler !== undefined) return callMeta(handler, site, value, value);
    return failType('perform arithmetic on', value, site);
  }

  function length(value: LuaValue, site: Site): LuaValue {
    if (typeof value === 'string') return value.length;
    if (value instanceof LuaTable) return value.length();
    return failType('get length of', value, site);
  }

  function concat(a: LuaValue, b: LuaValue, site: Site): LuaValue {
    const left = toText(a);
    const right = toText(b);
    if (left !== undefined && right !== undefined) {
      if (left.length + right.length > MAX_STRING_BYTES) failAt(site, 'string length overflow');
      return left + right;
    }
    const handler = metamethod(a, '__concat') ?? metamethod(b, '__concat');
    if (handler !== undefined) return callMeta(handler, site, a, b);
    return failOperand('concatenate', left === undefined ? a : b, left === undefined ? 1 : 2, site);
  }

  function equals(a: LuaValue, b: LuaValue): boolean {
    if (a === b) return true;
    if (!(a instanceof LuaTable && b instanceof LuaTable)) return false;
    const handler = a.mt?.getStr('__eq');
    if (handler === undefined) return false;
    const other = b.mt?.getStr('__eq');
    return handler === other && truthy(callMeta(handler, `${S.currentLine()}|`, a, b));
  }

  function failCompare(a: LuaValue, b: LuaValue, site: Site): never {
    const left = typeName(a);
    const right = typeName(b);
    return failAt(
      site,
      left === right ? `attempt to compare two ${left} values` : `attempt to compare ${left} with ${right}`,
    );
  }

  function compareMeta(event: string, a: LuaValue, b: LuaValue, site: Site): boolean | undefined {
    const handler = metamethod(a, event);
    if (handler === undefined || handler !== metamethod(b, event)) return undefined;
    return truthy(callMeta(handler, site, a, b));
  }

  function less(a: LuaValue, b: LuaValue, site: Site): boolean {
    if (typeof a === 'number' && typeof b === 'number') return a < b;
    if (typeof a === 'string' && typeof b === 'string') return a < b;
    const known = typeName(a) === typeName(b) ? compareMeta('__lt', a, b, site) : undefined;
    return known ?? failCompare(a, b, site);
  }

  function lessEqual(a: LuaValue, b: LuaValue, site: Site): boolean {
    if (typeof a === 'number' && typeof b === 'number') return a <= b;
    if (typeof a === 'string' && typeof b === 'string') return a <= b;
    if (typeName(a) !== typeName(b)) failCompare(a, b, site);
    const known = compareMeta('__le', a, b, site);
    if (known !== undefined) return known;
    const reverse = compareMeta('__lt', b, a, site);
    return reverse === undefined ? failCompare(a, b, site) : !reverse;
  }

  /** "table: 0x…": a stable made-up address for each object. */
  function identity(value: object, kind: string): string {
    let text = identities.get(value);
    if (text === undefined) {
      text = `0x${(0x7f0000000000 + ++identityCount * 32).toString(16)}`;
      identities.set(value, text);
    }
    return `${kind}: ${text}`;
  }

  /** `tostring` with __tostring. */
  function display(value: LuaValue): LuaValue {
    const handler = metamethod(value, '__tostring');
    if (handler !== undefined) return callFromC(handler, value);
    return plainText(value);
  }

  function plainText(value: LuaValue): string {
    if (typeof value === 'string') return value;
    if (typeof value === 'number') return numberToText(value);
    if (value === undefined) return 'nil';
    if (typeof value === 'boolean') return String(value);
    if (value instanceof LuaUserdata) return value.label;
    return identity(value, typeName(value));
  }

  /** A `for` bound as a number. */
  function forNumber(value: LuaValue, what: string, line: number): number {
    const number = toNumber(value);
    return number === undefined ? S.failAt(line, `'for' ${what} must be a number`) : number;
  }

  return {
    S,
    siteLine,
    failAt,
    failType,
    metatableOf,
    metamethod,
    callFromC,
    callable,
    index,
    indexStr,
    setIndex,
    setStr,
    rawSet,
    arith,
    negate,
    length,
    concat,
    equals,
    less,
    lessEqual,
    display,
    plainText,
    forNumber,
    typeNameOf: typeName,
  };
}
