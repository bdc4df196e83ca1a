/** Files that are whole or not there: atomic writes, folders that survive a power cut, digests while copying, one process a folder. */
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, createReadStream, fsync, openSync } from 'node:fs';
import { link, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';

const fsyncFile = promisify(fsync);

/** Makes the folder's entries durable (a rename is not, before this). Windows has no such call. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  // Opened and closed at once, since that only touches memory; only the disk is waited for.
  const file = openSync(folder, 'r');
  try {
    await fsyncFile(file);
  } finally {
    closeSync(file);
  }
}

/** Writes a file that is there whole or not at all: temporary file beside it, fsync, rename, fsync of the folder. */
export async function writeFileAtomic(path: string, data: string | Uint8Array, mode = 0o644): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  const handle = await open(temporary, 'wx', mode);
  try {
    await handle.writeFile(data);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/** The file's text, or undefined when there is none. Other errors are thrown. */
export async function readTextIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** SHA-256 of a file, lower-case hexadecimal. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk);
  return hash.digest('hex');
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
};

/** Start time of a process in clock ticks since boot: tells a pid that was used again from the one that took the lock. */
async function startTimeOf(pid: number): Promise<string> {
  const stat = await readTextIfThere(`/proc/${pid}/stat`).catch(() => undefined);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

/** The living process that holds a lock; undefined when that is gone. */
async function holderOf(path: string): Promise<number | undefined> {
  const [pidText = '', startTime = ''] = ((await readTextIfThere(path)) ?? '').split(' ');
  const pid = Number.parseInt(pidText, 10);
  if (!(pid > 0) || !isAlive(pid) || (await startTimeOf(pid)) !== startTime) return undefined;
  // Where start times are not to be had, our own pid is ours only if the lock is younger than this process.
  const startedMs = Date.now() - process.uptime() * 1000;
  const isOlder =
    pid === process.pid && startTime === '' && (await ageMs(path)) > Date.now() - startedMs + CLOCK_SLACK_MS;
  return isOlder ? undefined : pid;
}

/** How long ago a file was written; 0 when there is none. */
async function ageMs(path: string): Promise<number> {
  return stat(path).then(
    (status) => Date.now() - status.mtimeMs,
    () => 0,
  );
}

const CLOCK_SLACK_MS = 2000;
const LOCK_TRIES = 40;
const LOCK_PAUSE_MS = 25;
/** Taking over is a few calls; a guard that is older was left by a process that died there. */
const GUARD_MOST_MS = 10_000;

/**
 * Takes a data folder for one user of one process (file `lock` with pid and start time). A lock whose process is gone is taken over.
 * @returns a function that gives it back.
 * @throws Error naming the folder and the pid that has it.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'lock');
  const mine = `${process.pid} ${await startTimeOf(process.pid)}`;
  for (let tries = 1; tries <= LOCK_TRIES; tries++) {
    if (await createWhole(path, mine)) return givingBack(path);
    const pid = await holderOf(path);
    if (pid !== undefined) {
      const which = pid === process.pid ? ' (this one)' : '';
      throw new Error(`The folder ${folder} is in use by process ${pid}${which}. Stop it, or choose another folder.`);
    }
    if (!(await removeStale(path, mine))) await setTimeout(LOCK_PAUSE_MS);
  }
  throw new Error(`The folder ${folder} could not be locked.`);
}

/** Gives a lock back once, however often it is called: afterwards the file is somebody else's. */
function givingBack(path: string): () => Promise<void> {
  let given: Promise<void> | undefined;
  return () => {
    given ??= rm(path, { force: true });
    return given;
  };
}

/** Makes a file that has its content from the first moment on; false when there is one already. */
async function createWhole(path: string, content: string): Promise<boolean> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(temporary, content, { mode: 0o600 });
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

/**
 * Removes a lock that is nobody's. One at a time does so, under a guard and after looking again: whoever has just seen a dead
 * process's lock may otherwise remove the one that was taken since. False when another is at it.
 */
async function removeStale(path: string, mine: string): Promise<boolean> {
  const guard = `${path}.guard`;
  if (!(await createWhole(guard, mine))) {
    if ((await ageMs(guard)) > GUARD_MOST_MS) await rm(guard, { force: true });
    return false;
  }
  try {
    if ((await holderOf(path)) === undefined) await rm(path, { force: true });
    return true;
  } finally {
    await rm(guard, { force: true });
  }
}
