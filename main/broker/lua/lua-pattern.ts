/** Lua 5.1 patterns over byte strings: a port of lstrlib.c's matcher, with its error texts; every step costs loop budget. */
import type { LuaState } from './state.ts';
import type { LuaValue } from './value.ts';

const MAX_CAPTURES = 32;
const CAPTURE_OPEN = -1;
const CAPTURE_POSITION = -2;
/** Turns of the matcher between two looks at the loop budget. */
const STEPS_PER_SPEND = 1_000;

const ESCAPE = 37;
const [OPEN, CLOSE, DOT, DOLLAR, QUESTION, STAR, PLUS, MINUS, BRACKET, BRACKET_END, CARET] = [
  40, 41, 46, 36, 63, 42, 43, 45, 91, 93, 94,
];

const between = (c: number, from: number, to: number): boolean => c >= from && c <= to;
const isAlpha = (c: number): boolean => between(c | 32, 97, 122);
const isDigit = (c: number): boolean => between(c, 48, 57);

/** The C-locale class of `%a`, `%d` …; undefined when the letter names no class. */
function inClass(c: number, letter: number): boolean | undefined {
  switch (letter | 32) {
    case 97:
      return isAlpha(c);
    case 99:
      return c < 32 || c === 127;
    case 100:
      return isDigit(c);
    case 108:
      return between(c, 97, 122);
    case 112:
      return between(c, 33, 126) && !isAlpha(c) && !isDigit(c);
    case 115:
      return c === 32 || between(c, 9, 13);
    case 117:
      return between(c, 65, 90);
    case 119:
      return isAlpha(c) || isDigit(c);
    case 120:
      return isDigit(c) || between(c | 32, 97, 102);
    case 122:
      return c === 0;
    default:
      return undefined;
  }
}

function matchClass(c: number, letter: number): boolean {
  const known = isAlpha(letter) ? inClass(c, letter) : undefined;
  if (known === undefined) return c === letter;
  return between(letter, 97, 122) ? known : !known;
}

/** One match attempt after another of one pattern on one subject. */
export class PatternMatcher {
  readonly #S: LuaState;
  readonly #source: string;
  readonly #pattern: string;
  readonly #starts: number[] = [];
  readonly #lengths: number[] = [];
  #level = 0;
  #steps = 0;

  constructor(S: LuaState, source: string, pattern: string) {
    this.#S = S;
    this.#source = source;
    this.#pattern = pattern;
  }

  /** Matches at `from` with the pattern from `patternFrom`; the end of the match, or −1. */
  matchAt(from: number, patternFrom: number): number {
    this.#level = 0;
    return this.#match(from, patternFrom);
  }

  get captureCount(): number {
    return this.#level;
  }

  /** Capture `index` (from 0); the whole match when the pattern has none and index is 0. */
  capture(index: number, from: number, to: number): LuaValue {
    if (index >= this.#level) {
      if (index !== 0) this.#S.fail('invalid capture index');
      return this.#source.slice(from, to);
    }
    const start = this.#starts[index] ?? 0;
    const length = this.#lengths[index] ?? 0;
    if (length === CAPTURE_OPEN) this.#S.fail('unfinished capture');
    return length === CAPTURE_POSITION ? start + 1 : this.#source.slice(start, start + length);
  }

  /** All captures; `whole` adds the match itself when there are none. */
  captures(from: number, to: number, whole: boolean): LuaValue[] {
    const count = this.#level === 0 && whole ? 1 : this.#level;
    const values: LuaValue[] = [];
    for (let at = 0; at < count; at++) values.push(this.capture(at, from, to));
    return values;
  }

