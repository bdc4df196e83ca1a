/**
 * Placing, pure: which ready stage goes to which machine now, and for one that stays, why. Owns the rules of order (priority,
 * age, fairness between batches) and of choice (eligible, expected to finish first). Touches neither catalog nor broker.
 */
import type { Failure } from '../../../contract/errors.ts';
import { type Priority, type Privacy, prioritySchema } from '../../../contract/item.ts';
import type { WaitingReason } from '../../../contract/reasons.ts';
import { mustRunAlone } from './failure-policy.ts';

/** A stage that could run now or, with `notBeforeMs` ahead, later. Times are steady ms. */
export interface ReadyStage {
  readonly id: string;
  readonly kind: string;
  readonly queue: string;
  readonly codeVersion: number;
  readonly jobId: string;
  readonly batchId: string;
  readonly priority: Priority;
  readonly privacy: Privacy;
  readonly sinceMs: number;
  /** Beyond this it is stopped, and what it will probably take. */
  readonly memoryBytes: number;
  readonly expectedMemoryBytes: number;
  readonly inputs: readonly { readonly sha256: string; readonly sizeBytes: number }[];
  /** Machines that failed it (classes crash and error), and those too small for it (class resource). */
  readonly failedOn: readonly string[];
  readonly unfit: readonly string[];
  /** Machines that went down while they worked on it. */
  readonly lostOn: readonly string[];
  /** What became of the newest try, if it did not go well. */
  readonly lastFailure: Pick<Failure, 'code' | 'nodeId'> | null;
}

