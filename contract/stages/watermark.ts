/** Stage `watermark`: puts a logo into a corner of a picture, or all over it. */
import { z } from 'zod';
import { defineStage, patientRetry } from '../stage.ts';

/** Options as the user may give them, with their defaults. Lengths are pixels of the upright picture. */
export const watermarkOptionsSchema = z.strictObject({
  /** Percent of the picture's width and height that the logo's box may take. */
  size: z.coerce.number().min(1).max(100).default(20),
  corner: z.enum(['top-right', 'top-left', 'bottom-right', 'bottom-left', 'center']).default('top-right'),
  /** Distance from the edges, px. */
  padding: z.coerce.number().int().min(0).max(10_000).default(10),
  opacity: z.coerce.number().min(0).max(1).default(1),
  /** Repeats the logo over the whole picture. */
  tile: z.stringbool().or(z.boolean()).default(false),
});

export const watermarkSummarySchema = z.object({
  width: z.int().positive(),
  height: z.int().positive(),
  frames: z.int().positive(),
  /** Where the logo lies in the upright picture: [x, y, width, height] px; the first one when tiled. */
  logoBox: z.tuple([z.int(), z.int(), z.int(), z.int()]),
  format: z.string(),
  /** Set when the result is in another format than the input, because that one cannot be written. */
  convertedFrom: z.string().optional(),
});

/** Inputs: `image`, and `logo` unless the built-in mark is used. Output: `watermarked`. */
export const watermarkStage = defineStage({
  kind: 'watermark',
  queue: 'watermark',
  codeVersion: 1,
  options: watermarkOptionsSchema,
  summary: watermarkSummarySchema,
  cacheable: true,
  limits: () => ({ timeoutMs: 300_000, memoryBytes: 2_000_000_000 }),
  retry: patientRetry,
  defaultConcurrency: (cores) => cores,
});
