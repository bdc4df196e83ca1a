/** Tables that must agree across the parts: errors and their texts, kinds of steps and their implementations, pipelines and steps. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { errorTable } from '../../contract/errors.ts';
import { pipelineDefinitions } from '../../contract/pipelines/index.ts';
import { waitingReasonSchema } from '../../contract/reasons.ts';
import { stageDefinitions } from '../../contract/stages/index.ts';
import { implementedKinds, loadStage } from '../../node-agent/stages/index.ts';
import { errorMessages } from '../../renderer/messages/errors.ts';
import { reasonMessages } from '../../renderer/messages/farm.ts';
import { catalogue, languages } from '../../renderer/messages/index.ts';
import { importsOf, readSource, root, sourceFiles } from './source-files.ts';

const codes = Object.keys(errorTable);

test('every error code has texts in the window, and no text is without a code', () => {
  expect(Object.keys(errorMessages).sort()).toEqual([...codes].sort());
  expect(Object.keys(reasonMessages).sort()).toEqual(Object.keys(waitingReasonSchema.shape.code.enum).sort());
});

/** Every text below a section, with its place. */
function textsOf(node: unknown, place: string): { place: string; texts: Record<string, string> }[] {
  if (typeof node !== 'object' || node === null) return [];
  const entries = Object.entries(node);
  if (entries.every(([, value]) => typeof value === 'string')) return [{ place, texts: Object.fromEntries(entries) }];
  return entries.flatMap(([name, value]) => textsOf(value, `${place}.${name}`));
}

test('every text is there in every language, with the same places to fill in', () => {
  const all = textsOf(catalogue, 'catalogue');
  expect(all.length).toBeGreaterThan(codes.length);
  const placeholders = (text: string): string[] => [...text.matchAll(/\{\{\w+\}\}/g)].map(([name]) => name).sort();
  const wrong: string[] = [];
  for (const { place, texts } of all) {
    const expected = placeholders(texts['en'] ?? '');
    for (const language of languages) {
      const text = texts[language];
      if (!text?.trim()) wrong.push(`${place} has no ${language}`);
      else if (String(placeholders(text)) !== String(expected))
        wrong.push(`${place} fills in other things in ${language}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('every error code that the sources name is in the table', () => {
  const wrong: string[] = [];
  for (const path of sourceFiles().filter((file) => /^(main\/(hub|cli|shell)|node-agent|renderer)\//.test(file))) {
    for (const [, code = ''] of readSource(path).matchAll(/new MillraceError\(\s*'([a-z_]+)'/g)) {
      if (!codes.includes(code)) wrong.push(`${path} throws ${code}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('every kind of step is defined once, implemented, and vice versa', async () => {
  const kinds = stageDefinitions.map((definition) => definition.kind);
  expect(new Set(kinds).size).toBe(kinds.length);
  expect([...implementedKinds].sort()).toEqual([...kinds].sort());
  for (const kind of kinds) expect((await loadStage(kind))?.kind).toBe(kind);
});

test('every step and pipeline has a file of its own that its registry imports', () => {
  for (const [folder, names] of [
    ['contract/stages', stageDefinitions.map((definition) => definition.kind)],
    ['contract/pipelines', pipelineDefinitions.map((definition) => definition.name)],
  ] as const) {
    const imported = importsOf(`${folder}/index.ts`).map((edge) => edge.target);
    for (const name of names) {
      expect(existsSync(join(root, folder, `${name}.ts`)), name).toBe(true);
      expect(imported).toContain(`${folder}/${name}.ts`);
    }
  }
});
