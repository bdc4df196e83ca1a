/** Rebuilds the mirror of open work from the catalog: at start, and whenever a group of works had to be undone. */

import { z } from 'zod';
import { errorRow } from '../../../contract/errors.ts';
import { leaseMs } from '../../../contract/node.ts';
import { type AttemptRow, failuresOfOpenStages, openAttempts } from '../catalog/attempts.ts';
import { findJob } from '../catalog/jobs.ts';
import { openStages, type StageRow } from '../catalog/stages.ts';
import type { PlannerContext } from './context.ts';
import { openStageOf } from './plan-job.ts';

const groupBy = <T>(rows: readonly T[], keyOf: (row: T) => string): Map<string, T[]> => Map.groupBy(rows, keyOf);

/** The longest back-off that a stage can have, ms: a clock that was wrong before the restart must not make it longer. */
function boundedNotBefore(context: PlannerContext, stage: StageRow): number {
  const longestMs = 600_000;
  return stage.notBeforeMs === 0 ? 0 : Math.min(stage.notBeforeMs, context.steadyMs() + longestMs);
}

function historyOf(failures: readonly AttemptRow[], forgiven: number, attempts: number) {
  const counted = failures.filter((failure) => failure.number > forgiven && failure.error !== null);
  const lostOn = counted.filter((failure) => failure.error?.details?.['suspicious'] === true);
  const nodesOf = (...classes: string[]) =>
    counted
      .filter(
        ({ error }) => error && error.details?.['check'] !== 'failed' && classes.includes(errorRow(error.code).class),
      )
      .map((failure) => failure.nodeId);
  return {
    attempts,
    failedOn: nodesOf('crash', 'error'),
    unfit: nodesOf('resource'),
    lostOn: lostOn.map((failure) => failure.nodeId),
  };
}

/** Clears the mirror and fills it. Open attempts get a whole lease, since their nodes could not be heard meanwhile. */
export function loadOpenWork(context: PlannerContext): void {
  const { catalog, open } = context;
  open.clear();
  context.benches.load();
  const attempts = groupBy(openAttempts(catalog), (row) => row.stageId);
  const failures = groupBy(failuresOfOpenStages(catalog), (row) => row.stageId);
  const numbers = new Map(
    catalog
      .all(
        z.object({ id: z.string(), number: z.int() }),
        `SELECT stages.id AS id, max(attempts.number) AS number FROM stages JOIN attempts ON attempts.stage_id = stages.id
         WHERE stages.state IN ('waiting', 'running') GROUP BY stages.id`,
      )
      .map((row) => [row.id, row.number]),
  );
  for (const row of openStages(catalog)) {
    const job = findJob(catalog, row.jobId);
    const history = historyOf(failures.get(row.id) ?? [], row.forgiven, numbers.get(row.id) ?? 0);
    const stage = job && openStageOf(job, { ...row, notBeforeMs: boundedNotBefore(context, row) }, history);
    if (!stage) continue;
    const held = attempts.get(row.id) ?? [];
    for (const attempt of held) {
      open.adopt({
        id: attempt.id,
        stage: { ...stage, attempts: attempt.number },
        nodeId: attempt.nodeId,
        placedMs: attempt.placedMs,
        state: attempt.state === 'running' ? 'running' : 'placed',
        startedMs: attempt.startedMs,
        deadlineMs: context.steadyMs() + 2 * leaseMs,
        progress: null,
      });
    }
    if (held.length === 0) open.wait(stage);
  }
}
