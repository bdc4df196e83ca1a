/** Reading and writing tables, calling and naming values, with metatables; operators.ts adds arithmetic and comparison. */
import { toNumber, typeName } from './coerce.ts';
import { numberToText } from './number-text.ts';
import { createOperators, type Operators } from './operators.ts';
import type { LuaState } from './state.ts';
import { LuaTable } from './table.ts';
import { first, type LuaFunction, LuaUserdata, type LuaValue } from './value.ts';

/** How deep a chain of __index or __newindex tables may go (MAXTAGLOOP). */
const MAX_META_CHAIN = 100;
/** Where in the source an operation stands: "<encoded line>|<what its operand is>", e.g. "3|local 'x'"; "3|" when unnamed. */
export type Site = string;

export type RuntimeCore = ReturnType<typeof createCore>;
export type Runtime = RuntimeCore & Operators;

/** Everything on values in one engine; `stringMeta` is the metatable that all strings share. */
export function createRuntime(S: LuaState, stringMeta: LuaTable): Runtime {
  const core = createCore(S, stringMeta);
  return { ...core, ...createOperators(core) };
}

function createCore(S: LuaState, stringMeta: LuaTable) {
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
    callMeta,
    display,
    plainText,
    forNumber,
    typeNameOf: typeName,
  };
}
