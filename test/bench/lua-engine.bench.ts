/** Prints the time of the Lua engine alone: compiling BullMQ's scripts, and three of them on a host that answers at once. */
import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';
import { createLuaEngine, type LuaHostCalls, type Reply } from '../../main/broker/lua/lua-engine.ts';

const require = createRequire(import.meta.url);
const ROUNDS = 20_000;
const WARM_UP = 5_000;

/** BullMQ's scripts by name; only files with a script in them count. */
function loadScripts(): Map<string, string> {
  const found = new Map<string, string>();
  const modules: Record<string, unknown> = require('../../node_modules/bullmq/dist/cjs/scripts/index.js');
  for (const [name, module] of Object.entries(modules)) {
    if (typeof module === 'object' && module !== null && 'content' in module && typeof module.content === 'string') {
      found.set(name, module.content);
    }
  }
  return found;
}

/** A host that gives each command the answer it has on the usual way of one job. */
function createHost(): LuaHostCalls {
  let id = 0;
  const jobFields = [
    'name',
    'send',
    'data',
    '{"to":"x"}',
    'opts',
    '{"attempts":1}',
    'timestamp',
    '1700000000000',
    'delay',
    '0',
    'priority',
    '0',
  ];
  const answers: Record<string, (args: readonly string[]) => Reply> = {
    INCR: () => ++id,
    EXISTS: (args) => (args[1]?.endsWith(':1') === true ? 1 : 0),
    HGET: () => null,
    HMGET: (args) => args.slice(2).map(() => null),
    HGETALL: () => jobFields.slice(),
    RPOPLPUSH: () => '1',
    ZRANGEBYSCORE: () => [],
    ZRANGE: () => [],
    XADD: () => '1-1',
    GET: () => 'token',
    SET: () => ({ status: 'OK' }),
    HMSET: () => ({ status: 'OK' }),
    ZCARD: () => 0,
    SCARD: () => 0,
    PTTL: () => -2,
  };
  const nothing = (): Reply => 1;
  return {
    call: (args) => (answers[args[0] ?? ''] ?? nothing)(args),
    log: () => undefined,
    nowMs: () => Date.now(),
    shouldStop: () => false,
  };
}

/** MessagePack of plain values, as BullMQ's client sends them. */
function pack(value: unknown): string {
  if (value === null || value === undefined) return '\xc0';
  if (typeof value === 'boolean') return value ? '\xc3' : '\xc2';
  if (typeof value === 'number') return value >= 0 && value < 128 ? String.fromCharCode(value) : packDouble(value);
  if (typeof value === 'string')
    return (
      (value.length < 32 ? String.fromCharCode(0xa0 | value.length) : `\xd9${String.fromCharCode(value.length)}`) +
      value
    );
  if (Array.isArray(value)) return String.fromCharCode(0x90 | value.length) + value.map(pack).join('');
  const entries = Object.entries(value);
  return String.fromCharCode(0x80 | entries.length) + entries.map(([key, item]) => pack(key) + pack(item)).join('');
}

function packDouble(value: number): string {
  const buffer = Buffer.alloc(9, 0xcb);
  buffer.writeDoubleBE(value, 1);
  return buffer.toString('latin1');
}

const prefix = 'mr:node:queue:';
const keys = (...names: string[]): string[] => names.map((name) => prefix + name);
const CASES: Record<string, { keys: string[]; args: string[] }> = {
  addStandardJob: {
    keys: keys('wait', 'paused', 'meta', 'id', 'completed', 'delayed', 'active', 'events', 'marker'),
    args: [
      pack([prefix, '', 'send', 1_700_000_000_000, null, null, null, null, null, null]),
      '{"to":"someone@example.org","n":1}',
      pack({ attempts: 1, removeOnComplete: true }),
    ],
  },
  moveToActive: {
    keys: keys(
      'wait',
      'active',
      'prioritized',
      'events',
      'stalled',
      'limiter',
      'delayed',
      'paused',
      'meta',
      'pc',
      'marker',
    ),
    args: [prefix, '1700000000000', pack({ token: 'token', lockDuration: 30_000, limiter: null, name: 'worker' })],
  },
  moveToFinished: {
    keys: keys(
      'wait',
      'active',
      'prioritized',
      'events',
      'stalled',
      'limiter',
      'delayed',
      'paused',
      'meta',
      'pc',
      'completed',
      '1',
      'metrics:completed',
      'marker',
    ),
    args: [
      '1',
      '1700000000001',
      'returnvalue',
      '{"ok":true}',
      'completed',
      '1',
      prefix,
      pack({
        token: 'token',
        name: 'worker',
        keepJobs: { count: -1 },
        lockDuration: 30_000,
        attempts: 1,
        maxMetricsSize: '',
        fpof: false,
        cpof: false,
        idof: false,
        rdof: false,
      }),
    ],
  },
};

function median(samples: number[]): number {
  return samples.sort((a, b) => a - b)[Math.floor(samples.length / 2)] ?? 0;
}

const scripts = loadScripts();
const engine = createLuaEngine();
const before = performance.now();
for (const source of scripts.values()) engine.compile(source);
console.log(`compile: ${scripts.size} scripts in ${(performance.now() - before).toFixed(1)} ms`);
for (const [name, { keys: scriptKeys, args }] of Object.entries(CASES)) {
  const script = engine.compile(scripts.get(name) ?? '');
  const host = createHost();
  let last: Reply = null;
  for (let at = 0; at < WARM_UP; at++) last = script.run(scriptKeys, args, host);
  const samples: number[] = [];
  const started = performance.now();
  for (let at = 0; at < ROUNDS; at++) {
    const from = performance.now();
    last = script.run(scriptKeys, args, host);
    samples.push((performance.now() - from) * 1_000);
  }
  const mean = ((performance.now() - started) * 1_000) / ROUNDS;
  console.log(
    `${name.padEnd(16)} p50 ${median(samples).toFixed(2)} µs, mean ${mean.toFixed(2)} µs, reply ${JSON.stringify(last)?.slice(0, 100)}`,
  );
}
