/** The globals that every script sees, built once and then read-only, and the chunk compiler that binds code to them. */
import { createArgumentChecks, library } from './arguments.ts';
import { toText } from './coerce.ts';
import { createChunkCompiler } from './compile-chunk.ts';
import { createBaseLibrary } from './lib-base.ts';
import { createBitLibrary } from './lib-bit.ts';
import { createCjsonLibrary } from './lib-cjson.ts';
import { createCmsgpackLibrary } from './lib-cmsgpack.ts';
import { createCoroutineLibrary } from './lib-coroutine.ts';
import { createMathLibrary, RedisRandom } from './lib-math.ts';
import { createRedisLibrary } from './lib-redis.ts';
import { createStringLibrary } from './lib-string.ts';
import { createStructLibrary } from './lib-struct.ts';
import { createTableLibrary } from './lib-table.ts';
import { createRuntime, type Runtime } from './runtime.ts';
import type { LuaState } from './state.ts';
import { LuaTable } from './table.ts';
import { type LuaFunction, LuaUserdata, type LuaValue } from './value.ts';

export interface LuaWorld {
  readonly runtime: Runtime;
  /** @throws LuaSyntaxError. `lineBase`: chunk number × CHUNK_LINES. */
  compile(source: string, chunkName: string, lineBase: number): LuaFunction;
}

/** Builtins whose calls always give exactly one value, so that generated code need not look for more. */
const SINGLE_VALUED = [
  'tonumber',
  'tostring',
  'type',
  'rawget',
  'rawset',
  'rawequal',
  'setmetatable',
  'getmetatable',
  'redis.call',
  'redis.pcall',
  'redis.sha1hex',
  'redis.error_reply',
  'redis.status_reply',
  'cjson.encode',
  'cjson.decode',
  'cmsgpack.pack',
  'string.sub',
  'string.format',
  'string.len',
  'string.lower',
  'string.upper',
  'string.rep',
  'string.reverse',
  'string.char',
  'table.concat',
  'table.getn',
  'table.maxn',
  'math.floor',
  'math.ceil',
  'math.max',
  'math.min',
  'math.abs',
  'math.random',
  'math.sqrt',
  'math.fmod',
  'math.pow',
];

export function createWorld(S: LuaState, redisVersion: string): LuaWorld {
  const stringMeta = new LuaTable();
  const runtime = createRuntime(S, stringMeta);
  const check = createArgumentChecks(runtime);
  const compile: LuaWorld['compile'] = (source, chunkName, lineBase) => compiler.compile(source, chunkName, lineBase);
  const strings = createStringLibrary(runtime, check);
  const globals = library({
    ...createBaseLibrary(runtime, check, compile),
    string: strings,
    table: createTableLibrary(runtime, check),
    math: createMathLibrary(runtime, check, new RedisRandom()),
    bit: createBitLibrary(runtime, check),
    struct: createStructLibrary(runtime, check),
    cjson: createCjsonLibrary(runtime, check, new LuaUserdata('userdata: (nil)')),
    cmsgpack: createCmsgpackLibrary(runtime, check),
    coroutine: createCoroutineLibrary(runtime, check),
    os: library({ clock: () => performance.now() / 1_000 }),
    redis: createRedisLibrary(runtime, redisVersion),
  });
  stringMeta.set('__index', strings);
  globals.set('_G', globals);
  const globalMeta = new LuaTable();
  globalMeta.set('__index', (table, key) => missingGlobal(S, table, key));
  globals.setMetatable(globalMeta);
  protectAll(globals, stringMeta);
  const compiler = createChunkCompiler(runtime, globals, singles(globals));
  return { runtime, compile };
}

/** `_G.name`: KEYS and ARGV belong to the run; anything else that is not there is an error. */
function missingGlobal(S: LuaState, _table: LuaValue, key: LuaValue): LuaValue {
  if (key === 'KEYS') return S.KEYS;
  if (key === 'ARGV') return S.ARGV;
  const name = toText(key);
  if (name === undefined) return S.fail('Second argument to luaProtectedTableError must be a string or number');
  return S.fail(`Script attempted to access nonexistent global variable '${name}'`);
}

function protectAll(...roots: LuaTable[]): void {
  for (const table of roots) {
    if (table.readonly) continue;
    table.protect();
    if (table.mt !== null) protectAll(table.mt);
    for (const value of table.hash?.values() ?? []) if (value instanceof LuaTable) protectAll(value);
  }
}

function singles(globals: LuaTable): ReadonlySet<LuaValue> {
  return new Set(
    SINGLE_VALUED.map((path) => {
      const [first = '', second] = path.split('.');
      const value = globals.getStr(first);
      if (second === undefined) return value;
      return value instanceof LuaTable ? value.getStr(second) : undefined;
    }).filter((value) => value !== undefined),
  );
}
