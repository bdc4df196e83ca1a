/** The `redis` table: calls to commands, replies of the two special kinds, logging and the version. */
import { createHash } from 'node:crypto';
import { library } from './arguments.ts';
import { toNumber, toText } from './coerce.ts';
import { errorTable, replyToLua, toArgument } from './convert.ts';
import type { LuaHostCalls } from './host.ts';
import type { Runtime } from './runtime.ts';
import { LuaTable } from './table.ts';
import { EMPTY, LuaError, type LuaResult, type LuaValue } from './value.ts';

/** Redis's PROPAGATE_AOF and PROPAGATE_REPL. */
const REPL_AOF = 1;
const REPL_REPLICA = 2;
const LOG_DEBUG = 0;
const LOG_WARNING = 3;
/** Lua frames above which redis.call first makes sure that the command still has stack to run on. */
const DEEP = 100;
/** What a command costs of the loop budget: a slow one takes as long as this many turns of a loop. */
const STEPS_PER_COMMAND = 50;
/** Stack that a command may need, as recursion turns of `probe`. */
const PROBE_TURNS = 1_500;

/** SHA-1 of latin1 bytes, lower-case hex. */
export function sha1Hex(bytes: string): string {
  return createHash('sha1').update(bytes, 'latin1').digest('hex');
}

function probe(turns: number): number {
  return turns === 0 ? 0 : 1 + probe(turns - 1);
}

export function createRedisLibrary(runtime: Runtime, version: string): LuaTable {
  const { S } = runtime;

  function raise(text: string): never {
    throw new LuaError(errorTable(text), S.currentLine());
  }

  function host(fn: string): LuaHostCalls {
    return S.host ?? raise(`${fn} can only be called inside a script invocation`);
  }

  /** Arguments as byte strings, or the error text. */
  function commandArguments(args: readonly LuaValue[]): string[] | string {
    if (args.length === 0) return 'Please specify at least one argument for this redis lib call';
    const words: string[] = new Array(args.length);
    for (let at = 0; at < args.length; at++) {
      const word = toArgument(args[at]);
      if (word === undefined) return 'Lua redis lib command arguments must be strings or integers';
      words[at] = word;
    }
    return words;
  }

  function run(words: readonly string[]): LuaValue {
    // A stack overflow inside a command could leave the keyspace half changed.
    if (S.d > DEEP) probe(PROBE_TURNS);
    S.spend(STEPS_PER_COMMAND);
    const reply = host('redis.call/pcall').call(words, S.resp);
    return typeof reply === 'string' || typeof reply === 'number' ? reply : replyToLua(reply, S.resp);
  }

  function call(...args: LuaValue[]): LuaValue {
    const words = commandArguments(args);
    if (typeof words === 'string') return raise(words);
    const value = run(words);
    if (value instanceof LuaTable && value.hash !== null && value.hash.has('err'))
      throw new LuaError(value, S.currentLine());
    return value;
  }

  function pcall(...args: LuaValue[]): LuaValue {
    const words = commandArguments(args);
    return typeof words === 'string' ? errorTable(words) : run(words);
  }

  function errorReply(...args: LuaValue[]): LuaValue {
    const [text] = args;
    if (args.length !== 1 || typeof text !== 'string') return errorTable('wrong number or type of arguments');
    return errorTable(text.startsWith('-') ? text : `-${text}`);
  }

  function statusReply(...args: LuaValue[]): LuaValue {
    const [text] = args;
    if (args.length !== 1 || typeof text !== 'string') return errorTable('wrong number or type of arguments');
    return new LuaTable([], new Map<LuaValue, LuaValue>([['ok', text]]));
  }

  function log(...args: LuaValue[]): LuaResult {
    const [level, ...words] = args;
    if (args.length < 2) raise('redis.log() requires two arguments or more.');
    if (typeof level !== 'number') return raise('First argument must be a number (log level).');
    if (level < LOG_DEBUG || level > LOG_WARNING) raise('Invalid debug level.');
    const message = words.map((word) => toText(word)).filter((word) => word !== undefined);
    host('redis.log').log(Math.trunc(level), message.join(' '));
    return EMPTY;
  }

  function setresp(...args: LuaValue[]): LuaResult {
    if (args.length !== 1) raise('redis.setresp() requires one argument.');
    const version = Math.trunc(toNumber(args[0]) ?? 0);
    if (version !== 2 && version !== 3) return raise('RESP version must be 2 or 3.');
    S.resp = version;
    return EMPTY;
  }

  function setRepl(...args: LuaValue[]): LuaResult {
    if (args.length !== 1) raise('redis.set_repl() requires two arguments.');
    const flags = Math.trunc(toNumber(args[0]) ?? 0);
    if ((flags & ~(REPL_AOF | REPL_REPLICA)) !== 0) {
      raise('Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.');
    }
    return EMPTY;
  }

  function sha1hex(...args: LuaValue[]): LuaValue {
    if (args.length !== 1) raise('wrong number of arguments');
    return sha1Hex(toText(args[0]) ?? '');
  }

  function aclCheck(...args: LuaValue[]): LuaValue {
    const words = commandArguments(args);
    if (typeof words === 'string') return raise(words);
    const answer = host('redis.acl_check_cmd').aclCheck?.(words) ?? true;
    return typeof answer === 'boolean' ? answer : raise(`-${answer.error}`);
  }

  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  return library({
    call,
    pcall,
    log,
    setresp,
    sha1hex,
    error_reply: errorReply,
    status_reply: statusReply,
    set_repl: setRepl,
    acl_check_cmd: aclCheck,
    replicate_commands: () => true,
    breakpoint: () => false,
    debug: () => EMPTY,
    LOG_DEBUG,
    LOG_VERBOSE: 1,
    LOG_NOTICE: 2,
    LOG_WARNING,
    REPL_NONE: 0,
    REPL_AOF,
    REPL_SLAVE: REPL_REPLICA,
    REPL_REPLICA,
    REPL_ALL: REPL_AOF | REPL_REPLICA,
    REDIS_VERSION: version,
    REDIS_VERSION_NUM: (major << 16) | (minor << 8) | patch,
  });
}
