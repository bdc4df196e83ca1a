/** cjson.encode of Lua CJSON 2.1 as Redis ships it: "/" escaped, empty tables as objects, numbers by %.14g. */

import { typeName } from './coerce.ts';
import type { CjsonConfig } from './lib-cjson.ts';
import { formatG, nonFinite, numberToText } from './number-text.ts';
import type { Runtime } from './runtime.ts';
import { LuaTable, PairsWalk } from './table.ts';
import { LuaUserdata, type LuaValue } from './value.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what JSON must escape
const NEEDS_ESCAPE = /["\\/\x00-\x1f\x7f]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what JSON must escape
const ESCAPED = /["\\/\x00-\x1f\x7f]/g;
const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '/': '\\/',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
};

function escapeCode(c: string): string {
  return SHORT[c] ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function quote(text: string): string {
  return NEEDS_ESCAPE.test(text) ? `"${text.replace(ESCAPED, escapeCode)}"` : `"${text}"`;
}

export function createEncoder(runtime: Runtime, config: CjsonConfig): (value: LuaValue) => string {
  const { S } = runtime;

  function fail(value: LuaValue, problem: string): never {
    return S.fail(`Cannot serialise ${typeName(value)}: ${problem}`);
  }

  function number(value: number): string {
    if (!Number.isFinite(value)) {
      if (config.encodeInvalidNumbers === 'off') fail(value, 'must not be NaN or Inf');
      if (config.encodeInvalidNumbers === 'null') return 'null';
      return Number.isNaN(value) ? 'nan' : nonFinite(value);
    }
    if (config.encodeNumberPrecision === 14) return numberToText(value);
    const sign = value < 0 || Object.is(value, -0) ? '-' : '';
    return sign + formatG(value, config.encodeNumberPrecision);
  }

  /** Length as an array, −1 for what must be an object; raises for arrays with too many holes. */
  function arrayLength(table: LuaTable): number {
    if (table.hash === null || table.hash.size === 0) {
      if (!table.arr.includes(undefined)) return table.arr.length === 0 ? -1 : table.arr.length;
    }
    let max = 0;
    let items = 0;
    for (const walk = new PairsWalk(table); walk.next(); ) {
      const key = walk.key;
      if (typeof key !== 'number' || Math.floor(key) !== key || key < 1) return -1;
      max = Math.max(max, key);
      items++;
    }
    const { sparseRatio, sparseSafe, sparseConvert } = config;
    if (sparseRatio > 0 && max > items * sparseRatio && max > sparseSafe) {
      if (!sparseConvert) fail(table, 'excessively sparse array');
      return -1;
    }
    return max === 0 ? -1 : max;
  }

  function object(table: LuaTable, depth: number): string {
    let text = '{';
    for (const walk = new PairsWalk(table); walk.next(); ) {
      if (text.length > 1) text += ',';
      const key = walk.key;
      if (typeof key === 'string') text += `${quote(key)}:`;
      else if (typeof key === 'number') text += `"${number(key)}":`;
      else fail(key, 'table key must be a number or string');
      text += encode(walk.value, depth);
    }
    return `${text}}`;
  }

  function encodeTable(table: LuaTable, depth: number): string {
    if (depth > config.encodeMaxDepth) S.fail(`Cannot serialise, excessive nesting (${depth})`);
    S.spend(1);
    const length = arrayLength(table);
    if (length < 0) return object(table, depth);
    let text = '[';
    for (let at = 1; at <= length; at++) text += (at > 1 ? ',' : '') + encode(table.getInt(at), depth);
    return `${text}]`;
  }

  function encode(value: LuaValue, depth: number): string {
    if (typeof value === 'string') return quote(value);
    if (typeof value === 'number') return number(value);
    if (typeof value === 'boolean') return String(value);
    if (value instanceof LuaTable) return encodeTable(value, depth + 1);
    if (value === undefined || value instanceof LuaUserdata) return 'null';
    return fail(value, 'type not supported');
  }

  return (value) => encode(value, 0);
}
