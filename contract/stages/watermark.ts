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

const memoryLimitBytes = 2_000_000_000;

/** Inputs: `image`, and `logo` unless the built-in mark is used. Output: `watermarked`. */
export const watermarkStage = defineStage({
  kind: 'watermark',
  queue: 'watermark',
  codeVersion: 1,
  options: watermarkOptionsSchema,
  summary: watermarkSummarySchema,
  cacheable: true,
  // A process with the library loaded, and about six bytes a pixel: 20 times the size of a usual photo (see docs/BENCHMARKS.md).
  limits: ([image]) => ({
    timeoutMs: 300_000,
    memoryBytes: memoryLimitBytes,
    expectedMemoryBytes: Math.min(100_000_000 + 20 * (image?.sizeBytes ?? 0), memoryLimitBytes),
  }),
  // A grey picture of 64 × 48 px and a red logo of 8 × 8 px in half of it: where the mark lies, and what colours are there.
  knownAnswer: {
    facts: {
      width: 64,
      height: 48,
      'box-x': 36,
      'box-y': 4,
      'box-width': 24,
      'box-height': 24,
      red: 255,
      green: 0,
      ground: 128,
    },
    tolerance: 2,
  },
  retry: patientRetry,
  defaultConcurrency: (cores) => cores,
});
