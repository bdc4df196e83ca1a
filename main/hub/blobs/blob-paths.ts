/** Where blobs and unfinished uploads lie below the store's folder, and what is left there by processes that died. */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { blobFile } from '../../../common/blob-layout.ts';
import { syncFolder } from '../../../common/files.ts';

/** An unfinished upload that nobody went on with for so long is removed. */
const unfinishedMs = 7 * 86_400_000;

export interface BlobPaths {
  stored(sha256: string): string;
  /** The unfinished upload of a digest; kept over restarts. */
  unfinished(sha256: string): string;
  /** A new name for a file being written; removed at the next start. */
  temporary(): string;
}

export function blobPaths(dir: string): BlobPaths {
  const partial = join(dir, 'partial');
  return {
    stored: (sha256) => blobFile(dir, sha256),
    unfinished: (sha256) => join(partial, `${sha256}.part`),
    temporary: () => join(partial, `${process.pid}.${randomBytes(9).toString('hex')}.tmp`),
  };
}

function isAlive(pid: number): boolean {
  // A process of ours that just opens the store writes nothing yet: its own pid on a file is one that was used again.
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/**
 * Makes the folders and removes what dead processes left. One level of 256 folders, all made here: a million blobs are 4 000
 * entries each, and no blob pays for a folder of its own (each new one would cost two more fsyncs).
 * @returns how many files were removed
 */
export async function tidyPartial(dir: string, nowMs: number): Promise<number> {
  const partial = join(dir, 'partial');
  await mkdir(partial, { recursive: true });
  for (let first = 0; first < 256; first++) {
    mkdirSync(join(dir, first.toString(16).padStart(2, '0')), { recursive: true });
  }
  await syncFolder(dir);
  let removed = 0;
  for (const name of await readdir(partial)) {
    const path = join(partial, name);
    const pid = /^(\d+)\.[0-9a-f]+\.tmp$/.exec(name)?.[1];
    const dead = pid !== undefined && !isAlive(Number(pid));
    const old = name.endsWith('.part') && (await stat(path)).mtimeMs < nowMs - unfinishedMs;
    if (!dead && !old) continue;
    await rm(path, { force: true });
    removed++;
  }
  return removed;
}
