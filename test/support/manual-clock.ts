/** A clock that tests move by hand; wall and monotonic time can drift apart as on a machine whose clock is set. */
import type { Clock } from '../../common/clock.ts';

export interface ManualClock extends Clock {
  /** Both go on. */
  advance(ms: number): void;
  /** Somebody sets the wall clock; monotonic time does not notice. */
  step(ms: number): void;
}

export function createManualClock(wallMs = Date.UTC(2026, 0, 15, 12)): ManualClock {
  let wall = wallMs;
  let monotonic = 1_000;
  return {
    wallMs: () => wall,
    monotonicMs: () => monotonic,
    advance(ms) {
      wall += ms;
      monotonic += ms;
    },
    step(ms) {
      wall += ms;
    },
  };
}
