/**
 * The door to the Lua engine: what the server gives to a script, what it gets back, and the compile-and-cache entry.
 * It knows nothing of sockets or the keyspace; every command goes through `LuaHostCalls`.
 */

/**
 * Values that cross between Lua and the server: what `redis.call` returns and what a script returns.
 * Strings are latin1 "byte strings": one char per byte, 0–255. The object forms beyond `status` and `error` are RESP3's;
 * a host gives them to a script only when `call` asked for RESP3, but a script may return any of them at any time
 * (the reply writer downgrades them for RESP2 clients, as Redis does).
 */
export type Reply =
  | null
  | string
  | number
  | boolean
  | { readonly status: string }
  | { readonly error: string }
  | { readonly double: number }
  | { readonly bigNumber: string }
  | { readonly verbatim: { readonly format: string; readonly text: string } }
  | { readonly map: readonly (readonly [Reply, Reply])[] }
  | { readonly set: readonly Reply[] }
  | readonly Reply[];

/** What a script may ask of the server. */
export interface LuaHostCalls {
  /**
   * Runs one command for redis.call/pcall; args are byte strings. Never throws for command errors: returns {error}
   * (text with its code, without "-": "WRONGTYPE Operation …"). `resp` is 3 after redis.setresp(3), else 2:
   * with 2, maps, sets and doubles must come in their RESP2 shapes. Arrays are taken over by the script: give fresh ones.
   */
  call(args: readonly string[], resp: 2 | 3): Reply;
  /** redis.log: level 0 debug, 1 verbose, 2 notice, 3 warning. */
  log(level: number, message: string): void;
  nowMs(): number;
  /** true once the script must stop (SCRIPT KILL or time limit); polled by the loop budget. */
  shouldStop(): boolean;
  /** redis.acl_check_cmd; without it every command counts as allowed. */
  aclCheck?(args: readonly string[]): boolean;
  /** Error text for a redis.acl_check_cmd or redis.call of an unknown command is the host's own. */
}

/** Flags of a `#!lua flags=…` line; `null` flags mean a script without that line (Redis's compatibility mode). */
export type ScriptFlag = 'no-writes' | 'allow-oom' | 'allow-stale' | 'no-cluster' | 'allow-cross-slot-keys';

/** One script, ready to run any number of times. */
export interface CompiledScript {
  /** Lower-case hex SHA-1 of the source bytes, shebang line included. */
  readonly sha: string;
  readonly flags: readonly ScriptFlag[] | null;
  /** Runs the script; errors of the script come back as `{error}`, complete with Redis's ` script: <sha>, on …` tail. */
  run(keys: readonly string[], args: readonly string[], calls: LuaHostCalls): Reply;
}

/** Thrown by `compile`; the message is the whole error reply ("ERR Error compiling script (new function): …"). */
export class LuaCompileError extends Error {
  override readonly name = 'LuaCompileError';
}

export interface LuaEngine {
  /** @param source script bytes as latin1. @throws LuaCompileError with Redis's text. Cached by SHA-1. */
  compile(source: string): CompiledScript;
  sha1(source: string): string;
  /** Forgets the compiled scripts (SCRIPT FLUSH). */
  flush(): void;
}
