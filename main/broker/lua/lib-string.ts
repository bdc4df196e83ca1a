/** Lua's string library: cutting, searching and replacing. Formatting is in lib-string-format.ts. */
import { type ArgumentChecks, library } from './arguments.ts';
import { MAX_STRING_BYTES, toText, typeName } from './coerce.ts';
import { createFormat } from './lib-string-format.ts';
import { PatternMatcher } from './lua-pattern.ts';
import type { Runtime } from './runtime.ts';
import { LuaTable } from './table.ts';
import { EMPTY, type LuaFunction, type LuaResult, type LuaValue, truthy } from './value.ts';

const SPECIALS = /[\^$*+?.([%-]/;
const ASCII_UPPER = /[A-Z]+/g;
const ASCII_LOWER = /[a-z]+/g;
const LAST_BYTE = 255;

/** A position that may count from the end; 0 when it lies before the start. */
function relative(position: number, length: number): number {
  return Math.max(position < 0 ? position + length + 1 : position, 0);
}

export function createStringLibrary(runtime: Runtime, check: ArgumentChecks): LuaTable {
  const { S } = runtime;

  function sub(...args: LuaValue[]): LuaValue {
    const text = check.text(args, 0, 'sub');
    const start = relative(check.integer(args, 1, 'sub'), text.length);
    const end = relative(check.optional(args, 2, 'sub', -1), text.length);
    return end < start ? '' : text.slice(Math.max(start - 1, 0), end);
  }

  function byte(...args: LuaValue[]): LuaResult {
    const text = check.text(args, 0, 'byte');
    const start = relative(check.optional(args, 1, 'byte', 1), text.length);
    const end = Math.min(relative(check.optional(args, 2, 'byte', start), text.length), text.length);
    const from = Math.max(start, 1);
    if (from === end) return text.charCodeAt(from - 1);
    if (from > end) return EMPTY;
    if (end - from + 1 >= 8_000) S.fail('stack overflow (string slice too long)');
    const codes: LuaValue[] = [];
    for (let at = from; at <= end; at++) codes.push(text.charCodeAt(at - 1));
    return codes;
  }

  function char(...args: LuaValue[]): LuaValue {
    let text = '';
    for (let at = 0; at < args.length; at++) {
      const code = check.int(args, at, 'char');
      if (code < 0 || code > LAST_BYTE) check.fail(at, 'char', 'invalid value');
      text += String.fromCharCode(code);
    }
    return text;
  }

  function rep(...args: LuaValue[]): LuaValue {
    const text = check.text(args, 0, 'rep');
    const count = check.int(args, 1, 'rep');
    if (count <= 0 || text === '') return '';
    if (text.length * count > MAX_STRING_BYTES) S.fail('not enough memory');
    S.spend(Math.ceil((text.length * count) / 4_096));
    return text.repeat(count);
  }

  function search(args: LuaValue[], fn: string, find: boolean): LuaResult {
    const text = check.text(args, 0, fn);
    const pattern = check.text(args, 1, fn);
    const start = Math.min(Math.max(relative(check.optional(args, 2, fn, 1), text.length) - 1, 0), text.length);
    if (find && (truthy(args[3]) || !SPECIALS.test(pattern.split('\0', 1)[0] ?? ''))) {
      const at = text.indexOf(pattern, start);
      return at < 0 ? undefined : [at + 1, at + pattern.length];
    }
    const anchored = pattern.startsWith('^');
    const matcher = new PatternMatcher(S, text, pattern);
    for (let from = start; from <= text.length; from++) {
      const to = matcher.matchAt(from, anchored ? 1 : 0);
      if (to >= 0) {
        if (find) return [from + 1, to, ...matcher.captures(from, to, false)];
        return matcher.captureCount <= 1 ? matcher.capture(0, from, to) : matcher.captures(from, to, true);
      }
      if (anchored) break;
    }
    return undefined;
  }

  function gmatch(...args: LuaValue[]): LuaResult {
    const text = check.text(args, 0, 'gmatch');
    const matcher = new PatternMatcher(S, text, check.text(args, 1, 'gmatch'));
    let from = 0;
    const step: LuaFunction = () => {
      for (; from <= text.length; from++) {
        const to = matcher.matchAt(from, 0);
        if (to < 0) continue;
        const captures = matcher.captures(from, to, true);
        from = to === from ? to + 1 : to;
        return captures;
      }
      return EMPTY;
    };
    return step;
  }

  function expand(matcher: PatternMatcher, template: string, from: number, to: number, match: string): string {
    if (!template.includes('%')) return template;
    let text = '';
    S.spend(template.length >> 6);
    for (let at = 0; at < template.length; at++) {
      const c = template.charCodeAt(at);
      if (c !== 37) {
        text += template.charAt(at);
        continue;
      }
      const next = template.charCodeAt(++at);
      if (!(next >= 48 && next <= 57)) text += at < template.length ? template.charAt(at) : '\0';
      else text += next === 48 ? match : (toText(matcher.capture(next - 49, from, to)) ?? '');
    }
    return text;
  }

  function replacement(by: LuaValue, matcher: PatternMatcher, from: number, to: number, match: string): string {
    let value: LuaValue;
    if (by instanceof LuaTable) value = runtime.index(by, matcher.capture(0, from, to), '0|');
    else value = runtime.callFromC(by, ...matcher.captures(from, to, true));
    if (!truthy(value)) return match;
    return toText(value) ?? S.fail(`invalid replacement value (a ${typeName(value)})`);
  }

  function gsub(...args: LuaValue[]): LuaResult {
    const text = check.text(args, 0, 'gsub');
    const pattern = check.text(args, 1, 'gsub');
    const by = args[2];
    const template = toText(by);
    const limit = args[3] === undefined ? text.length + 1 : check.int(args, 3, 'gsub');
    if (template === undefined && typeof by !== 'function' && !(by instanceof LuaTable)) {
      check.fail(2, 'gsub', 'string/function/table expected');
    }
    const anchored = pattern.startsWith('^');
    const matcher = new PatternMatcher(S, text, pattern);
    let result = '';
    let copied = 0;
    let from = 0;
    let count = 0;
    while (count < limit) {
      const to = matcher.matchAt(from, anchored ? 1 : 0);
      if (to >= 0) {
        count++;
        const match = text.slice(from, to);
        result += text.slice(copied, from);
        result +=
          template === undefined
            ? replacement(by, matcher, from, to, match)
            : expand(matcher, template, from, to, match);
        if (result.length > MAX_STRING_BYTES) S.fail('not enough memory');
        copied = to;
      }
      if (to > from) from = to;
      else if (from < text.length) from++;
      else break;
      if (anchored) break;
    }
    return [result + text.slice(copied), count];
  }

  return library({
    sub,
    byte,
    char,
    rep,
    gmatch,
    gsub,
    format: createFormat(runtime, check),
    find: (...args) => search(args, 'find', true),
    match: (...args) => search(args, 'match', false),
    len: (...args) => check.text(args, 0, 'len').length,
    lower: (...args) => check.text(args, 0, 'lower').replace(ASCII_UPPER, (run) => run.toLowerCase()),
    upper: (...args) => check.text(args, 0, 'upper').replace(ASCII_LOWER, (run) => run.toUpperCase()),
    reverse: (...args) => {
      const text = check.text(args, 0, 'reverse');
      return Buffer.from(text, 'latin1').reverse().toString('latin1');
    },
    dump: (...args) => {
      check.callback(args, 0, 'dump');
      return S.fail('unable to dump given function');
    },
    gfind: gmatch,
  });
}
