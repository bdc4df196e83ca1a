/**
 * How many machines may ask to be let in, and how fast. Counted by address: keys and names cost an attacker nothing. A full list
 * makes room at the cost of whoever holds most of it, so that one flooder cannot keep another machine out.
 */
import { isIPv6 } from 'node:net';
import type { Clock } from '../../../common/clock.ts';
import { MillraceError } from '../../../contract/errors.ts';

const maxWaiting = 64;
const maxWaitingOfGroup = 4;
/** Each ask is one guess at another machine's code: 12 in ten minutes are right with 1 in 80 000. */
const maxAsksOfGroup = 12;
const windowMs = 10 * 60_000;
const maxGroups = 4_096;

export interface AskLimits {
  /**
   * Counts one ask.
   * @param waiting what is kept now, oldest first
   * @returns the entry that has to go, or null
   * @throws MillraceError too_many_requests
   */
  admit<T extends { readonly group: string; readonly state: string }>(group: string, waiting: readonly T[]): T | null;
  /** Asks of the last minutes that were refused or had to go. */
  turnedAway(): number;
}

/** An IPv4 address, or the network of an IPv6 one: whoever has one address there has 2⁶⁴. */
export function addressGroup(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '').replace(/%.*$/, '');
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = plain.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : new Array<string>(8 - left.length - right.length).fill('0');
  const groups = [...left, ...zeros, ...right].map((group) => Number.parseInt(group, 16).toString(16));
  return groups.slice(0, 4).join(':');
}

/** The oldest undecided entry of the group that holds most. */
function fattest<T extends { readonly group: string; readonly state: string }>(waiting: readonly T[]): T | null {
  const counts = new Map<string, number>();
  for (const { group } of waiting) counts.set(group, (counts.get(group) ?? 0) + 1);
  const undecided = waiting.filter(({ state }) => state === 'pending');
  const most = Math.max(...undecided.map(({ group }) => counts.get(group) ?? 0));
  return undecided.find(({ group }) => counts.get(group) === most) ?? null;
}

export function createAskLimits(clock: Clock): AskLimits {
  const asks = new Map<string, number[]>();
  let refusals: number[] = [];
  const recent = (times: readonly number[]): number[] =>
    times.filter((atMs) => clock.monotonicMs() - atMs < windowMs).slice(-1_000);
  const refuse = (): void => {
    refusals = [...recent(refusals), clock.monotonicMs()];
  };

  return {
    admit(group, waiting) {
      const times = recent(asks.get(group) ?? []);
      const isLoopback = group.startsWith('127.') || group === '0:0:0:0';
      const tooMany = waiting.filter((one) => one.group === group).length >= maxWaitingOfGroup;
      if (!isLoopback && (times.length >= maxAsksOfGroup || tooMany)) {
        refuse();
        throw new MillraceError(
          'too_many_requests',
          'Too many machines ask from this address. Wait some minutes, or join with a token: millrace token',
        );
      }
      asks.delete(group);
      asks.set(group, [...times, clock.monotonicMs()]);
      const oldest = asks.keys().next().value;
      if (asks.size > maxGroups && oldest !== undefined) asks.delete(oldest);
      if (waiting.length < maxWaiting) return null;
      refuse();
      return fattest(waiting);
    },
    turnedAway: () => recent(refusals).length,
  };
}
