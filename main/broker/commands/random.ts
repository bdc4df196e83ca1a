/** Random members for SPOP, SRANDMEMBER, HRANDFIELD, ZRANDMEMBER and RANDOMKEY. */
import { randomInt } from 'node:crypto';
import { parseInt64 } from '../numbers.ts';
import { err, NOT_INTEGER, OUT_OF_RANGE } from '../replies.ts';

/** One of the items, or undefined when there are none. */
export function randomPick<T>(items: readonly T[]): T | undefined {
  return items.length === 0 ? undefined : items[Math.floor(Math.random() * items.length)];
}

/** |count| items: distinct ones for a positive count, with repetition for a negative one. */
export function randomPicks<T>(items: readonly T[], count: number): T[] {
  if (items.length === 0 || count === 0) return [];
  if (count < 0) {
    const out: T[] = [];
    for (let i = 0; i < -count; i++) {
      const item = randomPick(items);
      if (item !== undefined) out.push(item);
    }
    return out;
  }
  if (count >= items.length) return [...items];
  const pool = [...items];
  for (let i = 0; i < count; i++) {
    const j = i + Math.floor(Math.random() * (pool.length - i));
    const a = pool[i];
    const b = pool[j];
    if (a !== undefined && b !== undefined) [pool[i], pool[j]] = [b, a];
  }
  return pool.slice(0, count);
}

/** LONG_MAX, and half of it: beyond these Redis takes no count, so that its arithmetic cannot overflow. */
const MAX_COUNT = 9223372036854775807n;
const MAX_PAIRS = MAX_COUNT / 2n;

/** The count argument of SRANDMEMBER, HRANDFIELD and ZRANDMEMBER; `pairs`: two items are returned for each. */
export function randomCount(text: string, pairs: boolean): number {
  const count = parseInt64(text);
  if (count === undefined) throw NOT_INTEGER;
  if (count < -MAX_COUNT) throw err(`value is out of range, value must between -${MAX_COUNT} and ${MAX_COUNT}`);
  if (pairs && (count < -MAX_PAIRS || count > MAX_PAIRS)) throw OUT_OF_RANGE;
  return Number(count);
}

/** A random hexadecimal string of `length` characters (run ids, generated passwords). */
export function randomHex(length: number): string {
  let out = '';
  while (out.length < length) out += randomInt(0, 0x1000000).toString(16).padStart(6, '0');
  return out.slice(0, length);
}
