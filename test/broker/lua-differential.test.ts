/** The Lua engine beside its oracles: Debian's redis-server, and Redis's Lua compiled to WebAssembly. */
import fc from 'fast-check';
import { LuaWasmEngine, type ReplyValue } from 'lua-redis-wasm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLuaEngine, LuaCompileError, type Reply } from '../../main/broker/lua/lua-engine.ts';
import { hasRedisServer } from '../support/redis-server.ts';
import { loadCorpus } from './lua-corpus.ts';
import { createTinyHost, type RedisOracle, startRedis } from './lua-oracle.ts';
import { randomProgram } from './lua-random-program.ts';

const KEYS = ['key1', 'key2'];
const ARGV = ['arg1', 'arg\xff2', '3'];
const corpus = loadCorpus();

/** Programs whose answer differs from redis-server 7.0.15, with the reason. */
const DIFFERENT_FROM_REDIS: Readonly<Record<string, string>> = {
  "return tostring(tonumber('nan'))":
    'JavaScript cannot tell the sign of a NaN: always "-nan", which is what 0/0 prints on x86',
  'return pcall()': 'reads below its C stack in Redis; here the error Lua itself gives',
  'return {pcall(pcall)}': 'reads below its C stack in Redis; here the error Lua itself gives',
  'local t={} t[1]=1 t[2]=2 t[4]=4 return #t':
    '# of a table with holes may be any border; here the end of the dense part',
  'return string.dump(function() end) ~= nil': 'there is no bytecode to dump',
  'local t={1,2} table.insert(t,-1,9) return {#t,t[1],t[2],tostring(t[-1])}': '# of a table with holes',
  'local t={1,2} table.insert(t,0,9) return {#t, t[0], t[1]}': '# of a table with holes',
  'local t={1,nil,3} return {table.remove(t,1), tostring(t[1]), tostring(t[2]), #t}': '# of a table with holes',
};

const LAST_VALUE = 'lua-redis-wasm takes the last of several returned values, Redis the first';
const LONG_32 = 'long has 32 bits in WebAssembly';
const LIBC = 'another C library, or the 32-bit casts of WebAssembly';
const UPSTREAM = "upstream's Lua, where Debian's behaves otherwise";

/** Programs of the corpus on which lua-redis-wasm itself differs from redis-server, with the reason. */
const WASM_DIFFERS: readonly (readonly [start: string, reason: string])[] = [
  ["return tostring(tonumber('0x'))..", LIBC],
  ["return tostring(tonumber('0xff',16))..", LONG_32],
  ['return 0x', LIBC],
  ['return {cmsgpack.pack(1.5)', LIBC],
  ['return {cmsgpack.pack(2^63)', LIBC],
  ["return tostring(cmsgpack.unpack('\\207", LIBC],
  ["return struct.pack('bBhHlLiIT'", LONG_32],
  ["return struct.pack('>bBhHlLiIT'", LONG_32],
  ["return {struct.unpack('l'", LONG_32],
  ["return {tostring((struct.unpack('L'", LONG_32],
  ["return {struct.size('i')", LONG_32],
  ['return (function(...) return select(2,...) end)(1,2,3)', LAST_VALUE],
  ["local s = 'abc' return s.len", 'a returned function is an error there, nil in Redis'],
  ["return string.format('%u',-1)", LIBC],
  ["return string.format('%x',-1)", LIBC],
  ["return string.format('%d',1e18)", LONG_32],
  ["return string.format('%d',1e19)", LONG_32],
  ["return string.format('%d',2^53)", LONG_32],
  ["return string.match('key=value'", LAST_VALUE],
  ['return string.match(\'"x" y\'', LAST_VALUE],
  ["return string.match('abc','((a)(b))')", LAST_VALUE],
  ["return string.gfind('x','x')", 'a returned function is an error there, nil in Redis'],
  ['return unpack({1,2,3})', LAST_VALUE],
  ["return select(2,'a','b','c')", LAST_VALUE],
  ['return assert(1,2)', LAST_VALUE],
  ['return tostring(cjson.null)', LIBC],
  ["return select('#',pcall(error,{a=1}))", UPSTREAM],
  ['return {load(function() return nil end)}', 'a returned function is an error there, nil in Redis'],
  ["return load(function() error('reader') end)", LAST_VALUE],
];

