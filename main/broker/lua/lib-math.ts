/** Lua's math library with Redis's own random numbers (drand48), the same after the same seed everywhere. */
import { type ArgumentChecks, library } from './arguments.ts';
import type { Runtime } from './runtime.ts';
import type { LuaTable } from './table.ts';
import type { LuaResult, LuaValue } from './value.ts';

/** rand.c of Redis: x' = x·A + C mod 2^48. */
const MULTIPLIER = 0x5deece66dn;
const INCREMENT = 0xbn;
const SEED_LOW = 0x330en;
/** State before any seed: Redis 7 neither seeds at its start nor before each script. */
const START = 0x1234abcd330en;
const RANDOM_MAX = 0x7fffffff;

/** The 48-bit generator; `seed` is what math.randomseed sets. */
export class RedisRandom {
  #x = START;

  seed(seed: number): void {
    this.#x = (BigInt.asUintN(32, BigInt(seed)) << 16n) | SEED_LOW;
  }

  /** A 31-bit integer. */
  next(): number {
    this.#x = BigInt.asUintN(48, this.#x * MULTIPLIER + INCREMENT);
    return Number(this.#x >> 17n);
  }
}

export function createMathLibrary(runtime: Runtime, check: ArgumentChecks, random: RedisRandom): LuaTable {
  const { S } = runtime;
  const unary = (name: string, fn: (x: number) => number) =>
    [name, (...args: LuaValue[]) => fn(check.number(args, 0, name))] as const;
  const binary = (name: string, fn: (x: number, y: number) => number) =>
    [name, (...args: LuaValue[]) => fn(check.number(args, 0, name), check.number(args, 1, name))] as const;

  function extreme(name: string, better: (candidate: number, best: number) => boolean) {
    return [
      name,
      (...args: LuaValue[]): LuaValue => {
        let best = check.number(args, 0, name);
        for (let at = 1; at < args.length; at++) {
          const candidate = check.number(args, at, name);
          if (better(candidate, best)) best = candidate;
        }
        return best;
      },
    ] as const;
  }

  function nextRandom(...args: LuaValue[]): LuaValue {
    const r = (random.next() % RANDOM_MAX) / RANDOM_MAX;
    if (args.length === 0) return r;
    if (args.length > 2) return S.fail('wrong number of arguments');
    const low = args.length === 1 ? 1 : check.int(args, 0, 'random');
    const high = check.int(args, args.length - 1, 'random');
    if (low > high) check.fail(args.length - 1, 'random', 'interval is empty');
    return Math.floor(r * (high - low + 1)) + low;
  }

  function frexp(...args: LuaValue[]): LuaResult {
    const x = check.number(args, 0, 'frexp');
    if (x === 0 || !Number.isFinite(x)) return [x, 0];
    let exponent = Math.max(-1023, Math.floor(Math.log2(Math.abs(x))) + 1);
    let mantissa = x * 2 ** -exponent;
    while (Math.abs(mantissa) < 0.5) {
      mantissa *= 2;
      exponent--;
    }
    while (Math.abs(mantissa) >= 1) {
      mantissa /= 2;
      exponent++;
    }
    return [mantissa, exponent];
  }

  function modf(...args: LuaValue[]): LuaResult {
    const x = check.number(args, 0, 'modf');
    const whole = Math.trunc(x);
    return [whole, Number.isFinite(x) ? x - whole : Number.isNaN(x) ? x : 0];
  }

  const fields: Record<string, LuaValue> = Object.fromEntries([
    unary('abs', Math.abs),
    unary('acos', Math.acos),
    unary('asin', Math.asin),
    unary('atan', Math.atan),
    unary('ceil', Math.ceil),
    unary('cos', Math.cos),
    unary('cosh', Math.cosh),
    unary('deg', (x) => x / (Math.PI / 180)),
    unary('exp', Math.exp),
    unary('floor', Math.floor),
    unary('log', Math.log),
    unary('log10', Math.log10),
    unary('rad', (x) => x * (Math.PI / 180)),
    unary('sin', Math.sin),
    unary('sinh', Math.sinh),
    unary('sqrt', Math.sqrt),
    unary('tan', Math.tan),
    unary('tanh', Math.tanh),
    binary('atan2', Math.atan2),
    binary('fmod', (x, y) => x % y),
    binary('mod', (x, y) => x % y),
    binary('pow', (x, y) => x ** y),
    extreme('max', (candidate, best) => candidate > best),
    extreme('min', (candidate, best) => candidate < best),
  ]);
  return library({
    ...fields,
    frexp,
    modf,
    huge: Number.POSITIVE_INFINITY,
    ldexp: (...args) => scale(check.number(args, 0, 'ldexp'), check.int(args, 1, 'ldexp')),
    pi: Math.PI,
    random: nextRandom,
    randomseed: (...args) => {
      random.seed(check.int(args, 0, 'randomseed'));
      return [];
    },
  });
}

/** x · 2^exponent without overflowing on the way. */
function scale(x: number, exponent: number): number {
  const half = Math.trunc(Math.max(-2200, Math.min(2200, exponent)) / 2);
  const rest = Math.max(-2200, Math.min(2200, exponent)) - half;
  return x * 2 ** half * 2 ** rest;
}
