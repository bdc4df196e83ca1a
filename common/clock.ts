/** Time as a dependency. Nothing else in the project reads the system's clock for decisions. */

export interface Clock {
  /** Wall-clock time for people and records, ms since 1970. Jumps when somebody sets the clock. */
  wallMs(): number;
  /** Never jumps and never goes back, ms since an arbitrary point of this process. For leases, back-off and time limits. */
  monotonicMs(): number;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

/** RFC 3339 in UTC with milliseconds. */
export function timestamp(wallMs: number): string {
  return new Date(wallMs).toISOString();
}