/** A fresh engine's answer; compile errors as the error reply that the server sends. */
function evaluate(source: string, args: readonly string[] = ARGV): Reply {
  try {
    return createLuaEngine().compile(source).run(KEYS, args, createTinyHost());
  } catch (thrown) {
    if (thrown instanceof LuaCompileError) return { error: thrown.message };
    throw thrown;
  }
}

describe.runIf(hasRedisServer)('beside redis-server', () => {
  let redis: RedisOracle;
  /** The corpus changes cjson's settings, which last as long as the server: the other tests have one of their own. */
  let fresh: RedisOracle;
  beforeAll(async () => {
    [redis, fresh] = await Promise.all([startRedis(), startRedis()]);
  });
  afterAll(async () => {
    await Promise.all([redis.stop(), fresh.stop()]);
  });

  async function ask(source: string, args: readonly string[] = ARGV, server = fresh): Promise<Reply> {
    await server.client.send('FLUSHALL');
    return server.client.send('EVAL', source, String(KEYS.length), ...KEYS, ...args);
  }

  test.each([...corpus.keys()])('corpus: %s', async (group) => {
    for (const source of corpus.get(group) ?? []) {
      const expected = await ask(source, ARGV, redis);
      if (source in DIFFERENT_FROM_REDIS) expect(evaluate(source), source).not.toEqual(expected);
      else expect(evaluate(source), source).toEqual(expected);
    }
  });

  test('numbers print alike in every format', async () => {
    const source = `local r = {}
      for i, v in ipairs(ARGV) do
        local n = tonumber(v)
        r[i] = tostring(n) .. cjson.encode(n) .. redis.call('echo', n) ..
          string.format('|%g|%.3f|%.0f|%e|%.10g|%.17g|%d|%x|%5.1f', n, n, n, n, n, n, n, n, n)
      end
      return r`;
    const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
    const decimal = fc
      .tuple(fc.integer({ min: -1_000_000, max: 1_000_000 }), fc.integer({ min: 0, max: 9 }))
      .map(([n, e]) => n / 10 ** e);
    for (const kind of [finite, decimal]) {
      const numbers = fc
        .sample(kind, { numRuns: 1_500, seed: 7 })
        .map((value) => (Object.is(value, -0) ? '-0' : String(value)));
      expect(evaluate(source, numbers)).toEqual(await ask(source, numbers));
    }
  });

  test('texts turn into numbers alike', async () => {
    const source = `local r = {} for i, v in ipairs(ARGV) do r[i] = tostring(tonumber(v)) .. tostring(tonumber(v, 16)) end return r`;
    const texts = fc.sample(
      fc.string({ unit: fc.constantFrom(...'0123456789+-.eExXaf \t\0'.split('')), maxLength: 8 }),
      { numRuns: 3_000, seed: 11 },
    );
    expect(evaluate(source, texts)).toEqual(await ask(source, texts));
  });

  test('patterns match alike', async () => {
    const source = `local r = {}
      for i = 1, #ARGV, 2 do
        local s, p = ARGV[i], ARGV[i + 1]
        r[#r + 1] = { pcall(string.find, s, p) }
        r[#r + 1] = { pcall(string.gsub, s, p, '<%0>') }
      end
      return r`;
    const subject = fc.string({ unit: fc.constantFrom(...'aab12 .%-]'.split('')), maxLength: 12 });
    const piece = fc.constantFrom(
      'a',
      'b',
      '.',
      '%a',
      '%d',
      '%s',
      '%w',
      '%.',
      '[ab]',
      '[^a]',
      '[%d-]',
      '(a)',
      '(.-)',
      '()',
      '%1',
      '*',
      '+',
      '-',
      '?',
      '^',
      '$',
      '%b12',
      '%f[%a]',
      '[a-',
      '%',
    );
    const pattern = fc.array(piece, { maxLength: 5 }).map((pieces) => pieces.join(''));
    const pairs = fc.sample(fc.tuple(subject, pattern), { numRuns: 3_000, seed: 13 }).flat();
    expect(evaluate(source, pairs)).toEqual(await ask(source, pairs));
  });

  test('packed and JSON bytes are read alike', async () => {
    const source = `local function flat(v, d)
        if type(v) ~= 'table' then return type(v) .. ':' .. tostring(v) end
        local r = {}
        for k, x in pairs(v) do r[#r + 1] = tostring(k) .. '=' .. flat(x, d + 1) end
        table.sort(r)
        return '{' .. table.concat(r, ',') .. '}'
      end
      local r = {}
      for i, v in ipairs(ARGV) do
        for _, read in ipairs({ cjson.decode, cmsgpack.unpack }) do
          local ok, got = pcall(read, v)
          r[#r + 1] = tostring(ok) .. flat(got, 0)
        end
      end
      return r`;
    const json = fc.string({
      unit: fc.constantFrom(
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        '"a"',
        '"\\u00e9"',
        '1',
        '-2.5e3',
        'null',
        'true',
        ' ',
        '"',
        '\\',
      ),
      maxLength: 9,
    });
    const packed = fc.string({
      unit: fc.constantFrom(
        '\x00',
        '\x7f',
        '\x81',
        '\x92',
        '\xa1',
        '\xc0',
        '\xc3',
        '\xcc',
        '\xcd',
        '\xd0',
        '\xd9',
        '\xdc',
        '\xe0',
        'a',
      ),
      maxLength: 9,
    });
    const texts = [
      ...fc.sample(json, { numRuns: 2_500, seed: 17 }),
      ...fc.sample(packed, { numRuns: 2_500, seed: 19 }),
    ];
    expect(evaluate(source, texts)).toEqual(await ask(source, texts));
  });

  test('random programs answer alike', async () => {
    for (let seed = 1; seed <= 600; seed++) {
      const source = randomProgram(seed);
      expect(evaluate(source), source).toEqual(await ask(source));
    }
  });
});

