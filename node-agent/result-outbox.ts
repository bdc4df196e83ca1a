/**
 * Results on their way to the hub. A result is posted at once; when the hub is away it is on disk before its job is finished, and
 * delivered in order when the hub is back, its blobs first. Owns no attempt that still runs.
 */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readTextIfThere, writeFileAtomic } from '../common/files.ts';
import type { Logger } from '../common/log.ts';
import { MillraceError } from '../contract/errors.ts';
import { attemptIdSchema } from '../contract/ids.ts';
import { type StageResult, stageResultSchema } from '../contract/stage.ts';
import type { HubClient } from './hub-client.ts';
import { pause, retryPauseMs } from './pause.ts';
import type { BlobCache, HeldBlob } from './runtime/blob-cache.ts';
import { isPassing, uploadBlob } from './upload.ts';

const entrySchema = z.object({ attemptId: attemptIdSchema, result: stageResultSchema });

export interface Delivery {
  readonly attemptId: string;
  readonly result: StageResult;
  /** Its outputs; released by the outbox when they are not needed any more. */
  readonly blobs: readonly HeldBlob[];
  /** False when the outputs could not be sent yet. */
  readonly uploaded: boolean;
}

export interface ResultOutbox {
  /** Resolves when the hub has the result, or never wants it, or it is safe on disk. Rejects only when the disk fails, too. */
  send(delivery: Delivery): Promise<void>;
  /** Attempts whose results wait here, in order. */
  held(): readonly string[];
  /** So much waits here that this machine should take no more work: the hub is there, and does not take results. */
  isFull(): boolean;
  /** The hub does not want these any more. */
  drop(attemptIds: readonly string[]): Promise<void>;
  /** The hub is back: try now. */
  wake(): void;
  /** Forgets everything. */
  wipe(): Promise<void>;
  /** Ends delivering; what waits stays on disk. */
  stop(): Promise<void>;
}

export interface ResultOutboxParts {
  readonly dir: string;
  readonly hub: Pick<HubClient, 'postResult' | 'uploadOffset' | 'writeBlob'>;
  readonly cache: Pick<BlobCache, 'hold'>;
  readonly logger: Logger;
  /** Results that wait before it is full. */
  readonly maxWaiting?: number;
}

interface Waiting {
  readonly attemptId: string;
  readonly result: StageResult;
  readonly blobs: readonly HeldBlob[];
  readonly path: string;
  /** Settles when the file is there. */
  readonly saved: Promise<void>;
}

/** While the hub is away nothing new comes either; this bounds what a hub without room for outputs lets grow. */
const defaultMaxWaiting = 200;
const maxWaitingBytes = 4_000_000_000;
const refusedFolder = 'refused';
const maxRefusedFiles = 100;
const nothing = (): void => {};

const release = (blobs: readonly HeldBlob[]): void => {
  for (const blob of blobs) blob.release();
};

