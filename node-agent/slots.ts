/**
 * Turns at computing, by kind: so many units compute at once, while others fetch their inputs or deliver their outputs. One that
 * has its inputs waits here, first come, first served. Owns no process.
 */

export interface Slots {
  /**
   * Resolves when it is the caller's turn. @returns what gives the turn back, to be called once
   * @throws the signal's reason, when that comes first
   */
  take(kind: string, signal: AbortSignal): Promise<() => void>;
}

interface Lane {
  free: number;
  readonly waiting: Set<() => void>;
}

/** @param concurrencyOf how many units of a kind compute at once; asked for once a kind */
export function createSlots(concurrencyOf: (kind: string) => number): Slots {
  const lanes = new Map<string, Lane>();
  const laneOf = (kind: string): Lane => {
    const lane = lanes.get(kind) ?? { free: Math.max(1, concurrencyOf(kind)), waiting: new Set() };
    lanes.set(kind, lane);
    return lane;
  };
  const giveBack = (lane: Lane): void => {
    const [next] = lane.waiting;
    if (!next) {
      lane.free += 1;
      return;
    }
    lane.waiting.delete(next);
    next();
  };
  const queueUp = (lane: Lane, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const leave = (): void => {
        lane.waiting.delete(turn);
        reject(signal.reason);
      };
      const turn = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      signal.addEventListener('abort', leave, { once: true });
      lane.waiting.add(turn);
    });
  return {
    async take(kind, signal) {
      signal.throwIfAborted();
      const lane = laneOf(kind);
      if (lane.free > 0) lane.free -= 1;
      else await queueUp(lane, signal);
      return () => giveBack(lane);
    },
  };
}
