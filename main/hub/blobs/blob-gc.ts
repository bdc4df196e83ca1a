/**
 * Garbage collection of blobs: what nothing refers to for a day goes into the trash, and from there for good some days later. The
 * folders say what is where, the catalog since when; a crash at any point leaves a state that the next round goes on from.
 */
import { mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../../common/clock.ts';
import type { Logger } from '../../../common/log.ts';
import { sha256Schema } from '../../../contract/ids.ts';
import type { Garbage } from '../../../contract/operations/hub.ts';
import type { Catalog } from '../catalog/database.ts';
import { forgetBlob, forgetLoose, type LooseRow, looseBlobs, saveLoose } from '../catalog/loose-blobs.ts';
import { isReferencedNow, newestBatchRow, referencedBlobs } from '../catalog/references.ts';
import type { BlobStore } from './blob-store.ts';
import type { TouchedBlobs } from './touched-blobs.ts';

const hourMs = 3_600_000;
export const looseMs = 24 * hourMs;
export const trashMs = 72 * hourMs;
/** Blobs of one commit: the hub's other work waits so long. */
const atOnce = 100;

export interface BlobGc {
  /** One round; asked while one runs, it follows. @param dryRun nothing is changed */
  collect(dryRun: boolean): Promise<Garbage>;
  /** A round every hour. @returns what ends it, and waits for one under way */
  start(): () => Promise<void>;
}

export interface BlobGcParts {
  readonly catalog: Catalog;
  readonly store: Pick<BlobStore, 'dir' | 'path'>;
  readonly touched: Pick<TouchedBlobs, 'has' | 'rotate'>;
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly logger: Logger;
}

interface Round extends BlobGcParts {
  readonly trashDir: string;
  readonly dryRun: boolean;
  readonly nowMs: number;
  readonly afterBatchRow: number;
  readonly isReferenced: (sha256: string) => boolean;
  readonly rows: ReadonlyMap<string, LooseRow>;
  readonly done: { trashed: Tally; deleted: Tally; restored: Tally; sample: string[] };
}
interface Tally {
  blobs: number;
  bytes: number;
}

const sizeOf = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.size;

function tell(round: Round, tally: Tally, sha256: string, bytes: number): void {
  tally.blobs += 1;
  tally.bytes += bytes;
  if (round.done.sample.length < 20) round.done.sample.push(sha256);
}

/** Works on all, some in each commit. Synchronous inside, so that nothing else happens between a look and what follows. */
async function inCommits<T>(round: Round, all: readonly T[], work: (one: T) => void): Promise<void> {
  for (let from = 0; from < all.length; from += atOnce) {
    const some = all.slice(from, from + atOnce);
    if (round.dryRun) some.forEach(work);
    else await round.catalog.commit(() => some.forEach(work));
  }
}

const isFree = (round: Round, sha256: string): boolean =>
  !round.isReferenced(sha256) &&
  !round.touched.has(sha256) &&
  !isReferencedNow(round.catalog, sha256, round.afterBatchRow);

/** A blob of the store: noted as loose, into the trash, or noted no more. */
function judgeStored(round: Round, sha256: string): void {
  const { catalog, dryRun, nowMs, trashDir } = round;
  const row = round.rows.get(sha256);
  const sizeBytes = sizeOf(round.store.path(sha256));
  if (sizeBytes === undefined) return;
  if (!isFree(round, sha256)) {
    if (row && !dryRun) forgetLoose(catalog, sha256);
    return;
  }
  if (!row || row.trashedMs !== null) {
    if (!dryRun) saveLoose(catalog, { sha256, sizeBytes, seenMs: nowMs, trashedMs: null });
    return;
  }
  if (row.seenMs + looseMs > nowMs) return;
  tell(round, round.done.trashed, sha256, sizeBytes);
  if (dryRun) return;
  saveLoose(catalog, { ...row, trashedMs: nowMs });
  forgetBlob(catalog, sha256);
  renameSync(round.store.path(sha256), join(trashDir, sha256));
}

/** A blob of the trash: back to the store, gone for good, or left. */
function judgeTrashed(round: Round, sha256: string): void {
  const { catalog, dryRun, nowMs, trashDir } = round;
  const row = round.rows.get(sha256);
  const path = join(trashDir, sha256);
  const sizeBytes = sizeOf(path);
  if (sizeBytes === undefined) return;
  if (!isFree(round, sha256)) {
    tell(round, round.done.restored, sha256, sizeBytes);
    if (dryRun) return;
    // Somebody may have brought the same bytes again.
    if (sizeOf(round.store.path(sha256)) === undefined) renameSync(path, round.store.path(sha256));
    else rmSync(path);
    forgetLoose(catalog, sha256);
    return;
  }
  if (!row || row.trashedMs === null) {
    // Its row was lost with a commit; it begins its time anew.
    if (!dryRun) saveLoose(catalog, { sha256, sizeBytes, seenMs: row?.seenMs ?? nowMs, trashedMs: nowMs });
    return;
  }
  if (row.trashedMs + trashMs > nowMs) return;
  tell(round, round.done.deleted, sha256, sizeBytes);
  if (dryRun) return;
  rmSync(path, { force: true });
  forgetLoose(catalog, sha256);
}

const digestsOf = (names: readonly string[]): string[] => names.filter((name) => sha256Schema.safeParse(name).success);

async function storedBlobs(dir: string): Promise<string[]> {
  const found: string[] = [];
  for (const folder of await readdir(dir)) {
    if (/^[0-9a-f]{2}$/.test(folder)) found.push(...digestsOf(await readdir(join(dir, folder))));
  }
  return found;
}

async function runRound(parts: BlobGcParts, dryRun: boolean): Promise<Garbage> {
  const { catalog, store } = parts;
  const trashDir = join(store.dir, 'trash');
  mkdirSync(trashDir, { recursive: true });
  const afterBatchRow = newestBatchRow(catalog);
  const referenced = await referencedBlobs(catalog);
  const empty = (): Tally => ({ blobs: 0, bytes: 0 });
  const round: Round = {
    ...parts,
    trashDir,
    dryRun,
    nowMs: parts.clock.wallMs(),
    afterBatchRow,
    isReferenced: (sha256) => referenced.has(sha256),
    rows: new Map(looseBlobs(catalog).map((row) => [row.sha256, row])),
    done: { trashed: empty(), deleted: empty(), restored: empty(), sample: [] },
  };
  const trashed = digestsOf(await readdir(trashDir));
  const stored = (await storedBlobs(store.dir)).filter((sha256) => round.rows.has(sha256) || !referenced.has(sha256));
  await inCommits(round, trashed, (sha256) => judgeTrashed(round, sha256));
  await inCommits(round, stored, (sha256) => judgeStored(round, sha256));
  // Rows whose bytes are nowhere any more.
  const here = new Set([...trashed, ...stored]);
  const stale = [...round.rows.keys()].filter((sha256) => !here.has(sha256));
  if (!dryRun) await inCommits(round, stale, (sha256) => forgetLoose(catalog, sha256));
  return { dryRun, ...round.done };
}

export function createBlobGc(parts: BlobGcParts): BlobGc {
  const { logger } = parts;
  let last: Promise<unknown> = Promise.resolve();
  const collect = (dryRun: boolean): Promise<Garbage> => {
    const round = last.then(() => runRound(parts, dryRun));
    last = round.catch(() => {});
    return round;
  };
  return {
    collect,
    start() {
      const timer = setInterval(() => {
        collect(false).then(
          (garbage) => logger.info(garbage, 'blobs that nothing refers to were collected'),
          (error: unknown) => logger.warn({ error }, 'blobs could not be collected; tried again in an hour'),
        );
        parts.touched.rotate();
      }, hourMs);
      return async () => {
        clearInterval(timer);
        await last;
      };
    },
  };
}
