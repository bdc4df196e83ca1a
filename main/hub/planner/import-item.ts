/**
 * Turns files into work: a blob that is in the store becomes an item and a job, in one transaction. Bad files are answered with
 * their problem and stop nothing. Knows nothing of HTTP.
 */
import { v7 as uuid } from 'uuid';
import { z } from 'zod';
import type { Clock } from '../../../common/clock.ts';
import { timestamp } from '../../../common/clock.ts';
import { errorRow, failureOf, MillraceError, type Problem } from '../../../contract/errors.ts';
import type { HubEvent } from '../../../contract/hub-events.ts';
import type { Batch, Item, Priority, Privacy } from '../../../contract/item.ts';
import type { Settings } from '../../../contract/operations/hub.ts';
import type { AcceptedFile } from '../../../contract/operations/operation.ts';
import type { PipelineDefinition } from '../../../contract/pipeline.ts';
import { pipelineDefinition, pipelineDefinitions } from '../../../contract/pipelines/index.ts';
import { type JsonObject, stageInputSchema } from '../../../contract/stage.ts';
import type { Catalog } from '../catalog/database.ts';
import { type BlobRow, ensureBlob, findBlob, findItem, findSameItem, insertItem } from '../catalog/items.ts';
import { type BatchRow, findBatch, insertBatch, insertJob, isBatchPaused } from '../catalog/jobs.ts';
import { inspectFile, safeName } from './inspect-file.ts';
import type { Planner } from './planner.ts';

export interface WorkOrder {
  readonly pipeline: string;
  readonly options: JsonObject;
  readonly priority: Priority;
  readonly privacy: Privacy;
  readonly name: string;
}

export interface Intake {
  /** @throws MillraceError pipeline_unknown, option_invalid, and those of file options */
  createBatch(order: WorkOrder): Promise<Batch>;
  /** The blob is in the store. A bad file is an answer, never a throw; an unknown batch is thrown (`not_found`). */
  importFile(file: { batchId: string; name: string; sha256: string; sizeBytes: number }): Promise<AcceptedFile>;
  /** Runs a pipeline on items that are in the library. */
  submitItems(order: WorkOrder, itemIds: readonly string[]): Promise<{ batch: Batch; files: AcceptedFile[] }>;
  /** What a blob for an option (a logo) is; the blob is recorded. @throws MillraceError for what is no picture */
  recordOptionBlob(blob: { sha256: string; sizeBytes: number; name: string }): Promise<BlobRow>;
}

export interface IntakeParts {
  readonly catalog: Catalog;
  readonly planner: Planner;
  readonly clock: Clock;
  settings(): Settings;
  /** Path of a blob in the store. */
  blobPath(sha256: string): string;
  batchView(batchId: string): Batch;
  emit(event: HubEvent): void;
  /** Fetches a file option that is an address into the store; guarded against addresses inside the network. */
  fetchAddress(url: string): Promise<{ sha256: string; sizeBytes: number; name: string }>;
}

/** problem+json of a refused file. */
export function problemOf(thrown: unknown): Problem {
  const failure = failureOf(thrown, 'internal');
  const row = errorRow(failure.code);
  const detail = thrown instanceof MillraceError ? failure.message : row.title;
  return {
    type: `urn:millrace:error:${failure.code}`,
    title: row.title,
    status: row.status,
    detail,
    code: failure.code,
    hint: row.hint,
    ...(failure.details && { details: failure.details }),
  };
}

function pipelineNamed(name: string): PipelineDefinition {
  const pipeline = pipelineDefinition(name);
  if (!pipeline) {
    throw new MillraceError(
      'pipeline_unknown',
      `There is no pipeline “${name}”. There is: ${pipelineDefinitions.map((one) => one.name).join(', ')}.`,
    );
  }
  return pipeline;
}

const digestReference = /^sha256:([0-9a-f]{64})$/;

/** A file option as text: `sha256:…` of a stored blob, or an address. Already a reference: taken as it is. */
async function resolveFileOption(parts: IntakeParts, name: string, value: unknown): Promise<JsonObject[string]> {
  const reference = stageInputSchema.omit({ role: true }).safeParse(value);
  const digest = reference.success
    ? reference.data.sha256
    : typeof value === 'string'
      ? digestReference.exec(value)?.[1]
      : undefined;
  if (digest !== undefined) {
    const blob = findBlob(parts.catalog, digest);
    if (!blob) throw new MillraceError('option_invalid', `Option “${name}”: these bytes are not in the store.`);
    return { ...blob };
  }
  if (typeof value === 'string' && /^https?:\/\//i.test(value)) {
    const fetched = await parts.fetchAddress(value);
    return { ...(await recordBlob(parts, fetched)) };
  }
  throw new MillraceError('option_invalid', `Option “${name}” takes a stored file (sha256:…) or an http(s) address.`);
}

async function recordBlob(
  parts: IntakeParts,
  file: { sha256: string; sizeBytes: number; name: string },
): Promise<BlobRow> {
  const found = await inspectFile(parts.blobPath(file.sha256), file.name, { maxPixels: parts.settings().maxPixels });
  if (found.kind !== 'image') throw new MillraceError('logo_unreadable');
  const blob: BlobRow = { sha256: file.sha256, sizeBytes: file.sizeBytes, mediaType: found.mediaType };
  await parts.catalog.commit(() => ensureBlob(parts.catalog, blob, parts.clock.wallMs()));
  return blob;
}

