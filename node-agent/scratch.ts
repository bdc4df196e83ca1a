/**
 * Folders that stages write into, one a unit at a time. A folder that a unit left empty serves the next one: making and removing one
 * for each costs more than the rest of a short unit (measured: 7 ms of the agent's one thread).
 */
import { mkdirSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

export interface Scratch {
  /** An empty folder of the caller's alone. */
  take(): string;
  /** @param ended the unit came to its end: a process that was killed may write on for a moment, and no other unit gets its folder */
  giveBack(folder: string, ended: boolean): Promise<void>;
}

export function createScratch(dir: string): Scratch {
  const free: string[] = [];
  let made = 0;
  const make = (): string => {
    const folder = join(dir, String(made++));
    mkdirSync(folder, { recursive: true });
    return folder;
  };
  return {
    take: () => free.pop() ?? make(),
    async giveBack(folder, ended) {
      try {
        if (ended && readdirSync(folder).length === 0) free.push(folder);
        else await rm(folder, { recursive: true, force: true, maxRetries: 3 });
      } catch {
        // Somebody tidied up behind our back; the next unit gets a new one.
      }
    },
  };
}
