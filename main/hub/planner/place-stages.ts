/**
 * Placing, pure: which ready stage goes to which machine now, and for one that stays, why. Owns the rules of order (priority,
 * age, fairness between batches) and of choice (eligible, expected to finish first). Touches neither catalog nor broker.
 */
import { type Priority, prioritySchema } from '../../../contract/item.ts';
import type { WaitingReason } from '../../../contract/reasons.ts';

/** A stage that could run now or, with `notBeforeMs` ahead, later. Times are steady ms. */
export interface ReadyStage {
  readonly id: string;
  readonly kind: string;
  readonly queue: string;
  readonly codeVersion: number;
  readonly jobId: string;
  readonly batchId: string;
  readonly priority: Priority;
  readonly sinceMs: number;
  readonly memoryBytes: number;
  readonly inputs: readonly { readonly sha256: string; readonly sizeBytes: number }[];
  /** Machines that failed it (classes crash and error), and those too small for it (class resource). */
  readonly failedOn: readonly string[];
  readonly unfit: readonly string[];
}

/** What placing may know of a machine. */
export interface PlacingNode {
  readonly id: string;
  readonly name: string;
  readonly online: boolean;
  readonly paused: boolean;
  readonly memoryBytes: number;
  readonly freeDiskBytes: number;
  readonly kinds: ReadonlyMap<string, { readonly codeVersion: number; readonly concurrency: number }>;
  /** Placements that lie or run there, by kind. */
  readonly inFlight: ReadonlyMap<string, number>;
  /** Median ms a unit, by kind; absent while unknown. */
  readonly speedMs: ReadonlyMap<string, number>;
  holds(sha256: string): boolean;
}

export interface Placement {
  readonly stage: ReadyStage;
  readonly nodeId: string;
}

/** Ready stages of one kind, priority and batch, oldest first. */
export interface ReadyGroup {
  readonly kind: string;
  readonly priority: Priority;
  readonly batchId: string;
  readonly stages: Iterable<ReadyStage>;
  /** Placements of this batch and kind that are open. */
  readonly inFlight: number;
}

/** Work that should lie at a machine so that it never waits for the hub, ms. */
const lookaheadMs = 250;
const maxAhead = 32;
/** A lower priority gets one placement when it got none for so long, ms. */
const starvationMs = { now: 0, normal: 120_000, bulk: 600_000 } as const;
/** Expected speed of a link when comparing machines, bytes a ms (50 MB/s). */
const linkBytesPerMs = 50_000;
const unknownSpeedMs = 1_000;
const diskReserveBytes = 500_000_000;
/** Stages of one group that are looked at when the oldest fit nowhere. */
const lookPast = 32;

/** One whose bytes are on their way to the machine, and one whose bytes are on their way back. */
const inTransfer = 2;

/**
 * How many placements may lie at a machine: what computes at once and what is in transfer, or more where units are so short that
 * those would be done before the next could arrive.
 */
export function depth(concurrency: number, speedMs: number | undefined): number {
  if (concurrency === 0) return 0;
  const ahead = speedMs === undefined ? 0 : Math.ceil((lookaheadMs * concurrency) / Math.max(speedMs, 1));
  return concurrency + Math.min(Math.max(ahead, inTransfer), maxAhead);
}

const can = (node: PlacingNode, stage: ReadyStage): boolean =>
  node.online && !node.paused && node.kinds.get(stage.kind)?.codeVersion === stage.codeVersion;

const bytesOf = (stage: ReadyStage): number => stage.inputs.reduce((sum, input) => sum + input.sizeBytes, 0);

const fits = (node: PlacingNode, stage: ReadyStage): boolean =>
  !stage.unfit.includes(node.id) &&
  node.memoryBytes >= stage.memoryBytes &&
  node.freeDiskBytes >= bytesOf(stage) * 2 + diskReserveBytes;

/** Machines that may take the stage: those that failed it only when no other is left. */
function eligible(stage: ReadyStage, nodes: readonly PlacingNode[]): readonly PlacingNode[] {
  const fitting = nodes.filter((node) => can(node, stage) && fits(node, stage));
  const innocent = fitting.filter((node) => !stage.failedOn.includes(node.id));
  return innocent.length > 0 ? innocent : fitting;
}

/** Mutable counts of one round of placing. */
interface Round {
  readonly nodes: readonly PlacingNode[];
  readonly placed: Map<string, number>;
}

const key = (nodeId: string, kind: string): string => `${nodeId} ${kind}`;
const load = (round: Round, node: PlacingNode, kind: string): number =>
  (node.inFlight.get(kind) ?? 0) + (round.placed.get(key(node.id, kind)) ?? 0);

function hasRoom(round: Round, node: PlacingNode, kind: string): boolean {
  const concurrency = node.kinds.get(kind)?.concurrency ?? 0;
  return load(round, node, kind) < depth(concurrency, node.speedMs.get(kind));
}

/** Expected ms until the machine would be done with the stage: the queue before it, its own time, and the bytes it lacks. */
function expectedMs(round: Round, node: PlacingNode, stage: ReadyStage): number {
  const concurrency = node.kinds.get(stage.kind)?.concurrency ?? 1;
  const speedMs = node.speedMs.get(stage.kind) ?? unknownSpeedMs;
  const missing = stage.inputs
    .filter((input) => !node.holds(input.sha256))
    .reduce((sum, input) => sum + input.sizeBytes, 0);
  return speedMs * Math.ceil((load(round, node, stage.kind) + 1) / concurrency) + missing / linkBytesPerMs;
}

