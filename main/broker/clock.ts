/**
 * The broker's time. Expiry runs on the wall clock as it was at start plus the monotonic time since, so that setting the machine's
 * clock neither kills nor revives keys while the broker is up; TIME tells the wall clock itself.
 */
import type { Clock } from './engine.ts';

export function createClock(): Clock {
  const startWallMs = Date.now();
  const startMs = performance.now();
  return {
    nowMs: () => Math.floor(startWallMs + performance.now() - startMs),
    wallUs: () => Date.now() * 1000 + Math.floor((performance.now() % 1) * 1000),
    monotonicMs: () => performance.now(),
  };
}
