/** Small Lua programs for comparison between the engine and its oracles: lua-corpus/<group>.txt, one a line, `~~` for a line break. */
import { readdirSync, readFileSync } from 'node:fs';

const FOLDER = new URL('lua-corpus/', import.meta.url);

/** Programs by group, as latin1 byte strings. */
export function loadCorpus(): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, readonly string[]>();
  for (const file of readdirSync(FOLDER)) {
    const programs = readFileSync(new URL(file, FOLDER), 'latin1')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .map((line) => line.replaceAll('~~', '\n'));
    groups.set(file.replace('.txt', ''), programs);
  }
  return groups;
}
