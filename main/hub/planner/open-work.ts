/**
 * What is open, in memory: stages that wait (the backlog) and attempts that nodes hold. A mirror of the catalog that can be
 * rebuilt from it at any time; it decides nothing. Times are the hub's steady ms.
 */
import type { Failure } from '../../../contract/errors.ts';
import type { Priority, Progress } from '../../../contract/item.ts';
import type { JsonObject, StageInput, StagePayload } from '../../../contract/stage.ts';
import type { ReadyGroup, ReadyStage } from './place-stages.ts';

/** A waiting or running stage with all that placing, payload and events need. */
export interface OpenStage extends ReadyStage {
  readonly itemId: string;
  readonly item: string;
  readonly pipeline: string;
  readonly options: JsonObject;
  readonly inputs: readonly StageInput[];
  readonly timeoutMs: number;
  readonly resultKey: string | null;
  readonly patience: number;
  /** Attempts made so far; the next one has this number plus one. */
  readonly attempts: number;
  readonly forgiven: number;
  readonly notBeforeMs: number;
  readonly lastFailure: Failure | null;
  readonly failedOn: readonly string[];
  readonly unfit: readonly string[];
  readonly lostOn: readonly string[];
  /** Its job is paused: it is in the backlog, and never ready. */
  readonly paused: boolean;
}

export interface OpenAttempt {
  readonly id: string;
  /** As it was placed, and what became known of it since. */
  stage: OpenStage;
  readonly nodeId: string;
  readonly placedMs: number;
  state: 'placed' | 'running';
  startedMs: number | null;
  deadlineMs: number;
  progress: Progress | null;
}

/** The work order of an attempt at a stage. */
export function payloadOf(stage: OpenStage, attemptId: string): StagePayload {
  return {
    attemptId,
    stageId: stage.id,
    jobId: stage.jobId,
    kind: stage.kind,
    codeVersion: stage.codeVersion,
    options: stage.options,
    inputs: [...stage.inputs],
    timeoutMs: stage.timeoutMs,
    memoryBytes: stage.memoryBytes,
  };
}

interface Group {
  readonly kind: string;
  readonly priority: Priority;
  readonly batchId: string;
  readonly stages: Map<string, OpenStage>;
}

const add = (counts: Map<string, number>, key: string, change: number): void => {
  const next = (counts.get(key) ?? 0) + change;
  if (next === 0) counts.delete(key);
  else counts.set(key, next);
};

export interface OpenWork {
  /** Puts a stage into the backlog: ready, behind a twin that computes the same, delayed until its time, or paused. */
  wait(stage: OpenStage): void;
  /** The stage leaves the backlog for a node. Twins go on waiting for its result. */
  place(attempt: OpenAttempt): void;
  /** The stage is over (done, failed, cancelled), waiting or not; the next twin that waited for its result computes it now. */
  finish(stage: OpenStage): void;
  /** The stage, when it is waiting. */
  waiting(stageId: string): OpenStage | undefined;
  waitingOfJob(jobId: string): Iterable<OpenStage>;
  allWaiting(): Iterable<OpenStage>;
  waitingCount(): number;
  /** The stage that computes what this one waits for, if any. */
  leaderOf(stage: OpenStage): OpenStage | undefined;
  /** Ready stages in groups; those whose time has come are ready. */
  groups(nowMs: number): ReadyGroup[];
  /** When the next delayed stage is ready, or null. */
  nextDueMs(): number | null;
  /** An attempt that was open when the hub started. */
  adopt(attempt: OpenAttempt): void;
  close(attemptId: string): OpenAttempt | undefined;
  attempt(attemptId: string): OpenAttempt | undefined;
  attempts(): Iterable<OpenAttempt>;
  attemptsOfNode(nodeId: string): readonly OpenAttempt[];
  attemptsOfStage(stageId: string): readonly OpenAttempt[];
  attemptsOfJob(jobId: string): readonly OpenAttempt[];
  /** Open attempts of a node by kind. */
  inFlight(nodeId: string): ReadonlyMap<string, number>;
  clear(): void;
}

