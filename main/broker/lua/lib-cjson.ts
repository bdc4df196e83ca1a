/** The cjson table: encode, decode and their settings. Settings last as long as the engine, as in Redis. */
import { type ArgumentChecks, library } from './arguments.ts';
import { JsonDecoder } from './lib-cjson-decode.ts';
import { createEncoder } from './lib-cjson-encode.ts';
import type { Runtime } from './runtime.ts';
import type { LuaTable } from './table.ts';
import type { LuaUserdata, LuaValue } from './value.ts';

const INT_MAX = 2_147_483_647;
/**
 * Nesting is further bounded by the JavaScript stack: one level costs three frames at most.
 * Lua's own C stack ends encoding and decoding in the same way.
 */
const MAX_DEPTH = 1_000;

export interface CjsonConfig {
  sparseConvert: boolean;
  sparseRatio: number;
  sparseSafe: number;
  encodeMaxDepth: number;
  decodeMaxDepth: number;
  encodeInvalidNumbers: 'off' | 'on' | 'null';
  decodeInvalidNumbers: boolean;
  encodeNumberPrecision: number;
  keepBuffer: boolean;
}

function defaults(): CjsonConfig {
  return {
    sparseConvert: false,
    sparseRatio: 2,
    sparseSafe: 10,
    encodeMaxDepth: MAX_DEPTH,
    decodeMaxDepth: MAX_DEPTH,
    encodeInvalidNumbers: 'off',
    decodeInvalidNumbers: true,
    encodeNumberPrecision: 14,
    keepBuffer: true,
  };
}

export function createCjsonLibrary(runtime: Runtime, check: ArgumentChecks, nullValue: LuaUserdata): LuaTable {
  const { S } = runtime;
  const config = defaults();
  const encode = createEncoder(runtime, config);

  function setting(args: readonly LuaValue[], limit: number, fn: string): void {
    if (args.length > limit) check.fail(limit, fn, 'found too many arguments');
  }

  function integer(args: readonly LuaValue[], at: number, fn: string, min: number, max: number, old: number): number {
    if (args[at] === undefined) return old;
    const value = check.integer(args, at, fn);
    if (value < min || value > max) check.fail(0, fn, `expected integer between ${min} and ${max}`);
    return value;
  }

  function choice<T extends string>(
    args: readonly LuaValue[],
    at: number,
    fn: string,
    options: readonly T[],
    old: T,
  ): T {
    const value = args[at];
    if (value === undefined) return old;
    const text = typeof value === 'boolean' ? (value ? 'on' : 'off') : check.text(args, at, fn);
    return options.find((option) => option === text) ?? check.fail(at, fn, `invalid option '${text}'`);
  }

  const flag = (args: readonly LuaValue[], fn: string, old: boolean): boolean =>
    choice(args, 0, fn, ['off', 'on'], old ? 'on' : 'off') === 'on';

  return library({
    _NAME: 'cjson',
    _VERSION: '2.1.0',
    null: nullValue,

    encode: (...args) => {
      if (args.length !== 1) check.fail(0, 'encode', 'expected 1 argument');
      return encode(args[0]);
    },
    decode: (...args) => {
      if (args.length !== 1) check.fail(0, 'decode', 'expected 1 argument');
      return new JsonDecoder(S, config, check.text(args, 0, 'decode'), nullValue).decode();
    },
    encode_sparse_array: (...args) => {
      setting(args, 3, 'encode_sparse_array');
      config.sparseConvert = flag(args, 'encode_sparse_array', config.sparseConvert);
      config.sparseRatio = integer(args, 1, 'encode_sparse_array', 0, INT_MAX, config.sparseRatio);
      config.sparseSafe = integer(args, 2, 'encode_sparse_array', 0, INT_MAX, config.sparseSafe);
      return [config.sparseConvert, config.sparseRatio, config.sparseSafe];
    },
    encode_max_depth: (...args) => {
      setting(args, 1, 'encode_max_depth');
      config.encodeMaxDepth = integer(args, 0, 'encode_max_depth', 1, INT_MAX, config.encodeMaxDepth);
      return config.encodeMaxDepth;
    },
    decode_max_depth: (...args) => {
      setting(args, 1, 'decode_max_depth');
      config.decodeMaxDepth = integer(args, 0, 'decode_max_depth', 1, INT_MAX, config.decodeMaxDepth);
      return config.decodeMaxDepth;
    },
    encode_number_precision: (...args) => {
      setting(args, 1, 'encode_number_precision');
      config.encodeNumberPrecision = integer(args, 0, 'encode_number_precision', 1, 14, config.encodeNumberPrecision);
      return config.encodeNumberPrecision;
    },
    encode_keep_buffer: (...args) => {
      setting(args, 1, 'encode_keep_buffer');
      config.keepBuffer = flag(args, 'encode_keep_buffer', config.keepBuffer);
      return config.keepBuffer;
    },
    encode_invalid_numbers: (...args) => {
      setting(args, 1, 'encode_invalid_numbers');
      const value = choice(args, 0, 'encode_invalid_numbers', ['off', 'on', 'null'], config.encodeInvalidNumbers);
      config.encodeInvalidNumbers = value;
      return value === 'null' ? value : value === 'on';
    },
    decode_invalid_numbers: (...args) => {
      setting(args, 1, 'decode_invalid_numbers');
      config.decodeInvalidNumbers = flag(args, 'decode_invalid_numbers', config.decodeInvalidNumbers);
      return config.decodeInvalidNumbers;
    },
  });
}
