/** Generated farm for the UI load harness: machines, items and work that moves by itself. Synthetic by nature; not a hub. */
import type { HubEvent } from '../../../contract/hub-events.ts';
import type { Artifact, Item, Job, JobDetail, JobState } from '../../../contract/item.ts';
import type { Farm, HubTrouble, Settings } from '../../../contract/operations/hub.ts';
import type { Node } from '../../../contract/operations/nodes.ts';
import type { PairingRequest } from '../../../contract/operations/pairing.ts';
import { artifactOf, at, detailOf, idOf, makeNode, makeWork, type Work } from './load-data.ts';

export interface LoadShape {
  readonly machines: number;
  /** Items in the library that are done. */
  readonly done: number;
  readonly waiting: number;
  readonly failed: number;
  /** Time of one step, ms, about. */
  readonly stepMs: number;
}

export interface LoadFarm {
  farm(): Farm;
  readonly settings: Settings;
  /** What the hub is to suffer from, and who asks to join: for pictures. */
  readonly troubles: HubTrouble[];
  readonly pairing: PairingRequest[];
  items(filter: { state?: string | undefined; text?: string | undefined }): readonly Work[];
  work(itemId: string): Work | undefined;
  workOfJob(jobId: string): Work | undefined;
  detail(work: Work): JobDetail;
  artifacts(work: Work): Artifact[];
  retry(jobId: string): Job | undefined;
  addFile(name: string, sizeBytes: number): { item: Item; jobId: string };
  addMachine(): void;
  /** Moves the work on; tells what happened. */
  tick(nowMs: number): readonly HubEvent[];
}

