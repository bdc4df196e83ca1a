/** Strings as arrays of bits. */
import { declareCommands, type Handler } from '../command.ts';
import { integer, integerIn, parseInt64, shrink } from '../numbers.ts';
import * as replies from '../replies.ts';
import { err, type Reply, SYNTAX } from '../replies.ts';
import type { Session } from '../session.ts';
import { at, readString, stringOf, upper } from './support.ts';

const TABLE = `
bitcount | -2 | readonly | ROa:1 | bitmap | - | 2.6.0 | O(N) | integer | Counts the number of set bits (population counting) in a string.
bitfield | -2 | write denyoom | RWauv:1 | bitmap | - | 3.2.0 | O(1) for each subcommand specified | array | Performs arbitrary bitfield integer operations on strings.
bitfield_ro | -2 | readonly fast | ROa:1 | bitmap | - | 6.0.0 | O(1) for each subcommand specified | array | Performs arbitrary read-only bitfield integer operations on strings.
bitop | -4 | write denyoom | OWu:2 ROa:3,-1 | bitmap | - | 2.6.0 | O(N) | integer | Performs bitwise operations on multiple strings, and stores the result.
bitpos | -3 | readonly | ROa:1 | bitmap | - | 2.8.7 | O(N) | integer | Finds the first set (1) or clear (0) bit in a string.
getbit | 3 | readonly fast | ROa:1 | bitmap | - | 2.2.0 | O(1) | integer | Returns a bit value by offset.
setbit | 4 | write denyoom | RWau:1 | bitmap | - | 2.2.0 | O(1) | integer | Sets or clears the bit at offset of the string value. Creates the key if it doesn't exist.
`;

/** The offset of a bit within the longest string, `#n` counting in fields of `bits`. */
function bitOffset(session: Session, text: string, bits = 0): number {
  const scaled = bits > 0 && text.startsWith('#');
  const most = session.engine.config.number('proto-max-bulk-len') * 8 - 1;
  const unit = scaled ? bits : 1;
  return integerIn(scaled ? text.slice(1) : text, 0, Math.floor(most / unit), replies.BIT_OFFSET) * unit;
}

const setbit: Handler = (session, argv) => {
  const key = at(argv, 1);
  const offset = bitOffset(session, at(argv, 2));
  const bit = at(argv, 3);
  if (bit !== '0' && bit !== '1') throw replies.BIT_VALUE;
  const index = Math.floor(offset / 8);
  const old = stringOf(session, key);
  const value = (old ?? '').padEnd(index + 1, '\0');
  const byte = value.charCodeAt(index);
  const mask = 128 >> (offset % 8);
  const next = bit === '1' ? byte | mask : byte & ~mask;
  if (next !== byte || value.length !== old?.length) {
    session.db.put(key, value.slice(0, index) + String.fromCharCode(next) + value.slice(index + 1), true);
    session.db.changed(key);
  }
  return byte & mask ? 1 : 0;
};

function bitAt(value: string, offset: number): number {
  const byte = value.charCodeAt(Math.floor(offset / 8));
  return Number.isNaN(byte) ? 0 : (byte >> (7 - (offset % 8))) & 1;
}

const getbit: Handler = (session, argv) => {
  const offset = bitOffset(session, at(argv, 2));
  return bitAt(readString(session, at(argv, 1)) ?? '', offset);
};

/** Resolves a start and an end (in bytes or bits) to a half-open range of bits; undefined when it is empty. */
function bitRange(
  value: string,
  first: number,
  last: number,
  unit: 'BYTE' | 'BIT',
): { from: number; to: number } | undefined {
  const total = unit === 'BIT' ? value.length * 8 : value.length;
  let start = first;
  let end = last;
  if (start < 0) start = Math.max(0, total + start);
  if (end < 0) end = Math.max(0, total + end);
  end = Math.min(end, total - 1);
  if (start > end) return undefined;
  return unit === 'BIT' ? { from: start, to: end + 1 } : { from: start * 8, to: (end + 1) * 8 };
}

