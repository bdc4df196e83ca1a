/** Nonsense, floods and readers that do not read: the broker lives, serves others rightly meanwhile and keeps nothing. */
import { describe, expect, it } from 'vitest';
import { fuzz } from './fuzz/harness.ts';

describe('a storm of nonsense', () => {
  it('costs the broker nothing and others not a wrong answer', async () => {
    const rounds = await fuzz(2, { seed: 1, forMs: 2000, attackers: 12, unreadPings: 100_000 });
    for (const round of rounds) {
      expect(round.wrongAnswers).toEqual([]);
      expect(round.goodRequests).toBeGreaterThan(0);
      expect(round.connections).toBeGreaterThan(0);
      expect({ clients: round.clientsLeft, blocked: round.blockedLeft }).toEqual({ clients: 0, blocked: 0 });
    }
    // The first round fills caches and compiles code.
    const [, second] = rounds;
    expect((second?.heapAfter ?? Infinity) - (second?.heapBefore ?? 0)).toBeLessThan(8_000_000);
  });
});
