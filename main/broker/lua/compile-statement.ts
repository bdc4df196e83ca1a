/** Statements and function bodies to JavaScript, with the loop budget and the call-depth bookkeeping of state.ts. */
import type { Block, Expr, FunctionNode, Stat, Target } from './ast.ts';
import { createExpressionCompiler, isMulti, knownValue } from './compile-expression.ts';
import { type ChunkContext, FunctionScope } from './scope.ts';
import type { LuaValue } from './value.ts';

/** At the entry of a function. */
const POLL = 'if(--S.n<0)S.poll();';

/** In a loop that begins at `line`: it may never call anything, so nothing else tells where it is. */
function loopPoll(scope: FunctionScope, line: number): string {
  return `if(--S.n<0)S.poll(${scope.chunk.lineBase + line});`;
}

/** JavaScript for a whole chunk: an expression that is the main function. */
export function compileMain(chunk: ChunkContext, node: FunctionNode): string {
  return compileFunction(null, node, chunk);
}

const expressions = createExpressionCompiler((scope, node) => compileFunction(scope, node, scope.chunk));
const { single, multi, condition, list, site } = expressions;

function compileFunction(parent: FunctionScope | null, node: FunctionNode, chunk: ChunkContext): string {
  const scope = new FunctionScope(chunk, parent, node.line);
  scope.open();
  const params = node.params.map((param) => scope.declare(param).js);
  if (node.vararg) params.push('...$va');
  // Lua 5.1 gives vararg functions a local `arg`, filled only when the body has no `...`; the main chunk has none.
  const arg = node.vararg && parent !== null ? scope.declare('arg') : null;
  const body = block(scope, node.body);
  const prologue = arg?.used === true ? `let ${arg.js}${node.usesVararg ? '' : '=makeArg($va)'};` : '';
  scope.close();
  const code = `{if(++S.d>MAX_DEPTH)S.overflow();lines[S.d]=S.l;${POLL}let $t,$f,$o;${prologue}${body}`;
  const end = node.body.at(-1)?.t === 'return' ? '}' : 'S.d--;return EMPTY;}';
  const head = `(${params.join(',')})${code}${end}`;
  return chunk.resumable ? `resumable(function*${head})` : `(function${head})`;
}

function block(scope: FunctionScope, body: Block): string {
  return body.map((stat) => statement(scope, stat)).join('\n');
}

function scoped(scope: FunctionScope, body: Block): string {
  scope.open();
  const code = block(scope, body);
  scope.close();
  return code;
}

function statement(scope: FunctionScope, stat: Stat): string {
  switch (stat.t) {
    case 'local':
      return local(scope, stat.names, stat.values);
    case 'localfunc': {
      const local = scope.declare(stat.name);
      local.isFunction = !scope.chunk.assigned.has(stat.name);
      return `let ${local.js}=${single(scope, stat.fn)};`;
    }
    case 'assign':
      return assign(scope, stat.targets, stat.values, stat.line);
    case 'callstat':
      return `${multi(scope, stat.call)};`;
    case 'do':
      return `{${scoped(scope, stat.body)}}`;
    case 'while':
      return `while(${condition(scope, stat.cond)}){${loopPoll(scope, stat.line)}${scoped(scope, stat.body)}}`;
    case 'repeat': {
      scope.open();
      const body = block(scope, stat.body);
      const until = condition(scope, stat.cond);
      scope.close();
      return `for(;;){${loopPoll(scope, stat.line)}${body}\nif(${until})break;}`;
    }
    case 'if':
      return stat.arms
        .map((arm, at) => {
          const head = arm.cond === null ? 'else' : `${at === 0 ? '' : 'else '}if(${condition(scope, arm.cond)})`;
          return `${head}{${scoped(scope, arm.body)}}`;
        })
        .join('');
    case 'fornum':
      return numericFor(scope, stat);
    case 'forin':
      return genericFor(scope, stat);
    case 'return':
      return returned(scope, stat.values);
    case 'break':
      return 'break;';
  }
}

