/** What the preview service and its child process say to each other. */
import { z } from 'zod';
import { errorCodeSchema } from '../../../contract/errors.ts';

export const previewOrderSchema = z.object({
  id: z.int(),
  input: z.string(),
  /** Written whole; the service gives it its name. */
  output: z.string(),
  /** Width and height at most, px. */
  size: z.int().min(16).max(4_096),
  maxPixels: z.int().positive(),
});
export type PreviewOrder = z.infer<typeof previewOrderSchema>;

export const previewAnswerSchema = z.union([
  z.object({ id: z.int(), ok: z.literal(true) }),
  z.object({ id: z.int(), ok: z.literal(false), code: errorCodeSchema, message: z.string().max(500) }),
]);
export type PreviewAnswer = z.infer<typeof previewAnswerSchema>;
