/** Leases: which attempts a node still holds, by what it says of itself. Deadlines are the hub's steady ms, in memory only. */
import { type Heartbeat, leaseMs } from '../../../contract/node.ts';
import { startAttempt } from '../catalog/attempts.ts';
import { emitAttemptState } from './context.ts';
import { loseAttempt, type Planning } from './end-attempt.ts';
import type { OpenAttempt } from './open-work.ts';

export interface Leases {
  /** A node starts a new session, or comes back in it. @returns attempts that it shall drop */
  hello(nodeId: string, session: string, attempts: readonly string[]): string[];
  /** A node lists what it holds. @returns attempts that it shall drop */
  renew(nodeId: string, attempts: Heartbeat['attempts']): string[];
  /** A node went silent or was sent away: what it held goes elsewhere now. */
  nodeGone(nodeId: string): void;
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

export function createLeases(planning: Planning): Leases {
  const { context } = planning;
  const { open } = context;

  /** In a transaction of its own; an attempt that was closed meanwhile stays closed. */
  const lose = (attempts: readonly OpenAttempt[]): void => {
    if (attempts.length === 0) return;
    context.catalog
      .commit(() => {
        for (const attempt of attempts) if (open.attempt(attempt.id) === attempt) loseAttempt(planning, attempt);
      })
      .catch((error: unknown) =>
        context.logger.error({ error }, 'lost attempts could not be written; they are tried again'),
      );
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
      lose(open.attemptsOfNode(nodeId).filter((attempt) => !held.has(attempt.id)));
      for (const id of held) {
        const attempt = mine(nodeId, id);
        if (attempt) attempt.deadlineMs = context.steadyMs() + leaseMs;
      }
      return attempts.filter((id) => !mine(nodeId, id));
    },
    renew(nodeId, attempts) {
      const held = new Set(attempts.map((attempt) => attempt.id));
      const drop: string[] = [];
      for (const { id, progress } of attempts) {
        const attempt = mine(nodeId, id);
        if (attempt) renewOne(attempt, progress);
        else drop.push(id);
      }
      // What lies in the node's queue is safe as long as the node lives; what it began and lists no more is not.
      for (const attempt of open.attemptsOfNode(nodeId)) {
        if (attempt.state === 'placed' && !held.has(attempt.id)) attempt.deadlineMs = context.steadyMs() + leaseMs;
      }
      return drop;
    },
    nodeGone: (nodeId) => lose(open.attemptsOfNode(nodeId)),
    expire() {
      const nowMs = context.steadyMs();
      lose([...open.attempts()].filter((attempt) => attempt.deadlineMs < nowMs));
    },
  };
}
