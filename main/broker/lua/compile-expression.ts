/** Expressions to JavaScript. Every operator that may fail carries a site (line and operand names) for Lua's error texts. */
import type { Call, Expr, FunctionNode, TableField } from './ast.ts';
import { type ChunkContext, constantName, type FunctionScope } from './scope.ts';
import { METHOD_CALL } from './state.ts';
import { LuaTable } from './table.ts';
import type { LuaValue } from './value.ts';

const ARITHMETIC: Readonly<Record<string, string>> = {
  '+': 'add',
  '-': 'sub',
  '*': 'mul',
  '/': 'div',
  '%': 'mod',
  '^': 'pow',
};
const COMPARISON: Readonly<Record<string, string>> = { '<': 'lt', '<=': 'le', '>': 'gt', '>=': 'ge' };

const NOTED_LINE = /S\.l=-?\d+/g;
/** Generated calls that may run Lua code, which moves the noted line: all but those of builtins. */
const LUA_CALL = /callable\(|resumeCall\(|S\.l=-?\d+,[A-Za-z_]\w*\)\(/;

/** Compiles the function node itself; injected because function bodies hold statements. */
export type FunctionCompiler = (scope: FunctionScope, node: FunctionNode) => string;

export interface ExpressionCompiler {
  /** JavaScript for exactly one value. */
  single(scope: FunctionScope, e: Expr): string;
  /** JavaScript for a LuaResult: a call keeps all its values. */
  multi(scope: FunctionScope, e: Expr, tail?: boolean): string;
  /** JavaScript for a boolean: Lua's truth of the expression. */
  condition(scope: FunctionScope, e: Expr): string;
  /** Comma-separated values for a JavaScript argument list or array, the last one spread when it has many. */
  list(scope: FunctionScope, values: readonly Expr[]): string;
  site(scope: FunctionScope, line: number, ...operands: (Expr | null)[]): string;
}

export function isMulti(e: Expr | undefined): boolean {
  return e !== undefined && (e.t === 'call' || e.t === 'method' || e.t === 'vararg');
}

const isLiteral = (e: Expr): boolean =>
  e.t === 'nil' || e.t === 'true' || e.t === 'false' || e.t === 'num' || e.t === 'str';

/** A value known while compiling: a builtin, or a field of a builtin library; undefined when there is none. */
export function knownValue(scope: FunctionScope, e: Expr): LuaValue {
  const chunk = scope.chunk;
  if (e.t === 'name') {
    if (e.name === 'KEYS' || e.name === 'ARGV') return undefined;
    const local = scope.resolve(e.name);
    return local === null ? chunk.globals.getStr(e.name) : local.constant;
  }
  if (e.t !== 'index' || e.key.t !== 'str') return undefined;
  const owner = knownValue(scope, e.obj);
  if (!(owner instanceof LuaTable) || !owner.readonly || owner === chunk.globals) return undefined;
  return owner.getStr(e.key.v);
}

function literal(chunk: ChunkContext, value: LuaValue): string {
  return typeof value === 'string'
    ? JSON.stringify(value)
    : typeof value === 'number'
      ? `(${value})`
      : constantName(chunk, value);
}

/** The truth of what Lua knows while compiling; undefined for anything else. */
function constantTruth(e: Expr): boolean | undefined {
  if (e.t === 'paren') return constantTruth(e.e);
  if (e.t === 'un' && e.op === 'not') {
    const inner = constantTruth(e.e);
    return inner === undefined ? undefined : !inner;
  }
  if (e.t === 'un' && e.op === '-') return e.e.t === 'num' ? true : undefined;
  if (e.t === 'nil' || e.t === 'false') return false;
  return e.t === 'true' || e.t === 'num' || e.t === 'str' ? true : undefined;
}

/** How Lua names an operand in an error ("local 'x'"), "" when it does not. */
function describe(scope: FunctionScope, e: Expr): string {
  if (e.t === 'paren') return isMulti(e.e) ? '' : describe(scope, e.e);
  // Lua leaves out a test whose outcome is constant, and what remains is the operand itself.
  if ((e.t === 'and' || e.t === 'or') && constantTruth(e.l) === (e.t === 'and')) return describe(scope, e.r);
  if (e.t === 'name') {
    const local = scope.resolve(e.name);
    if (local === null) return `global '${e.name}'`;
    return local.owner === scope ? `local '${e.name}'` : `upvalue '${e.name}'`;
  }
  if (e.t === 'index') return `field '${e.key.t === 'str' ? e.key.v.replaceAll('|', '?') : '?'}'`;
  return '';
}

export function createExpressionCompiler(compileFunction: FunctionCompiler): ExpressionCompiler {
  function site(scope: FunctionScope, line: number, ...operands: (Expr | null)[]): string {
    const names = operands.map((e) => (e === null ? '' : describe(scope, e)));
    return JSON.stringify(`${scope.chunk.lineBase + line}|${names.join('|')}`);
  }

  function name(scope: FunctionScope, e: Expr & { t: 'name' }): string {
    const local = scope.resolve(e.name);
    if (local !== null) return local.constant === undefined ? local.js : constantName(scope.chunk, local.constant);
    if (e.name === 'KEYS' || e.name === 'ARGV') return `S.${e.name}`;
    const known = scope.chunk.globals.getStr(e.name);
    if (known !== undefined) return literal(scope.chunk, known);
    return `globalMissing(${JSON.stringify(e.name)},${scope.chunk.lineBase + e.line})`;
  }

  function indexed(scope: FunctionScope, e: Expr & { t: 'index' }): string {
    const known = knownValue(scope, e);
    if (known !== undefined) return literal(scope.chunk, known);
    const obj = single(scope, e.obj);
    const at = site(scope, e.line, e.obj);
    return e.key.t === 'str'
      ? `indexStr(${obj},${JSON.stringify(e.key.v)},${at})`
      : `index(${obj},${single(scope, e.key)},${at})`;
  }

  function binary(scope: FunctionScope, e: Expr & { t: 'bin' }): string {
    const left = single(scope, e.l);
    const right = single(scope, e.r);
    const arithmetic = ARITHMETIC[e.op];
    if (arithmetic !== undefined) {
      // A constant operand is never named by Lua, whatever it is.
      return `${arithmetic}(${left},${right},${site(scope, e.line, e.l, e.r)})`;
    }
    if (e.op === '..') return `cat(${left},${right},${site(scope, e.line, e.l, e.r)})`;
    const comparison = COMPARISON[e.op];
    if (comparison !== undefined) return `${comparison}(${left},${right},${site(scope, e.line)})`;
    if (isLiteral(e.l) || isLiteral(e.r)) return e.op === '==' ? `(${left}===${right})` : `(${left}!==${right})`;
    return e.op === '==' ? `eq(${left},${right})` : `!eq(${left},${right})`;
  }

  function unary(scope: FunctionScope, e: Expr & { t: 'un' }): string {
    if (e.op === 'not') return `!${condition(scope, e.e)}`;
    if (e.op === '-' && e.e.t === 'num') return `(-${single(scope, e.e)})`;
    return `${e.op === '-' ? 'negate' : 'length'}(${single(scope, e.e)},${site(scope, e.line, e.e)})`;
  }

  function table(scope: FunctionScope, fields: readonly TableField[], line: number): string {
    if (fields.length === 0) return 'new LuaTable()';
    const positional = fields.filter((field) => field.key === null).map((field) => field.value);
    const last = fields.at(-1);
    if (positional.length === fields.length) return `new LuaTable([${list(scope, positional)}])`;
    const parts = fields.map((field, at) => {
      if (field.key !== null) return `${single(scope, field.key)},${single(scope, field.value)}`;
      return at === fields.length - 1 && last !== undefined && isMulti(last.value)
        ? `MULTI,${multi(scope, last.value)}`
        : `POSITIONAL,${single(scope, field.value)}`;
    });
    return `makeTable([${parts.join(',')}],${scope.chunk.lineBase + line})`;
  }

  function single(scope: FunctionScope, e: Expr): string {
    switch (e.t) {
      case 'nil':
        return 'undefined';
      case 'true':
      case 'false':
        return e.t;
      case 'num':
        return String(e.v);
      case 'str':
        return JSON.stringify(e.v);
      case 'vararg':
        return '$va[0]';
      case 'func':
        return compileFunction(scope, e);
      case 'name':
        return name(scope, e);
      case 'index':
        return indexed(scope, e);
      case 'call':
      case 'method': {
        const code = call(scope, e, false);
        return e.t === 'call' && scope.chunk.singles.has(knownValue(scope, e.fn)) ? code : `first(${code})`;
      }
      case 'paren':
        return single(scope, e.e);
      case 'bin':
        return binary(scope, e);
      case 'and':
        return `(($t=${single(scope, e.l)})===undefined||$t===false?$t:${single(scope, e.r)})`;
      case 'or':
        return `(($t=${single(scope, e.l)})!==undefined&&$t!==false?$t:${single(scope, e.r)})`;
      case 'un':
        return unary(scope, e);
      case 'table':
        return table(scope, e.fields, e.line);
    }
  }

  function multi(scope: FunctionScope, e: Expr, tail = false): string {
    if (e.t === 'vararg') return '$va';
    return e.t === 'call' || e.t === 'method' ? call(scope, e, tail) : single(scope, e);
  }

  function condition(scope: FunctionScope, e: Expr): string {
    switch (e.t) {
      case 'nil':
      case 'false':
        return 'false';
      case 'true':
      case 'num':
      case 'str':
      case 'func':
        return 'true';
      case 'and':
        return `(${condition(scope, e.l)}&&${condition(scope, e.r)})`;
      case 'or':
        return `(${condition(scope, e.l)}||${condition(scope, e.r)})`;
      case 'paren':
        return condition(scope, e.e);
      case 'un':
        if (e.op === 'not') return `!${condition(scope, e.e)}`;
        break;
      case 'bin':
        if (e.op in COMPARISON || e.op === '==' || e.op === '~=') return binary(scope, e);
        break;
      case 'name': {
        const local = scope.resolve(e.name);
        if (local !== null) return `(${local.js}!==undefined&&${local.js}!==false)`;
        break;
      }
      default:
        break;
    }
    return `(($t=${single(scope, e)})!==undefined&&$t!==false)`;
  }

  /** Each value once, in order; a last one with many values comes as `many`, unspread. */
  function parts(
    scope: FunctionScope,
    values: readonly Expr[],
  ): { readonly singles: string[]; readonly many: string | null } {
    const last = values.at(-1);
    const open = last !== undefined && isMulti(last);
    const singles = (open ? values.slice(0, -1) : values).map((e) => single(scope, e));
    if (!open) return { singles, many: null };
    return { singles, many: last.t === 'vararg' ? '$va' : `all(${multi(scope, last)})` };
  }

  function join(singles: readonly string[], many: string | null): string {
    return (many === null ? singles : [...singles, `...${many}`]).join(',');
  }

  function list(scope: FunctionScope, values: readonly Expr[]): string {
    const { singles, many } = parts(scope, values);
    return join(singles, many);
  }

  /**
   * Arguments, with the call's line noted again after those that may have moved it:
   * a nested call on another line, or one into Lua code.
   */
  function args(scope: FunctionScope, values: readonly Expr[], line: number): string {
    const { singles, many } = parts(scope, values);
    const code = join(singles, many);
    const inner = code.match(NOTED_LINE);
    if (inner === null) return code;
    if (inner.every((mark) => Math.abs(Number(mark.slice(4))) === Math.abs(line)) && !LUA_CALL.test(code)) return code;
    if (many !== null) return join(singles, `at(${line},${many})`);
    const last = singles.pop();
    return [...singles, `at(${line},${last})`].join(',');
  }

  function call(scope: FunctionScope, e: Call, tail: boolean): string {
    const chunk = scope.chunk;
    const encoded = chunk.lineBase + e.line;
    const noted = e.t === 'method' ? encoded + METHOD_CALL : encoded;
    const line = tail ? -noted : noted;
    const values = args(scope, e.args, line);
    if (e.t === 'method') {
      const at = site(scope, e.line, e.obj);
      const missing = JSON.stringify(`${encoded}|method '${e.name.replaceAll('|', '?')}'`);
      const rest = values === '' ? '' : `,${values}`;
      const lookup = `$o=${single(scope, e.obj)},$f=indexStr($o,${JSON.stringify(e.name)},${at})`;
      if (chunk.resumable) return `(yield* resumeCall((${lookup},$f),${missing},${encoded},[$o${rest}]))`;
      return `(${lookup},S.l=${line},typeof $f==='function'?$f:callable($f,${missing}))($o${rest})`;
    }
    const known = knownValue(scope, e.fn);
    if (typeof known === 'function' && known.gen === undefined)
      return `(S.l=${line},${constantName(chunk, known)})(${values})`;
    const fn = single(scope, e.fn);
    const local = e.fn.t === 'name' ? scope.resolve(e.fn.name) : null;
    if (local?.isFunction === true && !chunk.resumable) return `(S.l=${line},${fn})(${values})`;
    const missing = site(scope, e.line, e.fn);
    if (chunk.resumable) return `(yield* resumeCall(${fn},${missing},${encoded},[${values}]))`;
    return `($f=${fn},S.l=${line},typeof $f==='function'?$f:callable($f,${missing}))(${values})`;
  }

  return { single, multi, condition, list, site };
}
