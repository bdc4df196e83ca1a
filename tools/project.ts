/** Where the project's parts are, and how a tool learns that something built is older than its sources. */
import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** The folder of the checkout. */
export const projectRoot = dirname(import.meta.dirname);
export const inProject = (...parts: readonly string[]): string => join(projectRoot, ...parts);

/** True for the file that this process was started for (bootstrap.mjs imports it, so `import.meta.main` does not tell). */
export const isEntry = (file: string): boolean => process.argv[1] === file;

/** Files under a folder, with their time of change in ms; folders too, since removing a file changes only its folder. */
export async function listTree(path: string): Promise<{ path: string; changedMs: number; isFile: boolean }[]> {
  const there = await stat(path);
  const own = { path, changedMs: there.mtimeMs, isFile: there.isFile() };
  if (!there.isDirectory()) return [own];
  const names = (await readdir(path)).filter((name) => name !== 'node_modules');
  const below = await Promise.all(names.map((name) => listTree(join(path, name))));
  return [own, ...below.flat()];
}

/** One thing to build: what it is made from, and how. */
export interface BuildTarget {
  readonly name: string;
  /** Files and folders below the project; those that are not there yet are passed over. */
  readonly sources: readonly string[];
  build(): Promise<void>;
}

const stampOf = (target: BuildTarget): string => inProject('dist', '.built', target.name);

async function newestChangeMs(target: BuildTarget): Promise<{ newestMs: number; list: string }> {
  const trees = await Promise.all(target.sources.map((source) => listTree(inProject(source)).catch(() => [])));
  const files = trees.flat();
  const list = files
    .filter((file) => file.isFile)
    .map((file) => file.path.slice(projectRoot.length + 1))
    .sort()
    .join('\n');
  return { newestMs: Math.max(0, ...files.map((file) => file.changedMs)), list };
}

/** True when a source is newer than the last build, or came or went since. */
export async function isOutdated(target: BuildTarget): Promise<boolean> {
  const { newestMs, list } = await newestChangeMs(target);
  try {
    const stamp = stampOf(target);
    return newestMs > (await stat(stamp)).mtimeMs || (await readFile(stamp, 'utf8')) !== list;
  } catch {
    return true;
  }
}

/** Builds, and remembers as of when: a source that changes meanwhile makes it outdated again. */
export async function buildTarget(target: BuildTarget): Promise<void> {
  const startedAt = new Date();
  const { list } = await newestChangeMs(target);
  await target.build();
  const stamp = stampOf(target);
  await mkdir(dirname(stamp), { recursive: true });
  await writeFile(stamp, list);
  await utimes(stamp, startedAt, startedAt);
}
