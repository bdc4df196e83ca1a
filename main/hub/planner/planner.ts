/**
 * The planner put together: every change of work is a small work in a grouped commit; in the same transaction changed jobs are
 * planned and what is ready is placed; once that is on disk, events go out and the outbox is pumped.
 */

import type { Clock } from '../../../common/clock.ts';
import type { Logger } from '../../../common/log.ts';
import { MillraceError } from '../../../contract/errors.ts';
import type { HubEvent } from '../../../contract/hub-events.ts';
import type { PipelineSettings } from '../../../contract/pipeline.ts';
import type { WaitingReason } from '../../../contract/reasons.ts';
import type { StageResult } from '../../../contract/stage.ts';
import { recentSpeeds } from '../catalog/attempts.ts';
import type { Catalog } from '../catalog/database.ts';
import { dirtyJobIds } from '../catalog/jobs.ts';
import { createBenches } from './benches.ts';
import { type Checks, createChecks } from './checks.ts';
import type { NodeView, PlannerContext } from './context.ts';
import { loseAttempt, type Planning, recordResult, takeBack } from './end-attempt.ts';
import { cancelJob, pauseBatch, pauseJob, resumeBatch, resumeJob, retryJob } from './job-commands.ts';
import { createLeases, type Leases } from './leases.ts';
import { loadOpenWork } from './load-open-work.ts';
import { createNodeMemory } from './node-memory.ts';
import { createOpenWork, type OpenStage, type OpenWork } from './open-work.ts';
import { createPlacing, placingNode } from './place-ready.ts';
import { explainWaiting } from './place-stages.ts';
import { createReplanner } from './plan-job.ts';

export interface PlannerParts {
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly logger: Logger;
  nodes(): readonly NodeView[];
  settings(): PipelineSettings;
  emit(event: HubEvent): void;
  /** Placements are on disk in the outbox: to the broker with them. */
  send(rows: PlannerContext['effects']['placed']): void;
  /** BullMQ jobs of closed attempts, to be taken back. */
  withdraw(attempts: PlannerContext['effects']['withdrawn']): void;
  brokerReachable(): boolean;
  /** The owner wants nothing to run. */
  allPaused(): boolean;
}

export interface Planner {
  readonly leases: Leases;
  readonly open: OpenWork;
  readonly memory: PlannerContext['memory'];
  /** Known answers of machines, and who is benched. */
  readonly checks: Checks;
  /** Runs `work` in a grouped commit, given a way to say that a job is new or changed. */
  commit<T>(work: (changed: (jobId: string) => void) => T): Promise<T>;
  record(attemptId: string, node: { id: string; name: string }, result: StageResult): Promise<'recorded' | 'repeated'>;
  cancel(jobId: string): Promise<void>;
  retry(jobId: string): Promise<void>;
  pause(jobId: string): Promise<void>;
  resume(jobId: string): Promise<void>;
  pauseBatch(batchId: string): Promise<void>;
  resumeBatch(batchId: string): Promise<void>;
  /** Takes back everything that is placed anywhere; with `allPaused` nothing is placed again. */
  takeAllBack(): Promise<void>;
  /** Attempts that the broker finished without a result, or that no node will ever see. */
  lose(attemptIds: readonly string[]): Promise<void>;
  /** Machines or settings changed: place again. */
  touch(): void;
  /** Tells why stages wait; for one answer, not to be kept. */
  explainer(): (stage: OpenStage) => WaitingReason;
  start(): void;
  stop(): void;
}

/** `steady` time: wall clock at the start plus monotonic time since. */
function createSteadyClock(clock: Clock): () => number {
  const base = clock.wallMs() - clock.monotonicMs();
  return () => base + clock.monotonicMs();
}

/** Explains stages of one moment: machines are looked at once, and stages that are alike share their reason. */
function createExplainer(context: PlannerContext, brokerReachable: boolean) {
  const nodes = context.nodes().map((node) => placingNode(context, node));
  const allPaused = context.allPaused();
  const alike = new Map<string, WaitingReason>();
  return (stage: OpenStage): WaitingReason => {
    if (stage.paused) return { code: 'job_paused', facts: {} };
    if (allPaused) return { code: 'all_paused', facts: {} };
    if (!brokerReachable) return { code: 'broker_away', facts: {} };
    const leader = context.open.leaderOf(stage);
    if (leader) return { code: 'same_work', facts: { item: leader.item } };
    const waitMs = stage.notBeforeMs - context.steadyMs();
    if (waitMs > 0) {
      return {
        code: 'back_off',
        facts: { seconds: Math.ceil(waitMs / 1_000), message: stage.lastFailure?.message ?? '' },
      };
    }
    const { kind, memoryBytes, expectedMemoryBytes, privacy, lostOn, unfit } = stage;
    const key = [kind, memoryBytes, expectedMemoryBytes, privacy, lostOn.length, ...unfit].join(' ');
    const reason = alike.get(key) ?? explainWaiting(stage, nodes);
    if (reason.code !== 'needs_disk') alike.set(key, reason);
    return reason;
  };
}

