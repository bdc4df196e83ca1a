/** Lua's base library as Redis offers it: no print, dofile, loadfile, getfenv or setfenv; pcall flattens Redis error tables. */
import { getHeapStatistics } from 'node:v8';
import type { ArgumentChecks } from './arguments.ts';
import { toNumber, toText, typeName } from './coerce.ts';
import { LuaSyntaxError } from './lexer.ts';
import { parseChunk } from './parser.ts';
import type { Runtime } from './runtime.ts';
import { CHUNK_LINES } from './state.ts';
import { LuaTable } from './table.ts';
import { all, EMPTY, LuaError, type LuaFunction, type LuaResult, LuaStop, type LuaValue, truthy } from './value.ts';

/** Lua's LUAI_MAXCSTACK: how many values `unpack` may return, exclusive. */
const MAX_UNPACK = 8_000;
/** How many chunks loadstring numbers within one run; later ones share the last number. */
const MAX_CHUNKS = 1_000;
/** Lua's LUA_IDSIZE: the longest chunk name in an error, its end mark included. */
const CHUNK_ID_BYTES = 60;

type Compile = (source: string, chunkName: string, lineBase: number) => LuaFunction;

/** What a caught exception is to Lua; stops and bugs of the engine go on upwards. */
export function caughtValue(thrown: unknown): LuaValue {
  if (thrown instanceof LuaError) return thrown.value;
  if (thrown instanceof RangeError)
    return thrown.message.includes('call stack') ? 'stack overflow' : 'not enough memory';
  throw thrown;
}

/** True for source that no continuation can mend. */
function isBroken(source: string): boolean {
  try {
    parseChunk(source, '?');
    return false;
  } catch (thrown) {
    if (thrown instanceof LuaSyntaxError) return !thrown.message.endsWith("near '<eof>'");
    throw thrown;
  }
}

/** `luaO_chunkid`: how a chunk's name shows in errors. */
function chunkId(name: string): string {
  if (name.startsWith('=') || name.startsWith('@')) return name.slice(1, CHUNK_ID_BYTES);
  const line = name.split(/[\r\n]/, 1)[0] ?? '';
  const room = CHUNK_ID_BYTES - '[string "..."] '.length;
  return line.length < name.length || line.length > room
    ? `[string "${line.slice(0, room)}..."]`
    : `[string "${line}"]`;
}

