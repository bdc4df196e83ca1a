/** Stage `upload-final`: posts a finished picture to the central store as a form, with the name of the machine that made it. */
import { z } from 'zod';
import { defineStage } from '../stage.ts';

export const uploadFinalOptionsSchema = z.strictObject({
  /** Where to; null is the hub itself. */
  targetUrl: z.url({ protocol: /^https?$/ }).nullable(),
  /** Form field `worker_name`: the machine that did the watermarking. */
  workerName: z.string().min(1).max(200),
  /** File name in the form. */
  fileName: z.string().min(1).max(255),
  /** The same for every try, so that a careful target stores it once. */
  idempotencyKey: z.string().min(1).max(200),
});

export const uploadFinalSummarySchema = z.object({ status: z.int(), storedAs: z.string().max(300).optional() });

/** Time that the target has for its answer, ms. */
export const uploadTimeoutMs = 15_000;

/** Input: `file`. No outputs. At least once: a target that does not know the key may get it twice. */
export const uploadFinalStage = defineStage({
  kind: 'upload-final',
  queue: 'upload',
  codeVersion: 1,
  options: uploadFinalOptionsSchema,
  summary: uploadFinalSummarySchema,
  cacheable: false,
  limits: () => ({ timeoutMs: 120_000, memoryBytes: 500_000_000, expectedMemoryBytes: 80_000_000 }),
  // To a target of its own on this machine's loopback.
  knownAnswer: { facts: { status: 200, intact: 1 }, tolerance: 0 },
  retry: { maxRetries: 5, backoffMs: (n) => n * 10_000 },
  defaultConcurrency: () => 4,
});
