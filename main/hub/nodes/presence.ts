/** Whether nodes are there: signs, silence and the events about it. Steady time only; a hub that stood still blames nobody. */
import { heartbeatIntervalMs, leaseMs } from '../../../contract/node.ts';
import { saveLastSeen } from '../catalog/nodes.ts';
import { type NodeState, shownState } from './node-state.ts';
import type { NodeRegistryParts } from './registry-types.ts';

/** The hub itself stood still for so long (suspended, or stuck): nobody could be heard, so nobody is silent for it. */
const standstillMs = leaseMs / 2;
const lastSeenWriteMs = 60_000;
const notableCpuChange = 0.05;

export interface Presence {
  /** A sign of a node. */
  heard(state: NodeState): void;
  /** Its state changed: window and planner are told. */
  changed(state: NodeState): void;
  /** Its load may have changed enough for the window. */
  loaded(state: NodeState): void;
  /** Finds nodes that went silent; to be called about twice a second. */
  watch(): void;
}

type Parts = Pick<NodeRegistryParts, 'catalog' | 'clock' | 'logger' | 'events' | 'leases' | 'changed'>;

export function createPresence(parts: Parts, nodes: ReadonlyMap<string, NodeState>): Presence {
  const { catalog, clock, logger, events, leases } = parts;
  let watchedMs = clock.monotonicMs();

  const tell = (state: NodeState): void => {
    state.toldMs = clock.monotonicMs();
    state.toldCpu = state.load?.cpu ?? null;
    const { id: nodeId, name } = state.row;
    events.emit({ name: 'node.state', data: { nodeId, name, state: shownState(state) } });
  };
  const changed = (state: NodeState): void => {
    tell(state);
    parts.changed?.(state.row.id);
  };
  const writeLastSeen = (state: NodeState): void => {
    const { id, lastSeenMs } = state.row;
    if (lastSeenMs === null) return;
    state.writtenMs = clock.monotonicMs();
    catalog
      .commit(() => saveLastSeen(catalog, id, lastSeenMs))
      .catch((error: unknown) => logger.warn({ error, nodeId: id }, 'last sign of a node not written'));
  };
  const goSilent = (state: NodeState): void => {
    const { id: nodeId, name } = state.row;
    state.presence = 'silent';
    logger.warn({ nodeId, name }, 'node is silent');
    writeLastSeen(state);
    leases.nodeGone(nodeId);
    changed(state);
  };

  return {
    heard(state) {
      state.heardMs = clock.monotonicMs();
      state.row = { ...state.row, lastSeenMs: clock.wallMs() };
      if (state.heardMs - state.writtenMs >= lastSeenWriteMs) writeLastSeen(state);
    },
    changed,
    loaded(state) {
      const cpuChange = Math.abs((state.load?.cpu ?? 0) - (state.toldCpu ?? -1));
      if (cpuChange >= notableCpuChange && clock.monotonicMs() - state.toldMs >= heartbeatIntervalMs) tell(state);
    },
    watch() {
      const nowMs = clock.monotonicMs();
      const gapMs = nowMs - watchedMs;
      watchedMs = nowMs;
      for (const state of nodes.values()) {
        if (gapMs > standstillMs) state.heardMs = Math.min(nowMs, state.heardMs + gapMs);
        if (state.presence !== 'silent' && nowMs - state.heardMs > leaseMs) goSilent(state);
      }
    },
  };
}
