/** cjson.decode of Lua CJSON 2.1: a strict JSON reader over bytes, with its error texts and its leniency about numbers. */
import type { CjsonConfig } from './lib-cjson.ts';
import { parseNumber } from './number-text.ts';
import type { LuaState } from './state.ts';
import { LuaTable } from './table.ts';
import type { LuaUserdata, LuaValue } from './value.ts';

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  t: '\t',
  n: '\n',
  f: '\f',
  r: '\r',
};
const SINGLES: Readonly<Record<number, string>> = {
  123: 'T_OBJ_BEGIN',
  125: 'T_OBJ_END',
  91: 'T_ARR_BEGIN',
  93: 'T_ARR_END',
  44: 'T_COMMA',
  58: 'T_COLON',
};
/** What C's strtod would take at the front of a text. */
const NUMBER =
  /[+-]?(?:0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)(?:[pP][+-]?\d+)?|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf(?:inity)?|nan)/iy;
const HEX4 = /[0-9a-fA-F]{4}/y;

/** Decodes one text; made anew for each call. */
export class JsonDecoder {
  readonly #S: LuaState;
  readonly #config: CjsonConfig;
  readonly #text: string;
  readonly #null: LuaUserdata;
  #at = 0;
  #depth = 0;
  /** The current token: its kind, where it begins, and its value. */
  #kind = '';
  #start = 0;
  #value: LuaValue = undefined;

  constructor(S: LuaState, config: CjsonConfig, text: string, nullValue: LuaUserdata) {
    this.#S = S;
    this.#config = config;
    this.#text = text;
    this.#null = nullValue;
  }

  decode(): LuaValue {
    const text = this.#text;
    if (text.length >= 2 && (text.charCodeAt(0) === 0 || text.charCodeAt(1) === 0)) {
      this.#S.fail('JSON parser does not support UTF-16 or UTF-32');
    }
    this.#next();
    const value = this.#read();
    this.#next();
    this.#expect('T_END', 'the end');
    return value;
  }

  /** Raises unless the current token is of this kind. */
  #expect(kind: string, wanted: string): void {
    if (this.#kind !== kind) this.#unexpected(wanted);
  }

