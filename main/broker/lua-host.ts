/**
 * Binds the Lua engine to the command table: what redis.call may do, under whose rights, and how replies cross. Compiling and running
 * Lua is the engine's; EVAL and SCRIPT are in commands/scripting.ts.
 *
 * Redis 7 checks a script's calls one by one, undeclared keys included: so does this. The caller's user counts, not the script's.
 */
import { arityError, type Command, resolveSubcommand } from './command.ts';
import type { Engine } from './engine.ts';
import {
  type CompiledScript,
  createLuaEngine,
  LuaCompileError,
  type LuaEngine,
  type Reply as LuaReply,
} from './lua/lua-engine.ts';
import { formatDouble } from './numbers.ts';
import * as replies from './replies.ts';
import { ErrorReply, type Reply } from './replies.ts';
import { denialOf } from './rights.ts';
import type { Session } from './session.ts';

export interface LuaHost {
  /** Compiles and keeps a script; throws ErrorReply when it does not compile. Returns its SHA-1. */
  load(source: string): string;
  has(sha: string): boolean;
  flush(): void;
  /** Runs a kept script for `session`; undefined when it is not kept. */
  run(
    session: Session,
    sha: string,
    keys: readonly string[],
    args: readonly string[],
    readOnly: boolean,
  ): Reply | undefined;
  readonly count: number;
  readonly bytes: number;
}

interface Running {
  readonly caller: Session;
  readonly session: Session;
  readonly readOnly: boolean;
  readonly flags: readonly string[] | null;
}

const WRITING_SCRIPT = new ErrorReply('ERR Can not execute a script with write flag using *_ro command.');
/** Not writes, but refused to read-only scripts as if they were. */
const MAY_REPLICATE: ReadonlySet<string> = new Set(['publish', 'spublish']);
const WRITE_IN_READ_ONLY = 'ERR Write commands are not allowed from read-only scripts.';

export function createLuaHost(engine: Engine): LuaHost {
  const lua: LuaEngine = createLuaEngine();
  const scripts = new Map<string, { script: CompiledScript; bytes: number }>();
  let scriptSession: Session | undefined;
  let running: Running | undefined;

  function sessionFor(caller: Session): Session {
    scriptSession ??= engine.newSession('script');
    scriptSession.db = caller.db;
    scriptSession.user = caller.user;
    scriptSession.authenticated = true;
    scriptSession.mayNotBlock = true;
    scriptSession.resp = 2;
    return scriptSession;
  }

  const calls = {
    call: (argv: readonly string[], resp: 2 | 3): LuaReply => {
      if (running === undefined) return { error: 'ERR no script is running' };
      running.session.resp = resp;
      return toLua(callCommand(engine, running, argv), resp);
    },
    log: (level: number, message: string) => {
      const write = level >= 3 ? engine.logger.warn : level >= 2 ? engine.logger.info : engine.logger.debug;
      write.call(engine.logger, { source: 'script' }, message);
    },
    nowMs: () => engine.clock.nowMs(),
    shouldStop: () => engine.scripts.look(),
    aclCheck: (argv: readonly string[]): boolean => {
      const command = lookUp(engine, argv);
      if (command instanceof ErrorReply) return false;
      return running === undefined || engine.acl.check(running.caller.user, command, argv) === undefined;
    },
  };

  return {
    load(source) {
      const sha = lua.sha1(source);
      if (scripts.has(sha)) return sha;
      try {
        scripts.set(sha, { script: lua.compile(source), bytes: source.length });
      } catch (error) {
        if (error instanceof LuaCompileError) throw new ErrorReply(error.message);
        throw error;
      }
      return sha;
    },
    has: (sha) => scripts.has(sha.toLowerCase()),
    flush() {
      scripts.clear();
      lua.flush();
    },
    run(session, sha, keys, args, readOnly) {
      const script = (scripts.get(sha) ?? scripts.get(sha.toLowerCase()))?.script;
      if (script === undefined) return undefined;
      if (readOnly && script.flags !== null && !script.flags.includes('no-writes')) return WRITING_SCRIPT;
      const noWrites = readOnly || (script.flags?.includes('no-writes') ?? false);
      running = {
        caller: session,
        session: sessionFor(session),
        readOnly: noWrites,
        flags: script.flags,
      };
      engine.scripts.begin(session.user.scriptLimitMs);
      try {
        return fromLua(script.run(keys, args, calls));
      } finally {
        running = undefined;
        engine.scripts.end();
      }
    },
    get count() {
      return scripts.size;
    },
    get bytes() {
      let sum = 0;
      for (const { bytes } of scripts.values()) sum += bytes;
      return sum;
    },
  };
}

function lookUp(engine: Engine, argv: readonly string[]): Command | ErrorReply {
  const container = engine.table.get(argv[0] ?? '');
  if (container === undefined) return new ErrorReply('ERR Unknown Redis command called from script');
  const command = container.subcommands.size === 0 ? container : resolveSubcommand(container, argv);
  return command instanceof ErrorReply ? new ErrorReply('ERR Unknown Redis command called from script') : command;
}

