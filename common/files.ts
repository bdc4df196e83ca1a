/** Files that are whole or not there: atomic writes, folders that survive a power cut, digests while copying, one process a folder. */
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, createReadStream, fsync, openSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
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

/**
 * Takes a data folder for this process alone (file `lock` with pid and start time). A lock whose process is gone is taken over.
 * @returns a function that gives it back.
 * @throws Error naming the folder and the pid that has it.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'lock');
  const mine = `${process.pid} ${await startTimeOf(process.pid)}`;
  for (let tries = 0; tries < 5; tries++) {
    try {
      const handle = await open(path, 'wx', 0o600);
      await handle.writeFile(mine);
      await handle.close();
      return () => rm(path, { force: true });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    const [pidText = '', startTime = ''] = ((await readTextIfThere(path)) ?? '').split(' ');
    const pid = Number.parseInt(pidText, 10);
    if (pid > 0 && pid !== process.pid && isAlive(pid) && (await startTimeOf(pid)) === startTime) {
      throw new Error(
        `The folder ${folder} is in use by process ${pid}. Stop it, or choose another folder with --data.`,
      );
    }
    await rm(path, { force: true });
  }
  throw new Error(`The folder ${folder} could not be locked.`);
}