/** The pipeline's options, parsed, with files resolved and the hub's own logo where the job names none. */
async function resolveOptions(
  parts: IntakeParts,
  pipeline: PipelineDefinition,
  given: JsonObject,
): Promise<JsonObject> {
  const options = { ...given };
  for (const { name } of pipeline.fileOptions) {
    const value = options[name];
    if (value !== undefined && value !== null) options[name] = await resolveFileOption(parts, name, value);
    else if (name === 'logo') {
      const logo = parts.settings().logo;
      options[name] =
        logo === null ? null : { sha256: logo.sha256, sizeBytes: logo.sizeBytes, mediaType: logo.mediaType };
    }
  }
  const parsed = pipeline.options.safeParse(options);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new MillraceError(
      'option_invalid',
      `Option “${issue?.path.join('.') ?? ''}”: ${issue?.message ?? 'not valid'}`,
      { option: issue?.path.join('.') ?? '' },
    );
  }
  return z.record(z.string(), z.json()).parse(parsed.data);
}

/** A job for an item, in the transaction of the caller. */
function addJob(parts: IntakeParts, batch: BatchRow, item: Item, changed: (jobId: string) => void): string {
  const jobId = uuid();
  insertJob(parts.catalog, {
    id: jobId,
    itemId: item.id,
    batchId: batch.id,
    pipeline: batch.pipeline,
    options: batch.options,
    priority: batch.priority,
    privacy: batch.privacy,
    paused: isBatchPaused(parts.catalog, batch.id),
    createdMs: parts.clock.wallMs(),
  });
  changed(jobId);
  return jobId;
}

function accepts(pipeline: string, item: Pick<Item, 'kind' | 'name'>): void {
  const { accepts: kinds } = pipelineNamed(pipeline);
  if (!kinds.includes(item.kind))
    throw new MillraceError('input_wrong_kind', `“${pipeline}” takes ${kinds.join(', ')}; this is ${item.kind}.`);
}

/** All but `paused` of a batch never changes, and the files of one come one after the other: the newest are kept. */
function createBatchMemory(catalog: Catalog): (id: string) => BatchRow | undefined {
  const newest = new Map<string, BatchRow>();
  return (id) => {
    const batch = newest.get(id) ?? findBatch(catalog, id);
    if (!batch) return undefined;
    newest.set(id, batch);
    const [oldest] = newest.keys();
    if (newest.size > 100 && oldest !== undefined) newest.delete(oldest);
    return batch;
  };
}

async function importFile(
  parts: IntakeParts,
  batch: BatchRow | undefined,
  file: { name: string; sha256: string; sizeBytes: number },
): Promise<AcceptedFile> {
  if (!batch) throw new MillraceError('not_found', 'There is no such batch.');
  try {
    const name = safeName(file.name);
    const found = await inspectFile(parts.blobPath(file.sha256), name, { maxPixels: parts.settings().maxPixels });
    accepts(batch.pipeline, { kind: found.kind, name });
    const nowMs = parts.clock.wallMs();
    const { item, jobId } = await parts.planner.commit((changed) => {
      ensureBlob(parts.catalog, { sha256: file.sha256, sizeBytes: file.sizeBytes, mediaType: found.mediaType }, nowMs);
      let known = findSameItem(parts.catalog, file.sha256, name);
      if (!known) {
        known = {
          id: uuid(),
          sha256: file.sha256,
          name,
          kind: found.kind,
          mediaType: found.mediaType,
          sizeBytes: file.sizeBytes,
          width: found.width,
          height: found.height,
          durationMs: found.durationMs,
          createdAt: timestamp(nowMs),
        };
        insertItem(parts.catalog, known);
      }
      return { item: known, jobId: addJob(parts, batch, known, changed) };
    });
    parts.emit({ name: 'item.created', data: { itemId: item.id, batchId: batch.id, jobId, name } });
    return { name, item, jobId, ...(found.notice !== undefined && { notice: found.notice }) };
  } catch (error) {
    if (error instanceof MillraceError && errorRow(error.code).class === 'input')
      return { name: file.name, problem: problemOf(error) };
    throw error;
  }
}

async function createBatch(parts: IntakeParts, order: WorkOrder): Promise<BatchRow> {
  const pipeline = pipelineNamed(order.pipeline);
  const options = await resolveOptions(parts, pipeline, order.options);
  const batch: BatchRow = {
    id: uuid(),
    pipeline: pipeline.name,
    priority: order.priority,
    privacy: order.privacy,
    paused: false,
    name: order.name,
    options,
    createdMs: parts.clock.wallMs(),
  };
  await parts.catalog.commit(() => insertBatch(parts.catalog, batch));
  parts.emit({ name: 'batch.created', data: { batchId: batch.id, jobs: 0 } });
  return batch;
}

function submitItem(
  parts: IntakeParts,
  batch: BatchRow,
  itemId: string,
  changed: (jobId: string) => void,
): AcceptedFile {
  const item = findItem(parts.catalog, itemId);
  if (!item) return { name: itemId, problem: problemOf(new MillraceError('not_found', 'There is no such item.')) };
  try {
    accepts(batch.pipeline, item);
    return { name: item.name, item, jobId: addJob(parts, batch, item, changed) };
  } catch (error) {
    return { name: item.name, problem: problemOf(error) };
  }
}

export function createIntake(parts: IntakeParts): Intake {
  const batchOf = createBatchMemory(parts.catalog);
  return {
    createBatch: async (order) => parts.batchView((await createBatch(parts, order)).id),
    importFile: (file) => importFile(parts, batchOf(file.batchId), file),
    recordOptionBlob: (blob) => recordBlob(parts, blob),
    async submitItems(order, itemIds) {
      const batch = await createBatch(parts, order);
      const files = await parts.planner.commit((changed) => itemIds.map((id) => submitItem(parts, batch, id, changed)));
      return { batch: parts.batchView(batch.id), files };
    },
  };
}