/** Code that evaluates `values` in order into `count` JavaScript names; `bind` makes each declaration. */
function evaluate(
  scope: FunctionScope,
  values: readonly Expr[],
  count: number,
  bind: (at: number, js: string) => string,
): string {
  const parts: string[] = [];
  for (let at = 0; at < Math.max(values.length, count); at++) {
    const value = values[at];
    if (value === undefined) parts.push(bind(at, 'undefined'));
    else if (at >= count) parts.push(`${multi(scope, value)};`);
    else if (at === values.length - 1 && at < count - 1 && isMulti(value)) {
      const all = scope.temp();
      parts.push(`const ${all}=${value.t === 'vararg' ? '$va' : `all(${multi(scope, value)})`};`);
      for (let rest = at; rest < count; rest++) parts.push(bind(rest, `${all}[${rest - at}]`));
      break;
    } else parts.push(bind(at, single(scope, value)));
  }
  return parts.join('');
}

function local(scope: FunctionScope, names: readonly string[], values: readonly Expr[]): string {
  // The names become visible only after the values.
  const slots = names.map((name) => scope.name(name));
  const constants = names.map((name, at) => aliasOf(scope, name, values[at]));
  const code = evaluate(scope, values, names.length, (at, js) =>
    js === 'undefined' ? `let ${slots[at]};` : `let ${slots[at]}=${js};`,
  );
  names.forEach((name, at) => {
    scope.declare(name, slots[at]).constant = constants[at];
  });
  return code;
}

/** The builtin that `local name = …` stands for from then on (`local call = redis.call`); undefined for other values. */
function aliasOf(scope: FunctionScope, name: string, value: Expr | undefined): LuaValue {
  if (value === undefined || scope.chunk.assigned.has(name)) return undefined;
  const known = knownValue(scope, value);
  return typeof known === 'function' ? known : undefined;
}

function store(scope: FunctionScope, target: Target, value: string, line: number): string {
  if (target.t === 'name') {
    const found = scope.resolve(target.name);
    if (found !== null) return `${found.js}=${value};`;
    return `globalWrite(${value},${scope.chunk.lineBase + line});`;
  }
  const at = site(scope, line, target.obj);
  const obj = single(scope, target.obj);
  if (target.key.t === 'str') return `setStr(${obj},${JSON.stringify(target.key.v)},${value},${at});`;
  return `setIndex(${obj},${single(scope, target.key)},${value},${at});`;
}

function assign(scope: FunctionScope, targets: readonly Target[], values: readonly Expr[], line: number): string {
  const [only] = targets;
  const [value] = values;
  if (only !== undefined && targets.length === 1 && value !== undefined && values.length === 1) {
    return store(scope, only, single(scope, value), line);
  }
  let code = '';
  const places = targets.map((target) => {
    if (target.t === 'name') return { obj: '', key: '' };
    const obj = scope.temp();
    const key = scope.temp();
    code += `const ${obj}=${single(scope, target.obj)},${key}=${single(scope, target.key)};`;
    return { obj, key };
  });
  const slots = targets.map(() => scope.temp());
  code += evaluate(scope, values, targets.length, (at, js) => `const ${slots[at]}=${js};`);
  // Lua stores from the last target to the first.
  for (let at = targets.length - 1; at >= 0; at--) {
    const target = targets[at];
    const place = places[at];
    const slot = slots[at];
    if (target === undefined || place === undefined || slot === undefined) continue;
    if (target.t === 'name') code += store(scope, target, slot, line);
    else code += `setIndex(${place.obj},${place.key},${slot},${site(scope, line, target.obj)});`;
  }
  return `{${code}}`;
}

function returned(scope: FunctionScope, values: readonly Expr[]): string {
  const [only] = values;
  if (only === undefined) return 'S.d--;return EMPTY;';
  if (values.length > 1) return `{const $r=[${list(scope, values)}];S.d--;return $r;}`;
  if (only.t === 'vararg') return 'S.d--;return $va;';
  return `{const $r=${multi(scope, only, true)};S.d--;return $r;}`;
}