export function createBaseLibrary(runtime: Runtime, check: ArgumentChecks, compile: Compile): Record<string, LuaValue> {
  const { S, rawSet, callable } = runtime;

  /** Runs `body`; gives [true, …results], or what `caught` makes of the error, with the registers as they were. */
  function guarded(body: () => LuaResult, caught: (value: LuaValue) => LuaValue[]): LuaValue[] {
    const { d, l, cDepth, thread } = S;
    try {
      S.enterC();
      const values = [true, ...all(body())];
      S.d = d;
      S.l = l;
      S.cDepth = cDepth;
      return values;
    } catch (thrown) {
      S.d = d;
      S.l = l;
      S.cDepth = cDepth;
      S.thread = thread;
      if (thrown instanceof LuaStop) throw thrown;
      return caught(caughtValue(thrown));
    }
  }

  function pcall(...args: LuaValue[]): LuaResult {
    check.any(args, 0, 'pcall');
    const [fn, ...rest] = args;
    return guarded(() => callable(fn, '0|')(...rest), flatten);
  }

  /** Redis's pcall hands the text of an error table, as older versions did. */
  function flatten(value: LuaValue): LuaValue[] {
    if (!(value instanceof LuaTable)) return [false, value];
    const text = value.get('err');
    return toText(text) === undefined ? [false, value, text] : [false, text];
  }

  function xpcall(...args: LuaValue[]): LuaResult {
    if (args.length < 2) check.fail(1, 'xpcall', 'value expected');
    const [fn, handler] = args;
    return guarded(
      () => callable(fn, '0|')(),
      (value) => {
        const handled = guarded(
          () => callable(handler, '0|')(value),
          () => [false, 'error in error handling'],
        );
        return [false, ...handled.slice(1)];
      },
    );
  }

  function error(...args: LuaValue[]): never {
    const [value] = args;
    const level = check.optional(args, 1, 'error', 1);
    const text = toText(value);
    throw new LuaError(text !== undefined && level > 0 ? S.where(level) + text : value, S.currentLine());
  }

  function assertTrue(...args: LuaValue[]): LuaResult {
    check.any(args, 0, 'assert');
    if (truthy(args[0])) return args;
    const message = args[1] === undefined ? 'assertion failed!' : check.text(args, 1, 'assert');
    return S.fail(message);
  }

  function toNumberIn(...args: LuaValue[]): LuaValue {
    const base = check.optional(args, 1, 'tonumber', 10);
    if (base === 10) return toNumber(check.any(args, 0, 'tonumber'));
    const text = check.text(args, 0, 'tonumber');
    if (base < 2 || base > 36) check.fail(1, 'tonumber', 'base out of range');
    return parseInBase(text, base);
  }

  function select(...args: LuaValue[]): LuaResult {
    const [n, ...rest] = args;
    if (typeof n === 'string' && n.startsWith('#')) return rest.length;
    let at = check.int(args, 0, 'select');
    if (at < 0) at = rest.length + at;
    else at = Math.min(at, rest.length + 1) - 1;
    if (at < 0) check.fail(0, 'select', 'index out of range');
    return rest.slice(at);
  }

  function unpack(...args: LuaValue[]): LuaResult {
    const table = check.table(args, 0, 'unpack');
    const from = check.optional(args, 1, 'unpack', 1);
    const to = args[2] === undefined ? table.length() : check.integer(args, 2, 'unpack');
    if (from > to) return EMPTY;
    if (to - from + 1 >= MAX_UNPACK) S.fail('too many results to unpack');
    if (from === 1 && to === table.arr.length) return table.arr.slice();
    const values: LuaValue[] = [];
    for (let at = from; at <= to; at++) values.push(table.getInt(at));
    return values;
  }

  function setmetatable(...args: LuaValue[]): LuaValue {
    const table = check.table(args, 0, 'setmetatable');
    const meta = args[1];
    if (args.length < 2 || (meta !== undefined && !(meta instanceof LuaTable))) {
      return check.fail(1, 'setmetatable', 'nil or table expected');
    }
    if (table.mt?.getStr('__metatable') !== undefined) S.fail('cannot change a protected metatable');
    if (table.readonly) throw S.error('Attempt to modify a readonly table');
    table.setMetatable(meta ?? null);
    return table;
  }

  function getmetatable(...args: LuaValue[]): LuaValue {
    const meta = runtime.metatableOf(check.any(args, 0, 'getmetatable'));
    return meta === null ? undefined : (meta.getStr('__metatable') ?? meta);
  }

  function next(...args: LuaValue[]): LuaResult {
    const entry = check.table(args, 0, 'next').next(args[1]);
    if (entry === undefined) throw S.error("invalid key to 'next'");
    return entry ?? undefined;
  }

  const ipairsStep: LuaFunction = (table, at) => {
    const index = (typeof at === 'number' ? at : 0) + 1;
    const value = table instanceof LuaTable ? table.getInt(index) : undefined;
    return value === undefined ? EMPTY : [index, value];
  };

  function loadSource(source: string, name: string): LuaResult {
    const number = Math.min(S.chunkNames.length, MAX_CHUNKS);
    const id = chunkId(name);
    try {
      const fn = compile(source, id, number * CHUNK_LINES);
      S.chunkNames[number] = id;
      S.chunkSources[number] = name;
      return fn;
    } catch (thrown) {
      if (thrown instanceof LuaSyntaxError) return [undefined, thrown.message];
      if (thrown instanceof RangeError) return [undefined, `${id}:1: chunk has too many syntax levels`];
      throw thrown;
    }
  }

  function load(...args: LuaValue[]): LuaResult {
    const reader = check.callback(args, 0, 'load');
    const name = args[1] === undefined ? '=(load)' : check.text(args, 1, 'load');
    let source = '';
    const read = guarded(
      () => {
        for (let pieces = 1; ; pieces++) {
          const piece = runtime.callFromC(reader);
          if (piece === undefined || piece === '') return EMPTY;
          source += toText(piece) ?? S.failAt(0, 'reader function must return a string');
          S.spend(1);
          // A reader that never ends is left at the first syntax error, as Lua's streaming parser does.
          if ((pieces & (pieces - 1)) === 0 && isBroken(source)) return EMPTY;
        }
      },
      (value) => [false, value],
    );
    return read[0] === true ? loadSource(source, name) : [undefined, read[1]];
  }

  function collectgarbage(...args: LuaValue[]): LuaResult {
    const option = args[0] === undefined ? 'collect' : check.text(args, 0, 'collectgarbage');
    if (option === 'count') return getHeapStatistics().used_heap_size / 1024;
    if (option === 'step') return true;
    if (option === 'setpause' || option === 'setstepmul') return 200;
    if (option !== 'collect' && option !== 'stop' && option !== 'restart') {
      return check.fail(0, 'collectgarbage', `invalid option '${option}'`);
    }
    return 0;
  }

  return {
    _VERSION: 'Lua 5.1',
    assert: assertTrue,
    collectgarbage,
    error,
    gcinfo: () => [Math.floor(getHeapStatistics().used_heap_size / 1024), 0],
    getmetatable,
    ipairs: (...args) => [ipairsStep, check.table(args, 0, 'ipairs'), 0],
    load,
    loadstring: (...args) => {
      const source = check.text(args, 0, 'loadstring');
      return loadSource(source, args[1] === undefined ? source : check.text(args, 1, 'loadstring'));
    },
    next,
    pairs: (...args) => [next, check.table(args, 0, 'pairs'), undefined],
    pcall,
    rawequal: (...args) => {
      check.any(args, 0, 'rawequal');
      return check.any(args, 1, 'rawequal') === args[0];
    },
    rawget: (...args) => {
      const table = check.table(args, 0, 'rawget');
      return table.get(check.any(args, 1, 'rawget'));
    },
    rawset: (...args) => {
      const table = check.table(args, 0, 'rawset');
      check.any(args, 1, 'rawset');
      rawSet(table, args[1], check.any(args, 2, 'rawset'));
      return table;
    },
    select,
    setmetatable,
    tonumber: toNumberIn,
    tostring: (...args) => runtime.display(check.any(args, 0, 'tostring')),
    type: (...args) => typeName(check.any(args, 0, 'type')),
    unpack,
    xpcall,
  };
}

/** `strtoul` with a base, then only blanks; nil when there is anything else. */
function parseInBase(text: string, base: number): LuaValue {
  const body = text.split('\0', 1)[0]?.trim() ?? '';
  const match = /^([+-]?)([0-9a-zA-Z]+)$/.exec(base === 16 ? body.replace(/^([+-]?)0[xX](?=[0-9a-fA-F])/, '$1') : body);
  if (match === null) return undefined;
  let value = 0;
  for (const char of match[2] ?? '') {
    const digit = Number.parseInt(char, 36);
    if (digit >= base) return undefined;
    value = value * base + digit;
  }
  // strtoul wraps negative numbers around 2^64 and stops at its largest value.
  if (value >= 2 ** 64) return 2 ** 64;
  return match[1] === '-' && value !== 0 ? 2 ** 64 - value : value;
}
