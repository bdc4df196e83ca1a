/** The Lua engine's own promises: flags, cache, stopping, limits, logging, and what one run leaves to the next. */
import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { createLuaEngine, LuaCompileError, type LuaHostCalls, type Reply } from '../../main/broker/lua/lua-engine.ts';
import { createTinyHost } from './lua-oracle.ts';

const run = (source: string, host: LuaHostCalls = createTinyHost()): Reply =>
  createLuaEngine().compile(source).run([], [], host);

/** A host whose script must stop once it has been asked `polls` times. */
function stoppingHost(polls: number): LuaHostCalls {
  let asked = 0;
  return { ...createTinyHost(), shouldStop: () => ++asked > polls };
}

function errorOf(reply: Reply): string {
  if (reply === null || typeof reply !== 'object' || !('error' in reply))
    throw new Error(`no error: ${JSON.stringify(reply)}`);
  return reply.error;
}

describe('compile', () => {
  test('gives the SHA-1 of the bytes and caches by it', () => {
    const engine = createLuaEngine();
    const script = engine.compile("return '\xff'");
    expect(script.sha).toBe(engine.sha1("return '\xff'"));
    expect(engine.sha1('abc')).toBe('a9993e364706816aba3e25717850c26c9cd0d89d');
    expect(engine.compile("return '\xff'")).toBe(script);
    engine.flush();
    expect(engine.compile("return '\xff'")).not.toBe(script);
  });

  test('reads the shebang line and keeps line numbers', () => {
    const engine = createLuaEngine();
    expect(engine.compile('return 1').flags).toBeNull();
    expect(engine.compile('#!lua\nreturn 1').flags).toEqual([]);
    const script = engine.compile('#!lua flags=no-writes,allow-oom\nreturn nosuch');
    expect(script.flags).toEqual(['no-writes', 'allow-oom']);
    expect(errorOf(script.run([], [], createTinyHost()))).toContain('user_script:2:');
  });

  test.each([
    ['#!lua', 'ERR Invalid script shebang'],
    ['#!python\nx', 'ERR Unexpected engine in script shebang: #!python'],
    ['#!lua name=x\nx', 'ERR Unknown lua shebang option: name=x'],
    ['#!lua flags=no-writes,bad\nx', 'ERR Unexpected flag in script shebang: bad'],
    ['return =', "ERR Error compiling script (new function): user_script:1: unexpected symbol near '='"],
    [
      `local ${Array.from({ length: 201 }, (_, at) => `v${at}`).join(',')}`,
      'ERR Error compiling script (new function): user_script:1: main function has more than 200 local variables',
    ],
    [
      `return ${'('.repeat(300)}1${')'.repeat(300)}`,
      'ERR Error compiling script (new function): user_script:1: chunk has too many syntax levels',
    ],
    [
      `return ${'1+'.repeat(100_000)}1`,
      'ERR Error compiling script (new function): user_script:1: chunk has too many syntax levels',
    ],
  ])('refuses %#', (source, message) => {
    expect(() => createLuaEngine().compile(source)).toThrow(new LuaCompileError(message));
  });

  test('names and strings of a script cannot leave their place in the generated code', () => {
    expect(
      run(
        'local constructor, __proto__, arguments, eval, S, lines = 1, 2, 3, 4, 5, 6 return {constructor, __proto__, arguments, eval, S, lines}',
      ),
    ).toEqual([1, 2, 3, 4, 5, 6]);
    expect(
      run('local t = {} t.__proto__ = 1 t.constructor = 2 return {t.__proto__, t.constructor, tostring(t.toString)}'),
    ).toEqual([1, 2, 'nil']);
    expect(run('return "\\"+process.exit(1)+\\"$[1]`\\n"')).toBe('"+process.exit(1)+"$[1]`\n');
    expect(run('local t = cjson.decode(\'{"__proto__":{"x":1}}\') return {t.__proto__.x, tostring(t.x)}')).toEqual([
      1,
      'nil',
    ]);
  });

  test('compiles every script of BullMQ', () => {
    const scripts: Record<string, unknown> = createRequire(import.meta.url)(
      '../../node_modules/bullmq/dist/cjs/scripts/index.js',
    );
    const sources = Object.values(scripts).flatMap((entry) =>
      typeof entry === 'object' && entry !== null && 'content' in entry && typeof entry.content === 'string'
        ? [entry.content]
        : [],
    );
    const engine = createLuaEngine();
    expect(sources.length).toBeGreaterThan(60);
    for (const source of sources) expect(engine.compile(source).sha).toHaveLength(40);
  });
});

