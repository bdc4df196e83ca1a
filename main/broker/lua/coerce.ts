/** Type names and Lua's silent conversions between strings and numbers. */
import { numberToText, parseNumber } from './number-text.ts';
import { LuaTable } from './table.ts';
import { LuaThread, LuaUserdata, type LuaValue } from './value.ts';

/** Longest string a script may build, in bytes (Redis's proto-max-bulk-len). */
export const MAX_STRING_BYTES = 512 * 1024 * 1024 - 32;

export function typeName(value: LuaValue): string {
  if (value === undefined) return 'nil';
  if (value instanceof LuaTable) return 'table';
  if (value instanceof LuaUserdata) return 'userdata';
  if (value instanceof LuaThread) return 'thread';
  return typeof value;
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
