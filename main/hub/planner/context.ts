/** What the planner's parts share: the catalog, the mirror of open work, the machines, time, and effects that follow a commit. */

import { type Clock, timestamp } from '../../../common/clock.ts';
import type { Logger } from '../../../common/log.ts';
import type { HubEvent } from '../../../contract/hub-events.ts';
import type { AttemptState, JobState } from '../../../contract/item.ts';
import type { Capability, NodeLoad } from '../../../contract/node.ts';
import type { PipelineSettings } from '../../../contract/pipeline.ts';
import type { OutboxRow } from '../catalog/attempts.ts';
import type { Catalog } from '../catalog/database.ts';
import type { Benches } from './benches.ts';
import type { NodeMemory } from './node-memory.ts';
import type { OpenAttempt, OpenWork } from './open-work.ts';

/** What the planner needs to know of a machine; the node registry gives it. */
export interface NodeView {
  readonly id: string;
  readonly name: string;
  readonly local: boolean;
  /** Its owner is trusted with jobs that are not for everybody; true for the hub's own machine. */
  readonly trusted: boolean;
  readonly online: boolean;
  readonly paused: boolean;
  readonly capability: Capability;
  readonly load: NodeLoad | null;
}

/** Effects of a group of works. They happen once the group is on disk, and not at all when it was undone. */
export interface Effects {
  readonly events: HubEvent[];
  /** Attempts whose BullMQ jobs are to be taken back. */
  readonly withdrawn: { readonly nodeId: string; readonly queue: string; readonly attemptId: string }[];
  /** Placements that are in the outbox now, to be carried to the broker. */
  readonly placed: OutboxRow[];
}

export interface PlannerContext {
  readonly catalog: Catalog;
  readonly open: OpenWork;
  readonly memory: NodeMemory;
  readonly benches: Benches;
  readonly effects: Effects;
  readonly clock: Clock;
  readonly logger: Logger;
  nodes(): readonly NodeView[];
  settings(): PipelineSettings;
  /** Nothing is placed anywhere. */
  allPaused(): boolean;
  /** Wall-clock time at the hub's start plus monotonic time since: comparable over restarts, untouched by clock steps. ms */
  steadyMs(): number;
}

/** Tells of an attempt's state after the commit. */
export function emitAttemptState(
  context: PlannerContext,
  attempt: Pick<OpenAttempt, 'id' | 'stage' | 'nodeId'>,
  state: AttemptState,
  nowMs: number,
): void {
  const { jobId, itemId, item, kind } = attempt.stage;
  context.effects.events.push({
    name: 'attempt.state',
    data: { attemptId: attempt.id, jobId, itemId, item, kind, nodeId: attempt.nodeId, state, at: timestamp(nowMs) },
  });
}

/** Tells of a job's state after the commit. */
export function emitJobState(
  context: PlannerContext,
  job: { id: string; itemId: string; batchId: string },
  state: JobState,
  error?: HubEventError,
): void {
  context.effects.events.push({
    name: 'job.state',
    data: { jobId: job.id, itemId: job.itemId, batchId: job.batchId, state, ...(error && { error }) },
  });
}
type HubEventError = NonNullable<Extract<HubEvent, { name: 'job.state' }>['data']['error']>;
