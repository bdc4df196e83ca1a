/** The two types between the Lua engine and the server: what a command answers, and what a script may ask for. */

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
  /** Polled by the loop budget: true or the reason once the script must stop. */
  shouldStop(): boolean | string;
  /** redis.acl_check_cmd: allowed or not, or an error ("Invalid command passed to redis.acl_check_cmd()"); without it everything is allowed. */
  aclCheck?(args: readonly string[]): boolean | { readonly error: string };
}