/** One timer that runs the planner again; asked for earlier, it fires earlier. */
function createWake(run: () => void) {
  let timer: NodeJS.Timeout | undefined;
  let dueMs = Number.POSITIVE_INFINITY;
  return {
    in(delayMs: number): void {
      const atMs = performance.now() + delayMs;
      if (atMs >= dueMs) return;
      clearTimeout(timer);
      dueMs = atMs;
      timer = setTimeout(() => {
        dueMs = Number.POSITIVE_INFINITY;
        run();
      }, Math.ceil(delayMs));
    },
    stop(): void {
      clearTimeout(timer);
      dueMs = Number.NEGATIVE_INFINITY;
    },
  };
}

/** Builds the planner over an opened catalog. `start` loads what is open and begins to place. */
export function createPlanner(parts: PlannerParts): Planner {
  const { catalog, logger } = parts;
  const steadyMs = createSteadyClock(parts.clock);
  const context: PlannerContext = {
    catalog,
    logger,
    clock: parts.clock,
    open: createOpenWork(),
    memory: createNodeMemory(),
    benches: createBenches(catalog, parts.clock, steadyMs),
    effects: { events: [], withdrawn: [], placed: [] },
    nodes: parts.nodes,
    settings: parts.settings,
    allPaused: parts.allPaused,
    steadyMs,
  };
  let touched = false;
  const touch = (): void => {
    if (touched) return;
    touched = true;
    catalog
      .commit(() => {
        touched = false;
      })
      .catch((error: unknown) => {
        touched = false;
        logger.error({ error }, 'placing could not be written; it is tried again');
      });
  };
  const wake = createWake(touch);
  const replanner = createReplanner(context, wake.in);
  const placing = createPlacing(context);
  const planning: Planning = { context, replanner };
  const leases = createLeases(planning);

  const before = (): void => {
    replanner.planDue();
    placing.placeReady();
  };
  const after = (committed: boolean): void => {
    const { events, withdrawn, placed } = context.effects;
    const told = events.splice(0);
    const taken = withdrawn.splice(0);
    const sending = placed.splice(0);
    if (!committed) {
      loadOpenWork(context);
      return;
    }
    for (const event of told) parts.emit(event);
    if (taken.length > 0) parts.withdraw(taken);
    if (sending.length > 0) parts.send(sending);
    const dueMs = context.open.nextDueMs();
    if (dueMs !== null) wake.in(Math.max(dueMs - context.steadyMs(), 1));
  };
  let ticker: NodeJS.Timeout | undefined;

  return {
    leases,
    open: context.open,
    memory: context.memory,
    checks: createChecks(planning),
    commit: (work) => catalog.commit(() => work((jobId) => replanner.changed(jobId))),
    record: (attemptId, node, result) => catalog.commit(() => recordResult(planning, attemptId, node, result)),
    cancel: (jobId) => catalog.commit(() => cancelJob(planning, jobId)),
    retry: (jobId) => catalog.commit(() => retryJob(planning, jobId)),
    pause: (jobId) => catalog.commit(() => pauseJob(planning, jobId)),
    resume: (jobId) => catalog.commit(() => resumeJob(planning, jobId)),
    pauseBatch: (batchId) => catalog.commit(() => pauseBatch(planning, batchId)),
    resumeBatch: (batchId) => catalog.commit(() => resumeBatch(planning, batchId)),
    takeAllBack: () =>
      catalog.commit(() => {
        for (const attempt of [...context.open.attempts()]) takeBack(planning, attempt);
      }),
    lose: (attemptIds) =>
      catalog.commit(() => {
        for (const id of attemptIds) {
          const attempt = context.open.attempt(id);
          if (attempt) loseAttempt(planning, attempt);
        }
      }),
    touch,
    explainer: () => createExplainer(context, parts.brokerReachable()),
    start() {
      catalog.onCommit({ before, after });
      for (const speed of recentSpeeds(catalog).reverse()) context.memory.measured(speed.nodeId, speed.kind, speed.ms);
      loadOpenWork(context);
      const dirty = dirtyJobIds(catalog);
      if (dirty.length > 0) {
        catalog
          .commit(() =>
            dirty.forEach((jobId) => {
              replanner.changed(jobId);
            }),
          )
          .catch((error: unknown) => logger.error({ error }, 'could not plan what was left'));
      }
      ticker = setInterval(() => {
        leases.expire();
        if (context.effects.events.length > 0 || context.open.waitingCount() > 0) touch();
      }, 1_000);
    },
    stop() {
      clearInterval(ticker);
      wake.stop();
    },
  };
}

/** Refuses with `not_found` what is undefined. */
export function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new MillraceError('not_found', `There is no such ${what}.`);
  return value;
}
