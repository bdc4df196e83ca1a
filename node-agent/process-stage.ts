/**
 * One attempt from work order to delivered result: inputs by digest, the stage in its own process, outputs to the hub, the result.
 * A failure of the stage is a result, too. Knows of no queue: who calls finishes the job when the promise resolves.
 */
import { createHash } from 'node:crypto';
import { lstatSync, readFileSync } from 'node:fs';
import { isAbsolute, relative } from 'node:path';
import type { Clock } from '../common/clock.ts';
import { sha256OfFile } from '../common/files.ts';
import type { Logger } from '../common/log.ts';
import { errorRow, type Failure, failureOf, MillraceError } from '../contract/errors.ts';
import { attemptIdSchema } from '../contract/ids.ts';
import type { Progress } from '../contract/item.ts';
import {
  type JsonObject,
  type StageOutput,
  type StagePayload,
  type StageResult,
  stageOutputSchema,
  stagePayloadSchema,
  stageSummarySchema,
} from '../contract/stage.ts';
import { stageDefinition } from '../contract/stages/index.ts';
import type { HubClient } from './hub-client.ts';
import type { KnownAnswers } from './known-answers.ts';
import type { Delivery, ResultOutbox } from './result-outbox.ts';
import type { BlobCache, HeldBlob } from './runtime/blob-cache.ts';
import type { Isolate, UnitOutcome } from './runtime/isolate.ts';
import type { Scratch } from './scratch.ts';
import type { Slots } from './slots.ts';
import type { HubAccess, LocalInput, LocalOutput } from './stages/stage-implementation.ts';
import { isPassing, type UploadSource, uploadBlob } from './upload.ts';

export interface StageRunnerParts {
  readonly hub: Pick<HubClient, 'uploadOffset' | 'writeBlob'>;
  readonly cache: BlobCache;
  /** The hub takes outputs from this machine's disk itself. */
  readonly hubIsNear: boolean;
  readonly isolate: Pick<Isolate, 'run'>;
  /** Turns at computing: bytes of more units than compute at once may be on their way. */
  readonly slots: Slots;
  readonly outbox: Pick<ResultOutbox, 'send' | 'held'>;
  /** Folders on the cache's file system for what stages write. */
  readonly scratch: Scratch;
  /** Known-answer checks, run after a failure that might be this machine's fault. */
  readonly answers: Pick<KnownAnswers, 'check'>;
  /** For kinds whose stage itself talks to the hub; null for others, and while there is no hub. */
  readonly hubAccess: (kind: string) => HubAccess | null;
  /** An attempt began, progressed or ended. */
  readonly changed: () => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface RunningAttempt {
  readonly id: string;
  readonly progress: Progress | null;
}

export interface StageRunner {
  /**
   * Works on one order. Resolves when the attempt is over for this node: result delivered or on disk, dropped, or done before.
   * @param jobId the attempt's id, as the queue has it
   * @throws only when a result could neither be delivered nor kept, or the agent stops
   */
  process(order: unknown, jobId: string): Promise<void>;
  running(): readonly RunningAttempt[];
  /** Stops these at once; nothing of them is delivered. Resolves when they have ended; ids that are not known are ignored. */
  drop(attemptIds: readonly string[]): Promise<void>;
  /** Stops all and takes no more. */
  stop(): Promise<void>;
}

interface Running {
  readonly abort: AbortController;
  progress: Progress | null;
  done: Promise<void>;
}

/** The hub took the work back. */
class DroppedError extends Error {}

interface Measured {
  processingMs: number;
  transferMs: number;
  peakMemoryBytes: number;
}

/** Up to this size an output is read once, for its digest and its way to the hub. */
const smallBytes = 1 << 20;
/** Ids of attempts that are over, so that a job that comes twice is not worked on twice. */
const maxRemembered = 2_000;

const releaseAll = (blobs: readonly HeldBlob[]): void => {
  for (const blob of blobs) blob.release();
};

/** All inputs on this disk, or none held. */
async function fetchInputs(cache: BlobCache, payload: StagePayload, signal: AbortSignal) {
  const settled = await Promise.allSettled(payload.inputs.map((input) => cache.get(input, signal)));
  const blobs = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const failed = settled.find((one) => one.status === 'rejected');
  if (failed) {
    releaseAll(blobs);
    throw failed.reason;
  }
  const inputs = payload.inputs.flatMap(({ name, ...input }, index): LocalInput[] => {
    const path = blobs[index]?.path;
    return path === undefined ? [] : [{ ...input, path, ...(name !== undefined && { name }) }];
  });
  return { blobs, inputs };
}

interface NamedOutput extends UploadSource {
  readonly output: StageOutput;
}

/**
 * Looks at what the stage says it wrote. Synchronous for small files, as everywhere on the way of a small unit: the bytes lie in
 * the page cache, and a turn in the thread pool costs several times the call itself.
 */
async function readOutput(local: LocalOutput, scratchDir: string): Promise<NamedOutput> {
  const { path, role, mediaType, extension } = local;
  const inside = relative(scratchDir, path);
  const isOwn = !inside.startsWith('..') && !isAbsolute(inside);
  const file = isOwn ? lstatSync(path, { throwIfNoEntry: false }) : undefined;
  if (!file?.isFile()) throw new MillraceError('stage_invalid_output', `The step’s “${role}” is no file of its own.`);
  const small = file.size <= smallBytes ? { bytes: readFileSync(path) } : {};
  const sha256 = small.bytes ? createHash('sha256').update(small.bytes).digest('hex') : await sha256OfFile(path);
  const facts = { role, mediaType, sha256, sizeBytes: small.bytes?.length ?? file.size };
  const output = stageOutputSchema.safeParse(extension === undefined ? facts : { ...facts, extension });
  if (!output.success) throw new MillraceError('stage_invalid_output', 'The step described its result wrongly.');
  return { ...small, sha256, sizeBytes: facts.sizeBytes, path, output: output.data };
}

function checkSummary(kind: string, summary: unknown): JsonObject {
  const own = stageDefinition(kind)?.summary.safeParse(summary);
  const bounded = stageSummarySchema.safeParse(summary);
  if ((own && !own.success) || !bounded.success)
    throw new MillraceError('stage_invalid_output', 'The step’s summary was not valid.');
  return bounded.data;
}

function checkKnown({ kind, codeVersion }: StagePayload): void {
  const mine = stageDefinition(kind)?.codeVersion;
  if (mine === codeVersion) return;
  const what = mine === undefined ? 'not at all' : `in version ${mine}`;
  throw new MillraceError(
    'stage_invalid_payload',
    `The order asks for “${kind}” in version ${codeVersion}; this machine has it ${what}.`,
  );
}

interface Work {
  readonly parts: StageRunnerParts;
  readonly payload: StagePayload;
  readonly attempt: Running;
  readonly measured: Measured;
}

const rounded = ({ processingMs, transferMs, peakMemoryBytes }: Measured): Measured => ({
  processingMs: Math.round(processingMs * 10) / 10,
  transferMs: Math.round(transferMs * 10) / 10,
  peakMemoryBytes,
});

/** `request` errors are between programs; for the work they mean that the stage failed. */
function failureForHub(error: Failure): Failure {
  const code = errorRow(error.code).class === 'request' ? 'stage_failed' : error.code;
  return { ...error, code, message: error.message.slice(0, 2_000) };
}

/** A disk without room is this machine's trouble alone, whoever ran into it. */
function localFailure(error: unknown): Failure {
  const isFull = error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'disk_full');
  return failureOf(isFull ? new MillraceError('node_disk_full') : error, 'stage_failed');
}

