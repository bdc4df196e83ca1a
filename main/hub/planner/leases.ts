/** Leases: which attempts a node still holds, by what it says of itself. Deadlines are the hub's steady ms, in memory only. */
import { type Heartbeat, leaseMs } from '../../../contract/node.ts';
import { startAttempt } from '../catalog/attempts.ts';
import { emitAttemptState } from './context.ts';
import { loseAttempt, type Planning, takeBack } from './end-attempt.ts';
import { createLosses } from './losses.ts';
import type { OpenAttempt } from './open-work.ts';

export interface Leases {
  /** A node starts a new session, or comes back in it. @returns attempts that it shall drop */
  hello(nodeId: string, session: string, attempts: readonly string[]): string[];
  /**
   * A node lists what it holds.
   * @param paused its owner wants no new work: what it does not list goes elsewhere now
   * @returns attempts that it shall drop
   */
  renew(nodeId: string, attempts: Heartbeat['attempts'], paused: boolean): string[];
  /** A node went silent or was sent away: what it held goes elsewhere now. */
  nodeGone(nodeId: string): void;
  /** A node stops in order, or shall rest: what it does not keep goes elsewhere now, and blames nobody. */
  takeBack(nodeId: string, kept: readonly string[]): void;
  /** Loses attempts whose time is over; to be called about once a second. */
  expire(): void;
}

/** The first sign that a node works on an attempt. */
function begin({ context }: Planning, attempt: OpenAttempt): void {
  const nowMs = context.clock.wallMs();
  attempt.state = 'running';
  attempt.startedMs = nowMs;
  context.catalog
    .commitLater(() => startAttempt(context.catalog, attempt.id, nowMs))
    .catch((error: unknown) => {
      context.logger.warn({ error, attemptId: attempt.id }, 'the start of an attempt could not be written');
    });
  emitAttemptState(context, attempt, 'running', nowMs);
}

/** The hub itself stood still for so long: suspended, or stuck. */
const standstillMs = leaseMs / 2;

export function createLeases(planning: Planning): Leases {
  const { context } = planning;
  const { open } = context;

  const losses = createLosses(planning);
  let lookedMs = context.steadyMs();

  /** In a transaction of its own; an attempt that was closed meanwhile stays closed. */
  const close = (attempts: readonly OpenAttempt[], end: (attempt: OpenAttempt) => void): void => {
    if (attempts.length === 0) return;
    context.catalog
      .commit(() => {
        for (const attempt of attempts) if (open.attempt(attempt.id) === attempt) end(attempt);
      })
      .catch((error: unknown) =>
        context.logger.error({ error }, 'the end of attempts could not be written; it is tried again'),
      );
  };
  const lose = (attempts: readonly OpenAttempt[]): void => close(attempts, (attempt) => loseAttempt(planning, attempt));
  /** The machine is gone, or began a new life: perhaps for what it worked on. */
  const loseMachine = (nodeId: string, attempts: readonly OpenAttempt[]): void => {
    losses.note(nodeId, attempts);
    lose(attempts);
  };
  const mine = (nodeId: string, id: string): OpenAttempt | undefined => {
    const attempt = open.attempt(id);
    return attempt?.nodeId === nodeId ? attempt : undefined;
  };
  const renewOne = (attempt: OpenAttempt, progress: OpenAttempt['progress']): void => {
    attempt.deadlineMs = context.steadyMs() + leaseMs;
    if (attempt.state === 'placed') begin(planning, attempt);
    if (progress === null || JSON.stringify(progress) === JSON.stringify(attempt.progress)) return;
    attempt.progress = progress;
    context.effects.events.push({
      name: 'attempt.progress',
      data: { attemptId: attempt.id, jobId: attempt.stage.jobId, nodeId: attempt.nodeId, progress },
    });
  };

  return {
    hello(nodeId, _session, attempts) {
      const held = new Set(attempts);
      const missing = open.attemptsOfNode(nodeId).filter((attempt) => !held.has(attempt.id));
      if (missing.length > 0) loseMachine(nodeId, missing);
      for (const id of held) {
        const attempt = mine(nodeId, id);
        if (attempt) attempt.deadlineMs = context.steadyMs() + leaseMs;
      }
      return attempts.filter((id) => !mine(nodeId, id));
    },
    renew(nodeId, attempts, paused) {
      const held = new Set(attempts.map((attempt) => attempt.id));
      const drop: string[] = [];
      for (const { id, progress } of attempts) {
        const attempt = mine(nodeId, id);
        if (attempt) renewOne(attempt, progress);
        else drop.push(id);
      }
      const unlisted = open.attemptsOfNode(nodeId).filter((attempt) => !held.has(attempt.id));
      if (paused) close(unlisted, (attempt) => takeBack(planning, attempt));
      // What lies in the node's queue is safe as long as the node lives; what it began and lists no more is not.
      for (const attempt of unlisted) {
        if (attempt.state === 'placed') attempt.deadlineMs = context.steadyMs() + leaseMs;
      }
      return drop;
    },
    nodeGone: (nodeId) => loseMachine(nodeId, open.attemptsOfNode(nodeId)),
    takeBack(nodeId, kept) {
      const keeps = new Set(kept);
      const attempts = open.attemptsOfNode(nodeId).filter((attempt) => !keeps.has(attempt.id));
      close(attempts, (attempt) => takeBack(planning, attempt));
    },
    expire() {
      const nowMs = context.steadyMs();
      const gapMs = nowMs - lookedMs;
      lookedMs = nowMs;
      // Nobody could be heard meanwhile, so nobody is late for it.
      if (gapMs > standstillMs) for (const attempt of open.attempts()) attempt.deadlineMs += gapMs;
      const late = [...open.attempts()].filter((attempt) => attempt.deadlineMs < nowMs);
      for (const [nodeId, attempts] of Map.groupBy(late, (attempt) => attempt.nodeId)) loseMachine(nodeId, attempts);
      losses.judge();
    },
  };
}