  #unexpected(wanted: string): never {
    const found = this.#kind === 'T_ERROR' ? String(this.#value) : this.#kind;
    return this.#S.fail(`Expected ${wanted} but found ${found} at character ${this.#start + 1}`);
  }

  #fail(problem: string): void {
    this.#kind = 'T_ERROR';
    this.#start = this.#at;
    this.#value = problem;
  }

  #next(): void {
    const text = this.#text;
    let c = text.charCodeAt(this.#at);
    while (c === 32 || c === 9 || c === 10 || c === 13) c = text.charCodeAt(++this.#at);
    this.#start = this.#at;
    // A NUL byte ends the input, as C's string does.
    if (Number.isNaN(c) || c === 0) {
      this.#kind = 'T_END';
      return;
    }
    const single = SINGLES[c];
    if (single !== undefined) {
      this.#kind = single;
      this.#at++;
    } else if (c === 34) this.#string();
    else if (c === 45 || (c >= 48 && c <= 57)) this.#number();
    else this.#word(c);
  }

  #word(c: number): void {
    const text = this.#text;
    if (text.startsWith('true', this.#at)) this.#take('T_BOOLEAN', true, 4);
    else if (text.startsWith('false', this.#at)) this.#take('T_BOOLEAN', false, 5);
    else if (text.startsWith('null', this.#at)) this.#take('T_NULL', this.#null, 4);
    else if (
      this.#config.decodeInvalidNumbers &&
      (c === 43 || (c | 32) === 105 || (c | 32) === 110) &&
      this.#isInvalidNumber()
    ) {
      this.#number();
    } else this.#fail('invalid token');
  }

  #take(kind: string, value: LuaValue, length: number): void {
    this.#kind = kind;
    this.#value = value;
    this.#at += length;
  }

  /** Numbers that JSON forbids and strtod takes: "+1", "0x1", "012", "inf", "nan". */
  #isInvalidNumber(): boolean {
    const rest = this.#text.slice(this.#at, this.#at + 8);
    return /^\+|^-?0[xX0-9]|^-?(?:inf|nan)/i.test(rest);
  }

  #number(): void {
    if (!this.#config.decodeInvalidNumbers && this.#isInvalidNumber()) {
      this.#fail('invalid number');
      return;
    }
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.#text);
    const value = match === null ? undefined : parseNumber(match[0]);
    if (match === null || value === undefined) this.#fail('invalid number');
    else this.#take('T_NUMBER', value, match[0].length);
  }

  #string(): void {
    const text = this.#text;
    let value = '';
    let from = ++this.#at;
    for (;;) {
      const c = text.charCodeAt(this.#at);
      if (c === 34) break;
      if (Number.isNaN(c) || c === 0) {
        this.#fail('unexpected end of string');
        return;
      }
      if (c !== 92) {
        this.#at++;
        continue;
      }
      value += text.slice(from, this.#at);
      const piece = this.#escape();
      if (piece === null) return;
      value += piece;
      from = this.#at;
    }
    value += text.slice(from, this.#at++);
    this.#kind = 'T_STRING';
    this.#value = value;
  }

  /** Reads an escape at the backslash; null after noting an error. */
  #escape(): string | null {
    const letter = this.#text.charAt(this.#at + 1);
    const simple = ESCAPES[letter];
    if (simple !== undefined) {
      this.#at += 2;
      return simple;
    }
    const piece = letter === 'u' ? this.#unicode() : null;
    if (piece === null) this.#fail(letter === 'u' ? 'invalid unicode escape code' : 'invalid escape code');
    return piece;
  }

  #hex4(at: number): number {
    HEX4.lastIndex = at;
    const match = HEX4.exec(this.#text);
    return match === null ? -1 : Number.parseInt(match[0], 16);
  }

  /** `\uXXXX`, or a surrogate pair of them, as UTF-8 bytes. */
  #unicode(): string | null {
    const code = this.#hex4(this.#at + 2);
    if (code < 0) return null;
    if ((code & 0xf800) !== 0xd800) {
      this.#at += 6;
      return utf8(code);
    }
    if ((code & 0x400) !== 0 || !this.#text.startsWith('\\u', this.#at + 6)) return null;
    const low = this.#hex4(this.#at + 8);
    if (low < 0 || (low & 0xfc00) !== 0xdc00) return null;
    this.#at += 12;
    return utf8((((code & 0x3ff) << 10) | (low & 0x3ff)) + 0x10000);
  }

  #read(): LuaValue {
    switch (this.#kind) {
      case 'T_OBJ_BEGIN':
        return this.#object();
      case 'T_ARR_BEGIN':
        return this.#array();
      case 'T_STRING':
      case 'T_NUMBER':
      case 'T_BOOLEAN':
      case 'T_NULL':
        return this.#value;
      default:
        return this.#unexpected('value');
    }
  }

  #descend(): void {
    this.#S.spend(1);
    if (++this.#depth <= this.#config.decodeMaxDepth) return;
    this.#S.fail(`Found too many nested data structures (${this.#depth}) at character ${this.#at}`);
  }

  #object(): LuaValue {
    this.#descend();
    const entries = new Map<LuaValue, LuaValue>();
    this.#next();
    if (this.#kind !== 'T_OBJ_END') {
      for (;;) {
        this.#expect('T_STRING', 'object key string');
        const key = this.#value;
        this.#next();
        this.#expect('T_COLON', 'colon');
        this.#next();
        entries.set(key, this.#read());
        this.#next();
        if (this.#kind === 'T_OBJ_END') break;
        this.#expect('T_COMMA', 'comma or object end');
        this.#next();
      }
    }
    this.#depth--;
    return new LuaTable([], entries);
  }

  #array(): LuaValue {
    this.#descend();
    const items: LuaValue[] = [];
    this.#next();
    if (this.#kind !== 'T_ARR_END') {
      for (;;) {
        items.push(this.#read());
        this.#next();
        if (this.#kind === 'T_ARR_END') break;
        this.#expect('T_COMMA', 'comma or array end');
        this.#next();
      }
    }
    this.#depth--;
    return new LuaTable(items);
  }
}

function utf8(code: number): string {
  if (code < 0x80) return String.fromCharCode(code);
  if (code < 0x800) return String.fromCharCode(0xc0 | (code >> 6), 0x80 | (code & 63));
  if (code < 0x10000) return String.fromCharCode(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
  return String.fromCharCode(
    0xf0 | (code >> 18),
    0x80 | ((code >> 12) & 63),
    0x80 | ((code >> 6) & 63),
    0x80 | (code & 63),
  );
}
