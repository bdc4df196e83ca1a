/** The Lua table: a dense array part (keys 1…n) and a Map for every other key, in order of insertion. */
import type { LuaValue } from './value.ts';

export class LuaTable {
  /** Values of keys 1…arr.length; the last one is never nil, inner ones may be. */
  arr: LuaValue[];
  /** Invariant: never holds a key that lies in, or directly after, the array part; never holds nil. */
  hash: Map<LuaValue, LuaValue> | null;
  mt: LuaTable | null = null;
  readonly = false;
  /** No metatable and not read-only: stores need no further look. */
  plain = true;
  /** How long the array part was before nils were cut off its end: a walk may stand on a key that is gone. */
  #longest = 0;
  /** Position of the last `next`, so that walking with it is linear. */
  #walkKey: LuaValue = undefined;
  #walk: MapIterator<[LuaValue, LuaValue]> | null = null;

  /** Takes over both parts. */
  constructor(arr: LuaValue[] = [], hash: Map<LuaValue, LuaValue> | null = null) {
    this.arr = arr;
    this.hash = hash;
    trim(arr);
  }

  setMetatable(mt: LuaTable | null): void {
    this.mt = mt;
    this.plain = mt === null && !this.readonly;
  }

  protect(): void {
    this.readonly = true;
    this.plain = false;
  }

  /** Raw read. */
  get(key: LuaValue): LuaValue {
    if (typeof key === 'number') {
      if (key > 0 && key <= this.arr.length) {
        const value = this.arr[key - 1];
        if (value !== undefined) return value;
      }
    }
    return this.hash === null ? undefined : this.hash.get(key);
  }

  /** Raw read of a string key. */
  getStr(key: string): LuaValue {
    return this.hash === null ? undefined : this.hash.get(key);
  }

  /** Raw read of an integer key. */
  getInt(key: number): LuaValue {
    if (key > 0 && key <= this.arr.length) return this.arr[key - 1];
    return this.hash === null ? undefined : this.hash.get(key);
  }

  /** Raw write; the caller has refused nil and NaN keys and read-only tables. */
  set(key: LuaValue, value: LuaValue): void {
    if (typeof key === 'number') this.#setNumber(key, value);
    else this.setStr(key, value);
  }

  /** Raw write of a key that is no number. */
  setStr(key: LuaValue, value: LuaValue): void {
    if (value === undefined) this.hash?.delete(key);
    else if (this.hash === null) this.hash = new Map([[key, value]]);
    else this.hash.set(key, value);
  }

  #setNumber(key: number, value: LuaValue): void {
    const arr = this.arr;
    const length = arr.length;
    if (key > 0 && key <= length && Math.floor(key) === key) {
      arr[key - 1] = value;
      if (value === undefined && key === length) {
        if (length > this.#longest) this.#longest = length;
        trim(arr);
      }
    } else if (key === length + 1) {
      if (value === undefined) return;
      arr.push(value);
      if (this.hash !== null && this.hash.size > 0) this.#migrate(this.hash);
    } else this.setStr(key, value);
  }

  #migrate(hash: Map<LuaValue, LuaValue>): void {
    for (;;) {
      const key = this.arr.length + 1;
      const value = hash.get(key);
      if (value === undefined) return;
      hash.delete(key);
      this.arr.push(value);
    }
  }

  /** `#t`: a border. */
  length(): number {
    const { arr, hash } = this;
    if (arr.length > 0 || hash === null || !hash.has(1)) return arr.length;
    let n = 1;
    while (hash.has(n + 1)) n++;
    return n;
  }

  /** The entry after `key` (nil: the first), null at the end, undefined for a key that is not there. */
  next(key: LuaValue): [LuaValue, LuaValue] | null | undefined {
    let index = 0;
    if (typeof key === 'number' && key >= 1 && Math.floor(key) === key && key <= this.arr.length) index = key;
    else if (key !== undefined) return this.#nextHash(key);
    for (; index < this.arr.length; index++) {
      const value = this.arr[index];
      if (value !== undefined) return [index + 1, value];
    }
    if (this.hash === null) return null;
    this.#walk = this.hash.entries();
    return this.#step();
  }

  #nextHash(key: LuaValue): [LuaValue, LuaValue] | null | undefined {
    if (this.#walk !== null && this.#walkKey === key) return this.#step();
    if (this.hash?.has(key) === true) {
      this.#walk = this.hash.entries();
      for (;;) {
        const step = this.#walk.next();
        if (step.done === true) return null;
        if (step.value[0] === key) return this.#step();
      }
    }
    // A number that has just been cut off the array part by an assignment of nil: go on with the hash part.
    if (typeof key === 'number' && key > this.arr.length && key <= this.#longest && Math.floor(key) === key) {
      if (this.hash === null) return null;
      this.#walk = this.hash.entries();
      return this.#step();
    }
    return undefined;
  }

  #step(): [LuaValue, LuaValue] | null {
    const step = this.#walk === null ? null : this.#walk.next();
    if (step === null || step.done === true) {
      this.#walk = null;
      this.#walkKey = undefined;
      return null;
    }
    this.#walkKey = step.value[0];
    return step.value;
  }
}

function trim(arr: LuaValue[]): void {
  while (arr.length > 0 && arr[arr.length - 1] === undefined) arr.pop();
}

/** Walks all entries of a table for `pairs`; existing entries may be changed or cleared meanwhile. */
export class PairsWalk {
  key: LuaValue = undefined;
  value: LuaValue = undefined;
  readonly #table: LuaTable;
  #index = 0;
  #rest: MapIterator<[LuaValue, LuaValue]> | null = null;

  constructor(table: LuaTable) {
    this.#table = table;
  }

  /** Moves to the next entry; false at the end. */
  next(): boolean {
    if (this.#rest === null) {
      const { arr, hash } = this.#table;
      while (this.#index < arr.length) {
        const value = arr[this.#index++];
        if (value === undefined) continue;
        this.key = this.#index;
        this.value = value;
        return true;
      }
      if (hash === null) return false;
      this.#rest = hash.entries();
    }
    const step = this.#rest.next();
    if (step.done === true) return false;
    this.key = step.value[0];
    this.value = step.value[1];
    return true;
  }
}
