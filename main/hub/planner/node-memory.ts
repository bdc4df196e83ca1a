/** What the hub remembers of each machine for placing: measured speed by kind, and which blobs probably lie in its cache. */

const speedSamples = 50;
const rememberedBlobs = 5_000;

export interface NodeMemory {
  /** A unit of `kind` took `ms` on the node. */
  measured(nodeId: string, kind: string, ms: number): void;
  /** Median of the newest units, ms, by kind. */
  speeds(nodeId: string): ReadonlyMap<string, number>;
  /** The node got or made these bytes. */
  holds(nodeId: string, sha256: string): boolean;
  gave(nodeId: string, sha256: string): void;
  forget(nodeId: string): void;
}

interface Samples {
  readonly newest: number[];
  next: number;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

export function createNodeMemory(): NodeMemory {
  const samples = new Map<string, Map<string, Samples>>();
  const medians = new Map<string, Map<string, number>>();
  const blobs = new Map<string, Set<string>>();
  const within = <K, V>(map: Map<string, Map<K, V>>, key: string): Map<K, V> => {
    const inner = map.get(key) ?? new Map<K, V>();
    map.set(key, inner);
    return inner;
  };

  return {
    measured(nodeId, kind, ms) {
      const kinds = within(samples, nodeId);
      const entry = kinds.get(kind) ?? { newest: [], next: 0 };
      kinds.set(kind, entry);
      entry.newest[entry.next] = ms;
      entry.next = (entry.next + 1) % speedSamples;
      within(medians, nodeId).set(kind, median(entry.newest));
    },
    speeds: (nodeId) => medians.get(nodeId) ?? new Map(),
    holds: (nodeId, sha256) => blobs.get(nodeId)?.has(sha256) ?? false,
    gave(nodeId, sha256) {
      const held = blobs.get(nodeId) ?? new Set<string>();
      blobs.set(nodeId, held);
      held.delete(sha256);
      held.add(sha256);
      for (const oldest of held) {
        if (held.size <= rememberedBlobs) break;
        held.delete(oldest);
      }
    },
    forget(nodeId) {
      samples.delete(nodeId);
      medians.delete(nodeId);
      blobs.delete(nodeId);
    },
  };
}
