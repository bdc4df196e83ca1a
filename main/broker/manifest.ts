/**
 * manifest.json: which files of a data folder count, in which order, and during which boot of the machine they were written.
 * Names and numbers only; what is in the files is judged by aof-load.
 */
import { readFileSync } from 'node:fs';
import { type FileSystem, isMissing, readWhole, replaceFile } from './file-system.ts';

/** A snapshot (or none) and the logs after it, in order. */
export interface Manifest {
  readonly format: 2;
  readonly base: string | null;
  readonly logs: readonly string[];
  /** Number of the newest file. */
  readonly newest: number;
  /** The machine's boot in which the folder was last opened; empty when the system does not tell. */
  readonly boot: string;
}

export const MANIFEST = 'manifest.json';

/** What is wrong with a data folder, for people: the file, the place, what to do. */
export class DataDamage extends Error {
  constructor(path: string, reason: string) {
    super(
      `the broker's data file ${path} is damaged: ${reason}. ` +
        'Run "millrace broker --check DIR" to see what can be read, and "--repair DIR" to cut the data there (copies are kept).',
    );
    this.name = 'DataDamage';
  }
}

export const logName = (number: number): string => `${String(number).padStart(6, '0')}.log`;
export const baseName = (number: number): string => `${String(number).padStart(6, '0')}.base`;

/** Number of a data file; undefined for other names. */
export function numberOf(name: string): number | undefined {
  return /^\d{6,}\.(base|log)$/.test(name) ? Number.parseInt(name, 10) : undefined;
}

/** Reads the manifest; undefined when there is none. @throws DataDamage */
export function readManifest(files: FileSystem, dir: string): Manifest | undefined {
  const path = `${dir}/${MANIFEST}`;
  try {
    const value: unknown = JSON.parse(readWhole(files, path).toString('utf8'));
    if (isManifest(value)) return value;
  } catch (error) {
    if (isMissing(error)) return undefined;
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new DataDamage(path, 'it is not a manifest of this broker');
}

export async function writeManifest(files: FileSystem, dir: string, manifest: Manifest): Promise<void> {
  await replaceFile(files, dir, MANIFEST, Buffer.from(`${JSON.stringify(manifest)}\n`));
}

function isManifest(value: unknown): value is Manifest {
  if (typeof value !== 'object' || value === null) return false;
  if (!('format' in value) || value.format !== 2 || !('newest' in value) || typeof value.newest !== 'number')
    return false;
  if (!('boot' in value) || typeof value.boot !== 'string') return false;
  if (!('base' in value) || (value.base !== null && !isFileName(value.base))) return false;
  return 'logs' in value && Array.isArray(value.logs) && value.logs.length > 0 && value.logs.every(isFileName);
}

function isFileName(value: unknown): value is string {
  return typeof value === 'string' && numberOf(value) !== undefined;
}

/**
 * The manifest that the files themselves speak for, when there is none that can be read: the newest snapshot and the logs from its
 * number on, as every switch of files leaves them.
 */
export function guessManifest(names: readonly string[]): Manifest {
  const numbers = (ending: string): number[] =>
    names
      .filter((name) => name.endsWith(ending))
      .flatMap((name) => numberOf(name) ?? [])
      .sort((a, b) => a - b);
  const newestBase = numbers('.base').at(-1) ?? 0;
  const logs = numbers('.log').filter((number) => number >= newestBase);
  return {
    format: 2,
    base: newestBase === 0 ? null : baseName(newestBase),
    logs: logs.map(logName),
    newest: Math.max(newestBase, ...logs),
    boot: '',
  };
}

/** Tells this boot of the machine from others: while it lasts, what was written can be read, synced or not. Empty: not known. */
export function currentBoot(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}
