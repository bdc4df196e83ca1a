/**
 * The size that Redis's listpack of a stream node would have. It decides when a node is full, hence what approximate trimming
 * (`MAXLEN ~`) leaves: clients see it in XLEN. After streamAppendItem and lpEncodeGetType of Redis 7.
 */
import type { StreamEntry } from './stream.ts';

const HEADER_AND_END = 7;
const INTEGER = /^(?:0|-?[1-9]\d{0,18})$/;

/** Bytes of an element's back length. */
function backLength(encoded: number): number {
  if (encoded <= 127) return 1;
  if (encoded < 16_383) return 2;
  if (encoded < 2_097_151) return 3;
  return encoded < 268_435_455 ? 4 : 5;
}

function integerBytes(value: number): number {
  if (value >= 0 && value <= 127) return 2;
  if (value >= -4096 && value <= 4095) return 3;
  if (value >= -32_768 && value <= 32_767) return 4;
  if (value >= -8_388_608 && value <= 8_388_607) return 5;
  return value >= -2_147_483_648 && value <= 2_147_483_647 ? 6 : 10;
}

function textBytes(text: string): number {
  const { length } = text;
  if (length < 21 && INTEGER.test(text)) return integerBytes(Number(text));
  const encoded = length + (length < 64 ? 1 : length < 4096 ? 2 : 5);
  return encoded + backLength(encoded);
}

/** Of a new node: its count, its deleted count, the first entry's field names and their end. */
export function openingBytes(fields: readonly string[]): number {
  let bytes = HEADER_AND_END + 2 + 2 + integerBytes(fields.length / 2) + 2;
  for (let i = 0; i < fields.length; i += 2) bytes += textBytes(fields[i] ?? '');
  return bytes;
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 2) if (a[i] !== b[i]) return false;
  return true;
}

/** Of an entry: flags, id relative to the node's first, values (and names where they differ), and the number of its elements. */
export function entryBytes({ id, fields }: StreamEntry, first: StreamEntry): number {
  const pairs = fields.length / 2;
  const same = sameNames(fields, first.fields);
  let bytes =
    2 + integerBytes(Number(id.ms) - Number(first.id.ms)) + integerBytes(Number(id.seq) - Number(first.id.seq));
  for (let i = 1; i < fields.length; i += 2) bytes += textBytes(fields[i] ?? '');
  if (same) return bytes + integerBytes(pairs + 3);
  for (let i = 0; i < fields.length; i += 2) bytes += textBytes(fields[i] ?? '');
  return bytes + integerBytes(pairs) + integerBytes(2 * pairs + 4);
}