/** Files of an earlier process, in order. What cannot be read is put aside. */
async function readWaiting({ dir, cache, logger }: ResultOutboxParts): Promise<{ waiting: Waiting[]; last: number }> {
  const waiting: Waiting[] = [];
  let last = 0;
  for (const name of (await readdir(dir)).sort()) {
    const number = /^(\d{12})-.*\.json$/.exec(name)?.[1];
    if (number === undefined) continue;
    last = Math.max(last, Number(number));
    const path = join(dir, name);
    const parsed = entrySchema.safeParse(safeJson((await readTextIfThere(path)) ?? ''));
    const outputs = parsed.data?.result.outcome === 'done' ? parsed.data.result.outputs : [];
    const blobs = outputs.map((output) => cache.hold(output.sha256));
    if (parsed.success && blobs.every((blob) => blob !== undefined)) {
      waiting.push({ ...parsed.data, blobs, path, saved: Promise.resolve() });
      continue;
    }
    logger.warn({ file: name }, 'a kept result cannot be delivered and is put aside');
    release(blobs.filter((blob) => blob !== undefined));
    await putAside(dir, path);
  }
  return { waiting, last };
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Into the folder of results that nobody takes, for people to look at; the oldest ones go. */
async function putAside(dir: string, path: string): Promise<void> {
  const folder = join(dir, refusedFolder);
  await mkdir(folder, { recursive: true });
  await rename(path, join(folder, path.slice(dir.length + 1))).catch(nothing);
  const names = (await readdir(folder)).sort();
  for (const name of names.slice(0, -maxRefusedFiles)) await rm(join(folder, name), { force: true });
}

/** What the hub said to a result, or that it could not be asked. */
async function post(hub: ResultOutboxParts['hub'], entry: Pick<Delivery, 'attemptId' | 'result'>, signal: AbortSignal) {
  try {
    await hub.postResult(entry.attemptId, entry.result, signal);
    return { answer: 'taken' } as const;
  } catch (error) {
    if (error instanceof MillraceError && error.code === 'attempt_closed') return { answer: 'closed' } as const;
    if (error instanceof MillraceError && error.code === 'blob_unavailable')
      return { answer: 'incomplete', error } as const;
    if (isPassing(error) || signal.aborted) return { answer: 'away', error } as const;
    return { answer: 'refused', error } as const;
  }
}

/** Opens the outbox with what an earlier process left. */
export async function openResultOutbox(parts: ResultOutboxParts): Promise<ResultOutbox> {
  const { dir, hub, logger } = parts;
  await mkdir(dir, { recursive: true });
  const found = await readWaiting(parts);
  let queue = found.waiting;
  let number = found.last;
  const stopped = new AbortController();
  let loop: Promise<void> | undefined;
  let awake = new AbortController();

  const forget = async (entry: Waiting): Promise<void> => {
    queue = queue.filter((other) => other !== entry);
    release(entry.blobs);
    await rm(entry.path, { force: true });
  };
  /** One try of the first one. @returns false when the hub is away */
  const deliverFirst = async (entry: Waiting): Promise<boolean> => {
    const { attemptId } = entry;
    await entry.saved;
    try {
      for (const blob of entry.blobs) await uploadBlob(hub, blob, stopped.signal);
    } catch (error) {
      if (isPassing(error) || stopped.signal.aborted) return false;
      // Perhaps the attempt is closed; the answer to the result says so.
      logger.warn({ error, attemptId }, 'an output could not be sent');
    }
    const { answer, error } = { error: undefined, ...(await post(hub, entry, stopped.signal)) };
    if (answer === 'away') return false;
    logger.info({ attemptId, answer }, 'a kept result was delivered');
    if (answer === 'refused' || answer === 'incomplete') {
      logger.error({ error, attemptId }, 'the hub refuses a result; it is put aside');
      await putAside(dir, entry.path);
    }
    await forget(entry);
    return true;
  };
  const deliver = async (): Promise<void> => {
    let tries = 0;
    for (let first = queue[0]; first && !stopped.signal.aborted; first = queue[0]) {
      if (await deliverFirst(first)) {
        tries = 0;
        continue;
      }
      await pause(retryPauseMs(++tries), AbortSignal.any([stopped.signal, awake.signal])).catch(nothing);
      if (awake.signal.aborted) awake = new AbortController();
    }
  };
  const start = (): void => {
    loop ??= deliver()
      .catch((error: unknown) => logger.error({ error }, 'the outbox failed'))
      .finally(() => {
        loop = undefined;
        // Something came after the last look.
        if (queue.length > 0 && !stopped.signal.aborted) setTimeout(start, 1_000).unref();
      });
  };
  const keep = async ({ attemptId, result, blobs }: Delivery): Promise<void> => {
    const path = join(dir, `${String(++number).padStart(12, '0')}-${attemptId}.json`);
    const saved = writeFileAtomic(path, JSON.stringify({ attemptId, result }), 0o600);
    // In the list before it is on disk: the order is that of the calls, and the heartbeat goes on naming it.
    const entry = { attemptId, result, blobs, path, saved };
    queue = [...queue, entry];
    try {
      await saved;
    } catch (error) {
      queue = queue.filter((other) => other !== entry);
      release(blobs);
      throw error;
    }
    logger.warn({ attemptId }, 'the hub could not take a result; it is kept until it can');
    start();
  };
  if (queue.length > 0) start();

  return {
    async send(delivery) {
      if (!delivery.uploaded || queue.length > 0) return await keep(delivery);
      const { attemptId } = delivery;
      const { answer, error } = { error: undefined, ...(await post(hub, delivery, stopped.signal)) };
      // Incomplete: the hub could not take the outputs from this disk; kept results are delivered with their bytes.
      if (answer === 'away' || answer === 'incomplete') return await keep(delivery);
      release(delivery.blobs);
      if (answer === 'taken') return;
      if (answer === 'closed') {
        logger.info({ attemptId }, 'the attempt was closed meanwhile');
        return;
      }
      logger.error({ error, attemptId }, 'the hub refuses a result; it is put aside');
      const path = join(dir, `${String(++number).padStart(12, '0')}-${attemptId}.json`);
      await writeFileAtomic(path, JSON.stringify({ attemptId, result: delivery.result }), 0o600);
      await putAside(dir, path);
    },
    held: () => queue.map((entry) => entry.attemptId),
    isFull() {
      if (queue.length >= (parts.maxWaiting ?? defaultMaxWaiting)) return true;
      const blobs = queue.flatMap((entry) => entry.blobs);
      return blobs.reduce((sum, blob) => sum + blob.sizeBytes, 0) >= maxWaitingBytes;
    },
    async drop(attemptIds) {
      const unwanted = new Set(attemptIds);
      for (const entry of queue.filter((one) => unwanted.has(one.attemptId))) await forget(entry);
    },
    wake: () => awake.abort(),
    async wipe() {
      for (const entry of queue) await forget(entry);
    },
    async stop() {
      stopped.abort(new Error('the agent is stopping'));
      await loop;
      release(queue.flatMap((entry) => entry.blobs));
    },
  };
}