  /** Pattern byte, 0 at the end as in C. */
  #p(at: number): number {
    return at < this.#pattern.length ? this.#pattern.charCodeAt(at) : 0;
  }

  #s(at: number): number {
    return at < this.#source.length ? this.#source.charCodeAt(at) : 0;
  }

  #spend(): void {
    if (++this.#steps < STEPS_PER_SPEND) return;
    this.#steps = 0;
    this.#S.spend(STEPS_PER_SPEND);
  }

  #classEnd(at: number): number {
    let p = at;
    const first = this.#p(p++);
    if (first === ESCAPE) {
      if (this.#p(p) === 0) this.#S.fail("malformed pattern (ends with '%')");
      return p + 1;
    }
    if (first !== BRACKET) return p;
    if (this.#p(p) === CARET) p++;
    do {
      if (this.#p(p) === 0) this.#S.fail("malformed pattern (missing ']')");
      if (this.#p(p++) === ESCAPE && this.#p(p) !== 0) p++;
    } while (this.#p(p) !== BRACKET_END);
    return p + 1;
  }

  #inSet(c: number, open: number, close: number): boolean {
    let p = open;
    let found = true;
    if (this.#p(p + 1) === CARET) {
      found = false;
      p++;
    }
    while (++p < close) {
      if (this.#p(p) === ESCAPE) {
        p++;
        if (matchClass(c, this.#p(p))) return found;
      } else if (this.#p(p + 1) === MINUS && p + 2 < close) {
        p += 2;
        if (this.#p(p - 2) <= c && c <= this.#p(p)) return found;
      } else if (this.#p(p) === c) return found;
    }
    return !found;
  }

  #single(s: number, p: number, end: number): boolean {
    if (s >= this.#source.length) return false;
    const c = this.#source.charCodeAt(s);
    const kind = this.#p(p);
    if (kind === DOT) return true;
    if (kind === ESCAPE) return matchClass(c, this.#p(p + 1));
    if (kind === BRACKET) return this.#inSet(c, p, end - 1);
    return kind === c;
  }

  #match(fromS: number, fromP: number): number {
    let s = fromS;
    let p = fromP;
    for (;;) {
      this.#spend();
      const kind = this.#p(p);
      if (kind === 0) return s;
      if (kind === OPEN) {
        return this.#p(p + 1) === CLOSE ? this.#open(s, p + 2, CAPTURE_POSITION) : this.#open(s, p + 1, CAPTURE_OPEN);
      }
      if (kind === CLOSE) return this.#close(s, p + 1);
      if (kind === DOLLAR && this.#p(p + 1) === 0) return s === this.#source.length ? s : -1;
      if (kind === ESCAPE) {
        const next = this.#p(p + 1);
        if (next === 98 || next === 102 || isDigit(next)) {
          const after =
            next === 98 ? this.#balance(s, p + 2) : next === 102 ? this.#frontier(s, p + 2) : this.#back(s, next);
          if (after < 0) return -1;
          s = after;
          p = next === 98 ? p + 4 : next === 102 ? this.#classEnd(p + 2) : p + 2;
          continue;
        }
      }
      const end = this.#classEnd(p);
      const suffix = this.#p(end);
      if (suffix === STAR) return this.#longest(s, p, end);
      if (suffix === PLUS) return this.#single(s, p, end) ? this.#longest(s + 1, p, end) : -1;
      if (suffix === MINUS) return this.#shortest(s, p, end);
      if (suffix === QUESTION) {
        if (this.#single(s, p, end)) {
          const result = this.#match(s + 1, end + 1);
          if (result >= 0) return result;
        }
        p = end + 1;
      } else {
        if (!this.#single(s, p, end)) return -1;
        s++;
        p = end;
      }
    }
  }

  #longest(s: number, p: number, end: number): number {
    let count = 0;
    while (this.#single(s + count, p, end)) {
      count++;
      this.#spend();
    }
    for (; count >= 0; count--) {
      const result = this.#match(s + count, end + 1);
      if (result >= 0) return result;
    }
    return -1;
  }

  #shortest(from: number, p: number, end: number): number {
    for (let s = from; ; s++) {
      const result = this.#match(s, end + 1);
      if (result >= 0) return result;
      if (!this.#single(s, p, end)) return -1;
    }
  }

  #open(s: number, p: number, kind: number): number {
    if (this.#level >= MAX_CAPTURES) this.#S.fail('too many captures');
    this.#starts[this.#level] = s;
    this.#lengths[this.#level] = kind;
    this.#level++;
    const result = this.#match(s, p);
    if (result < 0) this.#level--;
    return result;
  }

  #close(s: number, p: number): number {
    let level = this.#level - 1;
    while (level >= 0 && this.#lengths[level] !== CAPTURE_OPEN) level--;
    if (level < 0) this.#S.fail('invalid pattern capture');
    this.#lengths[level] = s - (this.#starts[level] ?? 0);
    const result = this.#match(s, p);
    if (result < 0) this.#lengths[level] = CAPTURE_OPEN;
    return result;
  }

  #balance(from: number, p: number): number {
    const open = this.#p(p);
    const close = this.#p(p + 1);
    if (open === 0 || close === 0) this.#S.fail('unbalanced pattern');
    if (this.#s(from) !== open || from >= this.#source.length) return -1;
    let depth = 1;
    for (let s = from + 1; s < this.#source.length; s++) {
      const c = this.#source.charCodeAt(s);
      if (c === close) {
        if (--depth === 0) return s + 1;
      } else if (c === open) depth++;
    }
    return -1;
  }

  #frontier(s: number, p: number): number {
    if (this.#p(p) !== BRACKET) this.#S.fail("missing '[' after '%f' in pattern");
    const end = this.#classEnd(p) - 1;
    const before = s === 0 ? 0 : this.#s(s - 1);
    return this.#inSet(before, p, end) || !this.#inSet(this.#s(s), p, end) ? -1 : s;
  }

  #back(s: number, digit: number): number {
    const index = digit - 49;
    const length = this.#lengths[index] ?? CAPTURE_OPEN;
    if (index < 0 || index >= this.#level || length === CAPTURE_OPEN) this.#S.fail('invalid capture index');
    const start = this.#starts[index] ?? 0;
    // A position capture's length is negative, and huge as C's unsigned size: it matches nothing.
    if (length < 0) return -1;
    return this.#source.startsWith(this.#source.slice(start, start + length), s) ? s + length : -1;
  }
}
