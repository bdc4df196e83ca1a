/** Brings results out of the hub as files under their real names: to a folder that the user chose, or to a temporary one for dragging. */
import { randomBytes } from 'node:crypto';
import { constants, createWriteStream } from 'node:fs';
import { copyFile, link, mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { freeName } from '../../common/file-names.ts';
import { apiBase } from '../../contract/hub-api.ts';
import type { NamedBlob, SaveOutcome, ShellSession } from '../../contract/shell-api.ts';

/** Time for the hub to begin an answer and for a whole file, ms. */
const fetchLimitMs = 300_000;

async function fetchBlob(session: ShellSession, sha256: string): Promise<Readable> {
  const answer = await fetch(`${session.url}${apiBase}/blobs/${sha256}`, {
    headers: { authorization: `Bearer ${session.token}` },
    signal: AbortSignal.timeout(fetchLimitMs),
  });
  if (!answer.ok || answer.body === null)
    throw new Error(`The hub does not have this file any more (${answer.status}).`);
  return Readable.from(answer.body, { objectMode: false });
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** A name in the folder that no file has yet. */
async function nameIn(folder: string, name: string, taken: Set<string>): Promise<string> {
  for (;;) {
    const candidate = freeName(name, taken);
    if (!(await exists(join(folder, candidate)))) return candidate;
  }
}

/** Writes one blob under a free name; nothing is left behind when it fails, and nothing that is there is overwritten. */
async function saveOne(session: ShellSession, blob: NamedBlob, folder: string, taken: Set<string>): Promise<string> {
  const part = join(folder, `.${randomBytes(6).toString('hex')}.part`);
  try {
    await pipeline(await fetchBlob(session, blob.sha256), createWriteStream(part, { flags: 'wx' }));
    const path = join(folder, await nameIn(folder, blob.name, taken));
    // Neither overwrites a name that was taken meanwhile, as a rename would. Memory sticks know no links.
    await link(part, path).catch(() => copyFile(part, path, constants.COPYFILE_EXCL));
    return path;
  } finally {
    await rm(part, { force: true });
  }
}

/** Writes blobs to a folder under their real names; twins and names that are taken get numbers. One that fails stops no other. */
export async function saveBlobs(
  session: ShellSession,
  blobs: readonly NamedBlob[],
  folder: string,
): Promise<SaveOutcome> {
  const taken = new Set<string>();
  const outcome: SaveOutcome = { folder, saved: 0, failed: [] };
  for (const blob of blobs) {
    try {
      await saveOne(session, blob, folder, taken);
      outcome.saved++;
    } catch (error) {
      outcome.failed.push({ name: blob.name, message: error instanceof Error ? error.message : String(error) });
    }
  }
  return outcome;
}

/** Files for one drag, in a folder of their own below `temporary`. */
export async function materialise(
  session: ShellSession,
  blobs: readonly NamedBlob[],
  temporary: string,
): Promise<string[]> {
  const folder = join(temporary, randomBytes(8).toString('hex'));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const taken = new Set<string>();
  const paths: string[] = [];
  for (const blob of blobs) paths.push(await saveOne(session, blob, folder, taken));
  return paths;
}