/**
 * The answer for a failed unit. Before the file or this machine can be blamed for a crash or an error, the machine proves itself
 * with the kind's known answer.
 */
async function failedResult({ parts, payload, measured }: Work, failure: Failure): Promise<StageResult> {
  const error = failureForHub(failure.code === 'disk_full' ? { ...failure, code: 'node_disk_full' } : failure);
  const failureClass = errorRow(error.code).class;
  const isBlaming = failureClass === 'crash' || failureClass === 'error';
  const check = isBlaming ? await parts.answers.check(payload.kind) : undefined;
  return { outcome: 'failed', error, metrics: rounded(measured), ...(check && { check }) };
}

async function runStage(work: Work, inputs: readonly LocalInput[], scratchDir: string): Promise<UnitOutcome> {
  const { parts, payload, attempt, measured } = work;
  const { kind, options, timeoutMs, memoryBytes } = payload;
  const giveBack = await parts.slots.take(kind, attempt.abort.signal);
  const startedMs = parts.clock.monotonicMs();
  try {
    const unit = { kind, options, inputs, scratchDir, hub: parts.hubAccess(kind), timeoutMs, memoryBytes };
    const outcome = await parts.isolate.run(unit, attempt.abort.signal, (progress) => {
      attempt.progress = progress;
      parts.changed();
    });
    measured.processingMs = parts.clock.monotonicMs() - startedMs;
    measured.peakMemoryBytes = outcome.peakMemoryBytes;
    return outcome;
  } finally {
    giveBack();
  }
}

/** Sends the outputs and keeps them here: the next stage may run on this machine. */
async function deliverOutputs(work: Work, outputs: readonly NamedOutput[]) {
  const { parts, attempt, measured } = work;
  const { signal } = attempt.abort;
  const startedMs = parts.clock.monotonicMs();
  // While older results wait for the hub, newer ones do not overtake them.
  let uploaded = parts.outbox.held().length === 0;
  try {
    if (uploaded && !parts.hubIsNear) for (const output of outputs) await uploadBlob(parts.hub, output, signal);
  } catch (error) {
    if (signal.aborted || !isPassing(error)) throw error;
    uploaded = false;
  }
  measured.transferMs += parts.clock.monotonicMs() - startedMs;
  const blobs: HeldBlob[] = [];
  try {
    for (const output of outputs) blobs.push(await parts.cache.adopt(output.path, output));
  } catch (error) {
    releaseAll(blobs);
    // With the bytes at the hub, not having them here costs nothing but a transfer.
    if (!uploaded) throw error;
    parts.logger.warn({ error }, 'outputs could not be kept here');
    return { blobs: [], uploaded };
  }
  return { blobs, uploaded };
}

