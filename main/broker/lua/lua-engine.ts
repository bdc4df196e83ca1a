/**
 * The door to the Lua engine: what the server gives to a script, what it gets back, and the compile-and-cache entry.
 * It knows nothing of sockets or the keyspace; every command goes through `LuaHostCalls`.
 *
 * Where it differs from redis-server 7.0.15 (each has its test in test/broker/lua-*.test.ts):
 * `#t` of a table with holes is the end of its dense part; pairs goes by insertion; NaN always prints "-nan";
 * string.dump refuses; tail calls use stack, and functions nest `maxDepth` deep, not 20 000; a chain of thousands of
 * operators in one expression is "too many syntax levels"; errors of builtins called under another name show the builtin's own;
 * a coroutine cannot yield out of a chunk whose source does not contain the word `coroutine`;
 * in `d[f()]` and `d + f()` a local `d` is read before `f` runs, where Lua 5.1 reads its register after (its manual leaves it open);
 * 0 and -0 in one function are two constants, where Lua 5.1 takes the first for both;
 * math and `^` may differ in the last digit; `os.clock` is there, as in 7.2; error({}) answers "ERR unknown error" where 7.0.15 crashes.
 */

export type { LuaHostCalls, Reply } from './host.ts';
export { LuaCompileError, type ScriptFlag } from './shebang.ts';

import { toText } from './coerce.ts';
import { luaToReply } from './convert.ts';
import type { LuaHostCalls, Reply } from './host.ts';
import { LuaSyntaxError } from './lexer.ts';
import { caughtValue } from './lib-base.ts';
import { sha1Hex } from './lib-redis.ts';
import { LuaCompileError, readShebang, type ScriptFlag } from './shebang.ts';
import { LuaState } from './state.ts';
import { LuaTable } from './table.ts';
import { first, LuaError, type LuaFunction, LuaStop } from './value.ts';
import { createWorld, type LuaWorld } from './world.ts';

/** One script, ready to run any number of times. */
export interface CompiledScript {
  /** Lower-case hex SHA-1 of the source bytes, shebang line included. */
  readonly sha: string;
  readonly flags: readonly ScriptFlag[] | null;
  /** Runs the script; errors of the script come back as `{error}`, complete with Redis's ` script: <sha>, on …` tail. */
  run(keys: readonly string[], args: readonly string[], calls: LuaHostCalls): Reply;
}

export interface LuaEngine {
  /** @param source script bytes as latin1. @throws LuaCompileError with Redis's text. Cached by SHA-1. */
  compile(source: string): CompiledScript;
  sha1(source: string): string;
  /** Forgets the compiled scripts (SCRIPT FLUSH). */
  flush(): void;
}

export interface LuaEngineOptions {
  /** What redis.REDIS_VERSION says. */
  readonly redisVersion?: string;
  /**
   * How deep Lua functions may nest before "stack overflow". The default fits Node's usual stack of 984 KiB;
   * a worker with `resourceLimits.stackSizeMb: 32` carries Redis's own 20 000.
   */
  readonly maxDepth?: number;
}

/** Scripts kept compiled; the oldest goes first. Whoever promised EVALSHA keeps its own CompiledScript. */
const MAX_CACHED = 2_000;
const DEFAULT_MAX_DEPTH = 2_500;
const DEFAULT_VERSION = '7.2.0';

/** A fresh Lua world: globals, libraries and script cache of its own. Scripts of one engine never overlap. */
export function createLuaEngine(options: LuaEngineOptions = {}): LuaEngine {
  const S = new LuaState(options.maxDepth ?? DEFAULT_MAX_DEPTH);
  const world = createWorld(S, options.redisVersion ?? DEFAULT_VERSION);
  const cache = new Map<string, CompiledScript>();

  function compile(source: string): CompiledScript {
    const sha = sha1Hex(source);
    const known = cache.get(sha);
    if (known !== undefined) return known;
    const { flags, body } = readShebang(source);
    const script = { sha, flags, run: createRunner(S, world, compileBody(world, body), sha) };
    if (cache.size >= MAX_CACHED) cache.delete(cache.keys().next().value ?? '');
    cache.set(sha, script);
    return script;
  }

  return { compile, sha1: sha1Hex, flush: () => cache.clear() };
}

function compileBody(world: LuaWorld, body: string): LuaFunction {
  try {
    return world.compile(body, 'user_script', 0);
  } catch (thrown) {
    if (thrown instanceof LuaSyntaxError) throw compileError(thrown.message);
    // Long chains of operators nest in the generated code deeper than JavaScript's own parser can go.
    if (thrown instanceof RangeError) throw compileError('user_script:1: chunk has too many syntax levels');
    throw thrown;
  }
}

function compileError(message: string): LuaCompileError {
  return new LuaCompileError(`ERR Error compiling script (new function): ${message}`);
}

function createRunner(S: LuaState, world: LuaWorld, main: LuaFunction, sha: string): CompiledScript['run'] {
  return (keys, args, calls) => {
    S.begin(calls, new LuaTable([...keys]), new LuaTable([...args]));
    try {
      return luaToReply(first(main()), S.resp);
    } catch (thrown) {
      return { error: describeError(S, world, thrown, sha) };
    } finally {
      S.host = null;
    }
  };
}

/** The reply for a script that failed: the error's own text, then where it was raised. */
function describeError(S: LuaState, world: LuaWorld, thrown: unknown, sha: string): string {
  const line = thrown instanceof LuaError || thrown instanceof LuaStop ? thrown.line : S.currentLine();
  const value = thrown instanceof LuaStop ? thrown.message : caughtValue(thrown);
  let text: string;
  if (value instanceof LuaTable) text = toText(value.getStr('err')) ?? 'ERR unknown error';
  else text = `ERR ${world.runtime.plainText(value)}`;
  const { source, number } = S.sourceOf(line);
  const tail = number < 0 && thrown instanceof LuaStop ? '.' : `, on ${source}:${number}.`;
  return `${text} script: ${sha}${tail}`.replaceAll(/[\r\n]/g, ' ');
}
