/** The registry of pipelines. A new pipeline is one file here and its line below. */
import type { PipelineDefinition } from '../pipeline.ts';
import { watermarkPipeline } from './watermark.ts';

export const pipelineDefinitions = [watermarkPipeline] as const satisfies readonly PipelineDefinition[];

const byName = new Map<string, PipelineDefinition>(
  pipelineDefinitions.map((definition) => [definition.name, definition]),
);

/** The pipeline of that name, or undefined. */
export function pipelineDefinition(name: string): PipelineDefinition | undefined {
  return byName.get(name);
}
