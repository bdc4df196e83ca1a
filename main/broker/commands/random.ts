/** Random members for SPOP, SRANDMEMBER, HRANDFIELD, ZRANDMEMBER and RANDOMKEY. */
import { randomInt } from 'node:crypto';

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

/** A random hexadecimal string of `length` characters (run ids, generated passwords). */
export function randomHex(length: number): string {
  let out = '';
  while (out.length < length) out += randomInt(0, 0x1000000).toString(16).padStart(6, '0');
  return out.slice(0, length);
}
