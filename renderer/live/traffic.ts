/** What just passed the machines: items that leave their lane, and finished steps by time for the small histories. */
import type { HubEvent } from '../../contract/hub-events.ts';
import { type Observable, observable } from './observable.ts';

/** An item on its last way out of a lane. */
export interface Leaving {
  readonly attemptId: string;
  readonly item: string;
  readonly itemId: string;
  readonly kind: string;
  readonly atMs: number;
}

export interface Traffic {
  /** Newest last, by machine; gone after `leavingMs`. */
  readonly leaving: Observable<ReadonlyMap<string, readonly Leaving[]>>;
  /** Finished steps in each of the last `historyBuckets` spans of `bucketMs`, oldest first, by machine. */
  readonly history: Observable<ReadonlyMap<string, readonly number[]>>;
  note(events: readonly HubEvent[], nowMs: number): void;
  /** Lets go of what has left; to be called now and then. */
  tick(nowMs: number): void;
}

export const leavingMs = 700;
export const bucketMs = 20_000;
export const historyBuckets = 30;
/** More than these are not drawn at once in a lane. */
const mostLeaving = 3;

export function createTraffic(): Traffic {
  const leaving = observable<ReadonlyMap<string, readonly Leaving[]>>(new Map());
  const history = observable<ReadonlyMap<string, readonly number[]>>(new Map());
  const counts = new Map<string, Map<number, number>>();

  const publishHistory = (nowMs: number) => {
    const newest = Math.floor(nowMs / bucketMs);
    const next = new Map<string, readonly number[]>();
    for (const [nodeId, byBucket] of counts) {
      for (const bucket of byBucket.keys()) if (bucket <= newest - historyBuckets) byBucket.delete(bucket);
      next.set(
        nodeId,
        Array.from({ length: historyBuckets }, (_, i) => byBucket.get(newest - historyBuckets + 1 + i) ?? 0),
      );
    }
    history.set(next);
  };

  return {
    leaving,
    history,
    note(events, nowMs) {
      const next = new Map(leaving.get());
      let changed = false;
      for (const event of events) {
        if (event.name !== 'attempt.state' || event.data.state !== 'done') continue;
        const { nodeId, attemptId, item, itemId, kind } = event.data;
        const gone: Leaving = { attemptId, item, itemId, kind, atMs: nowMs };
        next.set(nodeId, [...(next.get(nodeId) ?? []), gone].slice(-mostLeaving));
        const byBucket = counts.get(nodeId) ?? new Map<number, number>();
        const bucket = Math.floor(nowMs / bucketMs);
        byBucket.set(bucket, (byBucket.get(bucket) ?? 0) + 1);
        counts.set(nodeId, byBucket);
        changed = true;
      }
      if (changed) leaving.set(next);
    },
    tick(nowMs) {
      const next = new Map<string, readonly Leaving[]>();
      let changed = false;
      for (const [nodeId, list] of leaving.get()) {
        const kept = list.filter((each) => nowMs - each.atMs < leavingMs);
        changed ||= kept.length !== list.length;
        if (kept.length > 0) next.set(nodeId, kept);
      }
      if (changed) leaving.set(next);
      publishHistory(nowMs);
    },
  };
}
