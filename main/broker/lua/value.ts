/** What a Lua value is in JavaScript, and the two things a script can throw. */
import type { LuaTable } from './table.ts';

/** A userdata: only cjson.null and the coroutine objects' like exist; compared by identity. */
export class LuaUserdata {
  readonly label: string;
  constructor(label: string) {
    this.label = label;
  }
}

/** A coroutine; `status` is what coroutine.status answers. */
export class LuaThread {
  status: 'suspended' | 'running' | 'normal' | 'dead' = 'suspended';
  readonly body: LuaFunction;
  running: Generator<LuaValue[], LuaResult, LuaValue[]> | null = null;
  constructor(body: LuaFunction) {
    this.body = body;
  }
}

/** nil is `undefined`; strings are latin1 byte strings. */
export type LuaValue = undefined | boolean | number | string | LuaTable | LuaFunction | LuaUserdata | LuaThread;

/**
 * What a call gives: one value as itself (nil as `undefined`), any other number of values as an array.
 * No Lua value is ever a JavaScript array, so the two cannot be mixed up.
 */
export type LuaResult = LuaValue | LuaValue[];

/** A Lua function or builtin. `gen` is its resumable form, present only in chunks that use coroutines. */
export interface LuaFunction {
  (...args: LuaValue[]): LuaResult;
  gen?: (...args: LuaValue[]) => Generator<LuaValue[], LuaResult, LuaValue[]>;
}

/** The result of a function that returns nothing. Never write to it. */
export const EMPTY: LuaValue[] = [];

/** A Lua error on its way up. Not a JavaScript Error: taking a stack trace would cost more than the script. */
export class LuaError {
  readonly value: LuaValue;
  /** Encoded line (see state.ts) of the innermost Lua function, for ", on @user_script:N."; 0 inside a builtin's callback. */
  readonly line: number;
  constructor(value: LuaValue, line: number) {
    this.value = value;
    this.line = line;
  }
}

/** Ends the script whatever it does: pcall does not catch it. */
export class LuaStop {
  readonly message: string;
  readonly line: number;
  constructor(message: string, line: number) {
    this.message = message;
    this.line = line;
  }
}

/** First value of a call's result. */
export function first(result: LuaResult): LuaValue {
  return Array.isArray(result) ? result[0] : result;
}

/** All values of a call's result. */
export function all(result: LuaResult): LuaValue[] {
  return Array.isArray(result) ? result : [result];
}

/** True for everything but nil and false. */
export function truthy(value: LuaValue): boolean {
  return value !== undefined && value !== false;
}
