/** Which row of a lane each item rides in: an item keeps its row until it has left, so that nothing jumps. Pure. */
import type { Node } from '../../contract/operations/nodes.ts';
import type { Leaving } from '../live/traffic.ts';

type Running = Node['running'][number];

/** An item in a lane. `share` is how far it is, 0–1, null while that is unknown. */
export interface Rider {
  readonly attemptId: string;
  readonly item: string;
  readonly itemId: string;
  readonly kind: string;
  readonly share: number | null;
  readonly etaMs: number | null;
  readonly leaving: boolean;
  readonly row: number;
}

export interface Lane {
  readonly riders: readonly Rider[];
  /** Items at work that found no row. */
  readonly hidden: number;
}

/** How far an item is. Work that has begun and tells no total is at an unknown place. */
export function shareOf(progress: Running['progress']): number | null {
  if (progress === null || progress.total === null) return null;
  return Math.min(1, progress.done / progress.total);
}

/** Rows for what works and what leaves, keeping the rows of `before`. */
export function layLane(
  before: ReadonlyMap<string, number>,
  running: readonly Running[],
  leaving: readonly Leaving[],
  rows: number,
): Lane {
  const working = new Set(running.map((each) => each.attemptId));
  const gone = leaving.filter((each) => !working.has(each.attemptId));
  const taken = new Map<string, number>();
  for (const { attemptId } of [...running, ...gone]) {
    const row = before.get(attemptId);
    if (row !== undefined && row < rows) taken.set(attemptId, row);
  }
  const used = new Set(running.flatMap(({ attemptId }) => taken.get(attemptId) ?? []));
  const free = Array.from({ length: rows }, (_, row) => row).filter((row) => !used.has(row));
  for (const { attemptId } of running) {
    const row = taken.has(attemptId) ? undefined : free.shift();
    if (row !== undefined) taken.set(attemptId, row);
  }
  gone.forEach(({ attemptId }, index) => {
    if (!taken.has(attemptId)) taken.set(attemptId, index % rows);
  });
  const riders: Rider[] = [];
  for (const each of running) {
    const row = taken.get(each.attemptId);
    if (row !== undefined)
      riders.push({ ...riderOf(each), share: shareOf(each.progress), etaMs: each.etaMs, leaving: false, row });
  }
  for (const each of gone) {
    riders.push({ ...riderOf(each), share: 1, etaMs: null, leaving: true, row: taken.get(each.attemptId) ?? 0 });
  }
  return { riders, hidden: running.length - riders.filter((rider) => !rider.leaving).length };
}

const riderOf = ({ attemptId, item, itemId, kind }: Pick<Running, 'attemptId' | 'item' | 'itemId' | 'kind'>) => ({
  attemptId,
  item,
  itemId,
  kind,
});
