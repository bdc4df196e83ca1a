/**
 * Reading a data folder at start: manifest, snapshot, logs. What a crash leaves is put right (torn tails are cut, leftovers of an
 * interrupted switch removed); what no crash explains is refused with file and offset.
 */
import type { Engine } from './engine.ts';
import { type FileSystem, isMissing, writeAll } from './file-system.ts';
import { FILE_HEADER_BYTES, FrameBuffer, fileHeader, newSalt, type ReadResult, readFrames } from './frames.ts';
import type { LogState } from './log-file.ts';
import { DataDamage, logName, type Manifest, numberOf, readManifest, writeManifest } from './manifest.ts';
import { createReplay } from './replay.ts';

export interface LoadSummary {
  readonly manifest: Manifest;
  readonly records: number;
  readonly cutBytes: number;
  readonly baseBytes: number;
  /** Of the snapshot and all logs but the last. */
  readonly completedBytes: number;
  /** The log to go on in. */
  readonly last: LogState;
}

/** How a file stands: whole; torn, as a crash leaves it; or damaged, which no crash explains. */
export type Verdict = 'whole' | 'torn' | 'damaged';

/**
 * Judges the log that was written last. Whole records behind a bad one are what a power cut may leave of unsynced bytes; without one
 * (the machine has been up all the time) they mean that something else has changed the file.
 */
export function judge(result: ReadResult, mayHaveLostPower: boolean): Verdict {
  const { trouble } = result;
  if (trouble === undefined) return 'whole';
  if (trouble.wasSynced) return 'damaged';
  return trouble.recordsAfter === 0 || mayHaveLostPower ? 'torn' : 'damaged';
}

/** What is wrong, for people. */
export function describeTrouble(result: ReadResult): string {
  const { trouble, sizeBytes } = result;
  if (trouble === undefined) return `it ends too early, at offset ${sizeBytes}: later files follow it`;
  const { offset, recordsAfter, nextWhole } = trouble;
  if (offset === 0) return 'at offset 0 there is no header of this broker (of this version)';
  if (nextWhole === undefined) return `the record at offset ${offset} is not whole, and none follows it`;
  return `the record at offset ${offset} is not whole, and ${recordsAfter} whole ones follow it, from offset ${nextWhole}`;
}

/** Loads everything the manifest names into the engine and leaves the folder ready for appending. @throws DataDamage */
export async function loadData(engine: Engine, files: FileSystem, dir: string, boot: string): Promise<LoadSummary> {
  const manifest = readManifest(files, dir) ?? (await firstManifest(files, dir, boot));
  const replay = createReplay(engine);
  engine.keyspace.loading = true;
  engine.keyspace.nowMs = engine.clock.nowMs();
  const base = manifest.base === null ? undefined : readBase(files, `${dir}/${manifest.base}`, replay);
  const logs = manifest.logs.map((name) => ({ path: `${dir}/${name}`, result: read(files, `${dir}/${name}`, replay) }));
  const mayHaveLostPower = boot === '' || manifest.boot !== boot;
  const lastWritten = logs.findLastIndex(({ result }) => result.records > 0 || result.trouble !== undefined);
  let cutBytes = 0;
  logs.forEach(({ path, result }, index) => {
    // Logs before the one written last were completed and synced before it began.
    const isDamaged = index < lastWritten ? !result.sealed : judge(result, mayHaveLostPower) === 'damaged';
    if (isDamaged) throw new DataDamage(path, describeTrouble(result));
    if (result.trouble !== undefined) {
      cutBytes += result.sizeBytes - result.goodBytes;
      const { goodBytes: offset, sizeBytes } = result;
      engine.logger.warn({ file: path, offset, sizeBytes }, `log: ${describeTrouble(result)}; the tail is cut`);
    }
    makeReady(files, path, result, index < logs.length - 1);
  });
  await removeLeftovers(engine, files, dir, manifest);
  if (manifest.boot !== boot) await writeManifest(files, dir, { ...manifest, boot });
  engine.keyspace.loading = false;
  engine.keyspace.dirty = 0;
  const baseBytes = base?.sizeBytes ?? 0;
  const last = logs.at(-1)?.result;
  if (last === undefined) throw new Error('a manifest without a log');
  return {
    manifest: { ...manifest, boot },
    records: logs.reduce((sum, { result }) => sum + result.records, base?.records ?? 0),
    cutBytes,
    baseBytes,
    completedBytes: logs.slice(0, -1).reduce((sum, { result }) => sum + result.goodBytes, baseBytes),
    last: { salt: last.salt, sizeBytes: last.goodBytes, isSealed: last.sealed },
  };
}