function unitOf(word: string): 'BYTE' | 'BIT' {
  if (word === 'BYTE' || word === 'BIT') return word;
  throw SYNTAX;
}

const bitcount: Handler = (session, argv) => {
  const value = readString(session, at(argv, 1));
  if (value === undefined) return 0;
  if (argv.length === 3 || argv.length > 5) throw SYNTAX;
  const start = argv.length > 2 ? integer(at(argv, 2)) : 0;
  const end = argv.length > 2 ? integer(at(argv, 3)) : -1;
  const unit = argv.length === 5 ? unitOf(upper(argv, 4)) : 'BYTE';
  const range = start < 0 && end < 0 && start > end ? undefined : bitRange(value, start, end, unit);
  if (range === undefined) return 0;
  let count = 0;
  let i = range.from;
  for (; i < range.to; ) {
    if (i % 8 !== 0 || i + 8 > range.to) {
      count += bitAt(value, i++);
      continue;
    }
    for (let byte = value.charCodeAt(i / 8); byte > 0; byte &= byte - 1) count++;
    i += 8;
  }
  return count;
};

const bitpos: Handler = (session, argv) => {
  const bit = at(argv, 2);
  if (integer(bit) !== 0 && integer(bit) !== 1) throw err('The bit argument must be 1 or 0.');
  const value = readString(session, at(argv, 1));
  if (value === undefined) return bit === '1' ? -1 : 0;
  if (argv.length > 6) throw SYNTAX;
  const start = argv.length > 3 ? integer(at(argv, 3)) : 0;
  const unit = argv.length === 6 ? unitOf(upper(argv, 5)) : 'BYTE';
  const end = argv.length > 4 ? integer(at(argv, 4)) : -1;
  const range = bitRange(value, start, end, unit);
  if (range === undefined || value === '') return -1;
  const wanted = Number(bit);
  for (let i = range.from; i < range.to; i++) if (bitAt(value, i) === wanted) return i;
  // Without an end, the string is thought of as padded with zeros.
  return wanted === 0 && argv.length < 5 ? value.length * 8 : -1;
};

const bitop: Handler = (session, argv) => {
  const operation = upper(argv, 1);
  if (!['AND', 'OR', 'XOR', 'NOT'].includes(operation)) throw SYNTAX;
  if (operation === 'NOT' && argv.length !== 4) throw err('BITOP NOT must be called with a single source key.');
  const target = at(argv, 2);
  const sources = argv.slice(3).map((key) => readString(session, key) ?? '');
  const size = Math.max(...sources.map((each) => each.length));
  if (size === 0) {
    if (session.db.remove(target)) session.db.changed(target);
    return 0;
  }
  const out = Buffer.alloc(size);
  for (let i = 0; i < size; i++) {
    const bytes = sources.map((each) => (i < each.length ? each.charCodeAt(i) : 0));
    if (operation === 'NOT') out[i] = ~(bytes[0] ?? 0);
    else out[i] = bytes.reduce((a, b) => (operation === 'AND' ? a & b : operation === 'OR' ? a | b : a ^ b));
  }
  session.db.put(target, out.toString('latin1'));
  session.db.changed(target);
  return size;
};

interface Field {
  readonly signed: boolean;
  readonly bits: number;
  readonly offset: number;
}

function fieldOf(session: Session, typeText: string, offsetText: string): Field {
  const parts = /^([iu])([1-9]\d?)$/.exec(typeText);
  const signed = parts?.[1] === 'i';
  const bits = Number(parts?.[2] ?? '0');
  if (parts === null || bits < 1 || bits > (signed ? 64 : 63)) {
    throw err('Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.');
  }
  return { signed, bits, offset: bitOffset(session, offsetText, bits) };
}

function readField(bytes: Buffer, { signed, bits, offset }: Field): bigint {
  let value = 0n;
  for (let i = offset; i < offset + bits; i++)
    value = (value << 1n) | BigInt(((bytes[i >> 3] ?? 0) >> (7 - (i & 7))) & 1);
  return signed ? BigInt.asIntN(bits, value) : value;
}

