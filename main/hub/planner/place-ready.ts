/** Places what is ready: asks the pure placing, writes attempts and outbox rows. Runs inside a transaction. */
import { attemptId } from '../../../contract/ids.ts';
import { leaseMs } from '../../../contract/node.ts';
import { insertAttempt, insertOutbox } from '../catalog/attempts.ts';
import { setRunning } from '../catalog/jobs.ts';
import { setStageState } from '../catalog/stages.ts';
import { emitAttemptState, emitJobState, type NodeView, type PlannerContext } from './context.ts';
import { mustRunAlone } from './failure-policy.ts';
import { type OpenAttempt, type OpenStage, payloadOf } from './open-work.ts';
import { type PlacingNode, placeStages } from './place-stages.ts';

/** Memory that placed units will take when they begin: what runs already shows in the machine's own figure. */
function awaitedBytes(attempts: readonly OpenAttempt[], concurrencyOf: (kind: string) => number): number {
  const running = new Map<string, number>();
  for (const { state, stage } of attempts)
    if (state === 'running') running.set(stage.kind, (running.get(stage.kind) ?? 0) + 1);
  let bytes = 0;
  for (const { state, stage } of attempts) {
    const now = running.get(stage.kind) ?? 0;
    if (state === 'running' || now >= concurrencyOf(stage.kind)) continue;
    running.set(stage.kind, now + 1);
    bytes += stage.expectedMemoryBytes;
  }
  return bytes;
}

/** The machine as placing sees it. */
export function placingNode(context: PlannerContext, node: NodeView): PlacingNode {
  const kinds = new Map(node.capability.kinds.map((can) => [can.kind, can]));
  const attempts = context.open.attemptsOfNode(node.id);
  const freeMemoryBytes = node.load?.freeMemoryBytes ?? Number.POSITIVE_INFINITY;
  return {
    id: node.id,
    name: node.name,
    online: node.online,
    paused: node.paused,
    local: node.local,
    trusted: node.trusted,
    taken: attempts.some(({ stage }) => mustRunAlone(stage.lostOn)),
    isBenched: (kind) => context.benches.isBenched(node.id, kind),
    memoryBytes: node.capability.memoryBytes,
    freeMemoryBytes: freeMemoryBytes - awaitedBytes(attempts, (kind) => kinds.get(kind)?.concurrency ?? 1),
    freeDiskBytes: node.load?.freeDiskBytes ?? Number.POSITIVE_INFINITY,
    kinds,
    inFlight: context.open.inFlight(node.id),
    speedMs: context.memory.speeds(node.id),
    holds: (sha256) => context.memory.holds(node.id, sha256),
  };
}

function place(context: PlannerContext, stage: OpenStage, nodeId: string): void {
  const number = stage.attempts + 1;
  const id = attemptId(stage.id, number);
  const nowMs = context.clock.wallMs();
  insertAttempt(context.catalog, { id, stageId: stage.id, number, nodeId, placedMs: nowMs });
  setStageState(context.catalog, stage.id, 'running');
  const payload = payloadOf(stage, id);
  insertOutbox(context.catalog, nodeId, stage.queue, payload);
  if (setRunning(context.catalog, stage.jobId)) emitJobState(context, { ...stage, id: stage.jobId }, 'running');
  context.open.place({
    id,
    stage: { ...stage, attempts: number },
    nodeId,
    placedMs: nowMs,
    state: 'placed',
    startedMs: null,
    deadlineMs: context.steadyMs() + leaseMs,
    progress: null,
  });
  for (const input of stage.inputs) context.memory.gave(nodeId, input.sha256);
  context.effects.placed.push({ nodeId, queue: stage.queue, payload });
  emitAttemptState(context, { id, stage, nodeId }, 'placed', nowMs);
}

/** Keeps since when each kind and priority waits without having been placed, against starving. */
export function createPlacing(context: PlannerContext) {
  const lastPlacedMs = new Map<string, number>();
  const remember = (waiting: ReadonlySet<string>, nowMs: number): void => {
    for (const key of waiting) if (!lastPlacedMs.has(key)) lastPlacedMs.set(key, nowMs);
    for (const key of lastPlacedMs.keys()) if (!waiting.has(key)) lastPlacedMs.delete(key);
  };
  return {
    /** Places what fits. Must run inside a transaction. */
    placeReady(): void {
      const nowMs = context.steadyMs();
      const groups = context.open.groups(nowMs);
      remember(new Set(groups.map((group) => `${group.kind} ${group.priority}`)), nowMs);
      if (groups.length === 0 || context.allPaused()) return;
      const nodes = context.nodes().map((node) => placingNode(context, node));
      for (const { stage, nodeId } of placeStages(groups, nodes, lastPlacedMs, nowMs)) {
        const open = context.open.waiting(stage.id);
        if (!open) continue;
        place(context, open, nodeId);
        lastPlacedMs.set(`${stage.kind} ${stage.priority}`, nowMs);
      }
    },
  };
}
