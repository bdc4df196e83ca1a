/**
 * Lua's coroutine library over generators. Only chunks whose source names `coroutine` are compiled into generators;
 * a function of any other chunk (loadstring's with a hidden name) runs in a coroutine but cannot yield from it.
 */
import { type ArgumentChecks, library } from './arguments.ts';
import { caughtValue } from './lib-base.ts';
import type { Runtime } from './runtime.ts';
import type { LuaTable } from './table.ts';
import { all, LuaError, type LuaFunction, type LuaResult, LuaStop, LuaThread, type LuaValue } from './value.ts';

const BOUNDARY = 'attempt to yield across metamethod/C-call boundary';

export function createCoroutineLibrary(runtime: Runtime, check: ArgumentChecks): LuaTable {
  const { S } = runtime;

  function thread(args: readonly LuaValue[], fn: string): LuaThread {
    const [value] = args;
    return value instanceof LuaThread ? value : check.fail(0, fn, 'coroutine expected');
  }

  // biome-ignore lint/correctness/useYield: the one function of a coroutine that cannot yield
  function* plain(fn: LuaFunction, args: LuaValue[]): Generator<LuaValue[], LuaResult, LuaValue[]> {
    return fn(...args);
  }

  /** Runs a coroutine to its next yield or its end: [true, …values] or [false, error]. */
  function resume(co: LuaThread, args: LuaValue[]): LuaValue[] {
    if (co.status !== 'suspended') {
      return [false, `cannot resume ${co.status} coroutine`];
    }
    const { d, l, cDepth, thread: outer } = S;
    if (outer !== null) outer.status = 'normal';
    co.status = 'running';
    S.thread = co;
    try {
      S.enterC();
      const first = co.running === null;
      co.running ??= co.body.gen === undefined ? plain(co.body, args) : co.body.gen(...args);
      const step = first ? co.running.next() : co.running.next(args);
      co.status = step.done === true ? 'dead' : 'suspended';
      return [true, ...all(step.value)];
    } catch (thrown) {
      co.status = 'dead';
      if (thrown instanceof LuaStop) throw thrown;
      return [false, caughtValue(thrown)];
    } finally {
      S.d = d;
      S.l = l;
      S.cDepth = cDepth;
      S.thread = outer;
      if (outer !== null) outer.status = 'running';
    }
  }

  function create(args: readonly LuaValue[], fn: string): LuaThread {
    const [body] = args;
    return typeof body === 'function' ? new LuaThread(body) : check.fail(0, fn, 'Lua function expected');
  }

  function wrap(...args: LuaValue[]): LuaValue {
    const co = create(args, 'wrap');
    return (...values) => {
      const [ok, ...results] = resume(co, values);
      if (ok === true) return results;
      const [error] = results;
      throw new LuaError(typeof error === 'string' ? S.where(1) + error : error, S.currentLine());
    };
  }

  const yieldValues: LuaFunction = () => {
    throw S.error(BOUNDARY);
  };
  yieldValues.gen = function* (...values) {
    if (S.thread === null) throw S.error(BOUNDARY);
    return yield values;
  };

  return library({
    create: (...args) => create(args, 'create'),
    resume: (...args) => resume(thread(args, 'resume'), args.slice(1)),
    running: () => S.thread ?? undefined,
    status: (...args) => thread(args, 'status').status,
    wrap,
    yield: yieldValues,
  });
}