function choose(round: Round, stage: ReadyStage): PlacingNode | undefined {
  let best: PlacingNode | undefined;
  let bestMs = Number.POSITIVE_INFINITY;
  for (const node of eligible(stage, round.nodes)) {
    if (!hasRoom(round, node, stage.kind)) continue;
    const ms = expectedMs(round, node, stage);
    if (ms < bestMs) [best, bestMs] = [node, ms];
  }
  return best;
}

interface OpenGroup {
  readonly group: ReadyGroup;
  readonly stages: Iterator<ReadyStage>;
  inFlight: number;
  passed: number;
}

/** Takes the next stage of the group that fits somewhere; undefined when the group has nothing placeable. */
function nextOf(round: Round, open: OpenGroup): Placement | undefined {
  while (open.passed < lookPast) {
    const next = open.stages.next();
    if (next.done) return undefined;
    const node = choose(round, next.value);
    if (node) return { stage: next.value, nodeId: node.id };
    open.passed += 1;
  }
  return undefined;
}

/** Places of one kind and priority: always from the batch with the least in flight, so that batches share fairly. */
function placeFrom(round: Round, groups: readonly ReadyGroup[], most: number, placements: Placement[]): number {
  let open: OpenGroup[] = groups.map((group) => ({
    group,
    stages: group.stages[Symbol.iterator](),
    inFlight: group.inFlight,
    passed: 0,
  }));
  let count = 0;
  while (open.length > 0 && count < most) {
    const least = open.reduce((a, b) => (b.inFlight < a.inFlight ? b : a));
    const placement = nextOf(round, least);
    if (!placement) {
      open = open.filter((one) => one !== least);
      continue;
    }
    placements.push(placement);
    const slot = key(placement.nodeId, placement.stage.kind);
    round.placed.set(slot, (round.placed.get(slot) ?? 0) + 1);
    least.inFlight += 1;
    count += 1;
    if (!round.nodes.some((node) => hasRoom(round, node, placement.stage.kind))) break;
  }
  return count;
}

/**
 * Decides what is placed now.
 * @param groups ready stages; groups of one kind and priority share fairly
 * @param lastPlacedMs when a kind and priority (`<kind> <priority>`) was last placed or began to wait; against starving
 * @param nowMs steady time
 */
export function placeStages(
  groups: readonly ReadyGroup[],
  nodes: readonly PlacingNode[],
  lastPlacedMs: ReadonlyMap<string, number>,
  nowMs: number,
): Placement[] {
  const round: Round = { nodes, placed: new Map() };
  const placements: Placement[] = [];
  for (const kind of new Set(groups.map((group) => group.kind))) {
    if (!nodes.some((node) => hasRoom(round, node, kind))) continue;
    const ofKind = groups.filter((group) => group.kind === kind);
    const byPriority = (priority: Priority) => ofKind.filter((group) => group.priority === priority);
    for (const priority of prioritySchema.options) {
      const waitedMs = nowMs - (lastPlacedMs.get(`${kind} ${priority}`) ?? nowMs);
      if (priority !== 'now' && waitedMs >= starvationMs[priority])
        placeFrom(round, byPriority(priority), 1, placements);
    }
    for (const priority of prioritySchema.options) {
      const taken = new Set(placements.map((placement) => placement.stage.id));
      const groupsLeft = byPriority(priority).map((group) => ({
        ...group,
        stages: taken.size === 0 ? group.stages : [...group.stages].filter((stage) => !taken.has(stage.id)),
      }));
      placeFrom(round, groupsLeft, Number.POSITIVE_INFINITY, placements);
    }
  }
  return placements;
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

/** Why a stage that could run now was not placed: the first obstacle, from the farthest to the nearest. */
export function explainWaiting(stage: ReadyStage, nodes: readonly PlacingNode[]): WaitingReason {
  const online = nodes.filter((node) => node.online);
  if (online.length === 0) return { code: 'no_machines', facts: {} };
  const able = online.filter((node) => node.kinds.get(stage.kind)?.codeVersion === stage.codeVersion);
  if (able.length === 0) return { code: 'no_machine_for_kind', facts: { kind: stage.kind } };
  const willing = able.filter((node) => !node.paused);
  if (willing.length === 0) return { code: 'machines_paused', facts: { machines: able.length } };
  const large = willing.filter((node) => node.memoryBytes >= stage.memoryBytes && !stage.unfit.includes(node.id));
  if (large.length === 0) {
    const largest = Math.max(...willing.map((node) => node.memoryBytes));
    return { code: 'needs_memory', facts: { needed: gigabytes(stage.memoryBytes), largest: gigabytes(largest) } };
  }
  const fitting = large.filter((node) => fits(node, stage));
  if (fitting.length === 0)
    return { code: 'needs_disk', facts: { needed: gigabytes(bytesOf(stage) * 2 + diskReserveBytes) } };
  return { code: 'machines_busy', facts: { machines: fitting.length } };
}
