/** What events change in the farm as it was last read: a pure function, so that the race moves without asking the hub. */
import type { HubEvent } from '../../contract/hub-events.ts';
import type { Farm } from '../../contract/operations/hub.ts';
import type { Node } from '../../contract/operations/nodes.ts';

type Running = Node['running'][number];
type AttemptState = Extract<HubEvent, { name: 'attempt.state' }>['data'];
type AttemptProgress = Extract<HubEvent, { name: 'attempt.progress' }>['data'];
type NodeState = Extract<HubEvent, { name: 'node.state' }>['data'];

/** Lanes while events are applied: only the nodes touched are copied. */
interface Draft {
  readonly nodes: Map<string, Node>;
  readonly removed: Set<string>;
}

function changeNode(draft: Draft, nodeId: string, change: (node: Node) => Node): void {
  const node = draft.nodes.get(nodeId);
  if (node !== undefined) draft.nodes.set(nodeId, change(node));
}

function withAttempt(node: Node, data: AttemptState): Node {
  const others = node.running.filter((running) => running.attemptId !== data.attemptId);
  if (data.state === 'running') {
    const before = node.running.find((running) => running.attemptId === data.attemptId);
    const begun: Running = before ?? {
      attemptId: data.attemptId,
      jobId: data.jobId,
      itemId: data.itemId,
      item: data.item,
      kind: data.kind,
      progress: null,
      startedAt: data.at,
      etaMs: node.speedMs[data.kind] ?? null,
    };
    return before ? node : { ...node, running: [...others, begun] };
  }
  if (data.state === 'placed') return node;
  const done = node.done + (data.state === 'done' ? 1 : 0);
  const failed = node.failed + (data.state === 'failed' ? 1 : 0);
  return { ...node, running: others, done, failed };
}

/** Remaining time from the share done so far; the measured speed while there is no share yet. */
function etaMs(running: Running, progress: Running['progress'], nowMs: number): number | null {
  if (progress === null || progress.total === null || progress.done <= 0 || running.startedAt === null)
    return running.etaMs;
  const elapsedMs = Math.max(0, nowMs - Date.parse(running.startedAt));
  return (elapsedMs / progress.done) * Math.max(0, progress.total - progress.done);
}

function withProgress(node: Node, data: AttemptProgress, nowMs: number): Node {
  const change = (running: Running): Running =>
    running.attemptId === data.attemptId
      ? { ...running, progress: data.progress, etaMs: etaMs(running, data.progress, nowMs) }
      : running;
  return { ...node, running: node.running.map(change) };
}

function applyNodeState(draft: Draft, data: NodeState): void {
  const { state, nodeId, name } = data;
  if (state === 'removed') draft.removed.add(nodeId);
  else changeNode(draft, nodeId, (node) => ({ ...node, name, state, ...(state === 'silent' && { running: [] }) }));
}

function applyOne(draft: Draft, event: HubEvent, nowMs: number): void {
  if (event.name === 'attempt.state') changeNode(draft, event.data.nodeId, (node) => withAttempt(node, event.data));
  else if (event.name === 'attempt.progress')
    changeNode(draft, event.data.nodeId, (node) => withProgress(node, event.data, nowMs));
  else if (event.name === 'node.state') applyNodeState(draft, event.data);
}

/** The farm after these events. Counts and waiting groups are the hub's alone and come with the next reading. */
export function applyToFarm(farm: Farm, events: readonly HubEvent[], nowMs: number): Farm {
  const draft: Draft = { nodes: new Map(farm.nodes.map((node) => [node.id, node])), removed: new Set() };
  for (const event of events) applyOne(draft, event, nowMs);
  const nodes = [...draft.nodes.values()].filter((node) => !draft.removed.has(node.id));
  const same = nodes.length === farm.nodes.length && nodes.every((node, index) => node === farm.nodes[index]);
  return same ? farm : { ...farm, nodes };
}

/** True when the events speak of a machine that the farm does not list yet. */
export function namesUnknownNode(farm: Farm, events: readonly HubEvent[]): boolean {
  const known = new Set(farm.nodes.map((node) => node.id));
  return events.some(
    (event) => event.name === 'node.state' && event.data.state !== 'removed' && !known.has(event.data.nodeId),
  );
}