/** The attempt's result, with the outputs that are still held. */
async function compute(work: Work, scratchDir: string): Promise<Omit<Delivery, 'attemptId'>> {
  const { parts, payload, attempt, measured } = work;
  checkKnown(payload);
  const startedMs = parts.clock.monotonicMs();
  const { blobs: held, inputs } = await fetchInputs(parts.cache, payload, attempt.abort.signal);
  measured.transferMs += parts.clock.monotonicMs() - startedMs;
  let outcome: UnitOutcome;
  try {
    outcome = await runStage(work, inputs, scratchDir);
  } finally {
    releaseAll(held);
  }
  if (outcome.outcome === 'failed')
    return { result: await failedResult(work, outcome.error), blobs: [], uploaded: parts.outbox.held().length === 0 };
  const { engine } = outcome;
  const summary = checkSummary(payload.kind, outcome.summary);
  const outputs = await Promise.all(outcome.outputs.map((output) => readOutput(output, scratchDir)));
  const { blobs, uploaded } = await deliverOutputs(work, outputs);
  const metrics = rounded(measured);
  const result = { outcome: 'done', outputs: outputs.map(({ output }) => output), summary, engine, metrics } as const;
  return { result, blobs, uploaded };
}

async function work(parts: StageRunnerParts, payload: StagePayload, attempt: Running): Promise<void> {
  const { attemptId } = payload;
  const { signal } = attempt.abort;
  const measured: Measured = { processingMs: 0, transferMs: 0, peakMemoryBytes: 0 };
  const scratchDir = parts.scratch.take();
  let ended = false;
  let computed: Omit<Delivery, 'attemptId'>;
  try {
    computed = await compute({ parts, payload, attempt, measured }, scratchDir);
    ended = computed.result.outcome === 'done';
  } catch (error) {
    if (signal.aborted) {
      if (signal.reason instanceof DroppedError) return;
      throw error;
    }
    if (!(error instanceof MillraceError)) parts.logger.error({ error, attemptId }, 'an attempt failed here');
    const result = await failedResult({ parts, payload, attempt, measured }, localFailure(error));
    computed = { result, blobs: [], uploaded: true };
  } finally {
    await parts.scratch.giveBack(scratchDir, ended);
  }
  if (signal.aborted && signal.reason instanceof DroppedError) {
    releaseAll(computed.blobs);
    return;
  }
  await parts.outbox.send({ attemptId, ...computed });
}

function readOrder(raw: unknown): StagePayload | undefined {
  const parsed = stagePayloadSchema.safeParse(raw);
  return parsed.success ? parsed.data : undefined;
}

export function createStageRunner(parts: StageRunnerParts): StageRunner {
  const { logger, outbox, changed } = parts;
  const running = new Map<string, Running>();
  const over = new Set<string>();
  let stopped = false;

  const remember = (attemptId: string): void => {
    over.add(attemptId);
    for (const oldest of over) {
      if (over.size <= maxRemembered) break;
      over.delete(oldest);
    }
  };
  const refuse = async (jobId: string): Promise<void> => {
    const attemptId = attemptIdSchema.safeParse(jobId);
    logger.error({ jobId }, 'a work order could not be read');
    if (!attemptId.success) return;
    const error = failureOf(new MillraceError('stage_invalid_payload'), 'stage_failed');
    const metrics: Measured = { processingMs: 0, transferMs: 0, peakMemoryBytes: 0 };
    const result = { outcome: 'failed', error, metrics } as const;
    await outbox.send({ attemptId: attemptId.data, result, blobs: [], uploaded: true });
  };
  const begin = (payload: StagePayload): Promise<void> => {
    const { attemptId } = payload;
    const attempt: Running = { abort: new AbortController(), progress: null, done: Promise.resolve() };
    running.set(attemptId, attempt);
    changed();
    attempt.done = work(parts, payload, attempt).finally(() => {
      running.delete(attemptId);
      if (!stopped) remember(attemptId);
      changed();
    });
    return attempt.done;
  };

  return {
    async process(order, jobId) {
      if (stopped) throw new Error('the agent is stopping');
      const payload = readOrder(order);
      if (!payload) return await refuse(jobId);
      const { attemptId } = payload;
      // A broker that lost its memory gets the same attempt again; it is not worked on twice.
      const already = running.get(attemptId);
      if (already) return await already.done;
      if (over.has(attemptId) || outbox.held().includes(attemptId)) return;
      await begin(payload);
    },
    running: () => [...running].map(([id, { progress }]) => ({ id, progress })),
    async drop(attemptIds) {
      const dropped = attemptIds.flatMap((id) => running.get(id) ?? []);
      for (const { abort } of dropped) abort.abort(new DroppedError('the hub took the work back'));
      await Promise.allSettled(dropped.map(({ done }) => done));
    },
    async stop() {
      stopped = true;
      const all = [...running.values()];
      for (const { abort } of all) abort.abort(new Error('the agent is stopping'));
      await Promise.allSettled(all.map(({ done }) => done));
    },
  };
}
