/** Lua's table library, 5.1's deprecated foreach, foreachi, getn and setn included; its functions work raw, without metatables. */
import { type ArgumentChecks, library } from './arguments.ts';
import { MAX_STRING_BYTES, toText, typeName } from './coerce.ts';
import type { Runtime } from './runtime.ts';
import { type LuaTable, PairsWalk } from './table.ts';
import { EMPTY, type LuaResult, type LuaValue, truthy } from './value.ts';

type Less = (a: LuaValue, b: LuaValue) => boolean;

export function createTableLibrary(runtime: Runtime, check: ArgumentChecks): LuaTable {
  const { S, rawSet } = runtime;

  function insert(...args: LuaValue[]): LuaResult {
    const table = check.table(args, 0, 'insert');
    const end = table.length() + 1;
    if (args.length === 2) {
      rawSet(table, end, args[1]);
      return EMPTY;
    }
    if (args.length !== 3) S.fail("wrong number of arguments to 'insert'");
    const at = check.int(args, 1, 'insert');
    if (table.readonly) throw S.error('Attempt to modify a readonly table');
    if (args[2] !== undefined && at >= 1 && at < end && end - 1 === table.arr.length) {
      table.arr.splice(at - 1, 0, args[2]);
      S.spend((end - at) >> 6);
      return EMPTY;
    }
    S.spend(Math.max(end - at, 0));
    for (let to = Math.max(end, at); to > at; to--) table.set(to, table.get(to - 1));
    table.set(at, args[2]);
    return EMPTY;
  }

  function remove(...args: LuaValue[]): LuaResult {
    const table = check.table(args, 0, 'remove');
    const end = table.length();
    const at = args[1] === undefined ? end : check.int(args, 1, 'remove');
    if (at < 1 || at > end) return EMPTY;
    if (table.readonly) throw S.error('Attempt to modify a readonly table');
    const removed = table.get(at);
    S.spend((end - at) >> 6);
    if (end === table.arr.length && at < end) {
      table.arr.copyWithin(at - 1, at);
      // Through `set`, so that the array part never ends in nil.
      table.set(end, undefined);
      return removed;
    }
    for (let to = at; to < end; to++) table.set(to, table.get(to + 1));
    table.set(end, undefined);
    return removed;
  }

  function concat(...args: LuaValue[]): LuaValue {
    const separator = args[1] === undefined ? '' : check.text(args, 1, 'concat');
    const table = check.table(args, 0, 'concat');
    const from = args[2] === undefined ? 1 : check.int(args, 2, 'concat');
    const to = args[3] === undefined ? table.length() : check.int(args, 3, 'concat');
    const parts: string[] = [];
    let size = 0;
    for (let at = from; at <= to; at++) {
      const value = table.getInt(at);
      const text = toText(value);
      if (text === undefined) return S.fail(`invalid value (${typeName(value)}) at index ${at} in table for 'concat'`);
      parts.push(text);
      size += text.length + separator.length;
      if (size > MAX_STRING_BYTES) S.fail('not enough memory');
    }
    S.spend(parts.length >> 4);
    return parts.join(separator);
  }

  function foreach(...args: LuaValue[]): LuaResult {
    const table = check.table(args, 0, 'foreach');
    const fn = check.callback(args, 1, 'foreach');
    for (const walk = new PairsWalk(table); walk.next(); ) {
      const result = runtime.callFromC(fn, walk.key, walk.value);
      if (result !== undefined) return result;
    }
    return EMPTY;
  }

  function foreachi(...args: LuaValue[]): LuaResult {
    const table = check.table(args, 0, 'foreachi');
    const length = table.length();
    const fn = check.callback(args, 1, 'foreachi');
    for (let at = 1; at <= length; at++) {
      const result = runtime.callFromC(fn, at, table.getInt(at));
      if (result !== undefined) return result;
    }
    return EMPTY;
  }

  function maxn(...args: LuaValue[]): LuaValue {
    let max = 0;
    for (const walk = new PairsWalk(check.table(args, 0, 'maxn')); walk.next(); ) {
      if (typeof walk.key === 'number' && walk.key > max) max = walk.key;
    }
    return max;
  }

  function sort(...args: LuaValue[]): LuaResult {
    const table = check.table(args, 0, 'sort');
    const length = table.length();
    const fn = args[1] === undefined ? undefined : check.callback(args, 1, 'sort');
    const less: Less =
      fn === undefined ? (a, b) => runtime.less(a, b, '0|') : (a, b) => truthy(runtime.callFromC(fn, a, b));
    if (table.readonly && length > 1) throw S.error('Attempt to modify a readonly table');
    quicksort(table, less, 1, length);
    return EMPTY;
  }

  /** ltablib.c's quicksort, so that unstable orders and bad comparators come out the same. */
  function quicksort(t: LuaTable, less: Less, from: number, to: number): void {
    let low = from;
    let high = to;
    while (low < high) {
      S.spend(1);
      order(t, less, low, high);
      if (high - low === 1) return;
      const middle = Math.floor((low + high) / 2);
      if (!order(t, less, low, middle)) order(t, less, middle, high);
      if (high - low === 2) return;
      const at = partition(t, less, low, high, middle);
      if (at - low < high - at) {
        quicksort(t, less, low, at - 1);
        low = at + 1;
      } else {
        quicksort(t, less, at + 1, high);
        high = at - 1;
      }
    }
  }

  /** Swaps the items at a < b when the second is less; true when it did. */
  function order(t: LuaTable, less: Less, a: number, b: number): boolean {
    const first = t.getInt(a);
    const second = t.getInt(b);
    if (!less(second, first)) return false;
    t.set(a, second);
    t.set(b, first);
    return true;
  }

  function swap(t: LuaTable, a: number, b: number): void {
    const kept = t.getInt(a);
    t.set(a, t.getInt(b));
    t.set(b, kept);
  }

  function partition(t: LuaTable, less: Less, low: number, high: number, middle: number): number {
    const pivot = t.getInt(middle);
    swap(t, middle, high - 1);
    let i = low;
    let j = high - 1;
    for (;;) {
      while (less(t.getInt(++i), pivot)) {
        if (i > high) S.fail('invalid order function for sorting');
        S.spend(1);
      }
      while (less(pivot, t.getInt(--j))) {
        if (j < low) S.fail('invalid order function for sorting');
        S.spend(1);
      }
      if (j < i) break;
      swap(t, i, j);
    }
    swap(t, high - 1, i);
    return i;
  }

  return library({
    concat,
    foreach,
    foreachi,
    getn: (...args) => check.table(args, 0, 'getn').length(),
    insert,
    maxn,
    remove,
    setn: (...args) => {
      check.table(args, 0, 'setn');
      return S.fail("'setn' is obsolete");
    },
    sort,
  });
}
