/** Parses Lua 5.1 into the tree of ast.ts, with the grammar, limits and error texts of Lua's own lparser.c. */
import type { Block, Call, ChunkNode, Expr, FunctionNode, Stat, TableField, Target } from './ast.ts';
import { Lexer, type TokenKind } from './lexer.ts';

/** Lua's LUAI_MAXCCALLS: how deep syntax may nest. */
const MAX_LEVELS = 200;
const UNARY_PRIORITY = 8;
/** Left and right priority of the binary operators (ORDER OPR of lparser.c). */
const PRIORITY: ReadonlyMap<TokenKind, readonly [number, number]> = new Map([
  ['+', [6, 6]],
  ['-', [6, 6]],
  ['*', [7, 7]],
  ['/', [7, 7]],
  ['%', [7, 7]],
  ['^', [10, 9]],
  ['..', [5, 4]],
  ['~=', [3, 3]],
  ['==', [3, 3]],
  ['<', [3, 3]],
  ['<=', [3, 3]],
  ['>', [3, 3]],
  ['>=', [3, 3]],
  ['and', [2, 2]],
  ['or', [1, 1]],
]);
const BLOCK_END: ReadonlySet<TokenKind> = new Set(['else', 'elseif', 'end', '<eof>', 'until']);

interface FunctionState {
  readonly vararg: boolean;
  usesVararg: boolean;
  loopDepth: number;
}

/** @throws LuaSyntaxError. `chunkName` as Lua shows it ("user_script"). */
export function parseChunk(source: string, chunkName: string): ChunkNode {
  return new Parser(new Lexer(source, chunkName)).chunk();
}

class Parser {
  readonly #lex: Lexer;
  #fn: FunctionState = { vararg: true, usesVararg: false, loopDepth: 0 };
  #levels = 0;
  readonly #assigned = new Set<string>();

  constructor(lexer: Lexer) {
    this.#lex = lexer;
  }

  chunk(): ChunkNode {
    this.#lex.next();
    const body = this.#block();
    this.#check('<eof>');
    return { main: { t: 'func', params: [], vararg: true, usesVararg: true, body, line: 0 }, assigned: this.#assigned };
  }

  #enter(): void {
    if (++this.#levels > MAX_LEVELS) this.#lex.fail('chunk has too many syntax levels');
  }

  #accept(kind: TokenKind): boolean {
    if (this.#lex.kind !== kind) return false;
    this.#lex.next();
    return true;
  }

  #check(kind: TokenKind): void {
    if (this.#lex.kind !== kind) this.#lex.failNear(`'${kind}' expected`);
  }

  #expect(kind: TokenKind): void {
    this.#check(kind);
    this.#lex.next();
  }

