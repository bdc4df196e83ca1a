/** From Lua source to a callable main function: parse, generate JavaScript, bind it to the runtime. */

import { compileMain } from './compile-statement.ts';
import { numberToText } from './number-text.ts';
import { type ArithmeticEvent, compute } from './operators.ts';
import { parseChunk } from './parser.ts';
import type { Runtime } from './runtime.ts';
import type { ChunkContext } from './scope.ts';
import { LuaTable, PairsWalk } from './table.ts';
import { all, EMPTY, first, type LuaFunction, type LuaResult, type LuaValue, truthy } from './value.ts';

const POSITIONAL = Symbol('positional');
const MULTI = Symbol('multi');

/** Source text that names coroutines is compiled into generators; everything else stays plain functions. */
const MENTIONS_COROUTINES = /\bcoroutine\b/;

export interface ChunkCompiler {
  /** @throws LuaSyntaxError. */
  compile(source: string, chunkName: string, lineBase: number): LuaFunction;
}

/** Compiles chunks against one set of globals, all of whose tables must be read-only by then. */
export function createChunkCompiler(
  runtime: Runtime,
  globals: LuaTable,
  singles: ReadonlySet<LuaValue>,
): ChunkCompiler {
  const helpers = createHelpers(runtime);
  const names = Object.keys(helpers).join(',');
  return {
    compile(source, chunkName, lineBase) {
      const { main: node, assigned } = parseChunk(source, chunkName);
      const chunk: ChunkContext = {
        assigned,
        lineBase,
        chunkName,
        globals,
        singles,
        resumable: MENTIONS_COROUTINES.test(source),
        constants: [],
        nextId: 0,
      };
      const main = compileMain(chunk, node);
      const bound = chunk.constants.map((_, at) => `$c${at}=$K[${at}]`);
      const constants = bound.length === 0 ? '' : `const ${bound.join(',')};`;
      const code = `"use strict";const {${names}}=$R;const lines=S.lines;${constants}return ${main};`;
      // Nothing of the source gets in but identifiers, numbers and JSON strings: see scope.ts and compile-expression.ts.
      return new Function('$R', '$K', code)(helpers, chunk.constants);
    },
  };
}

/** What generated code calls, under the names it uses. */
function createHelpers(runtime: Runtime) {
  const { S, arith, concat, less, lessEqual } = runtime;

  function arithmetic(event: ArithmeticEvent): (a: LuaValue, b: LuaValue, site: string) => LuaValue {
    return (a, b, site) =>
      typeof a === 'number' && typeof b === 'number' ? compute(event, a, b) : arith(event, a, b, site);
  }

  /** Pairs of key and value; a symbol as key marks a positional item, or the many values of a call at the end. */
  function makeTable(parts: readonly (LuaResult | symbol)[], line: number): LuaTable {
    const table = new LuaTable();
    const positional: LuaValue[] = [];
    for (let at = 0; at < parts.length; at += 2) {
      const key = parts[at];
      const value = parts[at + 1];
      if (typeof value === 'symbol') continue;
      if (key === POSITIONAL) positional.push(first(value));
      else if (key === MULTI) positional.push(...all(value));
      else if (typeof key !== 'symbol') addField(table, first(key), first(value), line);
    }
    return mergePositional(table, positional);
  }

  function addField(table: LuaTable, key: LuaValue, value: LuaValue, line: number): void {
    if (key === undefined) S.failAt(line, 'table index is nil');
    if (typeof key === 'number' && Number.isNaN(key)) S.failAt(line, 'table index is NaN');
    table.set(key, value);
  }

  function* resumeCall(
    fn: LuaValue,
    site: string,
    line: number,
    args: LuaValue[],
  ): Generator<LuaValue[], LuaResult, LuaValue[]> {
    const target = runtime.callable(fn, site);
    S.l = line;
    return target.gen === undefined ? target(...args) : yield* target.gen(...args);
  }

  function resumable(gen: NonNullable<LuaFunction['gen']>): LuaFunction {
    const fn: LuaFunction = (...args) => {
      const step = gen(...args).next();
      if (step.done !== true) throw S.error('attempt to yield across metamethod/C-call boundary');
      return step.value;
    };
    fn.gen = gen;
    return fn;
  }

  function walkable(value: LuaValue, builtin: string, line: number): LuaTable {
    if (value instanceof LuaTable) return value;
    const got = value === undefined ? 'nil' : runtime.typeNameOf(value);
    return S.failAt(line, `bad argument #1 to '${builtin}' (table expected, got ${got})`);
  }

  return {
    S,
    LuaTable,
    PairsWalk,
    EMPTY,
    MULTI,
    POSITIONAL,
    MAX_DEPTH: S.maxDepth,
    first,
    all,
    truthy,
    makeTable,
    resumeCall,
    resumable,
    walkable,
    index: runtime.index,
    indexStr: runtime.indexStr,
    setIndex: runtime.setIndex,
    setStr: runtime.setStr,
    callable: runtime.callable,
    negate: runtime.negate,
    length: runtime.length,
    forNumber: runtime.forNumber,
    add: (a: LuaValue, b: LuaValue, site: string): LuaValue =>
      typeof a === 'number' && typeof b === 'number' ? a + b : arith('__add', a, b, site),
    sub: (a: LuaValue, b: LuaValue, site: string): LuaValue =>
      typeof a === 'number' && typeof b === 'number' ? a - b : arith('__sub', a, b, site),
    mul: (a: LuaValue, b: LuaValue, site: string): LuaValue =>
      typeof a === 'number' && typeof b === 'number' ? a * b : arith('__mul', a, b, site),
    div: (a: LuaValue, b: LuaValue, site: string): LuaValue =>
      typeof a === 'number' && typeof b === 'number' ? a / b : arith('__div', a, b, site),
    mod: arithmetic('__mod'),
    pow: arithmetic('__pow'),
    cat: (a: LuaValue, b: LuaValue, site: string): LuaValue => {
      if (typeof a === 'string') {
        if (typeof b === 'string') return a + b;
        if (typeof b === 'number') return a + numberToText(b);
      }
      return concat(a, b, site);
    },
    lt: less,
    le: lessEqual,
    gt: (a: LuaValue, b: LuaValue, site: string): boolean => less(b, a, site),
    ge: (a: LuaValue, b: LuaValue, site: string): boolean => lessEqual(b, a, site),
    eq: runtime.equals,
    at: <T>(line: number, value: T): T => {
      S.l = line;
      return value;
    },
    makeArg: (values: LuaValue[]): LuaTable =>
      new LuaTable([...values], new Map<LuaValue, LuaValue>([['n', values.length]])),
    globalMissing: (name: string, line: number): never =>
      S.failAt(line, `Script attempted to access nonexistent global variable '${name}'`),
    globalWrite: (_value: LuaValue, line: number): never => S.failAt(line, 'Attempt to modify a readonly table'),
  };
}

/** Positional items win over explicit integer keys, as Lua's constructor stores them last. */
function mergePositional(table: LuaTable, positional: readonly LuaValue[]): LuaTable {
  if (positional.length === 0) return table;
  const merged = new LuaTable([...positional]);
  const walk = new PairsWalk(table);
  while (walk.next()) {
    const key = walk.key;
    if (typeof key === 'number' && Number.isInteger(key) && key >= 1 && key <= positional.length) continue;
    merged.set(key, walk.value);
  }
  return merged;
}
