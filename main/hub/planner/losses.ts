/**
 * Whether a machine that was lost went down with the work that ran there. Judged a little later, when it is known who else was lost:
 * machines that vanish together were cut off by something that they share, and no work is to blame.
 */
import { heartbeatIntervalMs } from '../../../contract/node.ts';
import { countLoss, type Planning } from './end-attempt.ts';
import type { OpenAttempt } from './open-work.ts';

/** Machines that are cut off at one moment are missed within a heartbeat of each other, and a second for the watch. */
export const togetherMs = heartbeatIntervalMs + 2_000;

interface Loss {
  readonly nodeId: string;
  readonly atMs: number;
  /** What ran there, by stage. */
  readonly running: ReadonlyMap<string, string>;
}

export interface Losses {
  /** A machine was lost with these attempts. */
  note(nodeId: string, attempts: readonly OpenAttempt[]): void;
  /** Judges those whose time has come; to be called about once a second. */
  judge(): void;
}

export function createLosses(planning: Planning): Losses {
  const { context } = planning;
  let recent: Loss[] = [];
  let unjudged: Loss[] = [];

  /** A machine that the same stage took down just before or after is no sign of a common cause. */
  const wasAlone = (loss: Loss, stageId: string): boolean =>
    !recent.some(
      (other) =>
        other.nodeId !== loss.nodeId && Math.abs(other.atMs - loss.atMs) <= togetherMs && !other.running.has(stageId),
    );
  const count = (loss: Loss): void => {
    const guilty = [...loss.running].filter(([stageId]) => wasAlone(loss, stageId));
    if (guilty.length === 0) return;
    context.catalog
      .commit(() => {
        for (const [stageId, attemptId] of guilty) countLoss(planning, stageId, attemptId, loss.nodeId);
      })
      .catch((error: unknown) => context.logger.warn({ error }, 'lost machines could not be counted'));
  };
  return {
    note(nodeId, attempts) {
      const begun = attempts.filter((attempt) => attempt.state === 'running');
      const running = new Map(begun.map((attempt) => [attempt.stage.id, attempt.id]));
      const loss = { nodeId, atMs: context.steadyMs(), running };
      recent.push(loss);
      if (running.size > 0) unjudged.push(loss);
    },
    judge() {
      const nowMs = context.steadyMs();
      const due = unjudged.filter((loss) => loss.atMs + togetherMs < nowMs);
      if (due.length > 0) unjudged = unjudged.filter((loss) => !due.includes(loss));
      for (const loss of due) count(loss);
      recent = recent.filter((loss) => loss.atMs + 3 * togetherMs > nowMs);
    },
  };
}