describe('beside lua-redis-wasm', () => {
  const text = (bytes: Buffer): string => bytes.toString('latin1');

  /** Errors count as errors only: their wording is the host's there. */
  function simplify(reply: ReplyValue): unknown {
    if (Buffer.isBuffer(reply)) return text(reply);
    if (Array.isArray(reply)) return reply.map(simplify);
    if (reply === null || typeof reply !== 'object') return typeof reply === 'bigint' ? Number(reply) : reply;
    if ('err' in reply) return 'error';
    return 'ok' in reply ? { status: text(reply.ok) } : 'other';
  }

  function simplifyOurs(reply: Reply): unknown {
    if (Array.isArray(reply)) return reply.map(simplifyOurs);
    if (reply === null || typeof reply !== 'object') return reply;
    if ('error' in reply) return 'error';
    return 'status' in reply ? reply : 'other';
  }

  // Its host cannot say all that a command can, and its math.random and cjson settings last from program to program.
  test.each([
    'arithmetic',
    'statements',
    'errors',
    'strings',
    'metatables',
    'packing',
    'tables',
    'control',
  ])('corpus: %s', async (group) => {
    const host = { redisCall: () => null, redisPcall: () => null, log: () => undefined };
    const wasm = await LuaWasmEngine.create({ host });
    for (const source of corpus.get(group) ?? []) {
      if (source in DIFFERENT_FROM_REDIS || source.includes('redis.')) continue;
      const bytes = (values: readonly string[]): Buffer[] => values.map((value) => Buffer.from(value, 'latin1'));
      const theirs = wasm.evalWithArgs(Buffer.from(source, 'latin1'), bytes(KEYS), bytes(ARGV));
      const known = WASM_DIFFERS.some(([start]) => source.startsWith(start));
      if (known) expect(simplifyOurs(evaluate(source)), source).not.toEqual(simplify(theirs));
      else expect(simplifyOurs(evaluate(source)), source).toEqual(simplify(theirs));
    }
  });
});
