/**
 * What arrived at the central store. The catalog is the truth; the folder central_storage and worker_activity.log are projections
 * of it, made right after each upload and made to agree at start, whatever a crash cut off.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from '../../../common/clock.ts';
import type { Logger } from '../../../common/log.ts';
import { MillraceError } from '../../../contract/errors.ts';
import type { BlobStore } from '../blobs/blob-store.ts';
import {
  type CentralUploadRow,
  centralUploadsAfter,
  findCentralUpload,
  insertCentralUpload,
  isStoredNameTaken,
  lastCentralUpload,
} from '../catalog/central-uploads.ts';
import type { Catalog } from '../catalog/database.ts';
import { ensureBlob } from '../catalog/items.ts';
import { activityLine, appendLines, repairLog } from './activity-log.ts';
import { createStoreFolder } from './store-folder.ts';
import { cleanFileName, cleanWorkerName, foldName, twinName } from './stored-name.ts';

export interface CentralUpload {
  /** As the form gave it; cleaned here. */
  readonly fileName: string;
  readonly workerName: string;
  /** Already in the blob store. */
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly mediaType: string;
  /** Null: this upload is never a repetition. */
  readonly idempotencyKey: string | null;
}

export interface CentralStore {
  /**
   * On disk in the catalog when it resolves; in the projections, too, unless the disk refuses them (then they follow).
   * @throws MillraceError idempotency_mismatch when the key was used for other bytes
   */
  accept(upload: CentralUpload): Promise<{ readonly storedAs: string; readonly repeated: boolean }>;
  /** Makes folder and log agree with the catalog; at start, before the first accept. */
  repair(): Promise<void>;
}

export interface CentralStoreParts {
  readonly catalog: Catalog;
  readonly blobs: Pick<BlobStore, 'path'>;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

const pageRows = 1_000;

/** Uploads in order up to a number, page by page. */
function* uploadsUpTo(catalog: Catalog, number: number): Iterable<CentralUploadRow> {
  let after = 0;
  while (after < number) {
    const rows = centralUploadsAfter(catalog, after, Math.min(pageRows, number - after));
    for (const row of rows) if (row.number <= number) yield row;
    after = rows.at(-1)?.number ?? number;
  }
}

export function createCentralStore({ catalog, blobs, dataDir, clock, logger }: CentralStoreParts): CentralStore {
  const folder = createStoreFolder(join(dataDir, 'central_storage'));
  const logPath = join(dataDir, 'worker_activity.log');
  /** Numbers of twins known to be taken, so that the ten thousandth `photo.jpg` is found at once. */
  const twins = new Map<string, number>();
  /** Number of the last upload whose line is in the log. */
  let loggedUpTo = 0;
  /** True while a projection is behind the catalog. */
  let behind = false;
  let logging: Promise<void> = Promise.resolve();

  const freeName = (fileName: string): { storedAs: string; storedKey: string } => {
    const key = foldName(fileName);
    for (let number = twins.get(key) ?? 1; ; number++) {
      const storedAs = twinName(fileName, number);
      const storedKey = foldName(storedAs);
      // A file under this name that the catalog does not know is somebody else's.
      if (isStoredNameTaken(catalog, storedKey) || folder.has(storedAs)) continue;
      if (twins.size > 10_000) twins.clear();
      twins.set(key, number);
      return { storedAs, storedKey };
    }
  };

  /** Inside the transaction: a repetition, or a new row. */
  const decide = (upload: CentralUpload, idempotencyKey: string): { row: CentralUploadRow; repeated: boolean } => {
    const known = findCentralUpload(catalog, idempotencyKey);
    if (known && known.sha256 !== upload.sha256) throw new MillraceError('idempotency_mismatch');
    if (known) return { row: known, repeated: true };
    const { sha256, sizeBytes, mediaType } = upload;
    const fileName = cleanFileName(upload.fileName);
    const createdMs = clock.wallMs();
    ensureBlob(catalog, { sha256, sizeBytes, mediaType }, createdMs);
    const row = insertCentralUpload(catalog, {
      idempotencyKey,
      sha256,
      fileName,
      ...freeName(fileName),
      workerName: cleanWorkerName(upload.workerName),
      createdMs,
    });
    return { row, repeated: false };
  };

  /** Appends the lines of all uploads up to a number, in order, whoever comes first. */
  const logUpTo = (number: number): Promise<void> => {
    const append = async (): Promise<void> => {
      while (loggedUpTo < number) {
        const rows = centralUploadsAfter(catalog, loggedUpTo, pageRows);
        appendLines(logPath, rows.map(activityLine));
        loggedUpTo = rows.at(-1)?.number ?? number;
      }
    };
    logging = logging.then(append, append);
    return logging;
  };

  const project = async (row: CentralUploadRow): Promise<void> => {
    try {
      const placed = await folder.place(blobs.path(row.sha256), row.storedAs);
      if (!placed) logger.warn({ name: row.storedAs }, 'a file of this name is in central_storage already');
      await logUpTo(row.number);
    } catch (error) {
      behind = true;
      logger.error({ error, name: row.storedAs }, 'central_storage or its log is behind; it is made good later');
    }
  };

  const repair = async (): Promise<void> => {
    await folder.open();
    const names = await folder.names();
    let placed = 0;
    const last = lastCentralUpload(catalog);
    for (const row of uploadsUpTo(catalog, last)) {
      if (names.has(row.storedAs.normalize('NFC'))) continue;
      try {
        if (await folder.place(blobs.path(row.sha256), row.storedAs)) placed++;
      } catch (error) {
        logger.error({ error, name: row.storedAs }, 'a file of central_storage cannot be made again');
      }
    }
    const lines = await repairLog(logPath, () => uploadsUpTo(catalog, last));
    loggedUpTo = Math.max(loggedUpTo, last);
    if (placed > 0 || lines > 0)
      logger.info({ placed, lines }, 'central_storage and its log agree with the catalog again');
  };
  const catchUp = (): Promise<void> => {
    behind = false;
    logging = logging.then(repair, repair);
    return logging;
  };

  return {
    async accept(upload) {
      const { row, repeated } = await catalog.commit(() => decide(upload, upload.idempotencyKey ?? randomUUID()));
      if (repeated) return { storedAs: row.storedAs, repeated };
      if (behind) await catchUp().catch((error: unknown) => logger.error({ error }, 'central_storage is still behind'));
      await project(row);
      return { storedAs: row.storedAs, repeated };
    },
    repair: catchUp,
  };
}
