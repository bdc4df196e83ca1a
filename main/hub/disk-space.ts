/** Room on the hub's disk: how much is left, and from where on files are taken no more. Looked at each time: nothing is to be reset. */
import { statfsSync } from 'node:fs';
import { MillraceError } from '../../contract/errors.ts';

/** Files are refused below this, or below a tenth of a small disk. What is at work needs room for its results. */
const intakeReserveBytes = 500_000_000;
/** Results are taken until this is left, so that the catalog can still write. */
const outputReserveBytes = 100_000_000;
const reserveShare = 0.1;

export interface DiskSpace {
  readonly freeBytes: number;
  /** Files are taken while so much is free. */
  readonly intakeBytes: number;
  readonly outputBytes: number;
}

/** Synchronous: one call that touches no disk, cheaper than a turn in the thread pool. */
export function diskSpace(dir: string): DiskSpace {
  const { bavail, blocks, bsize } = statfsSync(dir);
  const share = blocks * bsize * reserveShare;
  return {
    freeBytes: bavail * bsize,
    intakeBytes: Math.min(intakeReserveBytes, share),
    outputBytes: Math.min(outputReserveBytes, share / 5),
  };
}

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`;

/** @throws MillraceError disk_full when there is no room for so many more bytes */
export function checkRoom(dir: string, bytes: number, what: 'intake' | 'output'): void {
  const { freeBytes, intakeBytes, outputBytes } = diskSpace(dir);
  const neededBytes = bytes + (what === 'intake' ? intakeBytes : outputBytes);
  if (freeBytes >= neededBytes) return;
  throw new MillraceError(
    'disk_full',
    `The hub’s disk has ${megabytes(freeBytes)} free; ${megabytes(neededBytes)} are needed to take this.`,
    { freeBytes, neededBytes: Math.ceil(neededBytes) },
  );
}
