/** The names that things have everywhere: shapes of ids and digests, and how a stage's and an attempt's id are made. */
import { z } from 'zod';

/** Lower-case hexadecimal SHA-256 of a blob's bytes. */
export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, 'a sha256 in lower-case hexadecimal');

/** UUIDv7: sorts by time of making. Items, jobs, batches and nodes have one. */
export const uuidSchema = z.uuid();

/** Stage kinds, queues, slots, roles and option names: never a dot or tilde, which separate the parts of a stage's id. */
export const nameSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/);

const stageIdPattern = /^[0-9a-f-]{36}\.[a-z0-9-]{1,64}\.[a-z0-9-]{1,64}$/;
export const stageIdSchema = z.string().regex(stageIdPattern);

const attemptIdPattern = /^[0-9a-f-]{36}\.[a-z0-9-]{1,64}\.[a-z0-9-]{1,64}~\d{1,6}$/;
export const attemptIdSchema = z.string().regex(attemptIdPattern);

/** `<jobId>.<kind>.<slot>`. The slot is a stable name, never an ordinal, so that an inserted page moves nothing. */
export function stageId(jobId: string, kind: string, slot: string): string {
  return stageIdSchema.parse(`${jobId}.${kind}.${slot}`);
}

/** `<stageId>~<number>`, which is also the BullMQ job id of the try. Numbers count from 1. */
export function attemptId(stage: string, number: number): string {
  return `${stage}~${number}`;
}