/** Keys of results that are being computed: the first stage leads, twins with the same key wait for its result. */
function createTwins() {
  const leaders = new Map<string, OpenStage>();
  const followers = new Map<string, Map<string, OpenStage>>();
  return {
    leader: (stage: OpenStage) => {
      const leader = stage.resultKey === null ? undefined : leaders.get(stage.resultKey);
      return leader?.id === stage.id ? undefined : leader;
    },
    /** True when the stage leads, or has nothing to share. */
    enter(stage: OpenStage): boolean {
      if (stage.resultKey === null) return true;
      const leader = leaders.get(stage.resultKey);
      if (leader === undefined || leader.id === stage.id) {
        leaders.set(stage.resultKey, stage);
        return true;
      }
      const waiting = followers.get(stage.resultKey) ?? new Map<string, OpenStage>();
      followers.set(stage.resultKey, waiting.set(stage.id, stage));
      return false;
    },
    /** The stage is over; answers the follower that leads now. */
    leave(stage: OpenStage): OpenStage | undefined {
      if (stage.resultKey === null) return undefined;
      const waiting = followers.get(stage.resultKey);
      waiting?.delete(stage.id);
      if (leaders.get(stage.resultKey)?.id !== stage.id) return undefined;
      leaders.delete(stage.resultKey);
      const [next] = waiting?.values() ?? [];
      if (waiting && waiting.size <= (next ? 1 : 0)) followers.delete(stage.resultKey);
      if (next) waiting?.delete(next.id);
      return next;
    },
    clear() {
      leaders.clear();
      followers.clear();
    },
  };
}

/** Attempts by id, node, stage and job, with counts for placing. */
function createAttempts() {
  const byId = new Map<string, OpenAttempt>();
  const indexes = {
    node: new Map<string, Map<string, OpenAttempt>>(),
    stage: new Map<string, Map<string, OpenAttempt>>(),
    job: new Map<string, Map<string, OpenAttempt>>(),
  };
  const nodeKinds = new Map<string, Map<string, number>>();
  const batchKinds = new Map<string, number>();
  const keysOf = (attempt: OpenAttempt) => [
    [indexes.node, attempt.nodeId] as const,
    [indexes.stage, attempt.stage.id] as const,
    [indexes.job, attempt.stage.jobId] as const,
  ];
  const count = (attempt: OpenAttempt, change: number): void => {
    const kinds = nodeKinds.get(attempt.nodeId) ?? new Map<string, number>();
    nodeKinds.set(attempt.nodeId, kinds);
    add(kinds, attempt.stage.kind, change);
    add(batchKinds, `${attempt.stage.batchId} ${attempt.stage.kind}`, change);
  };
  const list = (index: Map<string, Map<string, OpenAttempt>>, key: string): readonly OpenAttempt[] => [
    ...(index.get(key)?.values() ?? []),
  ];
  return {
    byId,
    ofNode: (nodeId: string) => list(indexes.node, nodeId),
    ofStage: (stageId: string) => list(indexes.stage, stageId),
    ofJob: (jobId: string) => list(indexes.job, jobId),
    kindsOfNode: (nodeId: string): ReadonlyMap<string, number> => nodeKinds.get(nodeId) ?? new Map(),
    inFlightOfBatch: (batchId: string, kind: string) => batchKinds.get(`${batchId} ${kind}`) ?? 0,
    add(attempt: OpenAttempt) {
      byId.set(attempt.id, attempt);
      for (const [index, key] of keysOf(attempt))
        index.set(key, (index.get(key) ?? new Map<string, OpenAttempt>()).set(attempt.id, attempt));
      count(attempt, 1);
    },
    remove(attempt: OpenAttempt) {
      if (!byId.delete(attempt.id)) return;
      for (const [index, key] of keysOf(attempt)) {
        const entries = index.get(key);
        entries?.delete(attempt.id);
        if (entries?.size === 0) index.delete(key);
      }
      count(attempt, -1);
    },
    clear() {
      byId.clear();
      for (const index of [indexes.node, indexes.stage, indexes.job]) index.clear();
      nodeKinds.clear();
      batchKinds.clear();
    },
  };
}

