/** Lua's arithmetic, concatenation, length and comparison on values that are not plainly two numbers or two strings. */
import { MAX_STRING_BYTES, toNumber, toText, typeName } from './coerce.ts';
import type { RuntimeCore, Site } from './runtime.ts';
import { LuaTable } from './table.ts';
import { type LuaValue, truthy } from './value.ts';

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

export type Operators = ReturnType<typeof createOperators>;

export function createOperators(core: RuntimeCore) {
  const { S, failAt, failType, metamethod, callMeta } = core;

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

  return { arith, negate, length, concat, equals, less, lessEqual };
}
