/** Files named on the command line: folders are walked, what is not there is said before anything starts. */
import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { CommandError, exitCodes } from './output.ts';

export interface LocalFile {
  readonly path: string;
  readonly name: string;
  readonly sizeBytes: number;
}

/**
 * The regular files under these paths, in order; hidden ones only when named themselves.
 * @throws CommandError 3 naming what is not there, 2 when nothing is left
 */
export async function findFiles(paths: readonly string[]): Promise<LocalFile[]> {
  const found: LocalFile[] = [];
  for (const path of paths) {
    const there = await stat(path).catch((error: unknown) => {
      const code = error instanceof Error && 'code' in error ? error.code : '';
      if (code === 'ENOENT' || code === 'ENOTDIR') throw new CommandError(exitCodes.notFound, `There is no “${path}”.`);
      throw new CommandError(exitCodes.notPermitted, `“${path}” cannot be read (${code}).`);
    });
    if (there.isDirectory()) await walk(resolve(path), found);
    else found.push({ path: resolve(path), name: basename(resolve(path)), sizeBytes: there.size });
  }
  if (found.length === 0) throw new CommandError(exitCodes.usage, 'There are no files in what was named.');
  return found;
}

async function walk(folder: string, found: LocalFile[]): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    // Links to folders are not followed: they may lead round in circles.
    if (entry.isDirectory()) await walk(path, found);
    else if (entry.isFile()) found.push({ path, name: entry.name, sizeBytes: (await stat(path)).size });
  }
}

/** Runs `work` over all of them, `width` at once; the first failure stops the rest. Results in order. */
export async function mapAtOnce<T, R>(
  values: readonly T[],
  width: number,
  work: (value: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = values.entries();
  let isStopped = false;
  const lane = async (): Promise<void> => {
    for (const [index, value] of queue) {
      if (isStopped) return;
      try {
        results[index] = await work(value, index);
      } catch (error) {
        isStopped = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
  return results;
}
