/** The registry of stage kinds. A new stage is one file here and its line below, and its implementation in node-agent/stages. */
import type { StageDefinition } from '../stage.ts';
import { uploadFinalStage } from './upload-final.ts';
import { watermarkStage } from './watermark.ts';

export const stageDefinitions = [watermarkStage, uploadFinalStage] as const satisfies readonly StageDefinition[];

const byKind = new Map<string, StageDefinition>(stageDefinitions.map((definition) => [definition.kind, definition]));

/** The definition of a kind, or undefined when this version does not know it. */
export function stageDefinition(kind: string): StageDefinition | undefined {
  return byKind.get(kind);
}