/** Ready stages by kind, priority and batch; each group is first in, first out. */
function createReadyGroups() {
  const groups = new Map<string, Group>();
  const keyOf = (stage: OpenStage): string => `${stage.kind} ${stage.priority} ${stage.batchId}`;
  return {
    values: () => groups.values(),
    add(stage: OpenStage) {
      const key = keyOf(stage);
      const group = groups.get(key) ?? {
        kind: stage.kind,
        priority: stage.priority,
        batchId: stage.batchId,
        stages: new Map<string, OpenStage>(),
      };
      groups.set(key, group);
      group.stages.set(stage.id, stage);
    },
    remove(stage: OpenStage) {
      const key = keyOf(stage);
      const group = groups.get(key);
      group?.stages.delete(stage.id);
      if (group?.stages.size === 0) groups.delete(key);
    },
    clear: () => groups.clear(),
  };
}

/** An empty mirror. */
export function createOpenWork(): OpenWork {
  const stages = new Map<string, OpenStage>();
  const byJob = new Map<string, Map<string, OpenStage>>();
  const delayed = new Map<string, OpenStage>();
  const twins = createTwins();
  const ready = createReadyGroups();
  const attempts = createAttempts();

  const enter = (stage: OpenStage): void => {
    // A paused one must not lead twins: they would wait as long as it does.
    if (stage.paused || !twins.enter(stage)) return;
    if (stage.notBeforeMs > 0) delayed.set(stage.id, stage);
    else ready.add(stage);
  };
  const wakeDue = (nowMs: number): void => {
    for (const stage of delayed.values()) {
      if (stage.notBeforeMs > nowMs) continue;
      delayed.delete(stage.id);
      ready.add(stage);
    }
  };

  const leaveBacklog = (stage: OpenStage): void => {
    stages.delete(stage.id);
    const ofJob = byJob.get(stage.jobId);
    ofJob?.delete(stage.id);
    if (ofJob?.size === 0) byJob.delete(stage.jobId);
    delayed.delete(stage.id);
    ready.remove(stage);
  };

  return {
    wait(stage) {
      stages.set(stage.id, stage);
      byJob.set(stage.jobId, (byJob.get(stage.jobId) ?? new Map<string, OpenStage>()).set(stage.id, stage));
      enter(stage);
    },
    place(attempt) {
      leaveBacklog(attempt.stage);
      attempts.add(attempt);
    },
    finish(stage) {
      leaveBacklog(stage);
      const next = twins.leave(stage);
      if (next) enter(next);
    },
    waiting: (stageId) => stages.get(stageId),
    waitingOfJob: (jobId) => byJob.get(jobId)?.values() ?? [],
    allWaiting: () => stages.values(),
    waitingCount: () => stages.size,
    leaderOf: twins.leader,
    groups(nowMs) {
      wakeDue(nowMs);
      return [...ready.values()].map((group) => ({
        kind: group.kind,
        priority: group.priority,
        batchId: group.batchId,
        stages: { [Symbol.iterator]: () => group.stages.values() },
        inFlight: attempts.inFlightOfBatch(group.batchId, group.kind),
      }));
    },
    nextDueMs: () => (delayed.size === 0 ? null : Math.min(...[...delayed.values()].map((stage) => stage.notBeforeMs))),
    adopt(attempt) {
      twins.enter(attempt.stage);
      attempts.add(attempt);
    },
    close(attemptId) {
      const attempt = attempts.byId.get(attemptId);
      if (!attempt) return undefined;
      attempts.remove(attempt);
      return attempt;
    },
    attempt: (attemptId) => attempts.byId.get(attemptId),
    attempts: () => attempts.byId.values(),
    attemptsOfNode: attempts.ofNode,
    attemptsOfStage: attempts.ofStage,
    attemptsOfJob: attempts.ofJob,
    inFlight: attempts.kindsOfNode,
    clear() {
      stages.clear();
      byJob.clear();
      delayed.clear();
      twins.clear();
      ready.clear();
      attempts.clear();
    },
  };
}