  #close(kind: TokenKind, opener: TokenKind, line: number): void {
    if (this.#accept(kind)) return;
    if (line === this.#lex.line) this.#lex.failNear(`'${kind}' expected`);
    this.#lex.failNear(`'${kind}' expected (to close '${opener}' at line ${line})`);
  }

  #name(): string {
    if (this.#lex.kind !== '<name>') this.#lex.failNear("'<name>' expected");
    const name = this.#lex.text;
    this.#lex.next();
    return name;
  }

  #block(): Block {
    const body: Stat[] = [];
    this.#enter();
    while (!BLOCK_END.has(this.#lex.kind)) {
      const stat = this.#statement();
      body.push(stat);
      this.#accept(';');
      if (stat.t === 'return' || stat.t === 'break') break;
    }
    this.#levels--;
    return body;
  }

  #statement(): Stat {
    const line = this.#lex.line;
    switch (this.#lex.kind) {
      case 'if':
        return this.#if(line);
      case 'while': {
        this.#lex.next();
        const cond = this.#expr();
        this.#expect('do');
        const body = this.#loopBody();
        this.#close('end', 'while', line);
        return { t: 'while', cond, body };
      }
      case 'do': {
        this.#lex.next();
        const body = this.#block();
        this.#close('end', 'do', line);
        return { t: 'do', body };
      }
      case 'for':
        return this.#for(line);
      case 'repeat': {
        this.#lex.next();
        const body = this.#loopBody();
        this.#close('until', 'repeat', line);
        return { t: 'repeat', body, cond: this.#expr() };
      }
      case 'function':
        return this.#functionStat(line);
      case 'local':
        this.#lex.next();
        return this.#accept('function') ? this.#localFunction(line) : this.#local();
      case 'return':
        return this.#return();
      case 'break':
        this.#lex.next();
        if (this.#fn.loopDepth === 0) this.#lex.failNear('no loop to break');
        return { t: 'break' };
      default:
        return this.#exprStat();
    }
  }

  #loopBody(): Block {
    this.#fn.loopDepth++;
    const body = this.#block();
    this.#fn.loopDepth--;
    return body;
  }

  #if(line: number): Stat {
    const arms: { cond: Expr | null; body: Block }[] = [];
    do {
      this.#lex.next();
      const cond = this.#expr();
      this.#expect('then');
      arms.push({ cond, body: this.#block() });
    } while (this.#lex.kind === 'elseif');
    if (this.#accept('else')) arms.push({ cond: null, body: this.#block() });
    this.#close('end', 'if', line);
    return { t: 'if', arms };
  }

  #for(line: number): Stat {
    this.#lex.next();
    const first = this.#name();
    if (this.#lex.kind === '=') {
      this.#lex.next();
      const from = this.#expr();
      this.#expect(',');
      const to = this.#expr();
      const step = this.#accept(',') ? this.#expr() : null;
      this.#expect('do');
      const body = this.#loopBody();
      this.#close('end', 'for', line);
      return { t: 'fornum', name: first, from, to, step, body, line };
    }
    if (this.#lex.kind !== ',' && this.#lex.kind !== 'in') this.#lex.failNear("'=' or 'in' expected");
    const names = [first];
    while (this.#accept(',')) names.push(this.#name());
    this.#expect('in');
    const exprsLine = this.#lex.line;
    const exprs = this.#exprList();
    this.#expect('do');
    const body = this.#loopBody();
    this.#close('end', 'for', line);
    return { t: 'forin', names, exprs, body, line: exprsLine };
  }

  #functionStat(line: number): Stat {
    this.#lex.next();
    let target: Target = { t: 'name', name: this.#name(), line };
    let method = false;
    while (this.#lex.kind === '.' || this.#lex.kind === ':') {
      method = this.#lex.kind === ':';
      this.#lex.next();
      target = { t: 'index', obj: target, key: { t: 'str', v: this.#name() }, line };
      if (method) break;
    }
    if (target.t === 'name') this.#assigned.add(target.name);
    const fn = this.#functionBody(method, line);
    return { t: 'assign', targets: [target], values: [fn], line };
  }

  #localFunction(line: number): Stat {
    const name = this.#name();
    return { t: 'localfunc', name, fn: this.#functionBody(false, this.#lex.line), line };
  }

  #local(): Stat {
    const names = [this.#name()];
    while (this.#accept(',')) names.push(this.#name());
    const values = this.#accept('=') ? this.#exprList() : [];
    return { t: 'local', names, values, line: this.#lex.lastLine };
  }

  #return(): Stat {
    this.#lex.next();
    const values = BLOCK_END.has(this.#lex.kind) || this.#lex.kind === ';' ? [] : this.#exprList();
    return { t: 'return', values, line: this.#lex.lastLine };
  }

  #exprStat(): Stat {
    const first = this.#primary();
    if (first.t === 'call' || first.t === 'method') return { t: 'callstat', call: first };
    const targets: Target[] = [];
    let target: Expr = first;
    for (;;) {
      if (target.t !== 'name' && target.t !== 'index') return this.#lex.failNear('syntax error');
      targets.push(target);
      if (target.t === 'name') this.#assigned.add(target.name);
      if (!this.#accept(',')) break;
      target = this.#primary();
    }
    this.#expect('=');
    const values = this.#exprList();
    return { t: 'assign', targets, values, line: this.#lex.lastLine };
  }

  #functionBody(method: boolean, line: number): FunctionNode {
    this.#expect('(');
    const params: string[] = method ? ['self'] : [];
    let vararg = false;
    while (this.#lex.kind !== ')' && !vararg) {
      if (this.#lex.kind === '<name>') params.push(this.#name());
      else if (this.#accept('...')) vararg = true;
      else this.#lex.failNear("<name> or '...' expected");
      if (vararg || !this.#accept(',')) break;
      if (this.#lex.kind === ')') this.#lex.failNear("<name> or '...' expected");
    }
    this.#expect(')');
    const outer = this.#fn;
    const state: FunctionState = { vararg, usesVararg: false, loopDepth: 0 };
    this.#fn = state;
    const body = this.#block();
    this.#close('end', 'function', line);
    this.#fn = outer;
    return { t: 'func', params, vararg, usesVararg: state.usesVararg, body, line };
  }

  #exprList(): Expr[] {
    const list = [this.#expr()];
    while (this.#accept(',')) list.push(this.#expr());
    return list;
  }

  #prefix(): Expr {
    const line = this.#lex.line;
    if (this.#accept('(')) {
      const e = this.#expr();
      this.#close(')', '(', line);
      // Wrapped whatever it is: `(a) = 1` is a syntax error.
      return { t: 'paren', e };
    }
    if (this.#lex.kind !== '<name>') this.#lex.failNear('unexpected symbol');
    return { t: 'name', name: this.#name(), line };
  }

  #primary(): Expr {
    let e = this.#prefix();
    for (;;) {
      const line = this.#lex.line;
      switch (this.#lex.kind) {
        case '.':
          this.#lex.next();
          e = { t: 'index', obj: e, key: { t: 'str', v: this.#name() }, line: this.#lex.lastLine };
          break;
        case '[': {
          this.#lex.next();
          const key = this.#expr();
          this.#expect(']');
          e = { t: 'index', obj: e, key, line: this.#lex.lastLine };
          break;
        }
        case ':': {
          this.#lex.next();
          const name = this.#name();
          const callLine = this.#lex.line;
          e = { t: 'method', obj: e, name, args: this.#args(), line: callLine };
          break;
        }
        case '(':
        case '<string>':
        case '{': {
          const args = this.#args();
          const call: Call = { t: 'call', fn: e, args, line };
          e = call;
          break;
        }
        default:
          return e;
      }
    }
  }

  #args(): readonly Expr[] {
    const line = this.#lex.line;
    if (this.#lex.kind === '<string>') {
      const v = this.#lex.text;
      this.#lex.next();
      return [{ t: 'str', v }];
    }
    if (this.#lex.kind === '{') return [this.#table()];
    if (this.#lex.kind !== '(') this.#lex.failNear('function arguments expected');
    if (line !== this.#lex.lastLine) this.#lex.failNear('ambiguous syntax (function call x new statement)');
    this.#lex.next();
    if (this.#accept(')')) return [];
    const args = this.#exprList();
    this.#close(')', '(', line);
    return args;
  }

  #table(): Expr {
    const line = this.#lex.line;
    const fields: TableField[] = [];
    this.#expect('{');
    while (this.#lex.kind !== '}') {
      if (this.#lex.kind === '[') {
        this.#lex.next();
        const key = this.#expr();
        this.#expect(']');
        this.#expect('=');
        fields.push({ key, value: this.#expr() });
      } else if (this.#lex.kind === '<name>' && this.#lex.peek() === '=') {
        const key: Expr = { t: 'str', v: this.#name() };
        this.#lex.next();
        fields.push({ key, value: this.#expr() });
      } else fields.push({ key: null, value: this.#expr() });
      if (!this.#accept(',') && !this.#accept(';')) break;
    }
    this.#close('}', '{', line);
    return { t: 'table', fields, line };
  }

  #simple(): Expr {
    const lex = this.#lex;
    switch (lex.kind) {
      case '<number>': {
        const v = lex.num;
        lex.next();
        return { t: 'num', v };
      }
      case '<string>': {
        const v = lex.text;
        lex.next();
        return { t: 'str', v };
      }
      case 'nil':
      case 'true':
      case 'false': {
        const t = lex.kind;
        lex.next();
        return { t };
      }
      case '...':
        if (!this.#fn.vararg) lex.failNear("cannot use '...' outside a vararg function");
        this.#fn.usesVararg = true;
        lex.next();
        return { t: 'vararg' };
      case '{':
        return this.#table();
      case 'function': {
        const line = lex.line;
        lex.next();
        return this.#functionBody(false, line);
      }
      default:
        return this.#primary();
    }
  }

  #expr(limit = 0): Expr {
    this.#enter();
    let left: Expr;
    const op = this.#lex.kind;
    if (op === 'not' || op === '-' || op === '#') {
      this.#lex.next();
      left = { t: 'un', op, e: this.#expr(UNARY_PRIORITY), line: this.#lex.lastLine };
    } else left = this.#simple();
    for (;;) {
      const binary = this.#lex.kind;
      const priority = PRIORITY.get(binary);
      if (priority === undefined || priority[0] <= limit) break;
      this.#lex.next();
      const right = this.#expr(priority[1]);
      left =
        binary === 'and' || binary === 'or'
          ? { t: binary, l: left, r: right }
          : { t: 'bin', op: binary, l: left, r: right, line: this.#lex.lastLine };
    }
    this.#levels--;
    return left;
  }
}