function numericFor(scope: FunctionScope, stat: Stat & { t: 'fornum' }): string {
  const line = scope.chunk.lineBase + stat.line;
  let values = '';
  let checks = '';
  // All three are evaluated before the first is checked.
  const bound = (e: Expr, what: string): string => {
    if (e.t === 'num') return single(scope, e);
    const [raw, checked] = [scope.temp(), scope.temp()];
    values += `const ${raw}=${single(scope, e)};`;
    checks += `const ${checked}=forNumber(${raw},'${what}',${line});`;
    return checked;
  };
  const from = bound(stat.from, 'initial value');
  const to = bound(stat.to, 'limit');
  const step = stat.step === null ? '1' : bound(stat.step, 'step');
  const index = scope.temp();
  scope.open();
  const variable = scope.declare(stat.name).js;
  const body = block(scope, stat.body);
  scope.close();
  const upwards = stat.step === null || (stat.step.t === 'num' && stat.step.v > 0);
  const test = upwards ? `${index}<=${to}` : `${step}>0?${index}<=${to}:${index}>=${to}`;
  return `{${values}${checks}for(let ${index}=${from};${test};${index}+=${step}){${loopPoll(scope, stat.line)}let ${variable}=${index};${body}}}`;
}

function genericFor(scope: FunctionScope, stat: Stat & { t: 'forin' }): string {
  const special = walk(scope, stat);
  if (special !== null) return special;
  const [fn, state, control, result] = [scope.temp(), scope.temp(), scope.temp(), scope.temp()];
  const line = scope.chunk.lineBase + stat.line;
  const poll = loopPoll(scope, stat.line);
  const slots = [fn, state, control];
  const setup = evaluate(scope, stat.exprs, 3, (at, js) => `let ${slots[at]}=${js};`);
  scope.open();
  const variables = stat.names.map((name) => scope.declare(name).js);
  const body = block(scope, stat.body);
  scope.close();
  const call = `(S.l=${line},typeof ${fn}==='function'?${fn}:callable(${fn},"${line}|"))(${state},${control})`;
  const single = variables[0] ?? '$v';
  const others = variables.slice(1);
  const unpack = `let ${[single, ...others].join(',')};if(${result} instanceof Array){${[single, ...others]
    .map((js, at) => `${js}=${result}[${at}];`)
    .join('')}}else ${single}=${result};`;
  return `{${setup}for(;;){${poll}const ${result}=${call};${unpack}if(${single}===undefined)break;${control}=${single};${body}}}`;
}

/** `for … in pairs(t)` and `ipairs(t)` without an iterator function; null when the loop is something else. */
function walk(scope: FunctionScope, stat: Stat & { t: 'forin' }): string | null {
  const [only] = stat.exprs;
  if (stat.exprs.length !== 1 || only?.t !== 'call' || only.fn.t !== 'name' || only.args.length !== 1) return null;
  const [arg] = only.args;
  const kind = only.fn.name;
  if (arg === undefined || isMulti(arg) || (kind !== 'pairs' && kind !== 'ipairs') || scope.resolve(kind) !== null)
    return null;
  const [table, step] = [scope.temp(), scope.temp()];
  const line = scope.chunk.lineBase + only.line;
  const poll = loopPoll(scope, stat.line);
  const value = single(scope, arg);
  scope.open();
  const variables = stat.names.map((name) => scope.declare(name).js);
  const body = block(scope, stat.body);
  scope.close();
  const [key, item] = variables;
  const rest = variables
    .slice(2)
    .map((js) => `let ${js};`)
    .join('');
  const setup = `const ${table}=walkable(${value},'${kind}',${line});`;
  if (kind === 'ipairs') {
    const got = item ?? scope.temp();
    return `{${setup}for(let ${step}=1;;${step}++){${poll}let ${got}=${table}.getInt(${step});if(${got}===undefined)break;let ${key}=${step};${rest}${body}}}`;
  }
  const second = item === undefined ? '' : `let ${item}=${step}.value;`;
  return `{${setup}const ${step}=new PairsWalk(${table});while(${step}.next()){${poll}let ${key}=${step}.key;${second}${rest}${body}}}`;
}
