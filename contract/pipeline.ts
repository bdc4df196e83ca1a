/** What a pipeline is: a pure function from an item, its options and the stages so far to the stages that must exist. */
import type { z } from 'zod';
import type { Failure } from './errors.ts';
import type { MediaKind, StageState } from './item.ts';
import type { JsonObject, StageInput, StageOutput } from './stage.ts';

/** What a pipeline may know of a stage. */
export interface StageView {
  readonly kind: string;
  readonly slot: string;
  readonly state: StageState;
  readonly summary: JsonObject | null;
  readonly outputs: readonly StageOutput[];
  /** The machine whose result counts. */
  readonly nodeName: string | null;
  readonly error: Failure | null;
}

/** What a pipeline may know of the item. */
export interface ItemView {
  readonly name: string;
  readonly kind: MediaKind;
  readonly mediaType: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** Settings of the hub that a pipeline may read; they are admin's, never a job's. */
export interface PipelineSettings {
  readonly centralServerUrl: string | null;
}

export interface PlanInput<Options> {
  readonly jobId: string;
  readonly item: ItemView;
  readonly options: Options;
  readonly stages: readonly StageView[];
  readonly settings: PipelineSettings;
}

/** A stage that must exist. Wishing it again changes nothing: kind and slot are its identity within the job. */
export interface StageWish {
  readonly kind: string;
  readonly slot: string;
  readonly options: JsonObject;
  readonly inputs: readonly StageInput[];
}

/** `artifacts` names, for a stage's outputs by role, what they are called for the user. */
export type Plan =
  | {
      readonly outcome: 'continue' | 'done';
      readonly stages: readonly StageWish[];
      readonly artifacts: readonly ArtifactWish[];
    }
  | { readonly outcome: 'failed'; readonly cause: Failure };

export interface ArtifactWish {
  readonly kind: string;
  readonly slot: string;
  readonly role: string;
  readonly name: string;
}

/** An option of a pipeline that is a file: the hub turns a path, an address or a digest into a blob before the job exists. */
export interface FileOption {
  readonly name: string;
  readonly mediaKinds: readonly MediaKind[];
}

export interface PipelineDefinition<Options extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly options: Options;
  readonly fileOptions: readonly FileOption[];
  /** Kinds of item that it takes. */
  readonly accepts: readonly MediaKind[];
  plan(input: PlanInput<z.output<Options>>): Plan;
}

export function definePipeline<O extends z.ZodType>(definition: PipelineDefinition<O>): PipelineDefinition<O> {
  return definition;
}
