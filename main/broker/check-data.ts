/**
 * Looking at a data folder that is not in use, and repairing one whose start is refused: everything behind the first damage is cut,
 * in the order in which it was written, and every file that is changed is copied first.
 */
import { createLog, describeTrouble, judge, type Verdict } from './aof-load.ts';
import { createClock } from './clock.ts';
import { families } from './commands/index.ts';
import { Config } from './config.ts';
import { Engine, type Logger } from './engine.ts';
import { type FileSystem, isMissing, writeAll } from './file-system.ts';
import { FILE_HEADER_BYTES, FrameBuffer, type ReadResult, readFrames } from './frames.ts';
import {
  currentBoot,
  DataDamage,
  guessManifest,
  logName,
  MANIFEST,
  type Manifest,
  readManifest,
  writeManifest,
} from './manifest.ts';
import { createReplay } from './replay.ts';

export interface FileReport {
  readonly file: string;
  readonly sizeBytes: number;
  /** Whole records up to the first that is not. */
  readonly records: number;
  readonly state: Verdict | 'missing';
  /** Where the file stops being whole, when it does. */
  readonly offset: number | undefined;
  /** Whole records behind that place. */
  readonly recordsAfter: number;
  /** What is wrong, for people; empty when nothing is. */
  readonly reason: string;
}

export interface CheckReport {
  /** True when all is whole. A torn tail is not, though the start cuts it by itself. */
  readonly ok: boolean;
  /** False when the start is refused. */
  readonly startable: boolean;
  readonly manifest: 'whole' | 'damaged' | 'missing';
  /** In the order in which they are read. */
  readonly files: readonly FileReport[];
  /** Records and keys that can be read up to the first damage. */
  readonly records: number;
  readonly keys: number;
}

export interface RepairReport {
  readonly before: CheckReport;
  /** Copies of what was changed or left out. */
  readonly copies: readonly string[];
  /** Whole records that were given up, and bytes. */
  readonly lostRecords: number;
  readonly lostBytes: number;
}

const QUIET: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** Reads the whole folder without changing it. The caller holds its lock. @throws the system's error when it cannot be read. */
export function checkData(files: FileSystem, dir: string, boot = currentBoot()): CheckReport {
  return report(files, dir, look(files, dir, boot));
}

/** A folder as it is found. */
interface Findings {
  readonly manifest: Manifest;
  readonly manifestState: CheckReport['manifest'];
  /** In the order in which they are read. */
  readonly files: readonly Finding[];
  /** Index of the first file that is not whole, or -1. */
  readonly first: number;
}

interface Finding {
  readonly name: string;
  /** Undefined when the file is missing. */
  readonly result: ReadResult | undefined;
  readonly state: FileReport['state'];
}

function look(files: FileSystem, dir: string, boot: string): Findings {
  const { manifest, manifestState } = manifestOf(files, dir);
  const mayHaveLostPower = boot === '' || manifest.boot !== boot;
  const names = manifest.base === null ? manifest.logs : [manifest.base, ...manifest.logs];
  const results = names.map((name) => readIfThere(files, `${dir}/${name}`));
  const lastWritten = results.findLastIndex((result) => result?.records !== 0 || result.trouble !== undefined);
  const found = names.map((name, index): Finding => {
    const result = results[index];
    if (result === undefined) return { name, result, state: 'missing' };
    const isCompleted = index < lastWritten || name === manifest.base;
    if (isCompleted) return { name, result, state: result.sealed ? 'whole' : 'damaged' };
    return { name, result, state: judge(result, mayHaveLostPower) };
  });
  return { manifest, manifestState, files: found, first: found.findIndex(({ state }) => state !== 'whole') };
}

function manifestOf(files: FileSystem, dir: string): Pick<Findings, 'manifest' | 'manifestState'> {
  const guess = (): Manifest => guessManifest(files.list(dir));
  try {
    const manifest = readManifest(files, dir);
    return { manifest: manifest ?? guess(), manifestState: manifest === undefined ? 'missing' : 'whole' };
  } catch (error) {
    if (error instanceof DataDamage) return { manifest: guess(), manifestState: 'damaged' };
    throw error;
  }
}

