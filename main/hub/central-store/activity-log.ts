/** worker_activity.log: one line an upload, in the order of the catalog. A projection: what is missing or torn is made again. */
import { appendFileSync, closeSync, createReadStream, fstatSync, ftruncateSync, openSync } from 'node:fs';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { CentralUploadRow } from '../catalog/central-uploads.ts';

const two = (value: number): string => String(value).padStart(2, '0');

/** Everything of a line but its time. It names the stored file, so no two uploads have the same. */
const tailOf = (upload: CentralUploadRow): string => `WORKER: ${upload.workerName} | IMAGE: ${upload.storedAs}`;

/** `[2026-01-15 14:30:45] WORKER: worker-1 | IMAGE: watermarked_photo.jpg`; local time, the image as it is stored. */
export function activityLine(upload: CentralUploadRow): string {
  const at = new Date(upload.createdMs);
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return `[${day} ${time}] ${tailOf(upload)}`;
}

const notThere = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** Appends whole lines or nothing. @throws the system's error; the file is then as it was */
export function appendLines(path: string, lines: readonly string[]): void {
  if (lines.length === 0) return;
  // Synchronous: a line into the page cache is quicker than one trip to the thread pool.
  const file = openSync(path, 'a');
  try {
    const { size } = fstatSync(file);
    try {
      appendFileSync(file, `${lines.join('\n')}\n`);
    } catch (error) {
      ftruncateSync(file, size);
      throw error;
    }
  } finally {
    closeSync(file);
  }
}

interface Found {
  /** Tails of whole lines. */
  readonly tails: ReadonlySet<string>;
  readonly sizeBytes: number;
  /** What follows the last line's end. */
  readonly torn: string;
}

const tailOfLine = (line: string): string => line.slice(line.indexOf('] ') + 2);

async function readLog(path: string): Promise<Found> {
  const tails = new Set<string>();
  let sizeBytes = 0;
  try {
    sizeBytes = (await stat(path)).size;
  } catch (error) {
    if (!notThere(error)) throw error;
  }
  if (sizeBytes === 0) return { tails, sizeBytes, torn: '' };
  let last = '';
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    tails.add(tailOfLine(line));
    last = line;
  }
  const torn = (await endsInLine(path, sizeBytes)) ? '' : last;
  if (torn !== '') tails.delete(tailOfLine(torn));
  return { tails, sizeBytes, torn };
}

async function endsInLine(path: string, sizeBytes: number): Promise<boolean> {
  const handle = await open(path, 'r');
  try {
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, sizeBytes - 1);
    return buffer[0] === 0x0a;
  } finally {
    await handle.close();
  }
}

async function cutOff(path: string, bytes: number): Promise<void> {
  const handle: FileHandle = await open(path, 'r+');
  try {
    await handle.truncate(bytes);
  } finally {
    await handle.close();
  }
}

/** Writes the log anew: each missing line before the next one that is there; lines that are not ours stay where they are. */
async function rewrite(
  path: string,
  uploads: () => Iterable<CentralUploadRow>,
  tails: ReadonlySet<string>,
): Promise<void> {
  const temporary = `${path}.tmp`;
  await rm(temporary, { force: true });
  const handle = await open(temporary, 'w');
  try {
    const rows = uploads()[Symbol.iterator]();
    const ours = new Set<string>();
    for (const upload of uploads()) ours.add(tailOf(upload));
    let buffer: string[] = [];
    const put = async (line: string): Promise<void> => {
      buffer.push(line);
      if (buffer.length < 1_000) return;
      await handle.appendFile(`${buffer.join('\n')}\n`);
      buffer = [];
    };
    const putMissingUntil = async (tail: string | null): Promise<void> => {
      for (let next = rows.next(); !next.done; next = rows.next()) {
        if (tailOf(next.value) === tail) return;
        if (!tails.has(tailOf(next.value))) await put(activityLine(next.value));
      }
    };
    if (tails.size > 0)
      for await (const line of createInterface({
        input: createReadStream(path),
        crlfDelay: Number.POSITIVE_INFINITY,
      })) {
        if (ours.has(tailOfLine(line))) await putMissingUntil(tailOfLine(line));
        await put(line);
      }
    await putMissingUntil(null);
    if (buffer.length > 0) await handle.appendFile(`${buffer.join('\n')}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, path);
}

/**
 * Makes the log agree with the catalog: a torn last line goes, missing lines come back where they belong, others stay.
 * @param uploads all of them in order, each time it is called
 * @returns how many lines were missing
 */
export async function repairLog(path: string, uploads: () => Iterable<CentralUploadRow>): Promise<number> {
  const { tails, sizeBytes, torn } = await readLog(path);
  const missing: string[] = [];
  let gap = false;
  let afterGap = false;
  for (const upload of uploads()) {
    if (tails.has(tailOf(upload))) afterGap ||= gap;
    else {
      gap = true;
      missing.push(activityLine(upload));
    }
  }
  if (torn !== '') {
    // Our own torn line is made again whole; somebody's last line without an end gets one.
    if (missing.some((line) => line.startsWith(torn))) await cutOff(path, sizeBytes - Buffer.byteLength(torn));
    else await appendLines(path, ['']);
  }
  if (missing.length === 0) return 0;
  if (afterGap) await rewrite(path, uploads, tails);
  else await appendLines(path, missing);
  return missing.length;
}
