/** Parses Lua 5.1 into the tree of ast.ts, with the grammar, limits and error texts of Lua's own lparser.c. */
import type { Block, ChunkNode, Expr, FunctionNode, Stat, Target } from './ast.ts';
import { Lexer, type TokenKind } from './lexer.ts';
import { ExpressionParser, type FunctionState } from './parse-expression.ts';

const BLOCK_END: ReadonlySet<TokenKind> = new Set(['else', 'elseif', 'end', '<eof>', 'until']);

/** @throws LuaSyntaxError. `chunkName` as Lua shows it ("user_script"). */
export function parseChunk(source: string, chunkName: string): ChunkNode {
  return new Parser(new Lexer(source, chunkName)).chunk();
}

class Parser extends ExpressionParser {
  readonly #assigned = new Set<string>();

  chunk(): ChunkNode {
    this.lex.next();
    const body = this.#block();
    this.check('<eof>');
    return { main: { t: 'func', params: [], vararg: true, usesVararg: true, body, line: 0 }, assigned: this.#assigned };
  }

  #block(): Block {
    const body: Stat[] = [];
    this.enter();
    while (!BLOCK_END.has(this.lex.kind)) {
      const stat = this.#statement();
      body.push(stat);
      this.accept(';');
      if (stat.t === 'return' || stat.t === 'break') break;
    }
    this.levels--;
    return body;
  }

  #statement(): Stat {
    const line = this.lex.line;
    switch (this.lex.kind) {
      case 'if':
        return this.#if(line);
      case 'while': {
        this.lex.next();
        const cond = this.expr();
        this.expect('do');
        const body = this.#loopBody();
        this.close('end', 'while', line);
        return { t: 'while', cond, body, line };
      }
      case 'do': {
        this.lex.next();
        const body = this.#block();
        this.close('end', 'do', line);
        return { t: 'do', body };
      }
      case 'for':
        return this.#for(line);
      case 'repeat': {
        this.lex.next();
        const body = this.#loopBody();
        this.close('until', 'repeat', line);
        return { t: 'repeat', body, cond: this.expr(), line };
      }
      case 'function':
        return this.#functionStat(line);
      case 'local':
        this.lex.next();
        return this.accept('function') ? this.#localFunction(line) : this.#local();
      case 'return':
        return this.#return();
      case 'break':
        this.lex.next();
        if (this.fn.loopDepth === 0) this.lex.failNear('no loop to break');
        return { t: 'break' };
      default:
        return this.#exprStat();
    }
  }

  #loopBody(): Block {
    this.fn.loopDepth++;
    const body = this.#block();
    this.fn.loopDepth--;
    return body;
  }

  #if(line: number): Stat {
    const arms: { cond: Expr | null; body: Block }[] = [];
    do {
      this.lex.next();
      const cond = this.expr();
      this.expect('then');
      arms.push({ cond, body: this.#block() });
    } while (this.lex.kind === 'elseif');
    if (this.accept('else')) arms.push({ cond: null, body: this.#block() });
    this.close('end', 'if', line);
    return { t: 'if', arms };
  }

  #for(line: number): Stat {
    this.lex.next();
    const first = this.name();
    if (this.lex.kind === '=') {
      this.lex.next();
      const from = this.expr();
      this.expect(',');
      const to = this.expr();
      const step = this.accept(',') ? this.expr() : null;
      this.expect('do');
      const body = this.#loopBody();
      this.close('end', 'for', line);
      return { t: 'fornum', name: first, from, to, step, body, line };
    }
    if (this.lex.kind !== ',' && this.lex.kind !== 'in') this.lex.failNear("'=' or 'in' expected");
    const names = [first];
    while (this.accept(',')) names.push(this.name());
    this.expect('in');
    const exprsLine = this.lex.line;
    const exprs = this.exprList();
    this.expect('do');
    const body = this.#loopBody();
    this.close('end', 'for', line);
    return { t: 'forin', names, exprs, body, line: exprsLine };
  }

  #functionStat(line: number): Stat {
    this.lex.next();
    let target: Target = { t: 'name', name: this.name(), line };
    let method = false;
    while (this.lex.kind === '.' || this.lex.kind === ':') {
      method = this.lex.kind === ':';
      this.lex.next();
      target = { t: 'index', obj: target, key: { t: 'str', v: this.name() }, line };
      if (method) break;
    }
    if (target.t === 'name') this.#assigned.add(target.name);
    const fn = this.functionBody(method, line);
    return { t: 'assign', targets: [target], values: [fn], line };
  }

  #localFunction(line: number): Stat {
    const name = this.name();
    return { t: 'localfunc', name, fn: this.functionBody(false, this.lex.line), line };
  }

  #local(): Stat {
    const names = [this.name()];
    while (this.accept(',')) names.push(this.name());
    const values = this.accept('=') ? this.exprList() : [];
    return { t: 'local', names, values, line: this.lex.lastLine };
  }

  #return(): Stat {
    this.lex.next();
    const values = BLOCK_END.has(this.lex.kind) || this.lex.kind === ';' ? [] : this.exprList();
    return { t: 'return', values, line: this.lex.lastLine };
  }

  #exprStat(): Stat {
    const first = this.primary();
    if (first.t === 'call' || first.t === 'method') return { t: 'callstat', call: first };
    const targets: Target[] = [];
    let target: Expr = first;
    for (;;) {
      if (target.t !== 'name' && target.t !== 'index') return this.lex.failNear('syntax error');
      targets.push(target);
      if (target.t === 'name') this.#assigned.add(target.name);
      if (!this.accept(',')) break;
      target = this.primary();
    }
    this.expect('=');
    const values = this.exprList();
    return { t: 'assign', targets, values, line: this.lex.lastLine };
  }

  protected override functionBody(method: boolean, line: number): FunctionNode {
    this.expect('(');
    const params: string[] = method ? ['self'] : [];
    let vararg = false;
    while (this.lex.kind !== ')' && !vararg) {
      if (this.lex.kind === '<name>') params.push(this.name());
      else if (this.accept('...')) vararg = true;
      else this.lex.failNear("<name> or '...' expected");
      if (vararg || !this.accept(',')) break;
      if (this.lex.kind === ')') this.lex.failNear("<name> or '...' expected");
    }
    this.expect(')');
    const outer = this.fn;
    const state: FunctionState = { vararg, usesVararg: false, loopDepth: 0 };
    this.fn = state;
    const body = this.#block();
    this.close('end', 'function', line);
    this.fn = outer;
    return { t: 'func', params, vararg, usesVararg: state.usesVararg, body, line };
  }
}