export function createLoadFarm(shape: LoadShape): LoadFarm {
  let nodes = Array.from({ length: shape.machines }, (_, index) => makeNode(index, shape.machines));
  const works: Work[] = [];
  const states: readonly (readonly [JobState, number])[] = [
    ['done', shape.done],
    ['failed', shape.failed],
    ['waiting', shape.waiting],
  ];
  for (const [state, count] of states) for (let i = 0; i < count; i += 1) works.push(makeWork(works.length, state));
  const byItem = new Map(works.map((work) => [work.item.id, work]));
  const byJob = new Map(works.map((work) => [work.job.id, work]));
  const waiting = works.filter((work) => work.job.state === 'waiting');
  const doneBefore = works.filter((work) => work.job.state === 'done').length;
  let doneSince = 0;
  let eventId = 1;

  const isState = (state: JobState) => works.filter((work) => work.job.state === state);
  const failures = (): Farm['failures'] => {
    const failed = isState('failed');
    const error = failed[0]?.job.error;
    if (error === undefined) return [];
    const jobs = failed.slice(0, 20).map(({ job, item }) => ({ jobId: job.id, itemId: item.id, item: item.name }));
    return [{ error, count: failed.length, newestAt: at(200_000), jobs }];
  };
  const stateEvent = (work: Work): HubEvent => ({
    name: 'job.state',
    data: { jobId: work.job.id, itemId: work.item.id, batchId: work.job.batchId, state: work.job.state },
  });
  const attemptEvent = (work: Work, node: Node, attemptId: string, state: 'running' | 'done'): HubEvent => ({
    name: 'attempt.state',
    data: {
      attemptId,
      jobId: work.job.id,
      itemId: work.item.id,
      item: work.item.name,
      kind: 'watermark',
      nodeId: node.id,
      state,
      at: at(0),
    },
  });

  const begin = (node: Node, nowMs: number): HubEvent[] => {
    const work = waiting.shift();
    if (work === undefined) return [];
    work.job = {
      ...work.job,
      state: 'running',
      nodes: [{ nodeId: node.id, nodeName: node.name, stageKind: 'watermark', progress: null }],
    };
    delete work.job.waiting;
    const attemptId = `${work.job.id}.watermark.main~1`;
    node.running = [
      ...node.running,
      {
        attemptId,
        jobId: work.job.id,
        itemId: work.item.id,
        item: work.item.name,
        kind: 'watermark',
        progress: { done: 0, total: 100, unit: '%' },
        startedAt: new Date(nowMs).toISOString(),
        etaMs: shape.stepMs,
      },
    ];
    return [stateEvent(work), attemptEvent(work, node, attemptId, 'running')];
  };

  const move = (node: Node, nowMs: number): HubEvent[] => {
    const events: HubEvent[] = [];
    for (const running of node.running) {
      const speed = 0.6 + (Number.parseInt(running.jobId.slice(-2), 16) % 10) / 10;
      const done = Math.min(100, ((nowMs - Date.parse(running.startedAt ?? '')) / shape.stepMs) * 100 * speed);
      running.progress = { done: Math.min(99, Math.round(done)), total: 100, unit: '%' };
      running.etaMs = Math.max(0, (shape.stepMs * (1 - done / 100)) / speed);
      const work = byJob.get(running.jobId);
      if (done < 100) {
        events.push({
          name: 'attempt.progress',
          data: { attemptId: running.attemptId, jobId: running.jobId, nodeId: node.id, progress: running.progress },
        });
      } else if (work !== undefined) {
        node.running = node.running.filter((each) => each !== running);
        node.done += 1;
        doneSince += 1;
        work.job = { ...work.job, state: 'done', nodes: [], stages: { done: 2, total: 2 }, finishedAt: at(0) };
        events.push(attemptEvent(work, node, running.attemptId, 'done'), stateEvent(work));
      }
    }
    return events;
  };

  const api: LoadFarm = {
    settings: {
      hubName: 'workshop',
      acceptNodes: true,
      paused: false,
      centralServerUrl: null,
      logo: null,
      maxPixels: 268_000_000,
      maxUploadBytes: 20_000_000_000,
    },
    troubles: [],
    pairing: [],
    farm: () => ({
      hub: { id: idOf(9, 1), name: 'workshop', version: '0.1.0', acceptsNodes: true, paused: api.settings.paused },
      troubles: api.troubles,
      counts: {
        waiting: waiting.length,
        running: nodes.reduce((sum, node) => sum + node.running.length, 0),
        done: doneBefore + doneSince,
        failed: isState('failed').length,
      },
      nodes,
      waiting:
        waiting.length === 0
          ? []
          : [
              {
                reason: 'busy',
                waiting: { code: 'machines_busy', facts: { machines: nodes.length } },
                pipeline: 'watermark',
                kind: 'watermark',
                count: waiting.length,
                sample: waiting
                  .slice(0, 3)
                  .map(({ job, item }) => ({ jobId: job.id, item: item.name, itemId: item.id })),
              },
            ],
      failures: failures(),
      lastEventId: eventId,
    }),
    items: ({ state, text }) =>
      works
        .filter(
          (work) =>
            (state === undefined || work.job.state === state) && (text === undefined || work.item.name.includes(text)),
        )
        .toReversed(),
    work: (itemId) => byItem.get(itemId),
    workOfJob: (jobId) => byJob.get(jobId),
    artifacts: (work) => (work.job.state === 'done' || work.job.state === 'failed' ? [artifactOf(work)] : []),
    detail: (work) => detailOf(work, api.artifacts(work)),
    retry(jobId) {
      const work = byJob.get(jobId);
      if (work === undefined) return undefined;
      work.job = { ...work.job, state: 'waiting' };
      delete work.job.error;
      waiting.push(work);
      return work.job;
    },
    addFile(name, sizeBytes) {
      const made = makeWork(works.length, 'waiting');
      made.item = { ...made.item, name, sizeBytes };
      made.job = { ...made.job, item: name };
      works.push(made);
      byItem.set(made.item.id, made);
      byJob.set(made.job.id, made);
      waiting.push(made);
      return { item: made.item, jobId: made.job.id };
    },
    addMachine() {
      nodes = [
        ...nodes,
        {
          ...makeNode(nodes.length + 3, 1),
          id: idOf(1, nodes.length),
          local: false,
          state: 'online',
          name: 'garden-shed',
        },
      ];
    },
    tick(nowMs) {
      const events = nodes
        .filter((node) => node.state === 'online')
        .flatMap((node) => {
          const moved = move(node, nowMs);
          const room = Math.min(3, node.capability.kinds[0]?.concurrency ?? 1) - node.running.length;
          return [...moved, ...(room > 0 ? begin(node, nowMs) : [])];
        });
      eventId += events.length;
      return events;
    },
  };
  return api;
}
