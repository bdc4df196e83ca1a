/**
 * What a stage is: its definition (one file a stage in stages/), the work order that travels through the broker,
 * and the result that comes back. Not how it is computed: that is node-agent/stages.
 */
import { z } from 'zod';
import { failureSchema } from './errors.ts';
import { attemptIdSchema, nameSchema, sha256Schema, stageIdSchema, uuidSchema } from './ids.ts';

const jsonObjectSchema = z.record(z.string(), z.json());
export type JsonObject = z.infer<typeof jsonObjectSchema>;

/** A blob that a stage reads. `name` is there for stages that show it (an upload's form); it is never part of a cache key of a cacheable stage. */
export const stageInputSchema = z.object({
  role: nameSchema,
  sha256: sha256Schema,
  sizeBytes: z.int().nonnegative(),
  mediaType: z.string().max(200),
  name: z.string().max(255).optional(),
});
export type StageInput = z.infer<typeof stageInputSchema>;

/** A blob that a stage made. Its bytes are at the hub before the result is. */
export const stageOutputSchema = z.object({
  role: nameSchema,
  sha256: sha256Schema,
  sizeBytes: z.int().nonnegative(),
  mediaType: z.string().max(200),
  /** The extension of the artifact's name where it differs from the input's, with the dot. */
  extension: z
    .string()
    .regex(/^\.[a-z0-9]{1,8}$/)
    .optional(),
});
export type StageOutput = z.infer<typeof stageOutputSchema>;

/** What the planner may know of a result: small facts, at most 1 kB as JSON. */
export const stageSummarySchema = jsonObjectSchema.refine(
  (value) => JSON.stringify(value).length <= 1_024,
  'a summary of at most 1 kB',
);

/** The work order: the data of the BullMQ job. */
export const stagePayloadSchema = z.object({
  attemptId: attemptIdSchema,
  stageId: stageIdSchema,
  jobId: uuidSchema,
  kind: nameSchema,
  codeVersion: z.int().positive(),
  options: jsonObjectSchema,
  inputs: z.array(stageInputSchema).max(1_000),
  /** Time limit of this try on the node, ms. */
  timeoutMs: z.int().positive(),
  /** Memory limit of the stage process, bytes. */
  memoryBytes: z.int().positive(),
});
export type StagePayload = z.infer<typeof stagePayloadSchema>;

/** Measured on the node: from the start of work on the attempt to its outputs being at the hub. */
const stageMetricsSchema = z.object({
  processingMs: z.number().nonnegative(),
  transferMs: z.number().nonnegative(),
  peakMemoryBytes: z.int().nonnegative(),
});

/** What came of a known-answer check: the facts that the stage's code measured, or why it could not. */
export const checkReportSchema = z.object({
  facts: z.record(nameSchema, z.number()).nullable(),
  error: failureSchema.nullable(),
});
export type CheckReport = z.infer<typeof checkReportSchema>;

/** What a node answers for an attempt. `POST /attempts/{id}/result`. */
export const stageResultSchema = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('done'),
    outputs: z.array(stageOutputSchema).max(1_000),
    summary: stageSummarySchema,
    /** Engine and its version, as it goes into the provenance card: `sharp 0.35.5 / libvips 8.18.0`. */
    engine: z.string().max(200),
    metrics: stageMetricsSchema,
  }),
  z.object({
    outcome: z.literal('failed'),
    error: failureSchema,
    metrics: stageMetricsSchema,
    /** After a crash or an error: the check that the node ran before it gave its answer. */
    check: checkReportSchema.optional(),
  }),
]);
export type StageResult = z.infer<typeof stageResultSchema>;

/** Bounds of one try, from the stage's options and inputs. Bytes and ms. */
export interface StageLimits {
  readonly timeoutMs: number;
  /** The process is killed beyond it. */
  readonly memoryBytes: number;
  /** What it will probably take; a machine needs so much free to begin. */
  readonly expectedMemoryBytes: number;
}

/** Retries of failures that blame nobody (`transport`, `target`). */
export interface RetryPolicy {
  readonly maxRetries: number;
  /** Pause before retry `n` (from 1), ms. */
  readonly backoffMs: (n: number) => number;
}

/**
 * A tiny unit whose answer is known beforehand. The stage's code makes the input, does the work the ordinary way and measures the
 * result; the hub compares. A machine that misses it is benched for this kind.
 */
export interface KnownAnswer {
  readonly facts: Readonly<Record<string, number>>;
  /** So much may each fact differ: engines round differently. */
  readonly tolerance: number;
}

/** Whether a check's report is the known answer. */
export function isRightAnswer(known: KnownAnswer, { facts }: CheckReport): boolean {
  return Object.entries(known.facts).every(([name, wanted]) => {
    const got = facts?.[name];
    return got !== undefined && Math.abs(got - wanted) <= known.tolerance;
  });
}

/** One kind of stage. The definition is shared by hub and node; `codeVersion` grows when the same inputs give other bytes. */
export interface StageDefinition<Options extends z.ZodType = z.ZodType, Summary extends z.ZodType = z.ZodType> {
  readonly kind: string;
  /** The queue it is pulled from; several kinds may share one. */
  readonly queue: string;
  readonly codeVersion: number;
  readonly options: Options;
  readonly summary: Summary;
  /** False for stages with effects outside: their results are never reused for another stage. */
  readonly cacheable: boolean;
  limits(inputs: readonly Pick<StageInput, 'sizeBytes'>[]): StageLimits;
  /** Absent where nothing can be known beforehand; then failures are judged without a check. */
  readonly knownAnswer?: KnownAnswer;
  readonly retry: RetryPolicy;
  /** Units that a node with so many cores runs at once unless its owner says otherwise. */
  defaultConcurrency(cores: number): number;
}

/** Keeps the precise types of a definition. */
export function defineStage<O extends z.ZodType, S extends z.ZodType>(
  definition: StageDefinition<O, S>,
): StageDefinition<O, S> {
  return definition;
}

/** The default for failures that blame nobody: quick first, then patient, for about an hour. */
export const patientRetry: RetryPolicy = {
  maxRetries: 12,
  backoffMs: (n) => Math.min(1_000 * 2 ** (n - 1), 600_000),
};