/** Reads one file. @throws DataDamage when it is not there. */
function read(files: FileSystem, path: string, visit: (record: Buffer) => void): ReadResult {
  try {
    return readFrames(files, path, visit);
  } catch (error) {
    throw isMissing(error) ? new DataDamage(path, 'it is missing, though the manifest names it') : error;
  }
}

function readBase(files: FileSystem, path: string, visit: (record: Buffer) => void): ReadResult {
  const result = read(files, path, visit);
  // A snapshot is complete and on disk before the manifest names it.
  if (!result.sealed) throw new DataDamage(path, describeTrouble(result));
  return result;
}

/** A new folder's manifest. Data files without a manifest are not overwritten: the start is refused. */
async function firstManifest(files: FileSystem, dir: string, boot: string): Promise<Manifest> {
  for (const name of files.list(dir)) {
    if (numberOf(name) === undefined) continue;
    const path = `${dir}/${name}`;
    // The first start may have ended between its log and its manifest: such a log is empty.
    const result = readFrames(files, path, () => undefined);
    if (result.sizeBytes > FILE_HEADER_BYTES)
      throw new DataDamage(path, 'manifest.json, which should name it, is missing');
  }
  await createLog(files, dir, 1);
  const manifest: Manifest = { format: 2, base: null, logs: [logName(1)], newest: 1, boot };
  await writeManifest(files, dir, manifest);
  return manifest;
}

/** Makes an empty log that survives a power cut. @returns its salt. */
export async function createLog(files: FileSystem, dir: string, number: number): Promise<number> {
  const salt = newSalt();
  const fd = files.open(`${dir}/${logName(number)}`, 'create');
  try {
    writeAll(files, fd, fileHeader(salt));
    await files.sync(fd);
  } finally {
    files.close(fd);
  }
  await files.syncFolder(dir);
  return salt;
}

/** An interrupted switch of files leaves new ones that do not count yet, or old ones that do not count any more. */
async function removeLeftovers(engine: Engine, files: FileSystem, dir: string, manifest: Manifest): Promise<void> {
  const counts = new Set([manifest.base, ...manifest.logs]);
  for (const name of files.list(dir)) {
    const isData = numberOf(name.replace(/\.tmp$/, '')) !== undefined || name === 'manifest.json.tmp';
    if (!isData || counts.has(name)) continue;
    engine.logger.info({ file: `${dir}/${name}` }, 'log: a leftover of an interrupted switch of files is removed');
    await files.remove(`${dir}/${name}`);
  }
}

/** Cuts the tail that is not whole, completes a log that others follow, and puts on disk what was read. */
function makeReady(files: FileSystem, path: string, result: ReadResult, othersFollow: boolean): void {
  if (othersFollow && result.sealed) return;
  const fd = files.open(path, 'append');
  try {
    if (result.trouble !== undefined) files.truncate(fd, result.goodBytes);
    files.syncNow(fd);
    if (!othersFollow) return;
    const frames = new FrameBuffer(result.salt);
    frames.mark(result.goodBytes);
    writeAll(files, fd, frames.bytes());
    files.syncNow(fd);
  } finally {
    files.close(fd);
  }
}
