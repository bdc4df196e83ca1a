/** The key under which a stage's result may be used again (DESIGN §3 "Computing once"). File names are never part of it. */
import { createHash } from 'node:crypto';
import type { StageWish } from '../../../contract/pipeline.ts';
import type { StageDefinition } from '../../../contract/stage.ts';

/** JSON with sorted keys, so that equal options have equal text. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([name, entry]) => `${JSON.stringify(name)}:${canonical(entry)}`).join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}

/**
 * SHA-256 over kind, code version, normalised options and the input hashes by role in order; null for stages with effects.
 * Model digests and the engine join it with the first stage that has a model; today the code version stands for the engine.
 */
export function resultKey(definition: StageDefinition, wish: StageWish): string | null {
  if (!definition.cacheable) return null;
  const inputs = wish.inputs.map((input) => [input.role, input.sha256]);
  const text = canonical([definition.kind, definition.codeVersion, wish.options, inputs]);
  return createHash('sha256').update(text).digest('hex');
}
