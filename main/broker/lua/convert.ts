/** Between Lua values and Redis replies, with Redis's losses: floats truncate, tables stop at the first nil, true is 1. */
import type { Reply } from './host.ts';
import { numberToArgument } from './number-text.ts';
import { LuaTable, PairsWalk } from './table.ts';
import type { LuaValue } from './value.ts';

/** Lua's C stack limits how deep a reply may nest; deeper ones answer with this error in their place. */
const MAX_REPLY_DEPTH = 1_990;

function hash(...entries: [LuaValue, LuaValue][]): LuaTable {
  return new LuaTable([], new Map(entries));
}

/** The table that redis.pcall returns for an error: a first word "-CODE" is kept, anything else gets "ERR". */
export function errorTable(text: string): LuaTable {
  let message = text;
  if (text.startsWith('-')) {
    const space = text.indexOf(' ');
    message = space < 0 ? `ERR ${text.slice(1)}` : `${text.slice(1, space)} ${trimNewlines(text.slice(space + 1))}`;
  } else message = `ERR ${trimNewlines(text)}`;
  return hash(['err', message]);
}

function trimNewlines(text: string): string {
  return text.replace(/^[\r\n]+|[\r\n]+$/g, '');
}

/** A command's reply as the script sees it. */
export function replyToLua(reply: Reply, resp: 2 | 3): LuaValue {
  if (typeof reply === 'string' || typeof reply === 'number') return reply;
  if (reply === null) return resp === 3 ? undefined : false;
  if (typeof reply === 'boolean') return reply;
  if (isList(reply)) return new LuaTable(reply.map((item) => replyToLua(item, resp)));
  return objectToLua(reply, resp);
}

type ReplyObject = Extract<Reply, { readonly [kind: string]: unknown }>;

function isList(reply: Reply): reply is readonly Reply[] {
  return Array.isArray(reply);
}

function objectToLua(reply: ReplyObject, resp: 2 | 3): LuaValue {
  if ('status' in reply) return hash(['ok', reply.status]);
  if ('error' in reply) {
    const table = errorTable(`-${reply.error}`);
    table.set('ignore_error_stats_update', true);
    return table;
  }
  if ('double' in reply) return hash(['double', reply.double]);
  if ('bigNumber' in reply) return hash(['big_number', reply.bigNumber]);
  if ('verbatim' in reply)
    return hash(['verbatim_string', hash(['string', reply.verbatim.text], ['format', reply.verbatim.format])]);
  const inner = new LuaTable();
  if ('map' in reply) {
    for (const [key, value] of reply.map) inner.set(replyToLua(key, resp), replyToLua(value, resp));
    return hash(['map', inner]);
  }
  if ('set' in reply) {
    for (const item of reply.set) inner.set(replyToLua(item, resp), true);
    return hash(['set', inner]);
  }
  return undefined;
}

/** What a script returned, as a reply. */
export function luaToReply(value: LuaValue, resp: 2 | 3, depth = 0): Reply {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return toLongLong(value);
  if (typeof value === 'boolean') {
    if (resp === 3) return value;
    return value ? 1 : null;
  }
  if (!(value instanceof LuaTable)) return null;
  if (depth >= MAX_REPLY_DEPTH) return { error: 'ERR reached lua stack limit' };
  return (value.hash === null ? undefined : tagged(value, resp, depth)) ?? arrayReply(value, resp, depth);
}

function arrayReply(table: LuaTable, resp: 2 | 3, depth: number): Reply {
  const items: Reply[] = [];
  for (let at = 1; ; at++) {
    const item = table.getInt(at);
    if (item === undefined) return items;
    items.push(luaToReply(item, resp, depth + 1));
  }
}

/** Tables with a field that makes them another type; undefined for plain ones. */
function tagged(table: LuaTable, resp: 2 | 3, depth: number): Reply | undefined {
  const error = table.getStr('err');
  // Lua's own lua_isstring takes numbers too, but Redis asks for a string here.
  if (typeof error === 'string') return { error: error.replaceAll(/[\r\n]/g, ' ') };
  const status = table.getStr('ok');
  if (typeof status === 'string') return { status: status.split('\0', 1)[0]?.replaceAll(/[\r\n]/g, ' ') ?? '' };
  const double = table.getStr('double');
  if (typeof double === 'number') return { double };
  const big = table.getStr('big_number');
  if (typeof big === 'string') return { bigNumber: big.replaceAll(/[\r\n]/g, ' ') };
  const verbatim = table.getStr('verbatim_string');
  if (verbatim instanceof LuaTable) {
    const format = verbatim.getStr('format');
    const text = verbatim.getStr('string');
    if (typeof format === 'string' && typeof text === 'string') return { verbatim: { format, text } };
  }
  const map = table.getStr('map');
  if (map instanceof LuaTable) {
    const entries: [Reply, Reply][] = [];
    for (const walk = new PairsWalk(map); walk.next(); ) {
      entries.push([luaToReply(walk.key, resp, depth + 1), luaToReply(walk.value, resp, depth + 1)]);
    }
    return { map: entries };
  }
  const set = table.getStr('set');
  if (!(set instanceof LuaTable)) return undefined;
  const items: Reply[] = [];
  for (const walk = new PairsWalk(set); walk.next(); ) items.push(luaToReply(walk.key, resp, depth + 1));
  return { set: items };
}

/**
 * C's cast to long long: truncates; what does not fit becomes the smallest value, as on x86-64.
 * A Reply integer is a double, so beyond 2^53 it holds the nearest one.
 */
function toLongLong(value: number): number {
  if (Number.isNaN(value) || value >= 2 ** 63 || value < -(2 ** 63)) return -(2 ** 63);
  const whole = Math.trunc(value);
  return whole === 0 ? 0 : whole;
}

/** One argument of redis.call: strings as they are, numbers by %.17g; undefined for anything else. */
export function toArgument(value: LuaValue): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? numberToArgument(value) : undefined;
}