function writeField(bytes: Buffer, { bits, offset }: Field, value: bigint): void {
  for (let n = 0; n < bits; n++) {
    const i = offset + n;
    const mask = 128 >> (i & 7);
    const bit = (value >> BigInt(bits - 1 - n)) & 1n;
    const old = bytes[i >> 3] ?? 0;
    bytes[i >> 3] = bit === 1n ? old | mask : old & ~mask;
  }
}

type Overflow = 'WRAP' | 'SAT' | 'FAIL';

/** The value as it fits into the field; undefined when it does not and overflow fails. */
function fitField({ signed, bits }: Field, value: bigint, overflow: Overflow): bigint | undefined {
  const max = signed ? (1n << BigInt(bits - 1)) - 1n : (1n << BigInt(bits)) - 1n;
  const min = signed ? -(1n << BigInt(bits - 1)) : 0n;
  if (value >= min && value <= max) return value;
  if (overflow === 'FAIL') return undefined;
  if (overflow === 'SAT') return value > max ? max : min;
  return signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
}

interface FieldOperation {
  readonly kind: 'GET' | 'SET' | 'INCRBY';
  readonly field: Field;
  readonly operand: bigint;
  readonly overflow: Overflow;
}

function operandOf(text: string): bigint {
  const value = parseInt64(text);
  if (value === undefined) throw replies.NOT_INTEGER;
  return BigInt(value);
}

function parseBitfield(session: Session, argv: readonly string[], readOnly: boolean): FieldOperation[] {
  const operations: FieldOperation[] = [];
  let overflow: Overflow = 'WRAP';
  for (let i = 2; i < argv.length; ) {
    const kind = upper(argv, i);
    if (kind === 'OVERFLOW' && i + 1 < argv.length) {
      const word = upper(argv, i + 1);
      if (word !== 'WRAP' && word !== 'SAT' && word !== 'FAIL') throw err('Invalid OVERFLOW type specified');
      overflow = word;
      i += 2;
      continue;
    }
    const size = kind === 'GET' ? 3 : 4;
    if ((kind !== 'GET' && kind !== 'SET' && kind !== 'INCRBY') || i + size > argv.length) throw SYNTAX;
    if (readOnly && kind !== 'GET') throw err('BITFIELD_RO only supports the GET subcommand');
    const field = fieldOf(session, at(argv, i + 1), at(argv, i + 2));
    const operand = kind === 'GET' ? 0n : operandOf(at(argv, i + 3));
    operations.push({ kind, field, operand, overflow });
    i += size;
  }
  return operations;
}

const bitfield =
  (readOnly: boolean): Handler =>
  (session, argv) => {
    const operations = parseBitfield(session, argv, readOnly);
    const key = at(argv, 1);
    const old = (readOnly ? readString(session, key) : stringOf(session, key)) ?? '';
    const writes = operations.filter(({ kind }) => kind !== 'GET');
    const neededBytes = Math.max(0, ...writes.map(({ field }) => Math.ceil((field.offset + field.bits) / 8)));
    const bytes = Buffer.alloc(Math.max(old.length, neededBytes));
    bytes.write(old, 'latin1');
    // The string grows for every write, even one that overflow then keeps from happening.
    let changed = bytes.length > old.length;
    const out = operations.map(({ kind, field, operand, overflow }): Reply => {
      const before = readField(bytes, field);
      if (kind === 'GET') return shrink(before) ?? null;
      // SET takes its operand as unsigned when the field is: -1 is the largest value, not less than 0.
      const set = field.signed ? operand : BigInt.asUintN(64, operand);
      const next = fitField(field, kind === 'SET' ? set : before + operand, overflow);
      if (next === undefined) return null;
      writeField(bytes, field, next);
      changed = true;
      return shrink(kind === 'SET' ? before : next) ?? null;
    });
    if (changed) {
      session.db.put(key, bytes.toString('latin1'), true);
      session.db.changed(key);
    }
    return out;
  };

export const bitmapCommands = declareCommands('bitmap', TABLE, {
  bitcount,
  bitfield: bitfield(false),
  bitfield_ro: bitfield(true),
  bitop,
  bitpos,
  getbit,
  setbit,
});
