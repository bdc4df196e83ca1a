/** The registry of stage code, by kind. Files are loaded when asked for, so that a stage process loads only what it runs. */
import type { StageImplementation } from './stage-implementation.ts';

type Loader = () => Promise<{ readonly implementation: StageImplementation }>;

// A new stage is one line here, as `kind: () => import('./kind.ts')`, beside its definition in contract/stages.
const loaders: Readonly<Record<string, Loader>> = {
  watermark: () => import('./watermark.ts'),
  'upload-final': () => import('./upload-final.ts'),
};

/** Kinds that this agent has code for. */
export const implementedKinds: readonly string[] = Object.keys(loaders);

/** The code of a kind, or undefined when this version has none. Rejects when it cannot be loaded on this machine. */
export async function loadStage(kind: string): Promise<StageImplementation | undefined> {
  return Object.hasOwn(loaders, kind) ? (await loaders[kind]?.())?.implementation : undefined;
}
