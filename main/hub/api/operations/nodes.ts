/** Handlers of operations on machines: those that people call to see and invite them, and those that nodes call for their work. */
import { type Clock, timestamp } from '../../../../common/clock.ts';
import { MillraceError } from '../../../../contract/errors.ts';
import type { Node } from '../../../../contract/operations/nodes.ts';
import type { StageResult } from '../../../../contract/stage.ts';
import type { Catalog } from '../../catalog/database.ts';
import { outcomesByNode } from '../../catalog/nodes.ts';
import type { NodeFacts, NodeRegistry } from '../../nodes/registry-types.ts';
import type { OpenAttempt, OpenWork } from '../../planner/open-work.ts';
import type { Planner } from '../../planner/planner.ts';
import { type Caller, type JsonHandlers, withStatus } from '../handlers.ts';
import { originOf, type PairingNames, pairingHandlers } from './pairing.ts';

export interface NodeViewParts {
  readonly catalog: Catalog;
  readonly registry: Pick<NodeRegistry, 'list'>;
  readonly planner: {
    readonly open: Pick<OpenWork, 'attemptsOfNode'>;
    readonly memory: Pick<Planner['memory'], 'speeds'>;
    readonly checks: Pick<Planner['checks'], 'benchesOf' | 'unbench'>;
  };
  readonly clock: Clock;
}

export interface NodesParts extends NodeViewParts {
  readonly registry: NodeRegistry;
  /** Lets other machines reach the hub (API, broker, announcement), and keeps it so. */
  openDoor(): Promise<void>;
  readonly results: {
    record(
      attemptId: string,
      node: { id: string; name: string },
      result: StageResult,
    ): Promise<'recorded' | 'repeated'>;
  };
}

/** Progress says more than other units' speed from this share on. */
const tellingShare = 0.1;

/** Remaining ms of a running attempt: by its own pace once it tells, else by the machine's median; null when nothing is known. */
export function remainingMs(
  attempt: Pick<OpenAttempt, 'startedMs' | 'progress'>,
  medianMs: number | undefined,
  nowMs: number,
): number | null {
  if (attempt.startedMs === null) return null;
  const elapsedMs = Math.max(0, nowMs - attempt.startedMs);
  const { done = 0, total = null } = attempt.progress ?? {};
  const share = total === null ? 0 : Math.min(done / total, 1);
  if (share >= tellingShare) return Math.round((elapsedMs * (1 - share)) / share);
  // Longer than the median already: that says nothing about how much longer.
  return medianMs === undefined || elapsedMs >= medianMs ? null : Math.round(medianMs - elapsedMs);
}

function runningView(parts: NodeViewParts, nodeId: string, speeds: ReadonlyMap<string, number>): Node['running'] {
  const nowMs = parts.clock.wallMs();
  return parts.planner.open
    .attemptsOfNode(nodeId)
    .filter((attempt) => attempt.state === 'running')
    .map((attempt) => ({
      attemptId: attempt.id,
      jobId: attempt.stage.jobId,
      itemId: attempt.stage.itemId,
      item: attempt.stage.item,
      kind: attempt.stage.kind,
      progress: attempt.progress,
      startedAt: attempt.startedMs === null ? null : timestamp(attempt.startedMs),
      etaMs: remainingMs(attempt, speeds.get(attempt.stage.kind), nowMs),
    }));
}

function nodeView(parts: NodeViewParts, facts: NodeFacts, outcomes: ReturnType<typeof outcomesByNode>): Node {
  const { id, name, state, local, trusted, hold, trouble, capability, load, lastSeenMs, joinedMs } = facts;
  const { done, failed } = outcomes.get(id) ?? { done: 0, failed: 0 };
  const speeds = parts.planner.memory.speeds(id);
  return {
    id,
    name,
    state,
    local,
    trusted,
    hold,
    trouble,
    benched: parts.planner.checks.benchesOf(id).map(({ kind, sinceMs, nextCheckMs, error }) => ({
      kind,
      since: timestamp(sinceMs),
      nextCheckAt: timestamp(nextCheckMs),
      error,
    })),
    capability,
    load,
    lastSeenAt: lastSeenMs === null ? null : timestamp(lastSeenMs),
    joinedAt: timestamp(joinedMs),
    running: runningView(parts, id, speeds),
    done,
    failed,
    speedMs: Object.fromEntries(speeds),
  };
}

/** All machines as the API shows them, in the order in which they joined. */
export function listNodes(parts: NodeViewParts): Node[] {
  const outcomes = outcomesByNode(parts.catalog);
  return parts.registry.list().map((facts) => nodeView(parts, facts, outcomes));
}

/** A node speaks for itself only. @throws MillraceError forbidden */
function speaksFor(caller: Caller, nodeId: string): void {
  if (caller.nodeId !== nodeId) throw new MillraceError('forbidden', 'A node can speak for itself only.');
}

type PeopleNames = 'listNodes' | 'getNode' | 'changeNode' | 'unbenchNode' | 'removeNode' | 'createJoinToken';
type NodeNames = 'joinNode' | 'helloNode' | 'heartbeat' | 'goodbye' | 'postResult';

function forPeople(parts: NodesParts): Pick<JsonHandlers, PeopleNames> {
  const nodeOf = (nodeId: string): Node => {
    const node = listNodes(parts).find(({ id }) => id === nodeId);
    if (node === undefined) throw new MillraceError('not_found', 'There is no such machine.');
    return node;
  };
  return {
    listNodes: async () => ({ rows: listNodes(parts) }),
    getNode: async ({ params }) => nodeOf(params.id),
    changeNode: async ({ params, body }) => {
      await parts.registry.change(params.id, body);
      return nodeOf(params.id);
    },
    unbenchNode: async ({ params, body }) => {
      nodeOf(params.id);
      await parts.planner.checks.unbench(params.id, body.kind);
      return nodeOf(params.id);
    },
    removeNode: async ({ params }) => {
      await parts.registry.remove(params.id);
      return undefined;
    },
    createJoinToken: async ({ body }) => {
      // First, so that the token names the door's addresses.
      await parts.openDoor();
      return parts.registry.createToken(body);
    },
  };
}

function forNodes(parts: NodesParts): Pick<JsonHandlers, NodeNames> {
  const { registry, results } = parts;
  return {
    joinNode: async ({ body, caller }) => {
      const { peerPin, local } = originOf(caller);
      return registry.join(body, peerPin, local);
    },
    helloNode: async ({ params, body, caller }) => {
      speaksFor(caller, params.id);
      return registry.hello(params.id, body);
    },
    heartbeat: async ({ params, body, caller }) => {
      speaksFor(caller, params.id);
      return registry.heartbeat(params.id, body);
    },
    goodbye: async ({ params, body, caller }) => {
      speaksFor(caller, params.id);
      registry.goodbye(params.id, body);
      return undefined;
    },
    postResult: async ({ params, body, caller }) => {
      const node = registry.list().find(({ id }) => id === caller.nodeId);
      if (node === undefined) throw new MillraceError('node_unknown');
      const outcome = await results.record(params.id, { id: node.id, name: node.name }, body);
      return outcome === 'recorded' ? { recorded: true } : withStatus(200, { recorded: false });
    },
  };
}

export function nodesHandlers(parts: NodesParts): Pick<JsonHandlers, PeopleNames | NodeNames | PairingNames> {
  return { ...forPeople(parts), ...forNodes(parts), ...pairingHandlers(parts.registry.requests) };
}