/** What placing may know of a machine. */
export interface PlacingNode {
  readonly id: string;
  readonly name: string;
  readonly online: boolean;
  readonly paused: boolean;
  /** The hub's own machine. */
  readonly local: boolean;
  readonly trusted: boolean;
  /** Of the whole machine, and what is free there but for placed work that begins soon. */
  readonly memoryBytes: number;
  readonly freeMemoryBytes: number;
  readonly freeDiskBytes: number;
  readonly kinds: ReadonlyMap<string, { readonly codeVersion: number; readonly concurrency: number }>;
  /** Placements that lie or run there, by kind. */
  readonly inFlight: ReadonlyMap<string, number>;
  /** It works on a stage that must run alone. */
  readonly taken: boolean;
  /** It missed the known answer of this kind. */
  isBenched(kind: string): boolean;
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

const knows = (node: PlacingNode, stage: ReadyStage): boolean =>
  node.kinds.get(stage.kind)?.codeVersion === stage.codeVersion;

/** Whether the job's bytes may go there. */
const isAllowed = (node: PlacingNode, stage: ReadyStage): boolean =>
  stage.privacy === 'any' || node.local || (stage.privacy === 'trusted' && node.trusted);

const can = (node: PlacingNode, stage: ReadyStage): boolean =>
  node.online && !node.paused && knows(node, stage) && isAllowed(node, stage) && !node.isBenched(stage.kind);

const bytesOf = (stage: ReadyStage): number => stage.inputs.reduce((sum, input) => sum + input.sizeBytes, 0);

const fits = (node: PlacingNode, stage: ReadyStage): boolean =>
  !stage.unfit.includes(node.id) &&
  node.memoryBytes >= stage.memoryBytes &&
  node.freeDiskBytes >= bytesOf(stage) * 2 + diskReserveBytes;

/** Machines that may take the stage: those that failed it, or went down with it, only when no other is left. */
function eligible(stage: ReadyStage, nodes: readonly PlacingNode[]): readonly PlacingNode[] {
  const fitting = nodes.filter((node) => can(node, stage) && fits(node, stage));
  const lostNow = stage.lastFailure?.code === 'lost' ? stage.lastFailure.nodeId : undefined;
  const tried = new Set([...stage.failedOn, ...stage.lostOn, lostNow]);
  const innocent = fitting.filter((node) => !tried.has(node.id));
  return innocent.length > 0 ? innocent : fitting;
}

/** Mutable counts of one round of placing. */
interface Round {
  readonly nodes: readonly PlacingNode[];
  readonly placed: Map<string, number>;
  /** Memory that this round's placements will take, bytes by machine. */
  readonly claimed: Map<string, number>;
  /** Machines that get nothing more in this round: one stage runs there alone, or waits for them to become idle. */
  readonly reserved: Set<string>;
}

const key = (nodeId: string, kind: string): string => `${nodeId} ${kind}`;
const load = (round: Round, node: PlacingNode, kind: string): number =>
  (node.inFlight.get(kind) ?? 0) + (round.placed.get(key(node.id, kind)) ?? 0);

function hasRoom(round: Round, node: PlacingNode, kind: string): boolean {
  if (node.taken || round.reserved.has(node.id)) return false;
  const concurrency = node.kinds.get(kind)?.concurrency ?? 0;
  return load(round, node, kind) < depth(concurrency, node.speedMs.get(kind));
}

/** Placements at a machine altogether. */
const totalLoad = (round: Round, node: PlacingNode): number =>
  [...node.kinds.keys()].reduce((sum, kind) => sum + load(round, node, kind), 0);

/**
 * Whether the machine has memory for one more unit. Those beyond what computes at once begin when others have ended, and take
 * their room; an idle machine is tried in any case, since what it says is free is only an estimate.
 */
function hasMemory(round: Round, node: PlacingNode, stage: ReadyStage): boolean {
  if (load(round, node, stage.kind) >= (node.kinds.get(stage.kind)?.concurrency ?? 0)) return true;
  if (totalLoad(round, node) === 0) return true;
  return node.freeMemoryBytes - (round.claimed.get(node.id) ?? 0) >= stage.expectedMemoryBytes;
}

/**
 * A machine for a stage that must run alone: an idle one, or else the one with the least work is kept free until it is idle.
 * Chosen anew in each round, that is the same one until it is: its load only falls.
 */
function chooseAlone(round: Round, stage: ReadyStage): PlacingNode | undefined {
  const free = eligible(stage, round.nodes).filter((node) => !node.taken && !round.reserved.has(node.id));
  const [first, ...others] = free;
  if (!first) return undefined;
  const least = others.reduce((a, b) => (totalLoad(round, b) < totalLoad(round, a) ? b : a), first);
  round.reserved.add(least.id);
  return totalLoad(round, least) === 0 ? least : undefined;
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
  if (mustRunAlone(stage.lostOn)) return chooseAlone(round, stage);
  let best: PlacingNode | undefined;
  let bestMs = Number.POSITIVE_INFINITY;
  for (const node of eligible(stage, round.nodes)) {
    if (!hasRoom(round, node, stage.kind) || !hasMemory(round, node, stage)) continue;
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
    const claimed = round.claimed.get(placement.nodeId) ?? 0;
    round.claimed.set(placement.nodeId, claimed + placement.stage.expectedMemoryBytes);
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
  const round: Round = { nodes, placed: new Map(), claimed: new Map(), reserved: new Set() };
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

const names = (nodes: readonly PlacingNode[]): string => nodes.map((node) => node.name).join(', ');

/** Why no machine may take it, before its size is looked at; undefined when one may. */
function explainCan(stage: ReadyStage, nodes: readonly PlacingNode[]): WaitingReason | undefined {
  const online = nodes.filter((node) => node.online);
  if (online.length === 0) return { code: 'no_machines', facts: {} };
  const able = online.filter((node) => knows(node, stage));
  if (able.length === 0) return { code: 'no_machine_for_kind', facts: { kind: stage.kind } };
  const allowed = able.filter((node) => isAllowed(node, stage));
  if (allowed.length === 0)
    return { code: stage.privacy === 'trusted' ? 'needs_trusted' : 'needs_this_machine', facts: {} };
  const willing = allowed.filter((node) => !node.paused);
  if (willing.length === 0) return { code: 'machines_paused', facts: { machines: allowed.length } };
  if (willing.every((node) => node.isBenched(stage.kind)))
    return { code: 'machines_benched', facts: { kind: stage.kind, machines: names(willing) } };
  return undefined;
}

/** Why a stage that could run now was not placed: the first obstacle, from the farthest to the nearest. */
export function explainWaiting(stage: ReadyStage, nodes: readonly PlacingNode[]): WaitingReason {
  const obstacle = explainCan(stage, nodes);
  if (obstacle) return obstacle;
  const willing = nodes.filter((node) => can(node, stage));
  const large = willing.filter((node) => node.memoryBytes >= stage.memoryBytes && !stage.unfit.includes(node.id));
  if (large.length === 0) {
    const largest = Math.max(...willing.map((node) => node.memoryBytes));
    return { code: 'needs_memory', facts: { needed: gigabytes(stage.memoryBytes), largest: gigabytes(largest) } };
  }
  const fitting = large.filter((node) => fits(node, stage));
  if (fitting.length === 0)
    return { code: 'needs_disk', facts: { needed: gigabytes(bytesOf(stage) * 2 + diskReserveBytes) } };
  if (mustRunAlone(stage.lostOn)) return { code: 'waits_alone', facts: {} };
  const round: Round = { nodes, placed: new Map(), claimed: new Map(), reserved: new Set() };
  const roomy = fitting.filter((node) => hasRoom(round, node, stage.kind));
  if (roomy.length > 0 && !roomy.some((node) => hasMemory(round, node, stage)))
    return { code: 'memory_busy', facts: { needed: gigabytes(stage.expectedMemoryBytes) } };
  return { code: 'machines_busy', facts: { machines: fitting.length } };
}
