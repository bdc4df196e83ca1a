/** What the agent and a stage process say to each other. Both sides parse what they get: neither trusts the other's state of mind. */
import { z } from 'zod';
import { failureSchema } from '../../contract/errors.ts';
import { nameSchema } from '../../contract/ids.ts';
import { progressSchema } from '../../contract/item.ts';
import { checkReportSchema, stageInputSchema, stageOutputSchema, stageSummarySchema } from '../../contract/stage.ts';

const unit = z.int().nonnegative();
const pathSchema = z.string().min(1).max(4_096);

export const hubAccessSchema = z.object({
  baseUrl: z.url(),
  bearer: z.string(),
  pin: z.string().nullable(),
  keyPem: z.string(),
  certificatePem: z.string(),
});

export const toStageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('engine'), unit, kind: nameSchema }),
  z.object({ type: z.literal('check'), unit, kind: nameSchema, scratchDir: pathSchema }),
  z.object({
    type: z.literal('run'),
    unit,
    kind: nameSchema,
    options: z.record(z.string(), z.json()),
    inputs: z.array(stageInputSchema.extend({ path: pathSchema })),
    scratchDir: pathSchema,
    hub: hubAccessSchema.nullable(),
  }),
]);
export type ToStage = z.infer<typeof toStageSchema>;

/** Where the file is; digest and size are the agent's to find out. */
export const localOutputSchema = stageOutputSchema.omit({ sha256: true, sizeBytes: true }).extend({ path: pathSchema });

export const fromStageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('engine'), unit, engine: z.string().max(200), needsHub: z.boolean() }),
  z.object({ type: z.literal('checked'), unit, facts: checkReportSchema.shape.facts.unwrap() }),
  z.object({ type: z.literal('progress'), unit, progress: progressSchema }),
  /** Where the system does not tell from outside. */
  z.object({ type: z.literal('memory'), unit, rssBytes: z.int().nonnegative() }),
  z.object({
    type: z.literal('done'),
    unit,
    outputs: z.array(localOutputSchema).max(1_000),
    summary: stageSummarySchema,
    engine: z.string().max(200),
    peakMemoryBytes: z.int().nonnegative(),
  }),
  z.object({ type: z.literal('failed'), unit, error: failureSchema, peakMemoryBytes: z.int().nonnegative() }),
]);
export type FromStage = z.infer<typeof fromStageSchema>;