function readIfThere(files: FileSystem, path: string): ReadResult | undefined {
  try {
    return readFrames(files, path, () => undefined);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function report(files: FileSystem, dir: string, findings: Findings): CheckReport {
  const { manifestState, first } = findings;
  const reports = findings.files.map(reportOf);
  const firstState = findings.files[first]?.state;
  // A folder without a manifest may be new: then there is nothing in it.
  const isNew = manifestState === 'missing' && reports.every(({ sizeBytes }) => sizeBytes <= FILE_HEADER_BYTES);
  const manifestIsGood = manifestState === 'whole' || isNew;
  const readable = first < 0 ? reports : reports.slice(0, first + 1);
  return {
    ok: manifestIsGood && first < 0,
    startable: manifestIsGood && (first < 0 || firstState === 'torn'),
    manifest: manifestState,
    files: reports,
    records: readable.reduce((sum, { records }) => sum + records, 0),
    keys: countKeys(
      files,
      dir,
      readable.filter(({ state }) => state !== 'missing').map(({ file }) => file),
    ),
  };
}

function reportOf({ name, result, state }: Finding): FileReport {
  const isWhole = state === 'whole' || result === undefined;
  return {
    file: name,
    state,
    sizeBytes: result?.sizeBytes ?? 0,
    records: result?.records ?? 0,
    offset: isWhole ? undefined : result.goodBytes,
    recordsAfter: result?.trouble?.recordsAfter ?? 0,
    reason: state === 'whole' ? '' : result === undefined ? 'it is missing' : describeTrouble(result),
  };
}

/** Replays the files up to the first bad record. */
function countKeys(files: FileSystem, dir: string, names: readonly string[]): number {
  const config = new Config({});
  const engine = new Engine({ clock: createClock(), config, commands: families.flat(), logger: QUIET });
  engine.keyspace.loading = true;
  const replay = createReplay(engine);
  for (const name of names) readFrames(files, `${dir}/${name}`, replay);
  return engine.keyspace.databases.reduce((sum, db) => sum + db.entries.size, 0);
}

/** Cuts at the first damage. The caller holds the folder's lock. Does nothing to a folder that is whole. */
export async function repairData(files: FileSystem, dir: string, boot = currentBoot()): Promise<RepairReport> {
  const findings = look(files, dir, boot);
  const before = report(files, dir, findings);
  if (before.ok) return { before, copies: [], lostRecords: 0, lostBytes: 0 };
  const { first } = findings;
  const given = first < 0 ? [] : findings.files.slice(first).filter(({ result }) => result !== undefined);
  const changed = given.map(({ name }) => name);
  if (findings.manifestState === 'damaged') changed.push(MANIFEST);
  const copies: string[] = [];
  for (const name of changed) copies.push(await copyAside(files, dir, name));
  const bad = findings.files[first];
  const isCut = bad?.result !== undefined && bad.result.goodBytes > 0;
  if (isCut) cut(files, `${dir}/${bad.name}`, bad.result);
  const kept = findings.files.slice(0, first < 0 ? undefined : isCut ? first + 1 : first).map(({ name }) => name);
  await writeManifest(files, dir, await manifestFor(files, dir, findings.manifest, kept, boot));
  for (const { name } of given) if (!kept.includes(name)) await files.remove(`${dir}/${name}`);
  const keptBytes = isCut ? bad.result.goodBytes : 0;
  const keptRecords = isCut ? bad.result.records : 0;
  return {
    before,
    copies,
    lostRecords: given.reduce((sum, { result }) => sum + wholeRecords(result), 0) - keptRecords,
    lostBytes: given.reduce((sum, { result }) => sum + (result?.sizeBytes ?? 0), 0) - keptBytes,
  };
}

function wholeRecords(result: ReadResult | undefined): number {
  return (result?.records ?? 0) + (result?.trouble?.recordsAfter ?? 0);
}

/** Cuts a file behind its last whole record and completes it. */
function cut(files: FileSystem, path: string, { goodBytes, salt }: ReadResult): void {
  const fd = files.open(path, 'append');
  try {
    files.truncate(fd, goodBytes);
    files.syncNow(fd);
    const frames = new FrameBuffer(salt);
    frames.mark(goodBytes);
    writeAll(files, fd, frames.bytes());
    files.syncNow(fd);
  } finally {
    files.close(fd);
  }
}

/** The manifest of what is kept; with a new log when none is. */
async function manifestFor(
  files: FileSystem,
  dir: string,
  old: Manifest,
  kept: readonly string[],
  boot: string,
): Promise<Manifest> {
  const base = kept.find((name) => name.endsWith('.base')) ?? null;
  const logs = kept.filter((name) => name.endsWith('.log'));
  if (logs.length > 0) return { ...old, base, logs, boot };
  const newest = old.newest + 1;
  await createLog(files, dir, newest);
  return { ...old, base, logs: [logName(newest)], newest, boot };
}

/** Copies a file beside itself, under a name that the broker leaves alone. @returns the copy's name. */
async function copyAside(files: FileSystem, dir: string, name: string): Promise<string> {
  const taken = new Set(files.list(dir));
  let number = 1;
  while (taken.has(`${name}.before-repair-${number}`)) number++;
  const copy = `${name}.before-repair-${number}`;
  files.copy(`${dir}/${name}`, `${dir}/${copy}`);
  const fd = files.open(`${dir}/${copy}`, 'append');
  try {
    await files.sync(fd);
  } finally {
    files.close(fd);
  }
  await files.syncFolder(dir);
  return copy;
}