function callCommand(engine: Engine, running: Running, argv: readonly string[]): Reply {
  const command = lookUp(engine, argv);
  if (command instanceof ErrorReply) return command;
  if (arityError(command, argv.length) !== undefined) {
    return new ErrorReply('ERR Wrong number of args calling Redis command from script');
  }
  if (command.noScript) return new ErrorReply('ERR This Redis command is not allowed from script');
  if (!running.caller.user.unrestricted) {
    const refusal = denialOf(running.caller, command, argv, 'lua');
    if (refusal !== undefined) return scriptRefusal(refusal);
  }
  if (running.readOnly && MAY_REPLICATE.has(command.name)) return new ErrorReply(WRITE_IN_READ_ONLY);
  if (command.writes) {
    if (running.readOnly) return new ErrorReply(WRITE_IN_READ_ONLY);
    if (engine.log.writeRefusal !== undefined) return engine.log.writeRefusal;
    // A script that has begun to write is let finish: half of it would be worse than a little more memory.
    const oom =
      command.denyOom &&
      !engine.scripts.wrote &&
      engine.maxMemoryBytes > 0 &&
      engine.usedMemoryBytes > engine.maxMemoryBytes;
    if (oom && !running.flags?.includes('allow-oom')) return replies.OOM;
    engine.scripts.wrote = true;
  }
  const reply = engine.execute(running.session, command, argv);
  return reply;
}

/** Redis 7.2's words for a refusal inside a script. */
function scriptRefusal(refusal: ErrorReply): ErrorReply {
  return new ErrorReply(`ERR ACL failure in script: ${refusal.error.replace(/^NOPERM /, '')}`);
}

/** A reply as a script sees it. Plain values pass as they are; only the rarer kinds are rebuilt. */
function toLua(reply: Reply, resp: 2 | 3): LuaReply {
  if (typeof reply === 'string' || typeof reply === 'number' || reply === null) return reply;
  if (typeof reply === 'bigint') return Number(reply);
  if (reply instanceof replies.Status || reply instanceof ErrorReply) return reply;
  if (reply instanceof replies.DoubleReply) return resp === 3 ? reply : replyText(reply);
  if (reply instanceof replies.NullArray || reply instanceof replies.NoReply) return null;
  if (reply instanceof replies.MapReply) {
    const items = reply.items.map((item) => toLua(item, resp));
    if (resp === 2) return items;
    return { map: pairsOf(items) };
  }
  if (reply instanceof replies.SetReply || reply instanceof replies.PushReply || reply instanceof replies.MultiReply) {
    const items = reply.items.map((item) => toLua(item, resp));
    return resp === 3 && reply instanceof replies.SetReply ? { set: items } : items;
  }
  if (reply instanceof replies.VerbatimReply) {
    return resp === 3 ? { verbatim: { format: reply.format, text: reply.text } } : reply.text;
  }
  if (reply instanceof replies.BoolReply) return resp === 3 ? reply.value : reply.value ? 1 : 0;
  if (reply instanceof replies.BigNumberReply) return resp === 3 ? reply : reply.bigNumber;
  if (isList(reply)) return listToLua(reply, resp);
  return null;
}

function isList(reply: Reply): reply is readonly Reply[] {
  return Array.isArray(reply);
}

function listToLua(items: readonly Reply[], resp: 2 | 3): LuaReply {
  return items.map((item) => toLua(item, resp));
}

function pairsOf(items: readonly LuaReply[]): (readonly [LuaReply, LuaReply])[] {
  const pairs: [LuaReply, LuaReply][] = [];
  for (let i = 0; i < items.length; i += 2) pairs.push([items[i] ?? null, items[i + 1] ?? null]);
  return pairs;
}

function replyText(reply: replies.DoubleReply): string {
  return formatDouble(reply.double);
}

/** What a script returned, as a reply to its client. */
function fromLua(value: LuaReply): Reply {
  if (typeof value === 'string' || typeof value === 'number' || value === null) return value;
  if (typeof value === 'boolean') return new replies.BoolReply(value);
  if (isLuaList(value)) return value.map(fromLua);
  if ('status' in value) return new replies.Status(value.status);
  if ('error' in value) return new ErrorReply(value.error);
  if ('double' in value) return new replies.DoubleReply(value.double);
  if ('bigNumber' in value) return new replies.BigNumberReply(value.bigNumber);
  if ('verbatim' in value) return new replies.VerbatimReply(value.verbatim.format, value.verbatim.text);
  if ('map' in value) return new replies.MapReply(value.map.flatMap(([k, v]) => [fromLua(k), fromLua(v)]));
  return new replies.SetReply(value.set.map(fromLua));
}

function isLuaList(value: LuaReply): value is readonly LuaReply[] {
  return Array.isArray(value);
}
