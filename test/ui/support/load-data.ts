/** Generated machines, items and runs for the UI load harness, each from its number. */
import { createHash } from 'node:crypto';
import type { Artifact, Item, Job, JobDetail, JobState } from '../../../contract/item.ts';
import type { Node } from '../../../contract/operations/nodes.ts';

const machineNames = [
  'workshop',
  'STUDIO',
  'attic-mini',
  'reading-room',
  'old-laptop',
  'kitchen',
  'scanner-pc',
  'archive',
];
const subjects = [
  'harbour',
  'mill at dusk',
  'portrait of Ada',
  'market',
  'IMG_2041',
  'DSC00732',
  'coast',
  'old bridge',
  'tulips',
  'snow',
];

export const shaOf = (text: string): string => createHash('sha256').update(text).digest('hex');
export const idOf = (prefix: number, index: number): string =>
  `0195${prefix.toString(16).padStart(4, '0')}-${(index >> 16).toString(16).padStart(4, '0')}-7000-8000-${(index & 0xffff).toString(16).padStart(12, '0')}`;
export const at = (agoMs: number): string => new Date(Date.now() - agoMs).toISOString();

export interface Work {
  item: Item;
  job: Job;
}

const benchOf = (kind: string): Node['benched'][number] => ({
  kind,
  since: at(90_000),
  nextCheckAt: at(-180_000),
  error: { code: 'stage_invalid_output', message: 'The step’s result was not valid: red is 7 instead of 255.' },
});

export function makeNode(index: number, machines: number): Node {
  const base = machineNames[index % machineNames.length] ?? 'machine';
  const name = machines > machineNames.length ? `${base}-${String(index + 1).padStart(2, '0')}` : base;
  const cores = [8, 16, 4, 12, 4, 6, 4, 8][index % 8] ?? 4;
  const silent = machines > 3 && index === machines - 1;
  return {
    id: idOf(1, index),
    name: index === 0 ? 'workshop' : name,
    state: silent ? 'silent' : machines > 4 && index === machines - 2 ? 'paused' : 'online',
    local: index === 0,
    trusted: index < 2,
    hold: 'none',
    trouble: null,
    benched: index === 2 ? [benchOf('watermark')] : [],
    capability: {
      agentVersion: '0.1.0',
      nodeVersion: '24.21.0',
      os: 'linux',
      arch: 'x64',
      cpuModel: 'Generated CPU',
      cores,
      memoryBytes: cores * 4_000_000_000,
      kinds: [
        {
          kind: 'watermark',
          codeVersion: 1,
          queue: 'watermark',
          concurrency: Math.max(1, Math.floor(cores / 4)),
          engine: 'sharp 0.35.5',
        },
        { kind: 'upload-final', codeVersion: 1, queue: 'upload', concurrency: 4, engine: 'undici 8' },
      ],
      helpers: {},
    },
    load: silent
      ? null
      : {
          cpu: 0.2 + (index % 5) * 0.15,
          freeMemoryBytes: cores * 2_200_000_000,
          freeDiskBytes: 210_000_000_000,
          cacheBytes: 0,
        },
    lastSeenAt: at(silent ? 240_000 : 1_000),
    joinedAt: at(86_400_000 * (index + 1)),
    running: [],
    done: 120 + index * 37,
    failed: index === 2 ? 3 : 0,
    speedMs: { watermark: 340 + (index % 5) * 120, ...(index % 2 === 0 && { 'upload-final': 48 }) },
  };
}

export function makeWork(index: number, state: JobState): Work {
  const name = `${subjects[index % subjects.length]}${index < subjects.length ? '' : ` ${index}`}.jpg`;
  const [width, height] = [
    [4032, 3024],
    [3024, 4032],
    [1920, 1280],
    [640, 480],
  ][index % 4] ?? [640, 480];
  const item: Item = {
    id: idOf(2, index),
    sha256: shaOf(`item ${index}`),
    name,
    kind: 'image',
    mediaType: 'image/jpeg',
    sizeBytes: 180_000 + ((index * 77_777) % 6_000_000),
    width: width ?? null,
    height: height ?? null,
    durationMs: null,
    createdAt: at(Math.max(4_000, 3_600_000 - index * 40_000)),
  };
  const failure = {
    code: 'target_unreachable' as const,
    message: 'connect ECONNREFUSED 10.0.0.9:8080',
    nodeName: 'STUDIO',
    stageKind: 'upload-final',
  };
  const job: Job = {
    id: idOf(3, index),
    itemId: item.id,
    item: name,
    batchId: idOf(4, 0),
    pipeline: 'watermark',
    priority: 'normal',
    privacy: 'any',
    state,
    ...(state === 'waiting' && { reason: 'busy', waiting: { code: 'machines_busy' as const, facts: { machines: 4 } } }),
    ...(state === 'failed' && { error: failure }),
    stages: { done: state === 'done' ? 2 : state === 'failed' ? 1 : 0, total: 2 },
    nodes: [],
    createdAt: item.createdAt,
    finishedAt: state === 'done' ? item.createdAt : null,
  };
  return { item, job };
}

export const artifactOf = ({ item, job }: Work): Artifact => ({
  jobId: job.id,
  itemId: item.id,
  stageKind: 'watermark',
  role: 'watermarked',
  sha256: shaOf(`result of ${item.id}`),
  name: `watermarked_${item.name}`,
  mediaType: 'image/jpeg',
  sizeBytes: item.sizeBytes + 9_000,
  createdAt: job.createdAt,
});

export function detailOf(work: Work, artifacts: Artifact[]): JobDetail {
  const { job } = work;
  const attempt = (state: 'done' | 'failed', processingMs: number, nodeName: string) => ({
    id: `${job.id}.watermark.main~1`,
    number: 1,
    nodeId: idOf(1, 1),
    nodeName,
    state,
    placedAt: job.createdAt,
    startedAt: job.createdAt,
    finishedAt: job.createdAt,
    processingMs,
    peakMemoryBytes: 214_000_000,
    ...(state === 'failed' &&
      job.error && {
        error: { ...job.error, details: { check: 'passed' }, log: 'reading tile 7\nsegmentation fault\n' },
      }),
  });
  const failed = job.state === 'failed';
  const stage = (kind: string, queue: string, state: 'done' | 'failed', ms: number, nodeName: string) => ({
    id: `${job.id}.${kind}.main`,
    kind,
    slot: 'main',
    queue,
    state,
    cached: false,
    codeVersion: 1,
    options: {},
    engine: kind === 'watermark' ? 'sharp 0.35.5, libvips 8.18' : 'undici 8.12',
    attempts: [attempt(state, ms, nodeName)],
  });
  const ended = job.state === 'done' || failed;
  return {
    ...job,
    options: { size: 20, corner: 'top-right', padding: 10, opacity: 1, tile: false, logo: null },
    stageList: ended
      ? [
          stage('watermark', 'watermark', 'done', 412, 'STUDIO'),
          stage('upload-final', 'upload', failed ? 'failed' : 'done', 61, 'attic-mini'),
        ]
      : [],
    artifacts,
  };
}
