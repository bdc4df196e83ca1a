/**
 * Makes the broker agree with the catalog: whatever the catalog says is open and the broker does not know is sent again.
 * Runs at start, at every new connection to the broker, and every 30 s. The broker may lose everything.
 */
import type { Logger } from '../../../common/log.ts';
import type { OutboxRow } from '../catalog/attempts.ts';
import { type OpenAttempt, payloadOf } from '../planner/open-work.ts';
import type { Planner } from '../planner/planner.ts';
import type { NodeQueues } from './node-queues.ts';

export const reconcileIntervalMs = 30_000;
/** Attempts looked up at once. */
const lookups = 100;
/** A placement may be on its way for so long, ms. */
const graceMs = 2_000;

export interface ReconcileParts {
  readonly planner: Planner;
  readonly queues: NodeQueues;
  readonly logger: Logger;
  /** Wall-clock time, ms. */
  nowMs(): number;
  /** To the broker; the catalog knows these placements already. */
  send(rows: readonly OutboxRow[]): void;
}

/** Whether the broker knows each attempt. What a node holds is not asked for: its result is coming. */
async function lookUp(
  parts: ReconcileParts,
  attempts: readonly OpenAttempt[],
): Promise<{ gone: OpenAttempt[]; ended: OpenAttempt[] }> {
  const gone: OpenAttempt[] = [];
  const ended: OpenAttempt[] = [];
  for (let from = 0; from < attempts.length; from += lookups) {
    await Promise.all(
      attempts.slice(from, from + lookups).map(async (attempt) => {
        const state = await parts.queues.state({
          nodeId: attempt.nodeId,
          queue: attempt.stage.queue,
          attemptId: attempt.id,
        });
        if (state === 'gone') gone.push(attempt);
        if (state === 'ended') ended.push(attempt);
      }),
    );
  }
  return { gone, ended };
}

/** One round. Rejects when the broker cannot be asked. */
export async function reconcile(parts: ReconcileParts): Promise<{ sentAgain: number; lost: number }> {
  const { planner } = parts;
  const oldest = parts.nowMs() - graceMs;
  const placed = [...planner.open.attempts()].filter(
    (attempt) => attempt.state === 'placed' && attempt.placedMs < oldest,
  );
  const { gone, ended } = await lookUp(parts, placed);
  const open = (attempt: OpenAttempt): boolean =>
    planner.open.attempt(attempt.id) === attempt && attempt.state === 'placed';
  const sendAgain = gone
    .filter(open)
    .map(({ id, nodeId, stage }) => ({ nodeId, queue: stage.queue, payload: payloadOf(stage, id) }));
  parts.send(sendAgain);
  const lost = ended.filter(open).map((attempt) => attempt.id);
  if (lost.length > 0) await planner.lose(lost);
  return { sentAgain: sendAgain.length, lost: lost.length };
}

/** Runs `reconcile` when it is due; one round at a time. @returns a function that ends it */
export function keepReconciled(parts: ReconcileParts): () => void {
  let running = false;
  const round = (): void => {
    if (running || !parts.queues.reachable()) return;
    running = true;
    reconcile(parts)
      .then(({ sentAgain, lost }) => {
        if (sentAgain + lost > 0) parts.logger.info({ sentAgain, lost }, 'reconciled with the broker');
      })
      .catch((error: unknown) => parts.logger.warn({ error }, 'could not reconcile with the broker'))
      .finally(() => {
        running = false;
      });
  };
  parts.queues.onConnect(round);
  const timer = setInterval(round, reconcileIntervalMs);
  return () => clearInterval(timer);
}
