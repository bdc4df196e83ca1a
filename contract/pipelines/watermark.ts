/** Pipeline `watermark`: a mark on the picture, then its upload to the central store. */

import { definePipeline, type Plan, type StageView, type StageWish } from '../pipeline.ts';
import { stageInputSchema } from '../stage.ts';
import { uploadFinalStage } from '../stages/upload-final.ts';
import { watermarkOptionsSchema, watermarkStage } from '../stages/watermark.ts';

/** `logo` is a blob here; what the user gives (file or address) was turned into one when the job was made. */
const optionsSchema = watermarkOptionsSchema.extend({
  logo: stageInputSchema.omit({ role: true }).nullable().default(null),
});

const slot = 'main';

/** `watermarked_<original>`, with the extension of the format that was written. */
export function watermarkedName(original: string, extension: string | undefined): string {
  const name = `watermarked_${original}`;
  if (extension === undefined) return name;
  const dot = name.lastIndexOf('.');
  return (dot > 'watermarked_'.length ? name.slice(0, dot) : name) + extension;
}

const find = (stages: readonly StageView[], kind: string): StageView | undefined =>
  stages.find((stage) => stage.kind === kind && stage.slot === slot);

export const watermarkPipeline = definePipeline({
  name: 'watermark',
  options: optionsSchema,
  fileOptions: [{ name: 'logo', mediaKinds: ['image'] }],
  accepts: ['image'],
  plan({ jobId, item, options, stages, settings }): Plan {
    const { logo, ...watermarkOptions } = options;
    const image = { role: 'image', sha256: item.sha256, sizeBytes: item.sizeBytes, mediaType: item.mediaType };
    const mark: StageWish = {
      kind: watermarkStage.kind,
      slot,
      options: watermarkOptions,
      inputs:
        logo === null
          ? [image]
          : [image, { role: 'logo', sha256: logo.sha256, sizeBytes: logo.sizeBytes, mediaType: logo.mediaType }],
    };
    const marked = find(stages, watermarkStage.kind);
    if (marked?.state === 'failed' && marked.error) return { outcome: 'failed', cause: marked.error };
    const output = marked?.outputs.find((candidate) => candidate.role === 'watermarked');
    if (marked?.state !== 'done' || !output) return { outcome: 'continue', stages: [mark], artifacts: [] };

    const name = watermarkedName(item.name, output.extension);
    const artifacts = [{ kind: watermarkStage.kind, slot, role: 'watermarked', name }];
    const upload: StageWish = {
      kind: uploadFinalStage.kind,
      slot,
      options: {
        targetUrl: settings.centralServerUrl,
        workerName: marked.nodeName ?? 'unknown',
        fileName: name,
        idempotencyKey: `${jobId}.${uploadFinalStage.kind}.${slot}`,
      },
      inputs: [{ role: 'file', sha256: output.sha256, sizeBytes: output.sizeBytes, mediaType: output.mediaType, name }],
    };
    const uploaded = find(stages, uploadFinalStage.kind);
    if (uploaded?.state === 'failed' && uploaded.error) return { outcome: 'failed', cause: uploaded.error };
    return { outcome: uploaded?.state === 'done' ? 'done' : 'continue', stages: [mark, upload], artifacts };
  },
});
