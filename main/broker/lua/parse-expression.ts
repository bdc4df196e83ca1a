/** The expression half of the parser; statements and function bodies are in parser.ts. */
import type { Call, Expr, FunctionNode, TableField } from './ast.ts';
import type { Lexer, TokenKind } from './lexer.ts';

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

/** What the parser knows about the function it is in. */
export interface FunctionState {
  readonly vararg: boolean;
  usesVararg: boolean;
  loopDepth: number;
}

export abstract class ExpressionParser {
  protected readonly lex: Lexer;
  protected fn: FunctionState = { vararg: true, usesVararg: false, loopDepth: 0 };
  protected levels = 0;

  constructor(lexer: Lexer) {
    this.lex = lexer;
  }

  protected abstract functionBody(method: boolean, line: number): FunctionNode;

  protected enter(): void {
    if (++this.levels > MAX_LEVELS) this.lex.fail('chunk has too many syntax levels');
  }

  protected accept(kind: TokenKind): boolean {
    if (this.lex.kind !== kind) return false;
    this.lex.next();
    return true;
  }

  protected check(kind: TokenKind): void {
    if (this.lex.kind !== kind) this.lex.failNear(`'${kind}' expected`);
  }

  protected expect(kind: TokenKind): void {
    this.check(kind);
    this.lex.next();
  }

  protected close(kind: TokenKind, opener: TokenKind, line: number): void {
    if (this.accept(kind)) return;
    if (line === this.lex.line) this.lex.failNear(`'${kind}' expected`);
    this.lex.failNear(`'${kind}' expected (to close '${opener}' at line ${line})`);
  }

  protected name(): string {
    if (this.lex.kind !== '<name>') this.lex.failNear("'<name>' expected");
    const name = this.lex.text;
    this.lex.next();
    return name;
  }

  protected exprList(): Expr[] {
    const list = [this.expr()];
    while (this.accept(',')) list.push(this.expr());
    return list;
  }

  protected prefix(): Expr {
    const line = this.lex.line;
    if (this.accept('(')) {
      const e = this.expr();
      this.close(')', '(', line);
      // Wrapped whatever it is: `(a) = 1` is a syntax error.
      return { t: 'paren', e };
    }
    if (this.lex.kind !== '<name>') this.lex.failNear('unexpected symbol');
    return { t: 'name', name: this.name(), line };
  }

  protected primary(): Expr {
    let e = this.prefix();
    for (;;) {
      const line = this.lex.line;
      switch (this.lex.kind) {
        case '.':
          this.lex.next();
          e = { t: 'index', obj: e, key: { t: 'str', v: this.name() }, line: this.lex.lastLine };
          break;
        case '[': {
          this.lex.next();
          const key = this.expr();
          this.expect(']');
          e = { t: 'index', obj: e, key, line: this.lex.lastLine };
          break;
        }
        case ':': {
          this.lex.next();
          const name = this.name();
          const callLine = this.lex.line;
          e = { t: 'method', obj: e, name, args: this.args(), line: callLine };
          break;
        }
        case '(':
        case '<string>':
        case '{': {
          const args = this.args();
          const call: Call = { t: 'call', fn: e, args, line };
          e = call;
          break;
        }
        default:
          return e;
      }
    }
  }

  protected args(): readonly Expr[] {
    const line = this.lex.line;
    if (this.lex.kind === '<string>') {
      const v = this.lex.text;
      this.lex.next();
      return [{ t: 'str', v }];
    }
    if (this.lex.kind === '{') return [this.table()];
    if (this.lex.kind !== '(') this.lex.failNear('function arguments expected');
    if (line !== this.lex.lastLine) this.lex.failNear('ambiguous syntax (function call x new statement)');
    this.lex.next();
    if (this.accept(')')) return [];
    const args = this.exprList();
    this.close(')', '(', line);
    return args;
  }

  protected table(): Expr {
    const line = this.lex.line;
    const fields: TableField[] = [];
    this.expect('{');
    while (this.lex.kind !== '}') {
      if (this.lex.kind === '[') {
        this.lex.next();
        const key = this.expr();
        this.expect(']');
        this.expect('=');
        fields.push({ key, value: this.expr() });
      } else if (this.lex.kind === '<name>' && this.lex.peek() === '=') {
        const key: Expr = { t: 'str', v: this.name() };
        this.lex.next();
        fields.push({ key, value: this.expr() });
      } else fields.push({ key: null, value: this.expr() });
      if (!this.accept(',') && !this.accept(';')) break;
    }
    this.close('}', '{', line);
    return { t: 'table', fields, line };
  }

  protected simple(): Expr {
    const lex = this.lex;
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
        if (!this.fn.vararg) lex.failNear("cannot use '...' outside a vararg function");
        this.fn.usesVararg = true;
        lex.next();
        return { t: 'vararg' };
      case '{':
        return this.table();
      case 'function': {
        const line = lex.line;
        lex.next();
        return this.functionBody(false, line);
      }
      default:
        return this.primary();
    }
  }

  protected expr(limit = 0): Expr {
    this.enter();
    let left: Expr;
    const op = this.lex.kind;
    if (op === 'not' || op === '-' || op === '#') {
      this.lex.next();
      left = { t: 'un', op, e: this.expr(UNARY_PRIORITY), line: this.lex.lastLine };
    } else left = this.simple();
    for (;;) {
      const binary = this.lex.kind;
      const priority = PRIORITY.get(binary);
      if (priority === undefined || priority[0] <= limit) break;
      this.lex.next();
      const right = this.expr(priority[1]);
      left =
        binary === 'and' || binary === 'or'
          ? { t: binary, l: left, r: right }
          : { t: 'bin', op: binary, l: left, r: right, line: this.lex.lastLine };
    }
    this.levels--;
    return left;
  }
}
