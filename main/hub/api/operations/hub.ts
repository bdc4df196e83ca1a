/** Handlers of operations on the hub itself: the farm at a glance, settings. */
import { timestamp } from '../../../../common/clock.ts';
import type { Farm, HubTrouble, Settings } from '../../../../contract/operations/hub.ts';
import type { Node } from '../../../../contract/operations/nodes.ts';
import { reasonSentence } from '../../../../contract/reasons.ts';
import type { BlobGc } from '../../blobs/blob-gc.ts';
import { countJobs, failureGroups } from '../../catalog/jobs.ts';
import type { EventLog } from '../../events.ts';
import type { SettingsChange } from '../../settings-store.ts';
import type { JsonHandlers } from '../handlers.ts';
import type { ViewParts } from './job-view.ts';

export interface HubParts extends ViewParts {
  readonly hub: { readonly id: string; readonly version: string };
  readonly events: EventLog;
  listNodes(): Node[];
  troubles(): HubTrouble[];
  settings(): Settings;
  /** Stores a change and makes it felt (doors, discovery, placing). */
  changeSettings(change: SettingsChange): Promise<Settings>;
  readonly gc: Pick<BlobGc, 'collect'>;
}

/** Examples shown of a group of waiting work. */
const sampleSize = 8;

/** Waiting stages by reason, pipeline and kind, largest group first. */
function waitingGroups(parts: HubParts): Farm['waiting'] {
  const explain = parts.planner.explainer();
  const groups = new Map<string, Farm['waiting'][number]>();
  for (const stage of parts.planner.open.allWaiting()) {
    const waiting = explain(stage);
    const key = `${waiting.code} ${stage.pipeline} ${stage.kind}`;
    const group = groups.get(key) ?? {
      reason: reasonSentence(waiting),
      waiting,
      pipeline: stage.pipeline,
      kind: stage.kind,
      count: 0,
      sample: [],
    };
    groups.set(key, group);
    group.count += 1;
    if (group.sample.length < sampleSize)
      group.sample.push({ jobId: stage.jobId, item: stage.item, itemId: stage.itemId });
  }
  return [...groups.values()].sort((a, b) => b.count - a.count);
}

function farmView(parts: HubParts): Farm {
  const counts = countJobs(parts.catalog);
  const settings = parts.settings();
  return {
    hub: { ...parts.hub, name: settings.hubName, acceptsNodes: settings.acceptNodes, paused: settings.paused },
    troubles: parts.troubles(),
    counts: {
      waiting: (counts.get('waiting') ?? 0) + (counts.get('paused') ?? 0),
      running: counts.get('running') ?? 0,
      done: counts.get('done') ?? 0,
      failed: (counts.get('failed') ?? 0) + (counts.get('quarantined') ?? 0),
    },
    nodes: parts.listNodes(),
    waiting: waitingGroups(parts),
    failures: failureGroups(parts.catalog).map(({ newestMs, ...group }) => ({
      ...group,
      newestAt: timestamp(newestMs),
    })),
    lastEventId: parts.events.lastId(),
  };
}

export function hubHandlers(
  parts: HubParts,
): Pick<JsonHandlers, 'getFarm' | 'getSettings' | 'updateSettings' | 'collectGarbage'> {
  return {
    getFarm: async () => farmView(parts),
    collectGarbage: ({ body }) => parts.gc.collect(body.dryRun),
    getSettings: async () => parts.settings(),
    updateSettings: ({ body }) => parts.changeSettings(body),
  };
}
