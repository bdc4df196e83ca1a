/** Imports local files and folders by path: for the shell's own port and for the command line's own process, never for HTTP. */
import { createReadStream } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { AcceptedFile } from '../../../contract/operations/operation.ts';
import type { ImportOutcome } from '../../../contract/shell-api.ts';
import type { BlobStore } from '../blobs/blob-store.ts';
import { type Intake, problemOf, type WorkOrder } from './import-item.ts';

/** Files of one drop; more is a mistake rather than a wish. */
const maxFiles = 100_000;
const atOnce = 4;

/** Files below the given paths, in a stable order; hidden ones and links are left out of folders. */
async function* walk(paths: readonly string[]): AsyncGenerator<string> {
  for (const path of paths) {
    const found = await stat(path).catch(() => undefined);
    if (!found?.isDirectory()) {
      yield path;
      continue;
    }
    const entries = [];
    for await (const entry of await opendir(path)) {
      if ((entry.isFile() || entry.isDirectory()) && !entry.name.startsWith('.')) entries.push(join(path, entry.name));
    }
    yield* walk(entries.sort());
  }
}

export interface ImportParts {
  readonly blobs: BlobStore;
  readonly intake: Intake;
  maxBytes(): number;
  /** @throws MillraceError disk_full */
  checkRoom(bytes: number): void;
}

async function importOne(parts: ImportParts, batchId: string, path: string): Promise<AcceptedFile> {
  try {
    parts.checkRoom((await stat(path)).size);
    const { sha256, sizeBytes } = await parts.blobs.put(createReadStream(path, { highWaterMark: 1 << 18 }), {
      maxBytes: parts.maxBytes(),
    });
    return await parts.intake.importFile({ batchId, name: basename(path), sha256, sizeBytes });
  } catch (error) {
    return { name: basename(path), problem: problemOf(error) };
  }
}

/**
 * Imports everything below `paths` as one batch. One bad file stops nothing.
 * @throws MillraceError pipeline_unknown, option_invalid
 */
export async function importPaths(
  parts: ImportParts,
  paths: readonly string[],
  order: Omit<WorkOrder, 'name'>,
): Promise<ImportOutcome> {
  const batch = await parts.intake.createBatch({ ...order, name: paths.length === 1 ? basename(paths[0] ?? '') : '' });
  const files = walk(paths);
  const outcomes: AcceptedFile[] = [];
  const work = async (): Promise<void> => {
    for (let next = await files.next(); !next.done && outcomes.length < maxFiles; next = await files.next()) {
      outcomes.push(await importOne(parts, batch.id, next.value));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return {
    batchId: batch.id,
    accepted: outcomes.filter((outcome) => 'jobId' in outcome).length,
    refused: outcomes.flatMap((outcome) => ('problem' in outcome ? [outcome] : [])),
  };
}
