/** The known-answer check of `watermark`: a small grey picture and a red logo, marked the ordinary way, then measured. */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { MillraceError } from '../../contract/errors.ts';
import { watermarkOptionsSchema, watermarkSummarySchema } from '../../contract/stages/watermark.ts';
import type { CheckContext, LocalInput, StageContext, StageOutcome } from './stage-implementation.ts';

async function writeFlat(path: string, role: string, size: { width: number; height: number }, background: string) {
  const bytes = await sharp({ create: { ...size, channels: 3, background } })
    .png()
    .toBuffer();
  await writeFile(path, bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { role, path, sha256, sizeBytes: bytes.length, mediaType: 'image/png' } satisfies LocalInput;
}

/** @param run does the work of a unit */
export async function checkWatermark(
  { scratchDir, signal }: CheckContext,
  run: (context: StageContext) => Promise<StageOutcome>,
): Promise<Record<string, number>> {
  const inputs = [
    await writeFlat(join(scratchDir, 'ground.png'), 'image', { width: 64, height: 48 }, '#808080'),
    await writeFlat(join(scratchDir, 'logo.png'), 'logo', { width: 8, height: 8 }, '#ff0000'),
  ];
  const options = watermarkOptionsSchema.parse({ size: 50, padding: 4 });
  const outcome = await run({ options, inputs, scratchDir, signal, progress: () => {}, hub: null });
  const summary = watermarkSummarySchema.parse(outcome.summary);
  const [output] = outcome.outputs;
  if (!output) throw new MillraceError('stage_invalid_output', 'The check has no output.');
  const { data, info } = await sharp(output.path).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const [left, top, width, height] = summary.logoBox;
  const sample = (x: number, y: number, channel: number): number =>
    data[(y * info.width + x) * info.channels + channel] ?? -1;
  const middle = [left + (width >> 1), top + (height >> 1)] as const;
  return {
    width: info.width,
    height: info.height,
    'box-x': left,
    'box-y': top,
    'box-width': width,
    'box-height': height,
    red: sample(...middle, 0),
    green: sample(...middle, 1),
    ground: sample(2, info.height - 3, 1),
  };
}
