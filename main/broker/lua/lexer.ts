/** Turns Lua 5.1 source bytes (latin1) into tokens, with the error texts of Lua's own llex.c. */
import { parseNumber } from './number-text.ts';

/** A syntax error with Lua's text ("user_script:1: unexpected symbol near 'x'"). */
export class LuaSyntaxError extends Error {
  override readonly name = 'LuaSyntaxError';
}

/** Token kinds: '<name>', '<string>', '<number>', '<eof>', or the keyword, operator or character itself. */
export type TokenKind = string;

const KEYWORDS = new Set(
  'and break do else elseif end false for function if in local nil not or repeat return then true until while'.split(
    ' ',
  ),
);
const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

const isDigit = (c: number): boolean => c >= 48 && c <= 57;
const isNameStart = (c: number): boolean => (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || c === 95;
const isNamePart = (c: number): boolean => isNameStart(c) || isDigit(c);
const isNewline = (c: number): boolean => c === 10 || c === 13;

/** The scanner: `next()` moves to the following token; `kind`, `text` and `num` describe the current one. */
export class Lexer {
  kind: TokenKind = '<eof>';
  /** Name, string contents, or the raw text of a number. */
  text = '';
  num = 0;
  /** Line of the current token's end (Lua's `linenumber`) and of the token before it (`lastline`). */
  line = 1;
  lastLine = 1;
  readonly #source: string;
  readonly #chunkName: string;
  #pos = 0;
  /** What an error would print for the current token ("buffer" in llex.c). */
  #raw = '';
  #ahead: { kind: TokenKind; text: string; num: number; raw: string; line: number } | null = null;

  constructor(source: string, chunkName: string) {
    this.#source = source;
    this.#chunkName = chunkName;
  }

  next(): void {
    this.lastLine = this.line;
    const ahead = this.#ahead;
    if (ahead !== null) {
      this.kind = ahead.kind;
      this.text = ahead.text;
      this.num = ahead.num;
      this.#raw = ahead.raw;
      this.line = ahead.line;
      this.#ahead = null;
      return;
    }
    this.kind = this.#scan();
  }

  /** Kind of the token after the current one, which stays current. */
  peek(): TokenKind {
    const { kind, text, num, line } = this;
    const raw = this.#raw;
    const aheadKind = this.#scan();
    this.#ahead = { kind: aheadKind, text: this.text, num: this.num, raw: this.#raw, line: this.line };
    this.kind = kind;
    this.text = text;
    this.num = num;
    this.line = line;
    this.#raw = raw;
    return aheadKind;
  }

  /** Throws "<chunk>:<line>: <message> near '<token>'" for the current token. */
  failNear(message: string): never {
    return this.#fail(message, this.kind);
  }

  fail(message: string): never {
    throw new LuaSyntaxError(`${this.#chunkName}:${this.line}: ${message}`);
  }

  #fail(message: string, kind: TokenKind): never {
    const literal = kind === '<name>' || kind === '<string>' || kind === '<number>';
    let near = literal ? this.#raw : kind;
    if (!literal && kind.length === 1 && (kind < ' ' || kind === '\x7f')) near = `char(${kind.charCodeAt(0)})`;
    const nul = near.indexOf('\0');
    if (nul >= 0) near = near.slice(0, nul);
    return this.fail(`${message} near '${near}'`);
  }

  #newline(): void {
    const first = this.#source.charCodeAt(this.#pos++);
    const second = this.#source.charCodeAt(this.#pos);
    if (isNewline(second) && second !== first) this.#pos++;
    this.line++;
  }

  #scan(): TokenKind {
    const source = this.#source;
    for (;;) {
      if (this.#pos >= source.length) return '<eof>';
      const c = source.charCodeAt(this.#pos);
      if (isNewline(c)) this.#newline();
      else if (c === 32 || c === 9 || c === 11 || c === 12) this.#pos++;
      else if (c === 45 && source.charCodeAt(this.#pos + 1) === 45) this.#comment();
      else if (isNameStart(c)) return this.#name();
      else if (isDigit(c) || (c === 46 && isDigit(source.charCodeAt(this.#pos + 1)))) return this.#number();
      else if (c === 34 || c === 39) return this.#string(c);
      else return this.#symbol();
    }
  }

  #name(): TokenKind {
    const start = this.#pos;
    while (isNamePart(this.#source.charCodeAt(this.#pos))) this.#pos++;
    const word = this.#source.slice(start, this.#pos);
    this.#raw = word;
    if (KEYWORDS.has(word)) return word;
    this.text = word;
    return '<name>';
  }

  #number(): TokenKind {
    const start = this.#pos;
    const code = (): number => this.#source.charCodeAt(this.#pos);
    while (isDigit(code()) || code() === 46) this.#pos++;
    if (code() === 69 || code() === 101) {
      this.#pos++;
      if (code() === 43 || code() === 45) this.#pos++;
    }
    while (isNamePart(code())) this.#pos++;
    this.#raw = this.#source.slice(start, this.#pos);
    const value = parseNumber(this.#raw);
    if (value === undefined) this.#fail('malformed number', '<number>');
    this.num = value ?? 0;
    return '<number>';
  }

  #symbol(): TokenKind {
    const source = this.#source;
    const c = source.charAt(this.#pos);
    if (c === '[') {
      const level = this.#separator();
      if (level >= 0) return this.#longString(level, false);
      if (level < -1) {
        this.#raw = source.slice(this.#pos, this.#pos - level);
        this.#fail('invalid long string delimiter', '<string>');
      }
    }
    if (c === '.') {
      const dots = source.startsWith('...', this.#pos) ? 3 : source.startsWith('..', this.#pos) ? 2 : 1;
      this.#pos += dots;
      return '.'.repeat(dots);
    }
    if ((c === '=' || c === '<' || c === '>' || c === '~') && source.charAt(this.#pos + 1) === '=') {
      this.#pos += 2;
      return `${c}=`;
    }
    this.#pos++;
    return c;
  }

  /** At '[' or ']': the number of '=' up to a second one, or −1 − that number when there is none. */
  #separator(): number {
    const first = this.#source.charCodeAt(this.#pos);
    let at = this.#pos + 1;
    while (this.#source.charCodeAt(at) === 61) at++;
    const level = at - this.#pos - 1;
    return this.#source.charCodeAt(at) === first ? level : -1 - level;
  }

  #comment(): void {
    this.#pos += 2;
    if (this.#source.charAt(this.#pos) === '[') {
      const level = this.#separator();
      if (level >= 0) {
        this.#longString(level, true);
        return;
      }
    }
    while (this.#pos < this.#source.length && !isNewline(this.#source.charCodeAt(this.#pos))) this.#pos++;
  }

  #longString(level: number, comment: boolean): TokenKind {
    const source = this.#source;
    const opening = this.#pos;
    this.#pos += level + 2;
    if (isNewline(source.charCodeAt(this.#pos))) this.#newline();
    let text = '';
    let from = this.#pos;
    for (;;) {
      if (this.#pos >= source.length)
        this.#fail(comment ? 'unfinished long comment' : 'unfinished long string', '<eof>');
      const c = source.charCodeAt(this.#pos);
      if (c === 93 && this.#separator() === level) break;
      if (isNewline(c)) {
        text += `${source.slice(from, this.#pos)}\n`;
        this.#newline();
        from = this.#pos;
      } else this.#pos++;
    }
    text += source.slice(from, this.#pos);
    this.#pos += level + 2;
    if (comment) return '';
    this.text = text;
    this.#raw = source.slice(opening, this.#pos);
    return '<string>';
  }

  #string(quote: number): TokenKind {
    const source = this.#source;
    this.#pos++;
    let text = '';
    let from = this.#pos;
    for (;;) {
      const c = source.charCodeAt(this.#pos);
      if (c === quote) break;
      if (this.#pos >= source.length) this.#fail('unfinished string', '<eof>');
      if (isNewline(c)) {
        this.#raw = String.fromCharCode(quote) + text + source.slice(from, this.#pos);
        this.#fail('unfinished string', '<string>');
      }
      if (c !== 92) {
        this.#pos++;
        continue;
      }
      text += source.slice(from, this.#pos);
      text += this.#escape(quote, text);
      from = this.#pos;
    }
    text += source.slice(from, this.#pos++);
    this.text = text;
    const mark = String.fromCharCode(quote);
    this.#raw = mark + text + mark;
    return '<string>';
  }

  /** Reads one escape at the backslash; `before` is the text so far, for an error. */
  #escape(quote: number, before: string): string {
    const source = this.#source;
    const c = source.charAt(++this.#pos);
    if (c === '') return '';
    const simple = SIMPLE_ESCAPES[c];
    if (simple !== undefined) {
      this.#pos++;
      return simple;
    }
    if (c === '\n' || c === '\r') {
      this.#newline();
      return '\n';
    }
    if (!isDigit(c.charCodeAt(0))) {
      this.#pos++;
      return c;
    }
    const start = this.#pos;
    while (this.#pos < start + 3 && isDigit(source.charCodeAt(this.#pos))) this.#pos++;
    const value = Number(source.slice(start, this.#pos));
    if (value > 255) {
      this.#raw = String.fromCharCode(quote) + before;
      this.#fail('escape sequence too large', '<string>');
    }
    return String.fromCharCode(value);
  }
}