describe('a script that must stop', () => {
  test.each([
    'while true do end',
    'repeat until false',
    'for i = 1, math.huge do end',
    'while true do pcall(function() while true do end end) end',
    'local function f() return pcall(f) end while true do f() end',
    'for _ in function() return 1 end do end',
    'coroutine.wrap(function() while true do end end)()',
    "string.gsub(string.rep('x', 1000), 'x', function() while true do end end)",
    "string.find(string.rep('a', 100000), '.-.-.-b')",
    "string.match(string.rep('a', 40), string.rep('a-', 40) .. 'b')",
    'table.sort({3, 2, 1}, function() while true do end end)',
    'return setmetatable({}, {__index = function() while true do end end}).x',
    "xpcall(function() while true do end end, function() return 'caught' end)",
    "load(function() return ' ' end)",
  ])('%s', (source) => {
    expect(errorOf(run(source, stoppingHost(20)))).toMatch(
      /^ERR Script killed by user with SCRIPT KILL\.\.\. script: /,
    );
  });

  test('the next run starts clean', () => {
    const engine = createLuaEngine();
    const stopped = engine.compile('local function f() while true do end end f()').run([], [], stoppingHost(3));
    expect(errorOf(stopped)).toContain('SCRIPT KILL');
    expect(engine.compile('redis.setresp(3) return 1').run([], [], createTinyHost())).toBe(1);
    expect(engine.compile('return true').run(['k'], [], createTinyHost())).toBe(1);
  });
});

describe('limits', () => {
  test('recursion ends in "stack overflow", which pcall catches', () => {
    expect(errorOf(run('local function f() return 1 + f() end return f()'))).toMatch(
      /^ERR user_script:1: stack overflow script: /,
    );
    expect(run('local function f() return 1 + f() end return (pcall(f))')).toBeNull();
    expect(
      errorOf(run('local t t = setmetatable({}, {__index = function(_, k) return t[k + 1] end}) return t[1]')),
    ).toContain('stack overflow');
    expect(run('local function f(n) if n == 0 then return 0 end return 1 + f(n - 1) end return f(2000)')).toBe(2000);
  });

  test('huge strings are refused', () => {
    expect(errorOf(run("return #string.rep('x', 2^30)"))).toContain('not enough memory');
    expect(errorOf(run("local s = 'x' while true do s = s .. s end"))).toContain('not enough memory');
    expect(errorOf(run("local s = string.rep('x', 1e8) return #table.concat({s, s, s, s, s, s})"))).toContain(
      'not enough memory',
    );
    expect(errorOf(run("return #string.gsub(string.rep('x', 1e5), 'x', string.rep('y', 1e4))"))).toContain(
      'not enough memory',
    );
  });

  test('a deep reply is cut with an error, not a crash', () => {
    const reply = JSON.stringify(run('local t = {} for i = 1, 5000 do t = {t} end return t'));
    expect(reply).toContain('reached lua stack limit');
  });

  test('deeply nested calls compile in linear time', () => {
    const started = performance.now();
    expect(run(`local f = function(x) return x end return ${'f('.repeat(180)}7${')'.repeat(180)}`)).toBe(7);
    expect(performance.now() - started).toBeLessThan(3_000);
  });
});

describe('the host', () => {
  test('gets byte strings, RESP version and log lines', () => {
    const seen: [readonly string[], number][] = [];
    const logged: string[] = [];
    const host: LuaHostCalls = {
      ...createTinyHost(logged),
      call: (args, resp) => {
        seen.push([[...args], resp]);
        return null;
      },
    };
    run("redis.call('a', 1, 1.5, '\\255') redis.setresp(3) redis.call('b') redis.log(redis.LOG_WARNING, 'x', 2)", host);
    expect(seen).toEqual([
      [['a', '1', '1.5', '\xff'], 2],
      [['b'], 3],
    ]);
    expect(logged).toEqual(['3 x 2']);
  });

  test('answers redis.acl_check_cmd', () => {
    const host: LuaHostCalls = {
      ...createTinyHost(),
      aclCheck: ([name]) =>
        name === 'nosuch' ? { error: 'ERR Invalid command passed to redis.acl_check_cmd()' } : name === 'get',
    };
    expect(
      run("return {redis.acl_check_cmd('get', 'k'), tostring(redis.acl_check_cmd('set', 'k', 'v'))}", host),
    ).toEqual([1, 'false']);
    expect(errorOf(run("redis.acl_check_cmd('nosuch')", host))).toMatch(
      /^ERR Invalid command passed to redis\.acl_check_cmd\(\) script: /,
    );
  });

  test('replies of every kind reach the script', () => {
    const reply: Reply = [
      1,
      'b',
      null,
      { status: 'OK' },
      true,
      { double: 1.5 },
      { bigNumber: '12' },
      { verbatim: { format: 'txt', text: 'v' } },
      { map: [['k', 1]] },
      { set: ['m'] },
      [[]],
    ];
    const host: LuaHostCalls = { ...createTinyHost(), call: () => reply };
    const source = `redis.setresp(3) local r = redis.call('x')
      return {r[1], r[2], tostring(r[3]), r[4].ok, tostring(r[5]), tostring(r[6].double), r[7].big_number,
        r[8].verbatim_string.format .. r[8].verbatim_string.string, r[9].map.k, tostring(r[10].set.m), #r[11]}`;
    expect(run(source, host)).toEqual([1, 'b', 'nil', 'OK', 'true', '1.5', '12', 'txtv', 1, 'true', 1]);
  });
});

test('what 7.2 has and 7.0 has not: os.clock', () => {
  expect(run('return os.clock() > 0')).toBe(1);
  expect(errorOf(run('os.exit()'))).toContain("attempt to call field 'exit' (a nil value)");
});
